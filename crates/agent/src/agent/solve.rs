//! The loop: one target at a time, batches of candidates, the best kept, everything run once more at the end.

use std::collections::{BTreeMap, BTreeSet};

use edgecoder_inference::{GenerateRequest, InferenceError, PromptStyle};
use edgecoder_types::{FileRole, RunResult, RunStatus, Verdict};

use super::plan::{Plan, Planned, targets_of};
use super::session::{Halt, Session};
use crate::edit::AppliedEdit;
use crate::error::AgentError;
use crate::event::AgentEvent;
use crate::oracle::OracleKind;
use crate::python::examples::{Example, examples};
use crate::python::functions::Block;
use crate::python::{parse, tabs};
use crate::search::prompt::{self, Built, Material, PromptKind};
use crate::search::score::score;
use crate::search::target::{Target, locate, test_sources};
use crate::search::{batch, chat, ending, extract};
use crate::state::StateEvent;
use crate::workspace::Tree;
use crate::workspace::tree::digest_of;

/// Batches before the next unsolved target gets its turn.
const BATCHES_PER_VISIT: u32 = 3;
/// How often new targets are looked for after all were solved.
const REPLANS_MAX: u32 = 3;

/// The best candidate of a target that is not solved.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) body: String,
    pub(super) tree: Tree,
    pub(super) passed: BTreeSet<String>,
    pub(super) error: String,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) target: Target,
    pub(super) solved: bool,
    batches: u32,
    pub(super) seen: BTreeSet<String>,
    pub(super) best: Option<Attempt>,
    /// Candidates that ran and were wrong, and whose edits were not tried yet.
    pub(super) wrong: Vec<Near>,
    /// Edits that were tried.
    pub(super) tried: BTreeSet<String>,
}

/// A candidate that ran and was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) sample: u32,
    pub(super) body: String,
    pub(super) passed: BTreeSet<String>,
    pub(super) error: String,
    /// Most fuel that its edits may use.
    pub(super) fuel: u64,
    /// Edits that led to it.
    pub(super) edits: Vec<AppliedEdit>,
}

/// What the work came to.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) state: EndState,
    pub(super) plan: Option<Plan>,
    /// The final code, or the best attempt.
    pub(super) tree: Option<Tree>,
    pub(super) passed: usize,
    pub(super) last_error: Option<String>,
    pub(super) unsolved: Vec<String>,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum EndState {
    Verified(Box<RunResult>),
    SelfTested,
    AlreadyPassing,
    Budget(&'static str),
    Cancelled,
    Refused { reason: String, message: String },
}

/// The search's own state.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) plan: Plan,
    pub(super) base: Tree,
    pub(super) passed: BTreeSet<String>,
    pub(super) jobs: Vec<Job>,
    replans: u32,
    pub(super) last_error: Option<String>,
}

