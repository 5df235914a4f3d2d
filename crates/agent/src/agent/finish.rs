//! From an ending to the report and the files beside the journal.

use super::session::Session;
use super::solve::{EndState, Ending};
use crate::error::AgentError;
use crate::event::AgentEvent;
use crate::oracle::OracleKind;
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
            EndState::SelfTested
            | EndState::AlreadyPassing
            | EndState::Budget(_)
            | EndState::Cancelled
            | EndState::Refused { .. } => None,
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
            self_tests: self.self_tests.clone(),
            receipt,
            attestation,
            usage,
            next_steps: Vec::new(),
        };
        report.next_steps = self.next_steps(&report);
        report
    }

    /// Commands to go on with. What follows a `#` is a remark, as in a shell.
    fn next_steps(&self, report: &RunReport) -> Vec<String> {
        let id = report.id;
        let own_tests =
            || self.again("--test 'python3 -m pytest test_task.py'") + "  # once test_task.py holds your tests";
        match report.outcome {
            Outcome::Verified => vec![format!("edgecoder apply {id}"), format!("edgecoder show {id}")],
            Outcome::SelfTested => {
                let mut steps = vec![format!("edgecoder show {id}")];
                steps.push(self.again_with(&self.confirmed_task(), "") + "  # if these tests say what you mean");
                steps.push(own_tests());
                steps.push(format!("edgecoder apply {id}  # takes it unverified"));
                steps
            }
            Outcome::AlreadyPassing => Vec::new(),
            Outcome::Cancelled => vec![format!("edgecoder resume {id}")],
            Outcome::Refused if report.reason == "no_target" => vec![self.again("--file PATH")],
            Outcome::Refused if ["no_tests", "self_tests_unusable", "self_tests_pass"].contains(&&*report.reason) => {
                vec![own_tests()]
            }
            Outcome::Refused if report.reason == "context_too_small" => self.with_a_larger_model(),
            Outcome::Refused if ["source_malformed", "test_malformed"].contains(&&*report.reason) => {
                vec![self.again("") + "  # once the file is corrected"]
            }
            Outcome::Refused => vec!["edgecoder doctor".to_owned()],
            Outcome::Exhausted => {
                let mut steps = Vec::new();
                if !report.diff.is_empty() {
                    steps.push(format!("edgecoder show {id} --diff  # the best attempt"));
                }
                steps.push(self.again(&self.more(report)));
                if !self.self_tests.is_empty() {
                    steps.push(self.again_with(&self.confirmed_task(), "") + "  # with these tests corrected");
                    steps.push(own_tests());
                }
                steps.extend(self.with_a_larger_model());
                steps
            }
        }
    }

    /// The option that gives more of what was spent, with another seed.
    fn more(&self, report: &RunReport) -> String {
        let options = &self.manifest.options;
        let seed = options.seed.wrapping_add(1);
        let samples = report.usage.samples.saturating_mul(4).max(64);
        let samples = format!("--samples {samples} --seed {seed}");
        match (report.reason.as_str(), options.budget.tokens, options.budget.wall_ms) {
            ("tokens_spent", Some(tokens), _) => format!("--budget {} {samples}", tokens.saturating_mul(4)),
            ("time_spent", _, Some(ms)) => format!("--budget {}s {samples}", (ms / 1000).max(1).saturating_mul(4)),
            _ => samples,
        }
    }

    fn with_a_larger_model(&self) -> Vec<String> {
        vec![
            self.again("--model larger.gguf") + "  # a path to any larger GGUF file",
            "edgecoder model use larger.gguf  # the same for every run from now on".to_owned(),
            "edgecoder model list  # models that can be fetched by name".to_owned(),
        ]
    }

    /// The task with the model's asserts, which are the user's then.
    fn confirmed_task(&self) -> String {
        format!("{}\n{}", self.manifest.options.task.trim_end(), self.self_tests.join("\n"))
    }

    /// The same run with another option.
    fn again(&self, option: &str) -> String {
        self.again_with(&self.manifest.options.task, option)
    }

    fn again_with(&self, task: &str, option: &str) -> String {
        let options = &self.manifest.options;
        let mut command = format!("edgecoder run {}", quoted(task));
        if let Some(repo) = &options.repo {
            command = format!("{command} --repo {}", quoted(&repo.display().to_string()));
        }
        let model = options.model_flag.then(|| options.model_label.clone());
        for (flag, value) in [("--file", &options.file), ("--test", &options.test), ("--model", &model)] {
            if let Some(value) = value.as_ref().filter(|_| !option.starts_with(flag)) {
                command = format!("{command} {flag} {}", quoted(value));
            }
        }
        if option.is_empty() { command } else { format!("{command} {option}") }
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
    let own = ending.plan.as_ref().is_some_and(|plan| plan.oracle.kind == OracleKind::SelfWritten);
    let whose = if own { ", which the model wrote itself and which may be wrong" } else { "" };
    let closest = format!("the best attempt passes {passed} of {total} tests{whose}");
    match &ending.state {
        EndState::Verified(_) => {
            let message =
                format!("verified: {total} of {total} tests pass, by the executor's receipt for the final code");
            (Outcome::Verified, 0, "all_passed".to_owned(), message)
        }
        EndState::SelfTested => {
            let message = format!(
                "not verified: it passes {total} of {total} tests, but the model wrote them itself; whether they say \
                 what you meant is yours to judge"
            );
            (Outcome::SelfTested, 1, "self_tested".to_owned(), message)
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
            (Outcome::Refused, refusal_status(reason), reason.clone(), message.clone())
        }
    }
}

/// 2 where the input holds nothing to judge by, 3 where no sandbox may or can run it, 1 for the rest.
fn refusal_status(reason: &str) -> u8 {
    const SANDBOX: [&str; 5] = [
        "sandbox_unavailable",
        "sandbox_setup_failed",
        "interpreter_missing",
        "layer_unsuitable",
        "command_needs_os_layer",
    ];
    match reason {
        "no_tests" | "target_is_link" | "source_malformed" | "test_malformed" => 2,
        reason if SANDBOX.contains(&reason) => 3,
        _ => 1,
    }
}
