//! Words that do not belong into the project: leftovers, paths of somebody's machine, markup in code.

use crate::{Problem, SourceText, Tree};

/// Spelt in two halves, so that this file does not contain them.
const LEFTOVERS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/shared"), concat!("/wo", "rk/wt"), concat!("/ro", "ot/."), concat!("/home/", "runner")];
const MARKUP: [&str; 14] =
    ["html", "head", "body", "div", "span", "p", "table", "tr", "td", "ul", "li", "script", "form", "button"];

/// Problems: each place where one stands.
pub fn check(tree: &Tree) -> Vec<Problem> {
    tree.files.iter().filter(|file| !file.is_material() && file.path != "Cargo.lock").flat_map(check_file).collect()
}

fn check_file(file: &SourceText) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in file.lines() {
        let leftover = LEFTOVERS.iter().find(|word| has_word(line, word));
        problems.extend(leftover.map(|word| Problem::at(&file.path, number, format!("{word}: do it or drop it"))));
        let path = MACHINE_PATHS.iter().find(|path| line.contains(**path));
        // An escape test names the places that it tries to reach.
        let path = path.filter(|_| !file.is_test());
        problems.extend(path.map(|path| Problem::at(&file.path, number, format!("{path} is a path of one machine"))));
        if file.is_rust() && has_markup(line) {
            problems.push(Problem::at(&file.path, number, "markup belongs into a template file"));
        }
    }
    problems
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word)
        .any(|(at, _)| !is_part(line[..at].chars().next_back()) && !is_part(line[at + word.len()..].chars().next()))
}

fn has_markup(line: &str) -> bool {
    MARKUP.iter().any(|tag| line.contains(&format!("</{tag}>")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn leftovers_fail_and_other_words_do_not() {
        assert_eq!(problems("a.rs", &format!("// {}: later", LEFTOVERS[0])), 1);
        assert_eq!(problems("a.rs", &format!("let x{} = 1;", LEFTOVERS[0])), 0);
    }

    #[test]
    fn paths_of_a_machine_fail() {
        assert_eq!(problems("README.md", &format!("see {}", MACHINE_PATHS[0])), 1);
    }

    #[test]
    fn markup_in_code_fails_and_generics_do_not() {
        assert_eq!(problems("a.rs", &format!("let x = \"<{0}>a</{0}>\";", "div")), 1);
        assert_eq!(problems("a.rs", "fn a<p>(x: Vec<p>) {}"), 0);
        assert_eq!(problems("a.html", &format!("<{0}>a</{0}>", "div")), 0);
    }
}
