//! What a pytest or unittest command line means for the built-in collector.

use super::selection::{Condition, Selection, wildcard};
use crate::error::AgentError;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pytest,
    Unittest,
}

/// A command line, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) kind: Kind,
    /// Files, folders, node ids and dotted names, as given.
    pub(crate) named: Vec<String>,
    /// What the options select.
    pub(crate) selection: Selection,
    /// `discover -p`: which files hold tests.
    pub(crate) file_pattern: Option<String>,
}

impl Invocation {
    /// Whether a file's name fits `discover -p`.
    pub(crate) fn takes_file(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.file_pattern.as_ref().is_none_or(|pattern| wildcard(pattern, name))
    }
}

/// Options without a value that change how tests are reported or how soon the command stops, not what they say.
const HARMLESS: [&str; 28] = [
    "-q",
    "-qq",
    "-v",
    "-vv",
    "-vvv",
    "-s",
    "-x",
    "-l",
    "-b",
    "-f",
    "-c",
    "--quiet",
    "--verbose",
    "--exitfirst",
    "--failfast",
    "--buffer",
    "--catch",
    "--locals",
    "--showlocals",
    "--no-header",
    "--no-summary",
    "--disable-warnings",
    "--disable-pytest-warnings",
    "--cache-clear",
    "--full-trace",
    "--strict-markers",
    "--strict-config",
    "--no-showlocals",
];
/// The same with a value. All tests run anyway, so that `--maxfail` changes nothing.
const HARMLESS_WITH_VALUE: [&str; 8] =
    ["--tb", "--maxfail", "--color", "--durations", "--durations-min", "--capture", "--show-capture", "--verbosity"];

/// Reads a command line; `None` when it is neither pytest nor unittest.
///
/// # Errors
/// [`AgentError::TestOption`] for an option that the built-in runner does not know.
pub(crate) fn read(arguments: &[String]) -> Result<Option<Invocation>, AgentError> {
    let Some((kind, rest)) = runner_arguments(arguments) else { return Ok(None) };
    let mut invocation = Invocation { kind, named: Vec::new(), selection: Selection::default(), file_pattern: None };
    let mut words = Words { rest: rest.iter(), discovers: false };
    while let Some(word) = words.rest.next() {
        if word == "discover" && kind == Kind::Unittest && invocation.named.is_empty() && !words.discovers {
            words.discovers = true;
        } else if word.starts_with('-') && word.len() > 1 {
            option(&mut invocation, word, &mut words)?;
        } else {
            invocation.named.push(word.clone());
        }
    }
    Ok(Some(invocation))
}

struct Words<'w> {
    rest: std::slice::Iter<'w, String>,
    discovers: bool,
}

fn option(invocation: &mut Invocation, word: &str, words: &mut Words<'_>) -> Result<(), AgentError> {
    let (name, given) = match word.split_once('=') {
        Some((name, value)) if word.starts_with("--") => (name, Some(value.to_owned())),
        _ if word.len() > 2
            && !word.starts_with("--")
            && ["-k", "-m", "-p", "-W"].contains(&word.get(..2).unwrap_or("")) =>
        {
            (word.get(..2).unwrap_or_default(), word.get(2..).map(|rest| rest.trim_start_matches('=').to_owned()))
        }
        _ => (word, None),
    };
    let fails = |why: &str| AgentError::TestOption { option: word.to_owned(), why: why.to_owned() };
    let unittest = invocation.kind == Kind::Unittest;
    let starts = words.discovers && ["-s", "--start-directory"].contains(&name);
    let takes_no_value = !starts && HARMLESS.contains(&name) && given.is_none();
    let reports = !unittest && name.starts_with("-r") && !name.starts_with("--");
    if takes_no_value || reports {
        return Ok(());
    }
    let mut value =
        || given.clone().or_else(|| words.rest.next().cloned()).ok_or_else(|| fails("its value is missing"));
    match name {
        _ if starts => invocation.named.push(value()?),
        "-k" if unittest => invocation.selection.patterns.push(value()?),
        "-k" => invocation.selection.keyword = Some(condition(&value()?, word)?),
        "-m" if !unittest => invocation.selection.mark = Some(condition(&value()?, word)?),
        "-p" | "--pattern" if words.discovers => invocation.file_pattern = Some(value()?),
        "-t" | "--top-level-directory" if words.discovers => in_place(&value()?, word)?,
        "--rootdir" | "--confcutdir" | "--basetemp" if !unittest => in_place(&value()?, word)?,
        "-p" if !unittest => match value()?.as_str() {
            plugin if plugin.starts_with("no:") => {}
            plugin => return Err(fails(&format!("the built-in runner loads no plugin such as {plugin:?}"))),
        },
        "-W" => match value()?.as_str() {
            filter if filter.starts_with("ignore") || filter.starts_with("default") => {}
            filter => {
                return Err(fails(&format!("the built-in runner does not turn warnings into errors ({filter:?})")));
            }
        },
        "--deselect" | "--ignore" if !unittest => {
            let left_out = value()?;
            invocation.selection.left_out.push(plain(&left_out).to_owned());
        }
        "--durations" if unittest => drop(value()?),
        name if !unittest && HARMLESS_WITH_VALUE.contains(&name) => drop(value()?),
        _ => return Err(fails("the built-in runner, which stands in for pytest and unittest, does not know it")),
    }
    Ok(())
}

