//! Planning: the oracle, seen to fail; what is missing; what has to be written.

use std::collections::BTreeSet;

use edgecoder_types::{RunResult, RunStatus, TestPlan, Verdict};

use super::session::{Halt, Session};
use crate::error::AgentError;
use crate::event::AgentEvent;
use crate::oracle::command::{self, Meaning};
use crate::oracle::selection::Selection;
use crate::oracle::{Oracle, OracleKind, asked, discover, self_tests, task_text};
use crate::python::functions::blocks;
use crate::python::{names, parse};
use crate::search::missing::{self, Missing, module_name};
use crate::search::prompt::prose;
use crate::search::score::score;
use crate::search::target::{Scene, Target, failing, find, mentions, test_sources};
use crate::workspace::Tree;

/// Where a task that stands alone is written.
const SOLUTION: &str = "solution.py";

/// Everything that the search needs.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) oracle: Oracle,
    /// The checkpoint with a stub for every absent name.
    pub(super) base: Tree,
    /// Tests that have to pass.
    pub(super) expected: BTreeSet<String>,
    /// Those that pass with the base.
    pub(super) passed: BTreeSet<String>,
    /// Those that passed with the untouched checkpoint.
    pub(super) passed_before: usize,
    pub(super) targets: Vec<Target>,
}

/// What planning came to.
#[derive(Debug)]
pub(super) enum Planned {
    Work(Box<Plan>),
    AlreadyPassing { total: usize },
}

