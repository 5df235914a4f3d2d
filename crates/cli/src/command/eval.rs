//! `edgecoder eval`.

use std::io::Write as _;
use std::path::PathBuf;

use edgecoder_agent::eval::{Eval as Evaluation, Method, Problem, Score, read_problems};
use edgecoder_executor::identity::{SystemClock, SystemEntropy};
use edgecoder_executor::{Cancel, tree_cpu_seconds};
use edgecoder_inference::Model;

use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::remote;
use crate::source::load_bytes;
use crate::ui::plot;

/// Largest file of problems, in bytes.
const FILE_BYTES_MAX: usize = 64 << 20;

/// Measure what the search adds to a model, on problems with hidden tests.
///
/// Reads MBPP's format (the first two asserts are shown to the model, the others only grade) or HumanEval's (the docstring's
/// examples are shown). Compares the most likely text, plain sampling, which is told which of its samples is right, and the
/// loop of `edgecoder run`, which has to choose by the shown tests and may write as many tokens as plain sampling did.
///
/// The same seeds, model, build and machine kind give the same figures, but for the processor time.
#[derive(Debug, clap::Args)]
pub(crate) struct Eval {
    /// Problems, one JSON object a line.
    #[arg(value_name = "FILE.jsonl")]
    file: PathBuf,
    /// Candidates for each problem; several numbers are several comparisons.
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "8", value_parser = clap::value_parser!(u32).range(1..=1024))]
    samples: Vec<u32>,
    /// Seeds; every comparison is made for each of them.
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "1")]
    seeds: Vec<u64>,
    /// The first problem: its number in MBPP, else its place in the file, from 1.
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    /// The last problem.
    #[arg(long, value_name = "M")]
    to: Option<u64>,
    /// Model: a name from `edgecoder model list`, a path to a GGUF file, or a server's, as in ollama:NAME or openai:NAME.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Let the problems go to a model on another machine.
    #[arg(long)]
    allow_egress: bool,
    /// Print one JSON object with all figures.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Eval {
    /// Measures and prints.
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, CliError> {
        if let Some(model) = &self.model {
            app.config.set_flag("model.name", "--model", model)?;
        }
        let bytes = load_bytes(&self.file, FILE_BYTES_MAX)?;
        let usage = |message: String| CliError::Usage { message, hint: None };
        let text = String::from_utf8(bytes)
            .map_err(|error| usage(format!("{} is no UTF-8 text: {error}", self.file.display())))?;
        let problems = selected(read_problems(&text)?, self.from, self.to);
        if problems.is_empty() {
            return Err(usage(format!(
                "{} has no problem from {} to {}",
                self.file.display(),
                self.from.unwrap_or(1),
                self.to.map_or_else(|| "its end".to_owned(), |to| to.to_string())
            )));
        }
        if let Some(name) = app.remote_name()? {
            remote::admit(app, &name, self.allow_egress, !self.json)?;
        }
        let (model, label) = app.model()?;
        let cancel = app.cancel();
        let mut scores = Vec::new();
        let scratch = tempfile::Builder::new().prefix("edgecoder-eval-").tempdir()?;
        let mut measure = Measure { app, model: model.as_model(), cancel: &cancel, scratch: scratch.path().to_owned() };
        scores.push(measure.score("greedy", &problems, &mut |eval| eval.greedy(&problems))?);
        for samples in &self.samples {
            for seed in &self.seeds {
                if cancel.is_cancelled() {
                    break;
                }
                let plain = format!("plain sampling, {samples} samples, seed {seed}");
                let peer = measure.score(&plain, &problems, &mut |eval| eval.sampling(&problems, *samples, *seed))?;
                if cancel.is_cancelled() {
                    break;
                }
                let search = format!("the loop at as many tokens, seed {seed}");
                let found = measure.score(&search, &problems, &mut |eval| eval.search(&problems, &peer))?;
                scores.extend([peer, found]);
            }
        }
        if cancel.is_cancelled() {
            return Ok(app.interrupt.received().unwrap_or(Exit::Signal(2)));
        }
        print(app, &label, &problems, &scores, self.json)?;
        Ok(Exit::Success)
    }
}