impl Session<'_> {
    /// Plans, searches, and turns every kind of stop into an ending.
    pub(super) fn work(&mut self, checkpoint: &Tree) -> Result<Ending, AgentError> {
        let bare =
            |state, passed| Ending { state, plan: None, tree: None, passed, last_error: None, unsolved: Vec::new() };
        match self.plan(checkpoint) {
            Ok(Planned::AlreadyPassing { total }) => {
                self.step(StateEvent::AlreadyPasses)?;
                Ok(bare(EndState::AlreadyPassing, total))
            }
            Ok(Planned::Work(plan)) => self.search_to_end(checkpoint, *plan),
            Err(halt) => Ok(bare(self.halted(halt)?, 0)),
        }
    }

    fn search_to_end(&mut self, checkpoint: &Tree, plan: Plan) -> Result<Ending, AgentError> {
        self.step(StateEvent::Planned)?;
        let jobs = plan.targets.iter().cloned().map(Job::new).collect();
        let mut work =
            Work { base: plan.base.clone(), passed: plan.passed.clone(), plan, jobs, replans: 0, last_error: None };
        let state = match self.search(checkpoint, &mut work) {
            Ok(_) if work.plan.oracle.kind == OracleKind::SelfWritten => {
                self.step(StateEvent::SelfTestsPassed)?;
                EndState::SelfTested
            }
            Ok(verdict) => {
                self.step(StateEvent::AllPassed)?;
                self.tell(&AgentEvent::Verified { passed: work.plan.expected.len(), layer: verdict.layer });
                EndState::Verified(Box::new(verdict))
            }
            Err(halt) => self.halted(halt)?,
        };
        Ok(work.into_ending(state))
    }

    /// Takes the step that belongs to the halt.
    fn halted(&mut self, halt: Halt) -> Result<EndState, AgentError> {
        match halt {
            Halt::Failed(error) => Err(error),
            Halt::Cancelled => {
                self.step(StateEvent::Cancel)?;
                Ok(EndState::Cancelled)
            }
            Halt::Budget(code) => {
                self.step(StateEvent::BudgetSpent)?;
                Ok(EndState::Budget(code))
            }
            Halt::Refused { reason, message } => {
                self.step(StateEvent::Escalate)?;
                Ok(EndState::Refused { reason, message })
            }
        }
    }

    fn search(&mut self, checkpoint: &Tree, work: &mut Work) -> Result<RunResult, Halt> {
        let mut turn = 0_usize;
        loop {
            let open: Vec<usize> =
                (0..work.jobs.len()).filter(|at| work.jobs.get(*at).is_some_and(|job| !job.solved)).collect();
            let Some(index) = open.get(turn % open.len().max(1)).copied() else {
                let verdict = self.final_check(work)?;
                if verdict.status == RunStatus::Passed {
                    return Ok(verdict);
                }
                self.replan(work, &verdict)?;
                continue;
            };
            let solved = self.visit(checkpoint, work, index, open.len() > 1)?;
            if !solved {
                turn += 1;
            }
            let more = work.jobs.iter().any(|job| !job.solved);
            if more {
                self.step(StateEvent::TargetSolved)?;
            }
        }
    }

    /// All targets are solved and still a test fails: looks for what else it calls.
    fn replan(&mut self, work: &mut Work, verdict: &RunResult) -> Result<(), Halt> {
        work.replans += 1;
        work.passed = score(verdict, &work.plan.expected, &[]).passed;
        work.last_error = score(verdict, &work.plan.expected, &[]).first_error;
        let options = &self.manifest.options;
        let targets = targets_of(&options.task, options.file.as_deref(), &work.plan.oracle, &work.base, verdict);
        if targets.is_empty() || work.replans > REPLANS_MAX {
            return Err(Halt::Refused {
                reason: "no_target".to_owned(),
                message:
                    "every function that was found is written, but tests still fail; name the file with --file, or the \
                          function in the task"
                        .to_owned(),
            });
        }
        work.jobs = targets.into_iter().map(Job::new).collect();
        self.step(StateEvent::TargetSolved)?;
        Ok(())
    }

    /// Some batches for one target. True when it is solved; then the base holds it.
    fn visit(&mut self, checkpoint: &Tree, work: &mut Work, index: usize, others: bool) -> Result<bool, Halt> {
        let mut batches = 0;
        loop {
            self.check_budget()?;
            if self.one_batch(checkpoint, work, index)? {
                return Ok(true);
            }
            batches += 1;
            if others && batches >= BATCHES_PER_VISIT {
                work.keep_progress(index);
                return Ok(false);
            }
            self.check_budget()?;
            self.step(StateEvent::NotSolved)?;
        }
    }

    fn one_batch(&mut self, checkpoint: &Tree, work: &mut Work, index: usize) -> Result<bool, Halt> {
        let Some(job) = work.jobs.get(index) else { return Ok(true) };
        let label = job.label();
        let Some((source, block)) = locate(&work.base, &job.target) else {
            return Err(Halt::Refused {
                reason: "no_target".to_owned(),
                message: format!("{label} is not in its file any more"),
            });
        };
        let spaced = tabs::spaced(&source, &block);
        let (seen, seen_block) = spaced.as_ref().map_or((&source, &block), |(text, block)| (text, block));
        let best = job.best.as_ref().map(|best| {
            (if spaced.is_some() { tabs::with_spaces(&best.body) } else { best.body.clone() }, best.error.as_str())
        });
        let shown = shown_examples(&work.plan, &work.base, &job.target);
        let (kind, turn, tests) = self.chosen_prompt(work, job);
        if let (PromptKind::Repair | PromptKind::AskRepair, Some(best)) = (kind, &job.best) {
            let error = best.error.clone();
            self.tell(&AgentEvent::Repairing { target: label.clone(), error });
        }
        let task = self.manifest.options.task.clone();
        let material = Material {
            source: seen,
            block: seen_block,
            task: &task,
            examples: &shown,
            tests: &tests,
            previous: best.as_ref().map(|(body, error)| (body.as_str(), *error)),
            turn,
        };
        let (request, kind, begun) = self.request(kind, &material, job.batches)?;
        let width = request.sequences.len();
        self.tell(&AgentEvent::BatchStarted {
            batch: self.usage.batches + 1,
            target: label.clone(),
            prompt: kind,
            width,
        });
        let tabbed = spaced.is_some();
        let mut solved =
            self.write_batch(checkpoint, work, index, &request, (&begun, tabbed), (seen_block, &source, &block))?;
        self.step(StateEvent::Generated)?;
        if let Some(job) = work.jobs.get_mut(index) {
            job.batches += 1;
        }
        if solved.is_none() {
            solved = self.edit(checkpoint, work, index, (&source, &block), &shown)?;
        }
        if let Some(sample) = solved {
            let (passed, total) = (work.passed.len(), work.plan.expected.len());
            self.tell(&AgentEvent::TargetSolved { target: label, sample, passed, total });
        }
        Ok(solved.is_some())
    }

    /// The form of a target's next prompt, how often it had this form before, and the tests that it shows.
    fn chosen_prompt(&self, work: &Work, job: &Job) -> (PromptKind, usize, Vec<String>) {
        let (number, repairable) = (job.batches, job.best.is_some());
        match self.model.info().style {
            PromptStyle::Continue => (batch::kind(number, repairable), batch::turn(number, repairable), Vec::new()),
            PromptStyle::Chat => {
                let sources = test_sources(&work.plan.oracle, &work.base, &job.target.tests);
                (chat::kind(number, repairable), number as usize, sources.into_values().collect())
            }
        }
    }

    /// Has a batch written and each of its candidates run. The sample that solves the target.
    fn write_batch(
        &mut self,
        checkpoint: &Tree,
        work: &mut Work,
        index: usize,
        request: &GenerateRequest,
        (begun, tabbed): (&str, bool),
        (seen, source, block): (&Block, &str, &Block),
    ) -> Result<Option<u32>, Halt> {
        let first_sample = self.usage.samples;
        let style = self.model.info().style;
        let continues = style == PromptStyle::Continue && !seen.is_class;
        let is_over = |text: &str| continues && ending::is_over(begun, text, &seen.indent);
        let mut solved = None;
        self.generate(request, &is_over, &mut |session, number, text| {
            let sample = first_sample + u32::try_from(number).unwrap_or(0) + 1;
            let body = match style {
                PromptStyle::Continue => extract::body_of(text, begun, seen),
                PromptStyle::Chat => chat::body_of(text, seen),
            };
            let body = if tabbed { body.map(|body| tabs::with_tabs(&body)) } else { body };
            let passes = session.judge(checkpoint, work, index, sample, body, (source, block))?;
            solved = passes.then_some(sample);
            Ok(passes)
        })?;
        Ok(solved)
    }

    /// The request of a batch. A prompt that does not fit the context window is replaced by the shortest kind.
    fn request(
        &self,
        kind: PromptKind,
        material: &Material<'_>,
        batches: u32,
    ) -> Result<(GenerateRequest, PromptKind, String), Halt> {
        let info = self.model.info();
        let tokens_left = self.tokens_left();
        let scarce = if info.style == PromptStyle::Continue { tokens_left } else { None };
        let width = batch::width(info.batch_max, self.samples_left(), scarce);
        let middle = self.manifest.options.temperature.unwrap_or(0.6);
        let (tokens_max, shorter) = match info.style {
            PromptStyle::Continue => (batch::tokens_max(width, scarce), [PromptKind::Plain, PromptKind::Tests]),
            PromptStyle::Chat => (chat::TOKENS_MAX, [PromptKind::AskRepair, PromptKind::Ask]),
        };
        let [_, shortest] = shorter;
        for kind in std::iter::once(kind).chain(shorter) {
            let Built { prompt, stop, begun } = prompt::build(kind, material);
            let tokens = self.model.count_tokens(&prompt)?;
            if tokens.saturating_add(tokens_max) <= info.context_tokens {
                let sequences = batch::sequences(
                    batches,
                    width,
                    self.usage.samples,
                    self.manifest.options.seed,
                    (middle, &batch::CANDIDATE_STEPS),
                );
                let request =
                    GenerateRequest { prompt, sequences, tokens_max, tokens_all_max: tokens_left, stop, format: None };
                return Ok((request, kind, begun));
            }
        }
        let error = InferenceError::DoesNotFit {
            prompt_tokens: self.model.count_tokens(&prompt::build(shortest, material).prompt)?,
            tokens_max,
            context_tokens: info.context_tokens,
        };
        Err(Halt::Refused { reason: error.code().to_owned(), message: error.to_string() })
    }

    /// Runs everything once more on the exact final tree, and reads the receipt.
    fn final_check(&mut self, work: &Work) -> Result<RunResult, Halt> {
        let expected: Vec<String> = work.plan.expected.iter().cloned().collect();
        self.tell(&AgentEvent::FinalCheck { total: expected.len() });
        let request = work.plan.oracle.request(&work.base, &expected, 0);
        let result = self.execute("final", &request)?;
        if result.status != RunStatus::Passed {
            return Ok(result);
        }
        let refuse = |message: String| Halt::Refused { reason: "no_receipt".to_owned(), message };
        let Some(receipt) = &result.receipt else {
            return Err(refuse("the executor gave no receipt for the final run".to_owned()));
        };
        let files: BTreeMap<String, (edgecoder_types::Digest, FileRole)> =
            request.files.iter().map(|file| (file.path.clone(), (digest_of(&file.content), file.role))).collect();
        let stated: BTreeMap<String, (edgecoder_types::Digest, FileRole)> =
            receipt.files.iter().map(|(path, file)| (path.clone(), (file.digest, file.role))).collect();
        let executed: BTreeSet<&String> =
            receipt.tests.iter().filter(|test| test.verdict == Verdict::Passed).map(|test| &test.id).collect();
        let complete = work.plan.expected.iter().all(|id| executed.contains(id));
        if receipt.status != RunStatus::Passed || !complete || receipt.expected_tests != expected {
            return Err(refuse("the receipt does not say that every expected test passed".to_owned()));
        }
        if files != stated || receipt.plan != request.tests {
            return Err(refuse("the receipt is about other files than the final ones".to_owned()));
        }
        Ok(result)
    }
}