impl Session<'_> {
    pub(super) fn plan(&mut self, checkpoint: &Tree) -> Result<Planned, Halt> {
        let options = self.manifest.options.clone();
        let examples = task_text::extract(&options.task);
        let everything = Selection::default();
        let built = build_oracle(&options, checkpoint, &examples)?;
        let (mut oracle, selection, examples) = if let Some((oracle, selection)) = built {
            (oracle, selection, examples)
        } else {
            let (oracle, examples) = self.self_written(checkpoint, None)?;
            (oracle, everything.clone(), examples)
        };
        let before = self.baseline(&mut oracle, checkpoint)?;
        if before.status != RunStatus::Passed {
            if !is_unheard_of(&options, checkpoint, &oracle) && is_about(&options, checkpoint, &oracle, &before) {
                return self.plan_for(checkpoint, oracle, &selection, &examples, &before);
            }
            // The tests that fail are about something else: passing them would verify another task.
            oracle.plan = TestPlan::Files(Vec::new());
        } else if oracle.kind == OracleKind::SelfWritten {
            return Err(Halt::Refused {
                reason: "self_tests_pass".to_owned(),
                message:
                    "there is no test, and those that the model wrote pass already, so they say nothing about the \
                          task; put an assert into the task, or name a command with --test"
                        .to_owned(),
            });
        } else if !is_untested(&options, checkpoint, &oracle) {
            let ids = before.tests.iter().map(|test| test.id.clone()).collect();
            let selected = select(ids, &selection, &options, checkpoint)?;
            return Ok(Planned::AlreadyPassing { total: selected.len() });
        }
        let (oracle, examples) = self.self_written(checkpoint, Some(oracle))?;
        let before = self.execute("baseline", &oracle.request(checkpoint, &[], 0))?;
        self.plan_for(checkpoint, oracle, &everything, &examples, &before)
    }

    /// The plan for an oracle that was seen to fail.
    fn plan_for(
        &mut self,
        checkpoint: &Tree,
        mut oracle: Oracle,
        selection: &Selection,
        examples: &task_text::TaskExamples,
        before: &RunResult,
    ) -> Result<Planned, Halt> {
        let options = self.manifest.options.clone();
        let base = with_stubs(&options, checkpoint, &oracle, examples, before);
        let collected = self.collect(&oracle, &base, before)?;
        let expected = select(collected, selection, &options, checkpoint)?;
        if let (TestPlan::Files(files), false) = (&mut oracle.plan, selection.is_everything()) {
            files.retain(|file| expected.iter().any(|id| id.starts_with(&format!("{file}::"))));
            oracle.plan = TestPlan::Selected(std::mem::take(files));
        }
        let list: Vec<String> = expected.iter().cloned().collect();
        let mut now = self.execute("base", &oracle.request(&base, &list, 0))?;
        let expected = self.without_others(&mut oracle, &base, expected, &mut now);
        // A test of the model's own that passes without an implementation says nothing.
        let empty = |verdict| {
            verdict == Verdict::Skipped || oracle.kind == OracleKind::SelfWritten && verdict == Verdict::Passed
        };
        let skipped: BTreeSet<&String> =
            now.tests.iter().filter(|test| empty(test.verdict)).map(|test| &test.id).collect();
        let expected: BTreeSet<String> = expected.iter().filter(|id| !skipped.contains(id)).cloned().collect();
        let passed = score(&now, &expected, &[]).passed;
        if base == *checkpoint && passed.len() == expected.len() && !expected.is_empty() {
            return Ok(Planned::AlreadyPassing { total: expected.len() });
        }
        let mut targets = targets_of(&options.task, options.file.as_deref(), &oracle, &base, &now);
        if oracle.kind == OracleKind::SelfWritten && targets.iter().any(|target| !target.tests.is_empty()) {
            targets.retain(|target| !target.tests.is_empty());
        }
        let plan =
            Plan { passed, passed_before: score(before, &expected, &[]).passed.len(), oracle, base, expected, targets };
        self.announce(&plan, &now)?;
        Ok(Planned::Work(Box::new(plan)))
    }

    /// Leaves failing tests out that are not about the function that the task names: they don't decide.
    fn without_others(
        &mut self,
        oracle: &mut Oracle,
        base: &Tree,
        expected: BTreeSet<String>,
        now: &mut RunResult,
    ) -> BTreeSet<String> {
        let task = &self.manifest.options.task;
        let name = asked::named(task, base).filter(|_| asked::was_found(oracle));
        let others = name.as_ref().and_then(|name| asked::others(name, oracle, base, now)).unwrap_or_default();
        let (Some(name), TestPlan::Files(files), false) = (name, &mut oracle.plan, others.is_empty()) else {
            return expected;
        };
        let kept: BTreeSet<String> = expected.into_iter().filter(|id| !others.contains(id)).collect();
        files.retain(|file| kept.iter().any(|id| id.starts_with(&format!("{file}::"))));
        oracle.plan = TestPlan::Selected(std::mem::take(files));
        now.tests.retain(|test| kept.contains(&test.id));
        let message = format!(
            "{} failing tests do not name {name} and do not decide about it; --test CMD names those that shall",
            others.len()
        );
        self.tell(&AgentEvent::Notice { code: "tests_aside".to_owned(), message });
        kept
    }

    fn announce(&mut self, plan: &Plan, now: &RunResult) -> Result<(), Halt> {
        if plan.expected.is_empty() {
            return Err(Halt::Refused {
                reason: "no_tests".to_owned(),
                message: format!(
                    "the oracle holds no test that can be run ({}); name a command with --test",
                    now.detail
                ),
            });
        }
        self.check_links(plan)?;
        if plan.targets.is_empty() {
            return Err(Halt::Refused {
                reason: "no_target".to_owned(),
                message: match &self.manifest.options.file {
                    Some(file) => format!(
                        "the tests fail, but {file} holds no function that they call and that may be written; name \
                         another --file, or none"
                    ),
                    None => "the tests fail, but no function was found that they call and that may be written; name \
                             its file with --file, or the function in the task"
                        .to_owned(),
                },
            });
        }
        let tests = match &plan.oracle.plan {
            TestPlan::Files(files) | TestPlan::Selected(files) | TestPlan::Collect(files) => files.clone(),
            TestPlan::Command(words) => vec![words.join(" ")],
            TestPlan::None => Vec::new(),
        };
        self.tell(&AgentEvent::Planned {
            oracle: plan.oracle.kind,
            tests,
            expected: plan.expected.len(),
            passing: plan.passed.len(),
            layer: now.layer,
            targets: plan.targets.iter().map(|target| format!("{}: {}", target.path, target.name)).collect(),
        });
        Ok(())
    }

    /// Refuses targets behind links, which are never followed; where there is no target, modules of the tests behind links.
    fn check_links(&self, plan: &Plan) -> Result<(), Halt> {
        let imported = || match &plan.oracle.plan {
            TestPlan::Files(files) | TestPlan::Selected(files) | TestPlan::Collect(files)
                if plan.targets.is_empty() =>
            {
                let sources = files.iter().filter_map(|file| plan.base.text(file)).filter_map(parse);
                let modules = sources.flat_map(|module| names::imports(&module)).map(|import| import.module);
                modules.map(|module| format!("{}.py", module.replace('.', "/"))).collect()
            }
            _ => Vec::new(),
        };
        let paths: Vec<String> = plan.targets.iter().map(|target| target.path.clone()).chain(imported()).collect();
        let Some(link) = paths.iter().find_map(|path| linked(&self.manifest.root, path)) else { return Ok(()) };
        Err(Halt::Refused {
            reason: "target_is_link".to_owned(),
            message: format!(
                "{link} is a symbolic link, and what has to be written lies behind it; put the file there itself, or work in \
                 the folder that it leads to with --repo"
            ),
        })
    }

    /// The ids of all tests, collected before the first candidate.
    fn collect(&mut self, oracle: &Oracle, base: &Tree, before: &RunResult) -> Result<BTreeSet<String>, Halt> {
        let real = |result: &RunResult| -> BTreeSet<String> {
            let ids = result.tests.iter().filter(|test| test.verdict != Verdict::Missing).map(|test| test.id.clone());
            ids.collect()
        };
        match &oracle.plan {
            TestPlan::Files(files) => {
                let mut request = oracle.request(base, &[], 0);
                request.tests = TestPlan::Collect(files.clone());
                let collected = real(&self.execute("collect", &request)?);
                if !collected.is_empty() {
                    return Ok(collected);
                }
                let again = self.execute("collect", &oracle.request(base, &[], 0))?;
                Ok(real(&again))
            }
            TestPlan::Command(_) | TestPlan::Selected(_) | TestPlan::Collect(_) | TestPlan::None => {
                let ids = real(before);
                if ids.is_empty() {
                    Ok(real(&self.execute("collect", &oracle.request(base, &[], 0))?))
                } else {
                    Ok(ids)
                }
            }
        }
    }
}

