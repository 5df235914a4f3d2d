//! Which failing tests are about the function that the task names. Passing others would verify another task.

use std::collections::{BTreeMap, BTreeSet};

use edgecoder_types::RunResult;

use super::{Oracle, OracleKind, discover, self_tests};
use crate::python::functions::blocks;
use crate::python::parse;
use crate::search::target::{failing, mentions, test_sources};
use crate::workspace::Tree;

/// Verbs before a function's name: the word after one of them is meant as a name when the repository has such a function.
const VERBS: [&str; 8] = ["complete", "correct", "debug", "finish", "fix", "rewrite", "repair", "write"];

/// The function that the task names outright: as `name(…)`, after "implement", "function" and the like, or, where the
/// repository has it, after another verb.
pub(crate) fn named(task: &str, tree: &Tree) -> Option<String> {
    if let Some(wanted) = self_tests::described(task) {
        return Some(wanted.name);
    }
    let words: Vec<&str> =
        task.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_')).collect();
    let after_a_verb = words.windows(2).filter_map(|pair| match pair {
        [verb, name] if VERBS.contains(&verb.to_lowercase().as_str()) => Some(*name),
        _ => None,
    });
    after_a_verb.filter(|name| defines(tree, name)).map(str::to_owned).next()
}

fn defines(tree: &Tree, name: &str) -> bool {
    !name.is_empty()
        && tree.iter().any(|(path, entry)| {
            let Some(source) = entry.text().filter(|text| text.contains(name)) else { return false };
            !discover::is_test_path(path)
                && discover::has_extension(path, "py")
                && parse(source).is_some_and(|module| blocks(source, &module).iter().any(|block| block.name == name))
        })
}

/// Of the failing tests, those that are not about the named function; `None` when none of them is about it.
///
/// A test is about it when its own text, or its name, holds the function's; failing that for all, when its file does. What cannot
/// be looked at stays.
pub(crate) fn others(name: &str, oracle: &Oracle, tree: &Tree, result: &RunResult) -> Option<BTreeSet<String>> {
    let ids = failing(result);
    let list: Vec<String> = ids.iter().cloned().collect();
    let sources = test_sources(oracle, tree, &list);
    let about = |id: &String| {
        let named = id.split("::").skip(1).any(|part| part.contains(name));
        named || sources.get(id).is_none_or(|source| mentions(source, name))
    };
    let mut kept: BTreeSet<&String> = ids.iter().filter(|id| about(id)).collect();
    if kept.is_empty() {
        let files: BTreeMap<&str, bool> = ids
            .iter()
            .filter_map(|id| id.split("::").next())
            .map(|path| (path, tree.text(path).is_none_or(|text| mentions(text, name))))
            .collect();
        let in_file = |id: &&String| id.split("::").next().is_some_and(|path| files.get(path) == Some(&true));
        kept = ids.iter().filter(in_file).collect();
    }
    if kept.is_empty() && !ids.is_empty() {
        return None;
    }
    Some(ids.iter().filter(|id| !kept.contains(id)).cloned().collect())
}

/// Whether the oracle was found, rather than given by the user: then its tests need not be about the task.
pub(crate) fn was_found(oracle: &Oracle) -> bool {
    matches!(oracle.kind, OracleKind::Repository | OracleKind::Doctest) && oracle.added.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_the_task_names_outright() {
        let tree = Tree::default().with_text("a.py", "def slug(text):\n    return text\n\ndef the(x):\n    return x\n");
        let named = |task: &str| named(task, &tree);
        assert_eq!(named("implement slugify"), Some("slugify".to_owned()));
        assert_eq!(named("write a function called area"), Some("area".to_owned()));
        assert_eq!(named("Fix `slug` for wide letters"), Some("slug".to_owned()));
        assert_eq!(named("please fix(x)"), Some("fix".to_owned()));
        assert_eq!(named("fix parsing"), None);
        assert_eq!(named("make the tests pass"), None);
        assert_eq!(named("implement the missing functions"), None);
    }
}
