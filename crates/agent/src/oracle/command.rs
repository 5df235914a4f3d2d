//! `--test CMD`: split without a shell, and mapped onto test files where that means the same.

use edgecoder_types::TestPlan;

use super::discover::{Found, has_extension, is_test_file};
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

/// The plan for a command: the files themselves when the built-in collector runs the same tests,
/// else the command.
///
/// # Errors
/// Usage, when the command names a test file that does not exist.
pub(crate) fn plan(arguments: &[String], tree: &Tree, found: &Found) -> Result<TestPlan, AgentError> {
    let Some(rest) = runner_arguments(arguments) else { return Ok(TestPlan::Command(arguments.to_vec())) };
    let mut files: Vec<String> = Vec::new();
    let mut discovers = true;
    for argument in rest {
        if ["-q", "-v", "-x", "-s", "--quiet", "--verbose", "discover", "-qq", "-vv", "-b", "-f"]
            .contains(&argument.as_str())
        {
            continue;
        }
        let plain = argument.strip_prefix("./").unwrap_or(argument).trim_end_matches('/');
        let dotted = format!("{}.py", plain.replace('.', "/"));
        let below = format!("{plain}/");
        discovers = false;
        if argument.starts_with('-') || argument.contains("::") {
            return Ok(TestPlan::Command(arguments.to_vec()));
        } else if has_extension(plain, "py") {
            if tree.get(plain).is_none() {
                return Err(AgentError::Usage(format!("--test names {plain}, which is not in the repository")));
            }
            files.push(plain.to_owned());
        } else if tree.get(&dotted).is_some() && is_test_file(&dotted) {
            files.push(dotted);
        } else if plain == "." {
            files.extend(found.tests.iter().cloned());
        } else if found.tests.iter().any(|file| file.starts_with(&below)) {
            files.extend(found.tests.iter().filter(|file| file.starts_with(&below)).cloned());
        } else {
            return Ok(TestPlan::Command(arguments.to_vec()));
        }
    }
    if discovers {
        files.extend(found.tests.iter().cloned());
    }
    files.sort();
    files.dedup();
    if files.is_empty() { Ok(TestPlan::Command(arguments.to_vec())) } else { Ok(TestPlan::Files(files)) }
}

/// What follows `pytest`, `python -m pytest` or `python -m unittest`; `None` for other commands.
fn runner_arguments(arguments: &[String]) -> Option<&[String]> {
    let is_python = |name: &str| {
        let tail = name.strip_prefix("python");
        tail.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    };
    match arguments {
        [program, rest @ ..] if program == "pytest" || program == "py.test" => Some(rest),
        [python, flag, module, rest @ ..]
            if is_python(python) && flag == "-m" && (module == "pytest" || module == "unittest") =>
        {
            Some(rest)
        }
        _ => None,
    }
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
        let plan_of = |command: &str| plan(&split(command).unwrap(), &tree, &found);
        let files = |names: &[&str]| TestPlan::Files(names.iter().map(|name| (*name).to_owned()).collect());
        let both = files(&["tests/test_a.py", "tests/test_b.py"]);
        for command in [
            "pytest",
            "pytest -q",
            "python -m pytest tests/",
            "python3 -m unittest",
            "python3.11 -m unittest discover",
            "pytest .",
        ] {
            assert_eq!(plan_of(command).unwrap(), both, "{command}");
        }
        for command in ["pytest tests/test_a.py", "pytest ./tests/test_a.py -x", "python -m unittest tests.test_a"] {
            assert_eq!(plan_of(command).unwrap(), files(&["tests/test_a.py"]), "{command}");
        }
        for command in
            ["make test", "pytest -k name", "pytest tests/test_a.py::test_x", "python m.py", "pythonista -m pytest"]
        {
            assert!(matches!(plan_of(command).unwrap(), TestPlan::Command(_)), "{command}");
        }
        assert_eq!(plan_of("pytest tests/test_c.py").unwrap_err().code(), "usage");
    }
}
