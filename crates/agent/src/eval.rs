//! How much the search adds to a model: problems with hidden tests, solved greedily, by plain sampling and by the loop.
//!
//! Every method sees the same problem: a function without a body, its description, and the shown tests. What it writes is
//! graded by tests that no method sees. The loop may use as many generated tokens as plain sampling used for the same
//! problems and seed, and not one more.

mod dataset;
mod sampling;
mod search;

use std::path::PathBuf;

use edgecoder_executor::{Cancel, Runner};
use edgecoder_inference::Model;
use edgecoder_types::{
    Clock, Entropy, FileRole, Language, LayerChoice, Limits, RunRequest, RunStatus, SourceFile, TestPlan,
};
use serde::Serialize;

use crate::error::AgentError;

use crate::search::prompt::PromptKind;

pub use dataset::{Problem, read_problems};
pub use sampling::Grade;

/// Most tokens of one candidate of plain sampling.
pub const TOKENS_MAX: u32 = 144;

/// How candidates are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The one most likely text.
    Greedy,
    /// Independent samples of one prompt; solved when any of them passes the hidden tests, so it is told which one.
    Sampling,
    /// The product's own loop; it has to choose by the shown tests.
    Loop,
}

/// What a method made of all problems.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// How.
    pub method: Method,
    /// Candidates of plain sampling for each problem; of the loop, whose tokens it had.
    pub samples: u32,
    /// Seed; `None` where there is no randomness.
    pub seed: Option<u64>,
    /// Problems that were tried.
    pub problems: usize,
    /// Those that pass the hidden tests.
    pub solved: Vec<String>,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Processor time of the whole process tree, for whoever measures it.
    pub cpu_seconds: Option<f64>,
    /// Tokens written for each problem, in order.
    #[serde(skip)]
    pub tokens: Vec<u64>,
}

/// What an evaluation needs.
pub struct Eval<'a> {
    /// Who writes.
    pub model: &'a dyn Model,
    /// Who runs.
    pub runner: &'a dyn Runner,
    /// Time, for the loop's journals.
    pub clock: &'a dyn Clock,
    /// Random bytes, for the loop's run ids.
    pub entropy: &'a mut dyn Entropy,
    /// An empty folder that the loop may fill.
    pub scratch: PathBuf,
    /// Called after each problem: problems done, problems solved.
    pub on_problem: &'a mut dyn FnMut(usize, usize),
    /// Ends it between two problems.
    pub cancel: &'a Cancel,
}

impl std::fmt::Debug for Eval<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Eval").field("scratch", &self.scratch).finish_non_exhaustive()
    }
}

/// The seed of the problem at a place.
fn seed_of(seed: u64, at: usize) -> u64 {
    crate::seed::sample_seed(seed, at as u64)
}

/// One problem's result.
#[derive(Clone, Copy, Debug, Default)]
struct Attempted {
    solved: bool,
    prompt_tokens: u64,
    completion_tokens: u64,
}

impl Eval<'_> {
    /// The most likely text of each problem.
    ///
    /// # Errors
    /// A failing model or executor. A cancel is no error: the score is about the problems that were tried.
    pub fn greedy(&mut self, problems: &[Problem]) -> Result<Score, AgentError> {
        self.all(problems, (Method::Greedy, 1, None), |eval, at, problem, _| {
            eval.sample(problem, PromptKind::Plain, seed_of(0, at), None)
        })
    }

    /// `samples` candidates of one prompt for each problem.
    ///
    /// # Errors
    /// As [`Self::greedy`].
    pub fn sampling(&mut self, problems: &[Problem], samples: u32, seed: u64) -> Result<Score, AgentError> {
        self.sampling_with(PromptKind::Plain, problems, samples, seed)
    }

    /// As [`Self::sampling`], with another form of the prompt: for measuring forms.
    ///
    /// # Errors
    /// As [`Self::greedy`].
    pub fn sampling_with(
        &mut self,
        kind: PromptKind,
        problems: &[Problem],
        samples: u32,
        seed: u64,
    ) -> Result<Score, AgentError> {
        let how = (Method::Sampling, samples, Some(seed));
        self.all(problems, how, |eval, at, problem, _| eval.sample(problem, kind, seed_of(seed, at), Some(samples)))
    }

    /// The loop, with as many tokens as `peer` used. What one problem leaves is at the disposal of the next.
    ///
    /// # Errors
    /// As [`Self::greedy`].
    pub fn search(&mut self, problems: &[Problem], peer: &Score) -> Result<Score, AgentError> {
        let how = (Method::Loop, peer.samples, peer.seed);
        let mut allowed = 0;
        self.all(problems, how, |eval, at, problem, used| {
            allowed += peer.tokens.get(at).copied().unwrap_or(0);
            eval.run_loop(problem, seed_of(peer.seed.unwrap_or(0), at), allowed.saturating_sub(used))
        })
    }

    fn all(
        &mut self,
        problems: &[Problem],
        (method, samples, seed): (Method, u32, Option<u64>),
        mut attempt: impl FnMut(&mut Self, usize, &Problem, u64) -> Result<Attempted, AgentError>,
    ) -> Result<Score, AgentError> {
        let mut score = Score {
            method,
            samples,
            seed,
            problems: 0,
            solved: Vec::new(),
            prompt_tokens: 0,
            completion_tokens: 0,
            cpu_seconds: None,
            tokens: Vec::new(),
        };
        for (at, problem) in problems.iter().enumerate() {
            if self.cancel.is_cancelled() {
                break;
            }
            let attempted = attempt(self, at, problem, score.completion_tokens)?;
            score.problems += 1;
            score.prompt_tokens += attempted.prompt_tokens;
            score.completion_tokens += attempted.completion_tokens;
            score.tokens.push(attempted.completion_tokens);
            if attempted.solved {
                score.solved.push(problem.id.clone());
            }
            (self.on_problem)(score.problems, score.solved.len());
        }
        Ok(score)
    }

    /// Whether a module passes the problem's hidden tests.
    fn passes(&self, problem: &Problem, source: &str) -> Result<bool, AgentError> {
        self.passes_tests(&problem.hidden, source)
    }

    fn passes_tests(&self, tests: &str, source: &str) -> Result<bool, AgentError> {
        let file = |path: &str, text: &str, role| SourceFile { path: path.to_owned(), content: text.into(), role };
        let request = RunRequest {
            language: Language::Python,
            entry: Some(dataset::SOLUTION.to_owned()),
            files: vec![
                file(dataset::SOLUTION, source, FileRole::Candidate),
                file("test_hidden.py", tests, FileRole::Oracle),
            ],
            tests: TestPlan::Files(vec!["test_hidden.py".to_owned()]),
            expected_tests: Vec::new(),
            stdin: Vec::new(),
            args: Vec::new(),
            limits: Limits::default(),
            layer: LayerChoice::Auto,
            seed: 0,
        };
        let result = self.runner.run(&request, self.cancel)?;
        Ok(result.status == RunStatus::Passed)
    }
}
