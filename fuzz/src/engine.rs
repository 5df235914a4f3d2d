//! The loop: choose an input, change it, give it to the target, keep it if it reached something new, stop at a failure.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgecoder_testkit::programs::SplitMix;

use crate::coverage::Coverage;
use crate::draw::below;
use crate::minimise::minimise;
use crate::mutate::{Sources, mutate};
use crate::target::{Check, Target};
use crate::{grammar, material};

/// Longest input, in bytes.
const BYTES_MAX: usize = 24 << 10;
/// Longest input of most cases: short ones are many.
const BYTES_USUAL: usize = 3 << 10;
/// Most inputs that are kept; a new one then takes the place of another.
const CORPUS_MAX: usize = 4_000;
/// Stack of the thread that a target runs in: what our parsers promise to stay within.
pub const STACK_BYTES: usize = edgecoder_subset::STACK_BYTES_MIN;
/// Stack of the same code with counters and checks, whose frames are larger.
pub const STACK_BYTES_GUIDED: usize = 4 * STACK_BYTES;

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// After this many cases. The same seed then gives the same inputs.
    Cases(u64),
    /// After this time.
    Time(Duration),
}

/// Is told each input before it is checked.
pub type Before = Box<dyn FnMut(&[u8]) + Send>;

/// An input that the target has something to say about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The input, made small.
    pub input: Vec<u8>,
    /// What is wrong.
    pub why: String,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Inputs that were checked.
    pub cases: u64,
    /// Inputs that are worth changing.
    pub kept: usize,
    /// Counters that were reached; 0 without them.
    pub reached: usize,
    /// The longest time of one case, and its input's length.
    pub slowest: (Duration, usize),
    /// What failed first.
    pub failure: Option<Failure>,
}

/// Checks one input; a panic is a failure like any other.
///
/// # Errors
/// What is wrong.
pub fn check(checking: &mut Check, input: &[u8]) -> Result<(), String> {
    match std::panic::catch_unwind(AssertUnwindSafe(|| checking(input))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Err(format!(
                "panic: {}",
                text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a text")
            ))
        }
    }
}

/// Runs a target in a thread of its own. `before` is told each input before it is checked, for whoever has to know when the
/// process does not survive it.
///
/// # Errors
/// The seeds cannot be read, the target cannot begin, or there is no thread.
pub fn run(target: &'static Target, seed: u64, bound: Bound, before: Before) -> Result<Report> {
    let mut seeds = material::load(&material::folder("seeds", target.name))?;
    seeds.extend(material::load(&material::folder("found", target.name))?);
    let stack = if cfg!(feature = "guided") { STACK_BYTES_GUIDED } else { STACK_BYTES };
    let work = move || {
        let run = Run {
            target,
            checking: (target.open)()?,
            random: SplitMix(seed),
            corpus: Vec::new(),
            coverage: Coverage::default(),
            report: Report::default(),
            before,
        };
        Ok(run.go(seeds.into_iter().map(|(_, input)| input).collect(), bound))
    };
    let thread = std::thread::Builder::new().name(target.name.to_owned()).stack_size(stack).spawn(work)?;
    thread.join().ok().context("the thread of the target ended")?
}

struct Run {
    target: &'static Target,
    checking: Check,
    random: SplitMix,
    corpus: Vec<Vec<u8>>,
    coverage: Coverage,
    report: Report,
    before: Before,
}

impl Run {
    fn go(mut self, seeds: Vec<Vec<u8>>, bound: Bound) -> Report {
        let start = Instant::now();
        for seed in seeds {
            if self.failed(&seed) {
                return self.end();
            }
            self.corpus.push(seed);
        }
        let goes_on = |run: &Self| match bound {
            Bound::Cases(cases) => run.report.cases < cases,
            Bound::Time(time) => start.elapsed() < time,
        };
        while goes_on(&self) {
            let input = self.next();
            if self.failed(&input) {
                break;
            }
        }
        self.end()
    }

    fn end(mut self) -> Report {
        self.report.kept = self.corpus.len();
        self.report.reached = self.coverage.reached();
        self.report
    }

    /// An input: a sentence, or a changed one of the corpus; half of the time one of the newest.
    fn next(&mut self) -> Vec<u8> {
        let (random, count) = (&mut self.random, self.corpus.len());
        let written = match self.target.grammar {
            Some((grammar, rule)) if below(random, 3) == 0 => Some(grammar::sentence(grammar, rule, random)),
            _ => None,
        };
        if let Some(sentence) = &written
            && below(random, 2) == 0
        {
            return sentence.clone().into_bytes();
        }
        let newest = count.saturating_sub(count / 8 + 1);
        let index = if below(random, 2) == 0 { newest + below(random, count - newest) } else { below(random, count) };
        let base = match written {
            Some(sentence) => sentence.into_bytes(),
            None => self.corpus.get(index).cloned().unwrap_or_default(),
        };
        let bytes_max = if below(random, 24) == 0 { BYTES_MAX } else { BYTES_USUAL.max(base.len()) };
        mutate(&base, Sources { words: self.target.words, others: &self.corpus }, random, bytes_max)
    }

    fn failed(&mut self, input: &[u8]) -> bool {
        (self.before)(input);
        self.coverage.clear();
        let start = Instant::now();
        let outcome = check(&mut self.checking, input);
        let took = start.elapsed();
        self.report.cases += 1;
        if took > self.report.slowest.0 {
            self.report.slowest = (took, input.len());
        }
        if self.coverage.take() {
            self.keep(input);
        }
        let Err(why) = outcome else { return false };
        let (checking, before) = (&mut self.checking, &mut self.before);
        let small = minimise(input, &mut |candidate| {
            before(candidate);
            check(checking, candidate).is_err_and(|other| is_same(&why, &other))
        });
        let why = check(&mut self.checking, &small).err().unwrap_or(why);
        self.report.failure = Some(Failure { input: small, why });
        true
    }

    fn keep(&mut self, input: &[u8]) {
        if self.corpus.len() < CORPUS_MAX {
            self.corpus.push(input.to_vec());
        } else {
            let index = below(&mut self.random, CORPUS_MAX);
            if let Some(place) = self.corpus.get_mut(index) {
                *place = input.to_vec();
            }
        }
    }
}

/// Whether two reasons begin alike: a smaller input has other numbers and names in its text.
fn is_same(one: &str, other: &str) -> bool {
    let head = |text: &str| text.chars().take_while(|c| c.is_alphabetic() || *c == ' ').take(40).collect::<String>();
    head(one) == head(other)
}
