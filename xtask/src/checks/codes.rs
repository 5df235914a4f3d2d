//! Every error code is documented, and every documented code exists.
//!
//! A code is a string literal in the body of a `fn code(`; its entry is a table row of
//! `docs/errors.md` that begins with the code between backticks.

use std::collections::BTreeMap;

use crate::{Problem, Tree};

const DOCUMENT: &str = "docs/errors.md";

/// Problems: undocumented codes, and documented ones that nothing gives.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let given = codes_in_code(tree);
    let documented = codes_in_document(tree);
    let undocumented = given
        .iter()
        .filter(|(code, _)| !documented.contains_key(*code))
        .map(|(code, place)| Problem::at(&place.0, place.1, format!("error code {code} is not in {DOCUMENT}")));
    let unused = documented
        .iter()
        .filter(|(code, _)| !given.contains_key(*code))
        .map(|(code, line)| Problem::at(DOCUMENT, *line, format!("nothing gives the error code {code}")));
    undocumented.chain(unused).collect()
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

fn codes_in_document(tree: &Tree) -> BTreeMap<String, usize> {
    let Some(document) = tree.find(DOCUMENT) else { return BTreeMap::new() };
    let code = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    document.lines().filter_map(|(number, line)| Some((code(line)?, number))).collect()
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
}