/// The tests that the user's command means, of all that its files hold.
fn select(
    collected: BTreeSet<String>,
    selection: &Selection,
    options: &crate::options::RunOptions,
    tree: &Tree,
) -> Result<BTreeSet<String>, AgentError> {
    if selection.is_everything() || collected.is_empty() {
        return Ok(collected);
    }
    let selected: BTreeSet<String> = collected.iter().filter(|id| selection.takes(id, tree)).cloned().collect();
    if !selected.is_empty() {
        return Ok(selected);
    }
    let shown: Vec<&str> = collected.iter().take(3).map(String::as_str).collect();
    let why = format!("of {} tests that were found, such as {}, it means none", collected.len(), shown.join(", "));
    Err(AgentError::NothingSelected { command: options.test.clone().unwrap_or_default(), why })
}

/// Targets of the present tree, from its last run.
pub(super) fn targets_of(task: &str, file: Option<&str>, oracle: &Oracle, tree: &Tree, now: &RunResult) -> Vec<Target> {
    let ids: Vec<String> = failing(now).into_iter().collect();
    let sources = test_sources(oracle, tree, &ids);
    let mut messages: String = now.tests.iter().map(|test| test.message.as_str()).collect::<Vec<_>>().join("\n");
    messages.push_str(&String::from_utf8_lossy(&now.stderr));
    find(&Scene { tree, oracle, task, file, failing: &sources, messages: &messages })
}