fn condition(text: &str, word: &str) -> Result<Condition, AgentError> {
    Condition::parse(text).map_err(|why| AgentError::TestOption { option: format!("{word} {text}"), why })
}

/// A folder that has to be the repository itself.
fn in_place(folder: &str, word: &str) -> Result<(), AgentError> {
    if [".", "./"].contains(&folder) {
        return Ok(());
    }
    let why = format!("tests run from the repository's root, not from {folder:?}; give that folder as --repo");
    Err(AgentError::TestOption { option: word.to_owned(), why })
}

/// A path without what makes no difference.
pub(crate) fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path).trim_end_matches('/')
}

/// What follows `pytest`, `python -m pytest` or `python -m unittest`; `None` for other commands.
fn runner_arguments(arguments: &[String]) -> Option<(Kind, &[String])> {
    let last = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let is_python = |name: &str| {
        let name = last(name);
        let tail = name.strip_prefix("python");
        tail.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    };
    let (program, mut rest) = arguments.split_first()?;
    if ["pytest", "py.test"].contains(&last(program).as_str()) {
        return Some((Kind::Pytest, rest));
    }
    if !is_python(program) {
        return None;
    }
    while let [flag, more @ ..] = rest
        && ["-B", "-u", "-s", "-E", "-I"].contains(&flag.as_str())
    {
        rest = more;
    }
    match rest {
        [flag, module, rest @ ..] if flag == "-m" && module == "pytest" => Some((Kind::Pytest, rest)),
        [flag, module, rest @ ..] if flag == "-m" && module == "unittest" => Some((Kind::Unittest, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str) -> Result<Option<Invocation>, AgentError> {
        read(&super::super::command::split(command).unwrap())
    }

    #[test]
    fn options_that_change_nothing_are_read_over() {
        for command in [
            "pytest -q -x tests",
            "pytest --tb=short --maxfail=1 --tb long --maxfail 2 -rA -vv tests",
            "python3.11 -B -m pytest -p no:cacheprovider --color=no --rootdir=. -W ignore tests",
            "/usr/bin/python3 -m pytest --capture=no -s --durations 5 -pno:randomly tests",
            "python -m unittest -v -b -f tests",
            ".venv/bin/pytest tests",
        ] {
            let invocation = of(command).unwrap().unwrap();
            assert_eq!(
                (invocation.named, invocation.selection),
                (vec!["tests".to_owned()], Selection::default()),
                "{command}"
            );
        }
        for command in ["make test", "python3 check.py", "pythonista -m pytest", "python -m nose"] {
            assert_eq!(of(command).unwrap(), None, "{command}");
        }
    }

    #[test]
    fn options_that_select_are_kept() {
        let invocation =
            of("pytest -k 'a and not b' -m slow --deselect=./t.py::x --ignore sub/ t.py::C").unwrap().unwrap();
        assert_eq!(invocation.selection.keyword, Some(Condition::parse("a and not b").unwrap()));
        assert_eq!(invocation.selection.mark, Some(Condition::parse("slow").unwrap()));
        assert_eq!(invocation.selection.left_out, ["t.py::x", "sub"]);
        assert_eq!(invocation.named, ["t.py::C"]);
        let invocation = of("python -m unittest discover -s tests -p 'check_*.py' -t . -k one -ktwo").unwrap().unwrap();
        assert_eq!(invocation.named, ["tests"]);
        assert_eq!(invocation.selection.patterns, ["one", "two"]);
        assert!(invocation.takes_file("tests/check_a.py") && !invocation.takes_file("tests/test_a.py"));
    }

    #[test]
    fn options_that_it_does_not_know_are_named() {
        for (command, option) in [
            ("pytest -n auto", "-n"),
            ("pytest --cov=pkg", "--cov=pkg"),
            ("pytest -p xdist", "-p"),
            ("pytest -k", "-k"),
            ("pytest -k 'a and'", "-k a and"),
            ("pytest --rootdir=sub", "--rootdir=sub"),
            ("pytest -W error", "-W"),
            ("pytest --lf", "--lf"),
            ("python -m unittest -m slow", "-m"),
            ("python -m unittest --tb=short", "--tb=short"),
        ] {
            let error = of(command).unwrap_err();
            assert_eq!((error.code(), error.exit_code()), ("test_option_unknown", 2), "{command}");
            assert!(error.to_string().contains(&format!("{option:?}")), "{command}: {error}");
        }
    }
}
