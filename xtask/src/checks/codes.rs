//! Every error code is documented, and every documented code exists.
//!
//! A code is a string literal in the body of a `fn code(`; its entry is a table row of
//! `docs/errors.md` that begins with the code between backticks. Below the heading "Reasons of a
//! run" the rows are reasons, which are no errors. A reason is a literal that follows a status or an outcome
//! (`RunStatus::Failed, "…"`), or one of [`BEFORE_REASONS`]; each needs a row, and each row has to stand in the code.

use std::collections::BTreeMap;

use crate::{Problem, Tree};

const DOCUMENT: &str = "docs/errors.md";
const REASONS: &str = "## Reasons of a run";

/// What stands before a reason, apart from a status or an outcome. White space between the two does not count.
const BEFORE_REASONS: [&str; 6] = ["reason:", "Refusal::new(", "refused(", "Budget(", "skipped(", "Notice { code:"];

/// Problems: undocumented codes, and documented ones that nothing gives.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let given = codes_in_code(tree);
    let (documented, reasons) = codes_in_document(tree);
    let undocumented = given
        .iter()
        .filter(|(code, _)| !documented.contains_key(*code))
        .map(|(code, place)| Problem::at(&place.0, place.1, format!("error code {code} is not in {DOCUMENT}")));
    let unused = documented
        .iter()
        .filter(|(code, _)| !given.contains_key(*code))
        .map(|(code, line)| Problem::at(DOCUMENT, *line, format!("nothing gives the error code {code}")));
    let unknown = reasons
        .iter()
        .filter(|(reason, _)| !is_literal(tree, reason))
        .map(|(reason, line)| Problem::at(DOCUMENT, *line, format!("nothing gives the reason {reason}")));
    let unexplained = reasons_in_code(tree)
        .into_iter()
        .filter(|(reason, _)| !reasons.contains_key(reason))
        .map(|(reason, place)| Problem::at(&place.0, place.1, format!("the reason {reason} is not in {DOCUMENT}")));
    undocumented.chain(unused).chain(unknown).chain(unexplained).collect()
}

/// Every reason with the place of its first literal.
fn reasons_in_code(tree: &Tree) -> BTreeMap<String, (String, usize)> {
    let mut found = BTreeMap::new();
    for file in tree.rust().filter(|file| file.path.starts_with("crates/") && !file.is_test()) {
        let text = file.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for (at, literal) in literals(text) {
            if is_reason(text.get(..at).unwrap_or_default(), literal) {
                let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
                found.entry(literal.to_owned()).or_insert_with(|| (file.path.clone(), line));
            }
        }
    }
    found
}

/// Whether the text before a literal's first character makes it a reason. Behind a condition only what has an underscore is
/// one: other tables begin so, too.
fn is_reason(before: &str, literal: &str) -> bool {
    let start = before.len().saturating_sub(160);
    let near = before.get(before.ceil_char_boundary(start)..).unwrap_or_default();
    let words = near.strip_suffix('"').unwrap_or(near).split_whitespace().collect::<Vec<_>>().join(" ");
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let status = words.strip_suffix(',').unwrap_or_default();
    let outcome = status.trim_end_matches(|c: char| c.is_ascii_digit());
    let outcome = outcome.trim_end().strip_suffix(',').unwrap_or_default();
    words.ends_with("then_some((") && literal.contains('_')
        || BEFORE_REASONS.iter().any(|anchor| words.ends_with(anchor))
        || status.trim_end_matches(is_word).ends_with("RunStatus::")
        || outcome.trim_end_matches(is_word).ends_with("Outcome::")
}

/// Every code with the place of its first literal.
fn codes_in_code(tree: &Tree) -> BTreeMap<String, (String, usize)> {
    let mut codes = BTreeMap::new();
    for file in tree.rust().filter(|file| !file.is_test() && !file.path.starts_with("xtask/")) {
        for (start, _) in file.text.match_indices("fn code(") {
            let body = body_from(&file.text[start..]);
            for (at, code) in literals(body) {
                let line = file.text[..start + at].matches('\n').count() + 1;
                codes.entry(code.to_owned()).or_insert_with(|| (file.path.clone(), line));
            }
        }
    }
    codes
}

/// The text up to the brace that closes the first one.
fn body_from(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return &text[..at],
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text
}