/// The oracle by the order of trust: the user's command, the repository's tests, the task's words.
fn build_oracle(
    options: &crate::options::RunOptions,
    tree: &Tree,
    examples: &task_text::TaskExamples,
) -> Result<Option<(Oracle, Selection)>, AgentError> {
    let found = discover::discover(tree);
    if let Some(command) = &options.test {
        let Meaning { plan, selection } = command::meaning(&command::split(command)?, tree, &found)?;
        let mut files = found.oracle;
        if let TestPlan::Files(named) = &plan {
            files.extend(named.iter().cloned());
        }
        files.sort();
        files.dedup();
        return Ok(Some((Oracle { plan, files, ..Oracle::new(OracleKind::Command) }, selection)));
    }
    let mut oracle = Oracle { files: found.oracle, ..Oracle::new(OracleKind::Repository) };
    let mut tests = found.tests;
    if let Some((path, text)) = task_tests("test_task", options, tree, examples) {
        if tests.is_empty() {
            oracle.kind = OracleKind::Task;
        }
        tests.push(path.clone());
        oracle.added.push((path, text));
    } else if tests.is_empty() {
        let doctests = crate::oracle::doctests::from_tree(tree);
        oracle.kind = OracleKind::Doctest;
        tests.extend(doctests.iter().map(|(path, _)| path.clone()));
        oracle.added.extend(doctests);
    }
    if tests.is_empty() {
        return Ok(None);
    }
    tests.sort();
    oracle.plan = TestPlan::Files(tests);
    Ok(Some((oracle, Selection::default())))
}

/// The file that holds asserts of the task or about it, and its text.
pub(super) fn task_tests(
    stem: &str,
    options: &crate::options::RunOptions,
    tree: &Tree,
    examples: &task_text::TaskExamples,
) -> Option<(String, String)> {
    if examples.names.is_empty() {
        return None;
    }
    let path = (1..).map(|number| if number == 1 { format!("{stem}.py") } else { format!("{stem}_{number}.py") });
    let path = path.into_iter().find(|path: &String| tree.get(path).is_none())?;
    let imports = examples.names.iter().map(|name| {
        let home = home_of(tree, name).unwrap_or_else(|| options.file.clone().unwrap_or_else(|| SOLUTION.to_owned()));
        format!("from {} import {name}\n", module_name(&home))
    });
    let text = format!("{}\n{}\n", imports.collect::<String>(), examples.statements.join("\n"));
    Some((path, text))
}

/// Whether the task describes a function that the repository does not have, so that its tests cannot be about it.
fn is_untested(options: &crate::options::RunOptions, tree: &Tree, oracle: &Oracle) -> bool {
    let asked = oracle.kind == OracleKind::Repository || oracle.kind == OracleKind::Doctest;
    let described = self_tests::signature_in(&options.task);
    asked && oracle.added.is_empty() && described.is_some_and(|wanted| home_of(tree, &wanted.name).is_none())
}

/// Whether it is untested and the repository nowhere even mentions it: then no failing test can be about it.
fn is_unheard_of(options: &crate::options::RunOptions, tree: &Tree, oracle: &Oracle) -> bool {
    let heard = |name: &str| tree.iter().any(|(_, entry)| entry.text().is_some_and(|text| mentions(text, name)));
    is_untested(options, tree, oracle)
        && self_tests::signature_in(&options.task).is_some_and(|wanted| !heard(&wanted.name))
}

/// Whether some failing test is about the function that the task names, where it names one.
fn is_about(options: &crate::options::RunOptions, tree: &Tree, oracle: &Oracle, before: &RunResult) -> bool {
    let name = asked::named(&options.task, tree).filter(|_| asked::was_found(oracle));
    name.is_none_or(|name| asked::others(&name, oracle, tree, before).is_some())
}

/// The first part of the path that is a symbolic link.
pub(super) fn linked(root: &std::path::Path, path: &str) -> Option<String> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    let part = |end: usize| path.get(..end).filter(|part| root.join(part).is_symlink());
    ends.filter_map(part).map(str::to_owned).next()
}

/// The first file that defines this function or class.
fn home_of(tree: &Tree, name: &str) -> Option<String> {
    let defines = |path: &String, source: &str| {
        !discover::is_test_path(path)
            && discover::has_extension(path, "py")
            && parse(source).is_some_and(|module| {
                blocks(source, &module).iter().any(|block| block.name == name && block.class.is_none())
            })
    };
    tree.iter()
        .find(|(path, entry)| entry.text().is_some_and(|source| defines(path, source)))
        .map(|(path, _)| path.clone())
}

