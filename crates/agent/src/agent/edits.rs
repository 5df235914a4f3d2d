//! Edits of a batch's wrong candidates: runs instead of tokens.
//!
//! Every batch that solves nothing leaves candidates that ran and were wrong. Small edits of them are run, those of the
//! most promising candidates first; edits of edits where the first one made more tests pass. Where several pass, those
//! that agree with most others on further inputs win, among equals the one that was tried first.

use super::judge::solves;
use super::session::{Halt, Session, key_of};
use super::solve::{Near, Work};
use crate::edit::{AppliedEdit, Variant, Wrong, variants};
use crate::event::AgentEvent;
use crate::oracle::protect::check_candidate;
use crate::python::examples::Example;
use crate::python::functions::Block;
use crate::python::names;
use crate::search::extract;
use crate::search::score::{Score, score};
use crate::workspace::Tree;

/// Most edited candidates that are run after one batch.
const RUNS_MAX: usize = 600;
/// Most bytes of files that these runs are given.
const BYTES_MAX: usize = 256 << 20;
/// Most edits of one candidate, one upon the other.
const DEPTH_MAX: usize = 2;
/// Passing ones that are enough to choose from, and runs that are spent on finding them after the first.
const PASSING_MAX: usize = 8;
const FURTHER_RUNS_MAX: usize = 60;

/// One round of edits: what is left to spend, and what was learnt.
struct Round {
    runs: usize,
    runs_max: usize,
    recorded: std::vec::IntoIter<Score>,
    learnt: Vec<Score>,
}

/// An edited candidate that passes.
struct Passing {
    near: Near,
    tree: Tree,
    score: Score,
}

impl Session<'_> {
    /// Tries edits of the candidates that the last batch left. The number of the sample whose edit solves the target.
    pub(super) fn edit(
        &mut self,
        checkpoint: &Tree,
        work: &mut Work,
        index: usize,
        place: (&str, &Block),
        examples: &[Example],
    ) -> Result<Option<u32>, Halt> {
        let Some(job) = work.jobs.get_mut(index) else { return Ok(None) };
        let queue = std::mem::take(&mut job.wrong);
        if queue.is_empty() || place.1.is_class {
            return Ok(None);
        }
        let (label, path) = (job.label(), job.target.path.clone());
        self.tell(&AgentEvent::Editing { target: label.clone(), candidates: queue.len() });
        let bodies: Vec<(u32, &str)> = queue.iter().map(|near| (near.sample, near.body.as_str())).collect();
        let key = key_of("edits", &(label, bodies))?;
        let recorded = self.recorded_edits(&key);
        let is_new = recorded.is_none();
        let bytes: usize = work.base.iter().map(|(_, entry)| entry.content.len()).sum();
        let mut round = Round {
            runs: 0,
            runs_max: RUNS_MAX.min(BYTES_MAX / bytes.max(1)),
            recorded: recorded.unwrap_or_default().into_iter(),
            learnt: Vec::new(),
        };
        let mut passing = self.search_edits(work, index, &mut round, place, examples, queue)?;
        if is_new {
            self.record_edits(key, std::mem::take(&mut round.learnt))?;
        }
        if passing.is_empty() {
            return Ok(None);
        }
        let trees: Vec<&Tree> = passing.iter().map(|one| &one.tree).collect();
        let chosen = self.agreed(&trees, &work.plan.oracle, (&path, place.1), examples)?;
        let Passing { near, tree, score } = passing.swap_remove(chosen);
        check_candidate(checkpoint, &tree, &work.plan.oracle)?;
        self.tell(&AgentEvent::Edited {
            sample: near.sample,
            edits: near.edits.clone(),
            runs: round.runs,
            passing: passing.len() + 1,
            passed: score.passed.len(),
            total: work.plan.expected.len(),
        });
        let solved = self.weigh(work, index, near.sample, (near.body, tree), score);
        Ok(solved.then_some(near.sample))
    }

    /// Edits of the candidates, then edits of those that got better. What passes is all of the same candidate's.
    fn search_edits(
        &mut self,
        work: &mut Work,
        index: usize,
        round: &mut Round,
        (source, block): (&str, &Block),
        examples: &[Example],
        mut queue: Vec<Near>,
    ) -> Result<Vec<Passing>, Halt> {
        for _ in 0..DEPTH_MAX {
            queue.sort_by_key(|near| (std::cmp::Reverse(near.passed.len()), near.sample));
            let mut improved = Vec::new();
            for near in std::mem::take(&mut queue) {
                let mut passing: Vec<Passing> = Vec::new();
                let mut further = FURTHER_RUNS_MAX;
                let wrong = Wrong { body: &near.body, block, examples, error: &near.error };
                for variant in variants(&wrong) {
                    if passing.len() >= PASSING_MAX || further == 0 {
                        break;
                    }
                    let Some((next, tree, score)) =
                        self.try_edit(work, index, round, (source, block), &near, variant)?
                    else {
                        continue;
                    };
                    further -= usize::from(!passing.is_empty());
                    let Some(job) = work.jobs.get(index) else { break };
                    if solves(&work.plan, &work.passed, &job.target, &score) {
                        passing.push(Passing { near: next, tree, score });
                    } else if score.passed.len() > near.passed.len() {
                        improved.push(next);
                    }
                }
                if !passing.is_empty() {
                    return Ok(passing);
                }
            }
            if improved.is_empty() {
                break;
            }
            queue = improved;
        }
        Ok(Vec::new())
    }

    /// Runs one edited candidate; `None`: it was tried before, or the runs are used up.
    fn try_edit(
        &mut self,
        work: &mut Work,
        index: usize,
        round: &mut Round,
        (source, block): (&str, &Block),
        near: &Near,
        variant: Variant,
    ) -> Result<Option<(Near, Tree, Score)>, Halt> {
        let Some(job) = work.jobs.get_mut(index) else { return Ok(None) };
        let normal = extract::normalised(&variant.body);
        if round.runs >= round.runs_max || job.seen.contains(&normal) || !job.tried.insert(normal) {
            return Ok(None);
        }
        round.runs += 1;
        let text = names::with_missing_imports(&block.with_body(source, &variant.body));
        let tree = work.base.with_text(&job.target.path, &text);
        self.usage.runs += 1;
        let told = if let Some(told) = round.recorded.next() {
            told
        } else {
            let expected: Vec<String> = work.plan.expected.iter().cloned().collect();
            let mut request = work.plan.oracle.request(&tree, &expected, 0);
            request.limits.fuel = request.limits.fuel.min(near.fuel);
            let result = self.run_unrecorded(&request)?;
            score(&result, &work.plan.expected, &job.target.tests)
        };
        // Nobody will ask for the error of what got no better.
        let better = told.passed.len() > near.passed.len();
        let told = if better { told } else { Score { first_error: None, ..told } };
        round.learnt.push(told.clone());
        let edits =
            near.edits.iter().cloned().chain([AppliedEdit { kind: variant.kind, what: variant.what }]).collect();
        let error = told.first_error.clone().unwrap_or_default();
        let next = Near { body: variant.body, passed: told.passed.clone(), error, edits, ..near.clone() };
        Ok(Some((next, tree, told)))
    }
}
