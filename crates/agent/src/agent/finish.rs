//! From an ending to the report and the files beside the journal.

use super::session::Session;
use super::solve::{EndState, Ending};
use crate::error::AgentError;
use crate::event::AgentEvent;
use crate::patch::Patch;
use crate::report::{Outcome, RunReport};
use crate::store::RunFolder;
use crate::workspace::Tree;

impl Session<'_> {
    pub(super) fn finish(
        &mut self,
        folder: &RunFolder,
        checkpoint: &Tree,
        ending: Ending,
    ) -> Result<RunReport, AgentError> {
        let result = ending.tree.as_ref().unwrap_or(checkpoint);
        let patch = Patch::between(checkpoint, result);
        let diff = patch.unified();
        for (path, entry) in result.iter() {
            if checkpoint.get(path) != Some(entry) {
                folder.save_blob(entry)?;
            }
        }
        folder.save_json("patch.json", &patch)?;
        folder.save_text("result.diff", &diff)?;
        let report = self.report(ending, diff);
        if let Some(receipt) = &report.receipt {
            folder.save_json("receipt.json", receipt)?;
        }
        folder.save_json("result.json", &report)?;
        self.tell(&AgentEvent::Finished { report: Box::new(report.clone()) });
        Ok(report)
    }

    fn report(&self, ending: Ending, diff: String) -> RunReport {
        let mut usage = self.usage;
        usage.wall_ms = self.spent_ms();
        let total = ending.plan.as_ref().map_or(ending.passed, |plan| plan.expected.len());
        let before = ending.plan.as_ref().map_or(ending.passed, |plan| plan.passed_before);
        let (outcome, exit_code, reason, message) = words(&ending, total);
        let verdict = match ending.state {
            EndState::Verified(verdict) => Some(verdict),
            EndState::AlreadyPassing | EndState::Budget(_) | EndState::Cancelled | EndState::Refused { .. } => None,
        };
        let (receipt, attestation) = verdict.map_or((None, None), |run| (run.receipt, run.attestation));
        let mut report = RunReport {
            id: self.manifest.id,
            outcome,
            exit_code,
            reason,
            message,
            tests_passed: ending.passed,
            tests_total: total,
            tests_passed_before: before,
            diff,
            last_error: ending.last_error,
            unsolved: ending.unsolved,
            receipt,
            attestation,
            usage,
            next_steps: Vec::new(),
        };
        report.next_steps = self.next_steps(&report);
        report
    }

    fn next_steps(&self, report: &RunReport) -> Vec<String> {
        let id = report.id;
        match report.outcome {
            Outcome::Verified => vec![format!("edgecoder apply {id}"), format!("edgecoder show {id}")],
            Outcome::SelfTested => vec![format!("edgecoder show {id}"), self.again("--test 'COMMAND'")],
            Outcome::AlreadyPassing => Vec::new(),
            Outcome::Cancelled => vec![format!("edgecoder resume {id}")],
            Outcome::Refused if report.reason == "no_tests" => vec![self.again("--test 'python3 -m pytest tests'")],
            Outcome::Refused if report.reason == "no_target" => vec![self.again("--file PATH")],
            Outcome::Refused => vec!["edgecoder doctor".to_owned()],
            Outcome::Exhausted => {
                let more = report.usage.samples.saturating_mul(4).max(64);
                vec![
                    format!("edgecoder show {id}"),
                    self.again(&format!("--samples {more} --seed {}", self.manifest.options.seed.wrapping_add(1))),
                    "edgecoder model list".to_owned(),
                    self.again("--model /path/to/a-larger-model.gguf"),
                ]
            }
        }
    }

    /// The same run with another option.
    fn again(&self, option: &str) -> String {
        let options = &self.manifest.options;
        let mut command = format!("edgecoder run {}", quoted(&options.task));
        if let Some(repo) = &options.repo {
            command = format!("{command} --repo {}", quoted(&repo.display().to_string()));
        }
        for (flag, value) in [("--file", &options.file), ("--test", &options.test)] {
            if let Some(value) = value.as_ref().filter(|_| !option.starts_with(flag)) {
                command = format!("{command} {flag} {}", quoted(value));
            }
        }
        format!("{command} {option}")
    }
}

/// One word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn words(ending: &Ending, total: usize) -> (Outcome, u8, String, String) {
    let passed = ending.passed;
    let closest = format!("the best attempt passes {passed} of {total} tests");
    match &ending.state {
        EndState::Verified(_) => {
            let message =
                format!("verified: {total} of {total} tests pass, by the executor's receipt for the final code");
            (Outcome::Verified, 0, "all_passed".to_owned(), message)
        }
        EndState::AlreadyPassing => {
            let message = format!("nothing to do: all {total} tests passed before anything was written");
            (Outcome::AlreadyPassing, 1, "already_passing".to_owned(), message)
        }
        EndState::Budget(code) => {
            let what = match *code {
                "tokens_spent" => "the tokens are spent",
                "time_spent" => "the time is spent",
                _ => "the samples are spent",
            };
            (Outcome::Exhausted, 1, (*code).to_owned(), format!("not solved: {what}; {closest}"))
        }
        EndState::Cancelled => (Outcome::Cancelled, 1, "cancelled".to_owned(), format!("cancelled; {closest}")),
        EndState::Refused { reason, message } => {
            let policy = ["forbidden_by_policy", "policy"].contains(&reason.as_str());
            (Outcome::Refused, if policy { 3 } else { 1 }, reason.clone(), message.clone())
        }
    }
}