impl Job {
    fn new(target: Target) -> Self {
        Self {
            target,
            solved: false,
            batches: 0,
            seen: BTreeSet::new(),
            best: None,
            wrong: Vec::new(),
            tried: BTreeSet::new(),
        }
    }

    pub(super) fn label(&self) -> String {
        format!("{}: {}", self.target.path, self.target.name)
    }

    /// What was tried on another base may do better on this one.
    pub(super) fn forget_attempts(&mut self) {
        self.seen.clear();
        self.tried.clear();
        self.wrong.clear();
        self.best = None;
    }
}

impl Work {
    /// A candidate that passes more tests than the base and breaks none becomes the new base.
    fn keep_progress(&mut self, index: usize) {
        let Some(best) = self.jobs.get(index).and_then(|job| job.best.clone()) else { return };
        if best.passed.len() > self.passed.len() && self.passed.is_subset(&best.passed) {
            self.base = best.tree;
            self.passed = best.passed;
        }
    }

    fn into_ending(mut self, state: EndState) -> Ending {
        let closest = self.jobs.iter().filter_map(|job| job.best.as_ref()).max_by_key(|best| best.passed.len());
        let verified = matches!(state, EndState::Verified(_) | EndState::SelfTested);
        let mut last_error = self.last_error.take();
        if let Some(best) = closest.filter(|best| !verified && best.passed.len() >= self.passed.len()) {
            last_error = Some(best.error.clone());
            self.base = best.tree.clone();
            self.passed = best.passed.clone();
        }
        let unsolved = self.jobs.iter().filter(|job| !job.solved).map(Job::label).collect();
        Ending {
            state,
            passed: self.passed.len(),
            tree: Some(self.base),
            plan: Some(self.plan),
            last_error: if verified { None } else { last_error },
            unsolved: if verified { Vec::new() } else { unsolved },
        }
    }
}

/// The examples of a target, from the files of the oracle.
pub(super) fn shown_examples(plan: &Plan, base: &Tree, target: &Target) -> Vec<Example> {
    let added = plan.oracle.added.iter().map(|(_, text)| text.as_str());
    let texts = plan.oracle.files.iter().filter_map(|path| base.text(path)).chain(added);
    let mut found: Vec<Example> = Vec::new();
    for text in texts {
        let Some(module) = parse(text) else { continue };
        for example in examples(text, &module, target.bare_name()) {
            if !found.contains(&example) {
                found.push(example);
            }
        }
    }
    found
}
