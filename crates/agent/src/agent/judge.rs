//! One candidate: run, and compared with the best so far.

use edgecoder_types::{Layer, RunStatus};

use std::collections::BTreeSet;

use super::plan::Plan;
use super::session::{Halt, Session};
use super::solve::{Attempt, Job, Near, Work};
use crate::event::AgentEvent;
use crate::oracle::OracleKind;
use crate::oracle::protect::check_candidate;
use crate::python::functions::Block;
use crate::python::names;
use crate::search::extract;
use crate::search::score::{Score, score};
use crate::search::target::Target;
use crate::workspace::Tree;

/// Most fuel of a candidate whose edits are run: some hundred of them have to cost less than a batch of new ones.
const EDITED_FUEL_MAX: u64 = 200_000;
/// Fuel that an edited candidate has at least; about 25 ms.
const EDIT_FUEL_MIN: u64 = 100_000;

impl Session<'_> {
    /// Runs a candidate. True when it solves its target.
    pub(super) fn judge(
        &mut self,
        checkpoint: &Tree,
        work: &mut Work,
        index: usize,
        sample: u32,
        body: Option<String>,
        (source, block): (&str, &Block),
    ) -> Result<bool, Halt> {
        let total = work.plan.expected.len();
        let Some(job) = work.jobs.get_mut(index) else { return Ok(false) };
        let skipped = |reason: &str| AgentEvent::Candidate {
            sample,
            passed: 0,
            total,
            status: None,
            reason: reason.to_owned(),
            error: None,
            duration_us: 0,
        };
        let Some(body) = body else {
            self.tell(&skipped("no_code"));
            return Ok(false);
        };
        if !job.seen.insert(extract::normalised(&body)) {
            self.tell(&skipped("duplicate"));
            return Ok(false);
        }
        let text = names::with_missing_imports(&block.with_body(source, &body));
        let tree = work.base.with_text(&job.target.path, &text);
        check_candidate(checkpoint, &tree, &work.plan.oracle)?;
        let expected: Vec<String> = work.plan.expected.iter().cloned().collect();
        self.tell(&AgentEvent::Checking { sample });
        let result = self.execute("candidate", &work.plan.oracle.request(&tree, &expected, 0))?;
        let score = score(&result, &work.plan.expected, &job.target.tests);
        self.tell(&AgentEvent::Candidate {
            sample,
            passed: score.passed.len(),
            total,
            status: Some(result.status),
            reason: result.reason.clone(),
            error: score.first_error.clone(),
            duration_us: result.duration_us,
        });
        // Only where a run costs next to nothing, and what failed is the candidate: not a function that is still to be
        // written, and not a test that the model may have written wrong.
        let waits = score.first_error.as_ref().is_some_and(|error| error.contains("NotImplementedError"));
        let editable = result.layer == Some(Layer::Embedded)
            && result.status.is_evidence()
            && work.plan.oracle.kind != OracleKind::SelfWritten
            && !waits;
        // What hung is edited with the least fuel; what worked long is not edited.
        let fuel = if result.status == RunStatus::OutOfFuel { 0 } else { result.fuel.unwrap_or(0) };
        let editable = editable && fuel <= EDITED_FUEL_MAX;
        let near = Near {
            sample,
            body: body.clone(),
            passed: score.passed.clone(),
            error: score.first_error.clone().unwrap_or_default(),
            fuel: (fuel * 4).max(EDIT_FUEL_MIN),
            edits: Vec::new(),
        };
        let solves = self.weigh(work, index, sample, (body, tree), score);
        if let (true, false, Some(job)) = (editable, solves, work.jobs.get_mut(index)) {
            job.wrong.push(near);
        }
        Ok(solves)
    }

    /// Compares a scored candidate with the best so far. True when it solves its target.
    pub(super) fn weigh(
        &mut self,
        work: &mut Work,
        index: usize,
        sample: u32,
        (body, tree): (String, Tree),
        score: Score,
    ) -> bool {
        let total = work.plan.expected.len();
        let Some(job) = work.jobs.get_mut(index) else { return false };
        let solves = solves(&work.plan, &work.passed, &job.target, &score);
        let better = match &job.best {
            None => true,
            Some(best) => {
                (score.passed.len(), std::cmp::Reverse(body.len()))
                    > (best.passed.len(), std::cmp::Reverse(best.body.len()))
            }
        };
        if solves || better {
            self.tell(&AgentEvent::Best { sample, passed: score.passed.len(), total, body: body.clone() });
        }
        if solves {
            job.solved = true;
            work.base = tree;
            work.passed = score.passed;
            // Attempts at other targets were made on the old base.
            work.jobs.iter_mut().for_each(Job::forget_attempts);
        } else if better {
            let error = score.first_error.unwrap_or_default();
            work.last_error = Some(error.clone());
            job.best = Some(Attempt { body, tree, passed: score.passed, error });
        }
        solves
    }
}

/// Whether a candidate with this score solves the target: it passes everything, or breaks nothing and passes what is the
/// target's own.
pub(super) fn solves(plan: &Plan, before: &BTreeSet<String>, target: &Target, score: &Score) -> bool {
    let own = target.tests.iter().filter(|id| plan.expected.contains(*id)).collect::<Vec<_>>();
    score.all || before.is_subset(&score.passed) && !own.is_empty() && own.iter().all(|id| score.passed.contains(*id))
}
