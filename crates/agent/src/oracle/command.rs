//! `--test CMD`: split without a shell, and mapped onto test files where that means the same.

use edgecoder_types::TestPlan;

use super::discover::{Found, has_extension};
use super::runner::{self, Invocation, Kind};
use super::selection::Selection;
use crate::error::AgentError;
use crate::workspace::Tree;

/// Splits a command line into arguments: quotes and backslashes as in a POSIX shell, nothing else.
///
/// # Errors
/// Usage, for an open quote or for anything that only a shell could do.
pub(crate) fn split(command: &str) -> Result<Vec<String>, AgentError> {
    let usage = |what: &str| Err(AgentError::Usage(format!("--test {command:?}: {what}")));
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\n' => arguments.extend(current.take()),
            '\'' | '"' => {
                let word = current.get_or_insert_default();
                loop {
                    match characters.next() {
                        None => return usage("a quote is not closed"),
                        Some(end) if end == character => break,
                        Some('\\') if character == '"' => word.extend(characters.next()),
                        Some(other) => word.push(other),
                    }
                }
            }
            '\\' => current.get_or_insert_default().extend(characters.next()),
            '|' | '&' | ';' | '<' | '>' | '$' | '`' | '(' | ')' => {
                return usage(&format!(
                    "{character:?} needs a shell, and none is used; quote it, or put the command into a script"
                ));
            }
            other => current.get_or_insert_default().push(other),
        }
    }
    arguments.extend(current);
    if arguments.is_empty() { usage("it is empty") } else { Ok(arguments) }
}

/// What a command means: its own exit status, or tests of files that the built-in collector runs as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) plan: TestPlan,
    /// Which of the files' tests count.
    pub(crate) selection: Selection,
}

/// The meaning of a command.
///
/// # Errors
/// Usage, when it names what is not there; [`AgentError::TestOption`] for an option that the collector does not know;
/// [`AgentError::NothingSelected`] when there is no test file at all.
pub(crate) fn meaning(arguments: &[String], tree: &Tree, found: &Found) -> Result<Meaning, AgentError> {
    let Some(Invocation { named, mut selection, kind, file_pattern }) = runner::read(arguments)? else {
        return Ok(Meaning { plan: TestPlan::Command(arguments.to_vec()), selection: Selection::default() });
    };
    let invocation = Invocation { kind, named: Vec::new(), selection: Selection::default(), file_pattern };
    let discovered = || -> Vec<&String> {
        let all = tree.iter().map(|(path, _)| path).filter(|path| has_extension(path, "py"));
        match invocation.file_pattern {
            Some(_) => all.filter(|path| invocation.takes_file(path)).collect(),
            None => found.tests.iter().collect(),
        }
    };
    let mut files: Vec<String> = Vec::new();
    for word in &named {
        let (paths, id) = named_by(word, kind, tree, &discovered())?;
        files.extend(paths);
        selection.ids.extend(id);
    }
    if named.is_empty() {
        files.extend(discovered().into_iter().cloned());
    } else if !selection.ids.is_empty() {
        // Whole files that are named beside single tests stay whole.
        selection.ids.extend(
            files
                .iter()
                .filter(|file| !selection.ids.iter().any(|id| id.starts_with(&format!("{file}::"))))
                .cloned()
                .collect::<Vec<_>>(),
        );
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err(AgentError::NothingSelected {
            command: arguments.join(" "),
            why: "no file of the repository holds tests for it".to_owned(),
        });
    }
    Ok(Meaning { plan: TestPlan::Files(files), selection })
}

