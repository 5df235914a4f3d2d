//! Greedy decoding and plain sampling: one prompt, independent texts, no executor in between.

use edgecoder_inference::{GenerateRequest, PromptStyle, Sampling, Sequence};

use super::{Attempted, Eval, Problem, TOKENS_MAX};
use crate::error::AgentError;
use crate::python::examples::examples;
use crate::python::functions::blocks;
use crate::python::{names, parse};
use crate::search::chat;
use crate::search::extract::body_of;
use crate::search::prompt::{self, Material, PromptKind};
use crate::seed::sample_seed;

/// What the tests say about one text.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Grade {
    /// The module that the text makes of the problem's; `None`: it holds no code.
    pub source: Option<String>,
    /// Whether it passes what is shown.
    pub shown: bool,
    /// Whether it passes what is hidden, too.
    pub hidden: bool,
}

impl Eval<'_> {
    /// Grades a text that continues a prompt for this problem: for measuring forms.
    ///
    /// # Errors
    /// A failing executor.
    pub fn grade(&self, problem: &Problem, text: &str) -> Result<Grade, AgentError> {
        let block = parse(&problem.source)
            .and_then(|module| blocks(&problem.source, &module).into_iter().find(|one| one.name == problem.name));
        let begun = block.as_ref().map(|block| prompt::begun(&block.indent)).unwrap_or_default();
        let source = block.and_then(|block| {
            let body = body_of(text, &begun, &block)?;
            Some(names::with_missing_imports(&block.with_body(&problem.source, &body)))
        });
        let (mut shown, mut hidden) = (false, false);
        if let Some(source) = &source {
            let tests = format!("from solution import {}\n\n{}\n", problem.name, problem.shown.join("\n"));
            shown = self.passes_tests(&tests, source)?;
            hidden = shown && self.passes(problem, source)?;
        }
        Ok(Grade { source, shown, hidden })
    }

    /// Texts for one problem; one greedy text without a number of samples.
    pub(super) fn sample(
        &mut self,
        problem: &Problem,
        kind: PromptKind,
        seed: u64,
        samples: Option<u32>,
    ) -> Result<Attempted, AgentError> {
        let mut attempted = Attempted::default();
        let lost = || AgentError::Usage(format!("problem {} has no function {}", problem.id, problem.name));
        let module = parse(&problem.source).ok_or_else(lost)?;
        let found = blocks(&problem.source, &module).into_iter().find(|block| block.name == problem.name);
        let block = found.ok_or_else(lost)?;
        let tests = problem.shown.join("\n");
        let shown = parse(&tests).map(|module| examples(&tests, &module, &problem.name)).unwrap_or_default();
        let material = Material {
            source: &problem.source,
            block: &block,
            task: &problem.words,
            examples: &shown,
            tests: &problem.shown,
            previous: None,
            turn: 0,
        };
        let info = self.model.info();
        // A model that is asked gets a question, whatever form was wanted.
        let asks = info.style == PromptStyle::Chat;
        let (kind, tokens_max) = if asks { (PromptKind::Ask, chat::TOKENS_MAX) } else { (kind, TOKENS_MAX) };
        let built = prompt::build(kind, &material);
        let sampling = match samples {
            Some(_) => Sampling::default(),
            None => Sampling { temperature: 0.0, ..Sampling::default() },
        };
        let sequence = |index| Sequence { seed: sample_seed(seed, u64::from(index)), sampling };
        let width = info.batch_max.max(1);
        let (mut first, samples) = (0, samples.unwrap_or(1));
        while first < samples {
            let end = samples.min(first + width);
            let request = GenerateRequest {
                prompt: built.prompt.clone(),
                sequences: (first..end).map(sequence).collect(),
                tokens_max,
                tokens_all_max: None,
                stop: built.stop.clone(),
                format: None,
            };
            let (answers, usage) =
                self.model.generate(&request, &edgecoder_inference::Cancel::default(), &mut |_| {})?;
            attempted.prompt_tokens += usage.prompt_tokens;
            attempted.completion_tokens += usage.completion_tokens;
            for answer in answers {
                let body = if asks {
                    chat::body_of(&answer.text, &block)
                } else {
                    body_of(&answer.text, &built.begun, &block)
                };
                let Some(body) = body else { continue };
                if !attempted.solved {
                    attempted.solved = self.passes(problem, &block.with_body(&problem.source, &body))?;
                }
            }
            first = end;
        }
        Ok(attempted)
    }
}
