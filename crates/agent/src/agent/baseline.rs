//! The first run: the oracle on the untouched checkpoint, without files that are no Python and that nothing needs.

use std::collections::BTreeSet;

use edgecoder_types::{FileRole, Layer, LayerChoice, RunResult, RunStatus, TestPlan, Violation};

use super::session::{Halt, Session};
use crate::error::AgentError;
use crate::event::AgentEvent;
use crate::oracle::Oracle;
use crate::oracle::needed::needed;
use crate::workspace::Tree;

/// Files that are named one by one; the rest is counted.
const NAMED: usize = 5;

impl Session<'_> {
    /// Runs the oracle on the checkpoint. What is no Python stops every run, so such files stay outside unless the tests
    /// or the task need them. Tests that run in the OS layer may read them as data and get them.
    pub(super) fn baseline(&mut self, oracle: &mut Oracle, checkpoint: &Tree) -> Result<RunResult, Halt> {
        let mut outside: Vec<Violation> = Vec::new();
        let result = loop {
            let result = self.execute("baseline", &oracle.request(checkpoint, &[], 0))?;
            check_startable(oracle, &result)?;
            if result.status != RunStatus::Rejected {
                break result;
            }
            let broken: Vec<&Violation> = result.violations.iter().filter(|found| is_unparsable(&found.code)).collect();
            let options = &self.manifest.options;
            let needed = needed(checkpoint, oracle, &options.task, options.file.as_deref());
            if let Some(violation) = broken.iter().find(|violation| needed.contains(&violation.path)) {
                return Err(malformed(oracle, checkpoint, violation));
            }
            let paths: BTreeSet<&String> = broken.iter().map(|violation| &violation.path).collect();
            let new: Vec<String> = paths.into_iter().filter(|path| !oracle.left_out.contains(path)).cloned().collect();
            if new.is_empty() {
                break result;
            }
            for path in new {
                outside.extend(broken.iter().find(|violation| violation.path == path).map(|found| (*found).clone()));
                oracle.left_out.push(path);
            }
        };
        if outside.is_empty() {
            return Ok(result);
        }
        let as_data = result.layer == Some(Layer::Os);
        self.tell_outside(&outside, as_data);
        if !as_data {
            return Ok(result);
        }
        oracle.left_out.clear();
        oracle.layer = LayerChoice::Os;
        let result = self.execute("baseline", &oracle.request(checkpoint, &[], 0))?;
        check_startable(oracle, &result)?;
        Ok(result)
    }

    fn tell_outside(&mut self, outside: &[Violation], as_data: bool) {
        let what = if as_data { "the tests get it as data only" } else { "the tests run without it" };
        let mut messages: Vec<String> =
            outside.iter().take(NAMED).map(|found| format!("{}; {what}", no_python(found))).collect();
        let more = outside.len().saturating_sub(NAMED);
        messages.extend((more > 0).then(|| format!("and {more} more files that are no Python; {what}")));
        for message in messages {
            self.tell(&AgentEvent::Notice { code: "source_left_out".to_owned(), message });
        }
    }
}

fn is_unparsable(code: &str) -> bool {
    ["syntax_error", "source_nul", "source_not_utf8", "nesting_too_deep"].contains(&code)
}

fn no_python(found: &Violation) -> String {
    format!("{} is no Python (line {}, column {}: {})", found.path, found.line, found.column, found.message)
}

fn check_startable(oracle: &Oracle, result: &RunResult) -> Result<(), Halt> {
    if result.status == RunStatus::Refused {
        return Err(Halt::Refused { reason: result.reason.clone(), message: result.detail.clone() });
    }
    if let TestPlan::Command(words) = &oracle.plan {
        let absent = result.reason.contains("not_found") || result.exit_code == Some(127) && result.tests.len() <= 1;
        if absent {
            let command = words.first().cloned().unwrap_or_default();
            // What the layer warns of is not why the command does not start.
            let why = result.detail.split("; warning: ").next().unwrap_or_default().to_owned();
            return Err(AgentError::TestCommand { command, why }.into());
        }
    }
    Ok(())
}

/// A needed file that is no Python ends every run: that is said with its place, and whether it is a test or a source file.
fn malformed(oracle: &Oracle, tree: &Tree, found: &Violation) -> Halt {
    let is_test = tree.get(&found.path).is_none() || oracle.role(&found.path) == FileRole::Oracle;
    let (what, reason) = if is_test { ("test", "test_malformed") } else { ("source", "source_malformed") };
    let place = format!("{}:{}:{}: {}", found.path, found.line, found.column, found.message);
    let message = format!("{place}; correct this {what} file first: no test can run before");
    Halt::Refused { reason: reason.to_owned(), message }
}
