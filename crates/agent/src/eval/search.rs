//! The product's loop on one problem, in a repository of its own.

use super::dataset::SOLUTION;
use super::{Attempted, Eval, Problem};
use crate::agent::Agent;
use crate::error::AgentError;
use crate::options::{Budget, RunOptions};
use crate::report::Outcome;
use crate::store::RunStore;

impl Eval<'_> {
    /// Runs the loop within `tokens` and grades what it verified.
    pub(super) fn run_loop(&mut self, problem: &Problem, seed: u64, tokens: u64) -> Result<Attempted, AgentError> {
        if tokens == 0 {
            return Ok(Attempted::default());
        }
        let fault = |source| AgentError::io("write", &self.scratch, source);
        let repo = tempfile::tempdir_in(&self.scratch).map_err(fault)?;
        let tests = format!("from solution import {}\n\n{}\n", problem.name, problem.shown.join("\n"));
        std::fs::write(repo.path().join(SOLUTION), &problem.source).map_err(fault)?;
        std::fs::write(repo.path().join("test_shown.py"), tests).map_err(fault)?;
        let store = tempfile::tempdir_in(&self.scratch).map_err(fault)?;
        let options = RunOptions {
            task: format!("Write the function {}.", problem.name),
            repo: Some(repo.path().to_owned()),
            current_dir: repo.path().to_owned(),
            file: None,
            test: None,
            budget: Budget { tokens: Some(tokens), samples: Some(u32::MAX), wall_ms: None },
            seed,
            temperature: None,
            model_label: self.model.info().name,
            model_flag: false,
        };
        let mut agent = Agent {
            model: self.model,
            runner: self.runner,
            store: RunStore::new(store.path()),
            clock: self.clock,
            entropy: self.entropy,
        };
        let report = agent.run(options, self.cancel, &mut |_| {})?;
        let mut attempted = Attempted {
            solved: false,
            prompt_tokens: report.usage.prompt_tokens,
            completion_tokens: report.usage.completion_tokens,
        };
        if report.outcome == Outcome::Verified {
            RunStore::new(store.path()).apply(report.id)?;
            let path = repo.path().join(SOLUTION);
            let source = std::fs::read_to_string(&path).map_err(|source| AgentError::io("read", &path, source))?;
            attempted.solved = self.passes(problem, &source)?;
        }
        Ok(attempted)
    }
}