/// The files that a word names, and the node id if it names less than a file.
fn named_by(
    word: &str,
    kind: Kind,
    tree: &Tree,
    discovered: &[&String],
) -> Result<(Vec<String>, Option<String>), AgentError> {
    let absent = |what: &str| Err(AgentError::Usage(format!("--test names {what}, which is not in the repository")));
    let (path, rest) = word.split_once("::").map_or((word, None), |(path, rest)| (path, Some(rest)));
    let path = runner::plain(path);
    if tree.get(path).is_some() && has_extension(path, "py") {
        return Ok((vec![path.to_owned()], rest.map(|rest| format!("{path}::{rest}"))));
    }
    let below = |folder: &str| -> Vec<String> {
        let start = if folder == "." { String::new() } else { format!("{folder}/") };
        discovered.iter().filter(|file| file.starts_with(&start)).map(|file| (*file).clone()).collect()
    };
    if rest.is_none() && kind == Kind::Unittest && !word.contains('/') {
        let parts: Vec<&str> = word.split('.').collect();
        for length in (1..=parts.len()).rev() {
            let (module, names) = parts.split_at(length);
            let module = module.join("/");
            let file = format!("{module}.py");
            if tree.get(&file).is_some() {
                let id = (!names.is_empty()).then(|| format!("{file}::{}", names.join("::")));
                return Ok((vec![file], id));
            }
            let inside = if names.is_empty() { below(&module) } else { Vec::new() };
            if !inside.is_empty() {
                return Ok((inside, None));
            }
        }
    }
    let inside = if rest.is_none() { below(path) } else { Vec::new() };
    if inside.is_empty() { absent(path) } else { Ok((inside, None)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_would() {
        let rows: [(&str, &[&str]); 5] = [
            ("pytest -q  tests", &["pytest", "-q", "tests"]),
            ("a 'b c' \"d \\\" e\" f\\ g", &["a", "b c", "d \" e", "f g"]),
            ("sh -c 'a | b'", &["sh", "-c", "a | b"]),
            ("x ''", &["x", ""]),
            ("python3 -m pytest tests/test_x.py::test_y", &["python3", "-m", "pytest", "tests/test_x.py::test_y"]),
        ];
        for (command, words) in rows {
            assert_eq!(split(command).unwrap(), words, "{command}");
        }
        for wrong in ["", "   ", "a 'b", "a | b", "a > b", "a && b", "echo $HOME", "`x`"] {
            assert_eq!(split(wrong).unwrap_err().code(), "usage", "{wrong}");
        }
    }

    #[test]
    fn runners_of_known_files_are_mapped() {
        let tree =
            Tree::default().with_text("tests/test_a.py", "").with_text("tests/test_b.py", "").with_text("m.py", "");
        let found = super::super::discover::discover(&tree);
        let of = |command: &str| meaning(&split(command).unwrap(), &tree, &found);
        let files = |names: &[&str]| TestPlan::Files(names.iter().map(|name| (*name).to_owned()).collect());
        let (both, one) = (files(&["tests/test_a.py", "tests/test_b.py"]), files(&["tests/test_a.py"]));
        for command in [
            "pytest",
            "pytest -q",
            "python -m pytest tests/",
            "python3 -m unittest",
            "python3.11 -m unittest discover",
            "python3 -m unittest discover -s tests -p 'test_*.py'",
            "python3 -m unittest tests",
            "pytest .",
        ] {
            let meaning = of(command).unwrap();
            assert_eq!((meaning.plan, meaning.selection), (both.clone(), Selection::default()), "{command}");
        }
        for command in ["pytest tests/test_a.py", "pytest ./tests/test_a.py -x", "python -m unittest tests.test_a"] {
            assert_eq!(of(command).unwrap().plan, one, "{command}");
        }
        for (command, id) in [
            ("pytest tests/test_a.py::TestC::test_x -x", "tests/test_a.py::TestC::test_x"),
            ("pytest 'tests/test_a.py::test_x[1-2]'", "tests/test_a.py::test_x[1-2]"),
            ("python3.11 -m unittest -v tests.test_a.TestC.test_x", "tests/test_a.py::TestC::test_x"),
        ] {
            let meaning = of(command).unwrap();
            assert_eq!((meaning.plan, meaning.selection.ids), (one.clone(), vec![id.to_owned()]), "{command}");
        }
        let mixed = of("pytest tests/test_a.py::test_x tests/test_b.py").unwrap();
        assert_eq!(
            (mixed.plan, mixed.selection.ids),
            (both, vec!["tests/test_a.py::test_x".into(), "tests/test_b.py".into()])
        );
        for command in ["make test", "python m.py", "pythonista -m pytest"] {
            assert!(matches!(of(command).unwrap().plan, TestPlan::Command(_)), "{command}");
        }
        for wrong in [
            "pytest tests/test_c.py",
            "pytest tests/test_c.py::test_x",
            "python -m unittest tests.test_c",
            "pytest sub",
        ] {
            assert_eq!(of(wrong).unwrap_err().code(), "usage", "{wrong}");
        }
        let empty = Tree::default().with_text("m.py", "");
        let none = meaning(&split("pytest").unwrap(), &empty, &super::super::discover::discover(&empty)).unwrap_err();
        assert_eq!((none.code(), none.exit_code()), ("no_tests_selected", 2));
    }
}