/// The checkpoint with a stub for every name that is used and nowhere defined.
fn with_stubs(
    options: &crate::options::RunOptions,
    checkpoint: &Tree,
    oracle: &Oracle,
    examples: &task_text::TaskExamples,
    before: &RunResult,
) -> Tree {
    let mut seen = checkpoint.clone();
    for (path, text) in &oracle.added {
        seen = seen.with_text(path, text);
    }
    let mut unknown = unknown_modules(before);
    if !examples.names.is_empty() {
        unknown.push(module_name(options.file.as_deref().unwrap_or(SOLUTION)));
    }
    let is_test = |path: &str| discover::is_test_path(path) || oracle.role(path) == edgecoder_types::FileRole::Oracle;
    let mut base = checkpoint.clone();
    let absent = missing::find(&seen, is_test, &unknown);
    for name in absent {
        if options.file.as_ref().is_some_and(|file| *file != name.path) || is_test(&name.path) {
            continue;
        }
        let text = base.text(&name.path).unwrap_or_default().to_owned();
        base = base.with_text(&name.path, &with_stub(&text, &name, &options.task));
    }
    base
}

/// `No module named 'x'` in the messages of a run.
fn unknown_modules(result: &RunResult) -> Vec<String> {
    let mut found = Vec::new();
    let stderr = String::from_utf8_lossy(&result.stderr).into_owned();
    let texts = result.tests.iter().map(|test| test.message.as_str()).chain([stderr.as_str(), result.detail.as_str()]);
    for text in texts {
        for (at, phrase) in text.match_indices("No module named '") {
            let rest = text.get(at + phrase.len()..).unwrap_or_default();
            found.extend(rest.split('\'').next().map(str::to_owned));
        }
    }
    found
}

fn with_stub(text: &str, missing: &Missing, task: &str) -> String {
    let newline = crate::python::functions::newline_of(text);
    let gap = match text {
        "" => "",
        text if text.ends_with('\n') => "\n\n",
        _ => "\n\n\n",
    };
    let doc = prose(task).replace('\\', "\\\\").replace("\"\"\"", "'''");
    let doc =
        if doc.contains('\n') || doc.ends_with('"') { format!("{}\n    ", doc.replace('\n', "\n    ")) } else { doc };
    let doc = if doc.trim().is_empty() { String::new() } else { format!("    \"\"\"{doc}\"\"\"\n") };
    let stub = if missing.name.starts_with(char::is_uppercase) && missing.name.contains(char::is_lowercase) {
        format!("{gap}class {}:\n{doc}    pass\n", missing.name)
    } else {
        let parameters = parameters_of(task, &missing.name, missing.arity).join(", ");
        format!("{gap}def {}({parameters}):\n{doc}    raise NotImplementedError\n", missing.name)
    };
    format!("{text}{}", stub.replace('\n', newline))
}

/// Parameter names from `name(a, b)` in the task, else plain ones for the arity.
fn parameters_of(task: &str, name: &str, arity: usize) -> Vec<String> {
    for (at, found) in task.match_indices(&format!("{name}(")) {
        let rest = task.get(at + found.len()..).unwrap_or_default();
        let list: Vec<&str> = rest.split(')').next().unwrap_or_default().split(',').map(str::trim).collect();
        let is_name = |word: &&str| {
            word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !["True", "False", "None"].contains(word)
        };
        if !list.is_empty()
            && list.len() >= arity
            && list.iter().all(|word| is_name(&word.split([':', '=']).next().unwrap_or_default().trim()))
        {
            let plain = list.iter().map(|word| (*word).to_owned()).collect();
            return plain;
        }
    }
    let plain: &[&str] = match arity {
        1 => &["value"],
        _ => &["a", "b", "c", "d", "e", "f", "g", "h"],
    };
    plain.iter().take(arity).map(|name| (*name).to_owned()).collect()
}
