//! Helpers kept waiting for a job, and the launchers that fork them: one for cold runs, and one with a warm interpreter
//! for each of the last hash seeds.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::launcher::{Asked, Launcher};
use super::parent::{Helper, Spare};

/// Helpers kept waiting, of each kind.
const SPARES: usize = 2;
/// Warm interpreters kept: a session of work has one seed, its receipts may have another.
const WARM_MAX: usize = 2;
/// Seeds whose runs are counted.
const SEEDS_MAX: usize = 16;
/// Failures of warm interpreters, one after the other, after which none is tried any more.
const WARM_FAILURES_MAX: u32 = 3;

/// Helpers of one kind. A process that runs only once never makes one ahead.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    /// Those that were taken when they weren't ready yet.
    given_back: VecDeque<Spare>,
    /// Those that were asked for and not taken, in order.
    asked: VecDeque<Asked>,
    runs: u64,
    /// Whether the launcher's warm interpreter has had a fork ready.
    pub has_been_ready: bool,
    // Last: the helpers go before their launcher.
    launcher: Option<Launcher>,
}

impl Stock {
    /// A helper for a run: one that waits, or a new one.
    pub(crate) fn take(&mut self, program: &Path, args: &[String]) -> io::Result<Spare> {
        self.runs = self.runs.saturating_add(1);
        self.next_or_new(program, args)
    }

    fn next_or_new(&mut self, program: &Path, args: &[String]) -> io::Result<Spare> {
        if let Some(spare) = self.next() {
            return Ok(spare);
        }
        let asked = self.ask(program, args)?;
        let launcher = self.launcher.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Spare::of(asked, launcher)
    }

    /// The first helper that is still there: those of a warm interpreter go when they have waited for too long.
    fn next(&mut self) -> Option<Spare> {
        while let Some(spare) = self.given_back.pop_front() {
            if !spare.is_gone() {
                return Some(spare);
            }
        }
        while let (Some(launcher), Some(asked)) = (&self.launcher, self.asked.pop_front()) {
            if let Ok(spare) = Spare::of(asked, launcher)
                && !spare.is_gone()
            {
                return Some(spare);
            }
        }
        None
    }

    /// Whether there is a helper that can be taken without waiting for the launcher.
    pub(crate) fn has_answer(&self) -> bool {
        let answered = |launcher: &Launcher| !self.asked.is_empty() && launcher.has_answer();
        !self.given_back.is_empty() || self.launcher.as_ref().is_some_and(answered)
    }

    /// Asks for helpers ahead of need. One that can't be started now is started when it is needed,
    /// and then the error is told.
    pub(crate) fn top_up(&mut self, program: &Path, args: &[String]) {
        while self.runs > 1 && self.asked.len() + self.given_back.len() < SPARES {
            let Ok(asked) = self.ask(program, args) else { return };
            self.asked.push_back(asked);
        }
    }

    /// Asks for a helper, from a new launcher if the old one is gone.
    fn ask(&mut self, program: &Path, args: &[String]) -> io::Result<Asked> {
        if let Some(launcher) = &self.launcher
            && let Ok(asked) = launcher.ask()
        {
            return Ok(asked);
        }
        *self = Self { runs: self.runs, ..Self::default() };
        self.launcher.insert(Launcher::start(program, args)?).ask()
    }
}

/// All stocks of a sandbox.
#[derive(Debug, Default)]
pub(crate) struct Stocks {
    pub cold: Stock,
    /// By hash seed; the one used last comes last. At most [`WARM_MAX`] have a launcher.
    warm: Vec<(u32, Stock)>,
    /// Helpers of ended runs that still take mounts and cgroups down.
    leaving: Vec<Helper>,
    failures: u32,
    /// Why the last warm interpreter failed.
    failure: String,
}

impl Stocks {
    /// A run of a seed begins.
    pub(crate) fn begin_warm(&mut self, hash_seed: u32) -> &Stock {
        let stock = self.of(hash_seed);
        stock.runs = stock.runs.saturating_add(1);
        stock
    }

    /// A helper that waits, or a new one.
    pub(crate) fn take_warm(&mut self, program: &Path, args: &[String], hash_seed: u32) -> io::Result<Spare> {
        self.make_room(hash_seed);
        self.of(hash_seed).next_or_new(program, args)
    }

    /// Asks for warm helpers ahead of need, once there was more than one run of the seed.
    pub(crate) fn top_up(&mut self, program: &Path, args: &[String], hash_seed: u32) {
        if self.of(hash_seed).runs > 1 {
            self.make_room(hash_seed);
            self.of(hash_seed).top_up(program, args);
        }
    }

    /// One that wasn't ready yet is taken first the next time.
    pub(crate) fn give_back(&mut self, hash_seed: u32, spare: Spare) {
        let stock = self.of(hash_seed);
        if stock.launcher.is_some() {
            stock.given_back.push_front(spare);
        }
    }

    /// A fork of the seed's interpreter was ready.
    pub(crate) fn warm_is_ready(&mut self, hash_seed: u32) {
        self.of(hash_seed).has_been_ready = true;
    }