/// String literals that look like codes, with their offsets.
fn literals(body: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    for (index, part) in body.split('"').enumerate() {
        let is_code =
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if index % 2 == 1 && is_code {
            found.push((at, part));
        }
        at += part.len() + 1;
    }
    found
}

/// Error codes and reasons, with their lines.
fn codes_in_document(tree: &Tree) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    let (mut codes, mut reasons) = (BTreeMap::new(), BTreeMap::new());
    let Some(document) = tree.find(DOCUMENT) else { return (codes, reasons) };
    let mut in_reasons = false;
    for (number, line) in document.lines() {
        if line.starts_with("## ") {
            in_reasons = line == REASONS;
        }
        if let Some((code, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) {
            let table = if in_reasons { &mut reasons } else { &mut codes };
            table.insert(code.to_owned(), number);
        }
    }
    (codes, reasons)
}

fn is_literal(tree: &Tree, text: &str) -> bool {
    let quoted = format!("\"{text}\"");
    let product = |file: &&crate::SourceText| file.path.starts_with("crates/") && !file.path.contains("/tests/");
    tree.files.iter().filter(product).any(|file| file.text.contains(&quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "impl E {\n fn code(&self) -> &'static str {\n  match self {\n   Self::A { .. } => \"a_code\",\n   \
                        Self::B => \"b_code\",\n  }\n }\n}\nconst X: &str = \"other\";\n";

    #[test]
    fn documented_codes_pass() {
        let tree = Tree::of(&[("crates/a/src/e.rs", CODE), (DOCUMENT, "| `a_code` | x |\n| `b_code` | y |\n")]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn an_undocumented_code_fails_with_its_line() {
        let tree = Tree::of(&[("crates/a/src/e.rs", CODE), (DOCUMENT, "| `a_code` | x |\n")]);
        assert_eq!(check(&tree), [Problem::at("crates/a/src/e.rs", 5, "error code b_code is not in docs/errors.md")]);
    }

    #[test]
    fn a_stale_entry_fails() {
        let document = "| `a_code` | x |\n| `b_code` | y |\n| `gone` | z |\n";
        let tree = Tree::of(&[("crates/a/src/e.rs", CODE), (DOCUMENT, document)]);
        assert_eq!(check(&tree), [Problem::at(DOCUMENT, 3, "nothing gives the error code gone")]);
    }

    #[test]
    fn an_undocumented_reason_fails_with_its_line() {
        let rows = [
            "x(RunStatus::Failed,\n \"why\", y);",
            "return (Outcome::Refused, 1, \"why\".to_owned());",
            "Halt::Refused { reason: \"why\".to_owned() }",
            "Refusal::new(\n \"why\", text)",
            "a.then_some((\"the_why\", TEXT))",
            "AgentEvent::Notice {\n code: \"why\".to_owned() }",
        ];
        for row in rows {
            let code = format!("fn f() {{\n {row}\n}}\n");
            let line = 2 + row.split('"').next().unwrap_or_default().matches('\n').count();
            let tree = Tree::of(&[("crates/a/src/e.rs", &code), (DOCUMENT, "## Reasons of a run\n")]);
            let reason = row.split('"').nth(1).unwrap_or_default();
            let text = format!("the reason {reason} is not in docs/errors.md");
            assert_eq!(check(&tree), [Problem::at("crates/a/src/e.rs", line, text)], "{row}");
            let document = format!("## Reasons of a run\n| `{reason}` | x |\n");
            let tree = Tree::of(&[("crates/a/src/e.rs", &code), (DOCUMENT, &document)]);
            assert_eq!(check(&tree), [], "{row}");
        }
        let other = "fn f() {\n g(\"other\", RunStatus::Failed);\n}\n#[cfg(test)]\nmod tests {\n x(RunStatus::Failed, \"t\");\n}\n";
        assert_eq!(check(&Tree::of(&[("crates/a/src/e.rs", other), (DOCUMENT, "## Reasons of a run\n")])), []);
    }

    #[test]
    fn a_reason_that_nothing_gives_fails() {
        let document = "| `a_code` | x |\n| `b_code` | y |\n## Reasons of a run\n| `other` | z |\n| `gone` | z |\n";
        let tree = Tree::of(&[("crates/a/src/e.rs", CODE), (DOCUMENT, document)]);
        assert_eq!(check(&tree), [Problem::at(DOCUMENT, 5, "nothing gives the reason gone")]);
    }
}
