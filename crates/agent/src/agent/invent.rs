//! Has the model write tests where there are none.

use edgecoder_inference::{GenerateRequest, PromptStyle};
use edgecoder_types::TestPlan;

use super::plan::task_tests;
use super::session::{Halt, Session};
use crate::event::AgentEvent;
use crate::oracle::{Oracle, OracleKind, discover, self_tests, task_text::TaskExamples};
use crate::search::{batch, chat};
use crate::workspace::Tree;

/// Most tokens of one answer: some short asserts.
const TOKENS_MAX: u32 = 96;
/// Batches that are asked for until enough asserts are usable.
const BATCHES_MAX: u32 = 2;

impl Session<'_> {
    /// An oracle of the model's own asserts, besides the tests that there are and that say nothing about the task.
    pub(super) fn self_written(
        &mut self,
        checkpoint: &Tree,
        beside: Option<Oracle>,
    ) -> Result<(Oracle, TaskExamples), Halt> {
        let options = self.manifest.options.clone();
        let refused = |reason: &str, message: String| Halt::Refused { reason: reason.to_owned(), message };
        let Some(wanted) = self_tests::wanted(&options.task, checkpoint, options.file.as_deref()) else {
            let message = "no test was found in the repository and none in the task, and the task does not name the \
                           function that it wants; name a command with --test, put an assert or an example such as \
                           `f(2) -> 4` into the task, or name the function as in `add(a, b)`";
            return Err(refused("no_tests", message.to_owned()));
        };
        let found = if beside.is_some() { "no test is about" } else { "there is no test for" };
        self.tell(&AgentEvent::Notice {
            code: "no_tests".to_owned(),
            message: format!(
                "{found} {}, so the model writes some itself; that is no verification: --test CMD names yours",
                wanted.name
            ),
        });
        let asserts = self.ask_for_tests(&wanted, &options.task)?;
        let name = wanted.name.clone();
        let examples = TaskExamples { statements: asserts.clone(), names: vec![wanted.name] };
        let written =
            if asserts.is_empty() { None } else { task_tests("test_self_written", &options, checkpoint, &examples) };
        let Some((path, text)) = written else {
            let message = format!(
                "there is no test for {name}, and the model wrote none that can be used; put an assert such as \
                 `assert {name}(…) == …` into the task, or name a command with --test"
            );
            return Err(refused("self_tests_unusable", message));
        };
        self.self_tests.clone_from(&asserts);
        self.tell(&AgentEvent::SelfTests { tests: asserts });
        let mut oracle = beside.unwrap_or_else(|| Oracle {
            plan: TestPlan::Files(Vec::new()),
            files: discover::discover(checkpoint).oracle,
            ..Oracle::new(OracleKind::SelfWritten)
        });
        oracle.kind = OracleKind::SelfWritten;
        if let TestPlan::Files(files) = &mut oracle.plan {
            files.push(path.clone());
            files.sort();
        }
        oracle.added.push((path, text));
        Ok((oracle, examples))
    }

    /// Asks until enough asserts are usable or the batches are used up.
    fn ask_for_tests(&mut self, wanted: &self_tests::Wanted, task: &str) -> Result<Vec<String>, Halt> {
        let info = self.model.info();
        let (prompt, stop, tokens_max) = match info.style {
            PromptStyle::Continue => (self_tests::prompt(wanted, task), self_tests::stops(), TOKENS_MAX),
            PromptStyle::Chat => (self_tests::question(wanted, task), Vec::new(), chat::TOKENS_MAX),
        };
        if self.model.count_tokens(&prompt)?.saturating_add(tokens_max) > info.context_tokens {
            return Ok(Vec::new());
        }
        let mut answers: Vec<String> = Vec::new();
        for number in 0..BATCHES_MAX {
            self.check_budget()?;
            let width = batch::width(info.batch_max, self.samples_left(), None);
            let seed = self.manifest.options.seed;
            let sequences = batch::sequences(number, width, self.usage.samples, seed, (0.4, &batch::ASSERT_STEPS));
            let request = GenerateRequest {
                prompt: prompt.clone(),
                sequences,
                tokens_max,
                tokens_all_max: self.tokens_left(),
                stop: stop.clone(),
                format: None,
            };
            self.tell(&AgentEvent::WritingTests { function: wanted.name.clone(), width: request.sequences.len() });
            self.generate(&request, &|_| false, &mut |_, _, text| {
                answers.push(match info.style {
                    PromptStyle::Continue => text.to_owned(),
                    PromptStyle::Chat => self_tests::from_answer(wanted, chat::without_thoughts(text)),
                });
                Ok(false)
            })?;
            if self_tests::usable(wanted, &answers).len() >= self_tests::SELF_TESTS_MAX {
                break;
            }
        }
        Ok(self_tests::usable(wanted, &answers))
    }
}
