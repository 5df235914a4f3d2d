//! Doctests of the repository's own modules, copied from the checkpoint into files that no candidate can touch.

use super::discover::{has_extension, is_test_path};
use super::task_text;
use crate::python::functions::blocks;
use crate::python::parse;
use crate::search::missing::module_name;
use crate::workspace::Tree;

/// One added test file for every module whose docstrings hold examples: `(path, text)`.
pub(crate) fn from_tree(tree: &Tree) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, entry) in tree.iter() {
        let Some(source) = entry.text() else { continue };
        if !has_extension(path, "py") || is_test_path(path) || !source.contains(">>>") {
            continue;
        }
        let Some(module) = parse(source) else { continue };
        let mut tests = String::new();
        for (number, block) in blocks(source, &module).iter().enumerate() {
            let examples = task_text::extract(&doctest_lines(&block.doc_text(source)));
            if examples.statements.is_empty() {
                continue;
            }
            let body = examples.statements.iter().map(|statement| format!("    {statement}\n")).collect::<String>();
            let (module, names) = (module_name(path), examples.names.join(", "));
            let head = format!("\n\ndef test_doc_{}_{number}():\n    from {module} import {names}\n", block.name);
            tests.push_str(&head);
            tests.push_str(&body);
        }
        if !tests.is_empty() {
            found.push((
                format!("test_doctests_{}.py", module_name(path).replace('.', "_")),
                tests.trim_start().to_owned(),
            ));
        }
    }
    found
}

/// Only the examples of a docstring: prose is not read as code here.
fn doctest_lines(doc: &str) -> String {
    let mut kept = Vec::new();
    let mut after_example = false;
    for line in doc.lines() {
        let example = line.trim_start().starts_with(">>> ");
        if example || after_example {
            kept.push(line);
        }
        after_example = example;
    }
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_docstrings_become_test_functions() {
        let source = "def f(x):\n    \"\"\"Twice: f(0) is 0.\n\n    >>> f(2)\n    4\n    >>> f('a')\n    'aa'\n    \"\"\"\n    raise NotImplementedError\n\ndef g():\n    '''None.'''\n";
        let tree = Tree::default().with_text("pkg/m.py", source);
        assert_eq!(
            from_tree(&tree),
            [(
                "test_doctests_pkg_m.py".to_owned(),
                "def test_doc_f_0():\n    from pkg.m import f\n    assert f(2) == 4\n    assert f('a') == 'aa'\n"
                    .to_owned()
            )]
        );
    }
}