/// The problems from one number to another. MBPP numbers its problems; others are counted.
fn selected(problems: Vec<Problem>, from: Option<u64>, to: Option<u64>) -> Vec<Problem> {
    let number = |at: usize, problem: &Problem| problem.id.parse().unwrap_or(at as u64 + 1);
    let wanted = |number: u64| from.is_none_or(|from| number >= from) && to.is_none_or(|to| number <= to);
    problems.into_iter().enumerate().filter(|(at, one)| wanted(number(*at, one))).map(|(_, one)| one).collect()
}

struct Measure<'a> {
    app: &'a App,
    model: &'a dyn Model,
    cancel: &'a Cancel,
    scratch: PathBuf,
}

impl Measure<'_> {
    /// One score, with the processor time of everything that it took.
    fn score(
        &mut self,
        what: &str,
        problems: &[Problem],
        work: &mut dyn FnMut(&mut Evaluation<'_>) -> Result<Score, edgecoder_agent::AgentError>,
    ) -> Result<Score, CliError> {
        let before = tree_cpu_seconds();
        let executor = self.app.executor()?;
        let mut entropy = SystemEntropy::open()?;
        let (live, total) = (self.app.output.live, problems.len());
        let mut on_problem = |done: usize, solved: usize| {
            if live {
                let mut stderr = std::io::stderr().lock();
                // A terminal that is gone is no reason to stop measuring.
                write!(stderr, "\r\u{1b}[K{what}: {done} of {total}, {solved} solved").ok();
            }
        };
        let mut eval = Evaluation {
            model: self.model,
            runner: &executor,
            clock: &SystemClock,
            entropy: &mut entropy,
            scratch: self.scratch.clone(),
            on_problem: &mut on_problem,
            cancel: self.cancel,
        };
        let score = work(&mut eval);
        drop(executor);
        if live {
            write!(std::io::stderr().lock(), "\r\u{1b}[K").ok();
        }
        let mut score = score?;
        score.cpu_seconds = Some(tree_cpu_seconds() - before);
        self.app.output.note(format!("{what}: {} of {} solved", score.solved.len(), score.problems));
        Ok(score)
    }
}

fn print(app: &App, model: &str, problems: &[Problem], scores: &[Score], json: bool) -> Result<(), CliError> {
    if json {
        let ids: Vec<&str> = problems.iter().map(|problem| problem.id.as_str()).collect();
        return app.output.json(&serde_json::json!({ "model": model, "problems": ids, "scores": scores }));
    }
    let name = |score: &Score| match score.method {
        Method::Greedy => "greedy".to_owned(),
        Method::Sampling => format!("plain sampling, {} samples, seed {}", score.samples, score.seed.unwrap_or(0)),
        Method::Loop => format!("loop, its tokens, seed {}", score.seed.unwrap_or(0)),
    };
    app.output.line(format!("{} problems, model {model}", problems.len()))?;
    let rows: Vec<plot::Row> = scores
        .iter()
        .map(|score| plot::Row {
            name: name(score),
            value: score.solved.len(),
            good: score.method == Method::Loop,
            note: format!(
                "{} tokens written, {} read, {:.1} CPU s",
                crate::output::grouped(score.completion_tokens),
                crate::output::grouped(score.prompt_tokens),
                score.cpu_seconds.unwrap_or(0.0)
            ),
        })
        .collect();
    for line in plot::bars(&rows, problems.len(), crate::output::columns()) {
        app.output.line(line.render(app.output.palette, usize::MAX))?;
    }
    for pair in scores.windows(2) {
        if let [peer, found] = pair
            && (peer.method, found.method) == (Method::Sampling, Method::Loop)
        {
            let gain = found.solved.len().cast_signed() - peer.solved.len().cast_signed();
            app.output.line(format!(
                "loop minus plain sampling, {} samples, seed {}: {gain:+}",
                peer.samples,
                peer.seed.unwrap_or(0)
            ))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_selected_by_number_or_place() {
        let problem = |id: &str| Problem {
            id: id.to_owned(),
            name: String::new(),
            words: String::new(),
            source: String::new(),
            shown: Vec::new(),
            hidden: String::new(),
        };
        let ids = |problems: &[Problem]| problems.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
        let mbpp = vec![problem("11"), problem("12"), problem("13")];
        assert_eq!(ids(&selected(mbpp.clone(), Some(12), None)), ["12", "13"]);
        assert_eq!(ids(&selected(mbpp, None, Some(11))), ["11"]);
        let human = vec![problem("HumanEval/0"), problem("HumanEval/1")];
        assert_eq!(ids(&selected(human, Some(2), Some(2))), ["HumanEval/1"]);
    }
}