    /// The stock of a seed. The seed that was not used for longest makes room for it.
    fn of(&mut self, hash_seed: u32) -> &mut Stock {
        let found = self.warm.iter().position(|(seed, _)| *seed == hash_seed);
        let stock = found.map_or_else(|| (hash_seed, Stock::default()), |index| self.warm.remove(index));
        if self.warm.len() >= SEEDS_MAX {
            self.warm.remove(0);
        }
        self.warm.push(stock);
        let last = self.warm.len() - 1;
        &mut self.warm[last].1
    }

    /// Ends other seeds' interpreters until there is room for this seed's. A seed that comes only once ends none.
    fn make_room(&mut self, hash_seed: u32) {
        let others: Vec<usize> = (0..self.warm.len())
            .filter(|index| self.warm[*index].0 != hash_seed && self.warm[*index].1.launcher.is_some())
            .collect();
        for index in others.iter().take((others.len() + 1).saturating_sub(WARM_MAX)) {
            let (seed, stock) = &self.warm[*index];
            self.warm[*index] = (*seed, Stock { runs: stock.runs, ..Stock::default() });
        }
    }

    /// Whether no warm interpreter is tried any more.
    pub(crate) fn is_warm_refused(&self) -> bool {
        self.failures >= WARM_FAILURES_MAX
    }

    /// Why the last warm interpreter failed; empty when it didn't.
    pub(crate) fn warm_failure(&self) -> &str {
        &self.failure
    }

    /// A seed's interpreter failed: whatever it has forked goes with it.
    pub(crate) fn warm_failed(&mut self, hash_seed: u32, reason: &str) {
        let stock = self.of(hash_seed);
        *stock = Stock { runs: stock.runs, ..Stock::default() };
        self.failures = self.failures.saturating_add(1);
        reason.clone_into(&mut self.failure);
    }

    /// A warm run came to its end.
    pub(crate) fn warm_worked(&mut self) {
        self.failures = 0;
        self.failure.clear();
    }

    /// Keeps a helper until it has taken everything down, and forgets those that have.
    pub(crate) fn leave(&mut self, helper: Helper) {
        self.leaving.retain(|helper| !helper.is_gone());
        self.leaving.push(helper);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_interpreter_that_keeps_failing_is_given_up() {
        let mut stocks = Stocks::default();
        for _ in 0..WARM_FAILURES_MAX - 1 {
            stocks.warm_failed(1, "no ctypes");
        }
        assert!(!stocks.is_warm_refused());
        stocks.warm_worked();
        assert_eq!(stocks.warm_failure(), "");
        for _ in 0..WARM_FAILURES_MAX {
            assert!(!stocks.is_warm_refused());
            stocks.warm_failed(1, "no ctypes");
        }
        assert!(stocks.is_warm_refused());
        assert_eq!(stocks.warm_failure(), "no ctypes");
    }

    /// Waits for its end, as a launcher does.
    const LAUNCHER: &str = "/bin/cat";

    fn state(stocks: &Stocks) -> Vec<(u32, u64, bool)> {
        stocks.warm.iter().map(|(seed, stock)| (*seed, stock.runs, stock.launcher.is_some())).collect()
    }

    #[test]
    fn the_interpreter_of_the_seed_that_was_not_used_for_longest_goes() {
        let mut stocks = Stocks::default();
        for seed in [1, 2, 1, 2, 1, 3] {
            stocks.begin_warm(seed);
            stocks.top_up(Path::new(LAUNCHER), &[], seed);
        }
        assert_eq!(state(&stocks), [(2, 2, true), (1, 3, true), (3, 1, false)], "one run of a seed starts nothing");
        stocks.begin_warm(3);
        stocks.top_up(Path::new(LAUNCHER), &[], 3);
        assert_eq!(state(&stocks), [(2, 2, false), (1, 3, true), (3, 2, true)]);
        assert_eq!(stocks.of(3).asked.len(), SPARES);
        assert!(!stocks.of(3).has_answer(), "what isn't there can't be taken");
    }

    #[test]
    fn a_failed_interpreter_takes_along_what_it_has_forked() {
        let mut stocks = Stocks::default();
        for seed in [1, 1, 2, 2] {
            stocks.begin_warm(seed);
            stocks.top_up(Path::new(LAUNCHER), &[], seed);
        }
        stocks.warm_is_ready(1);
        stocks.warm_failed(1, "it ended");
        assert_eq!(state(&stocks), [(2, 2, true), (1, 2, false)]);
        assert!(stocks.of(1).asked.is_empty() && !stocks.of(1).has_been_ready);
    }

    #[test]
    fn so_many_seeds_are_remembered() {
        let mut stocks = Stocks::default();
        for seed in 0..40 {
            stocks.begin_warm(seed);
        }
        assert_eq!(stocks.warm.len(), SEEDS_MAX);
        assert_eq!(state(&stocks).last(), Some(&(39, 1, false)));
    }
}
