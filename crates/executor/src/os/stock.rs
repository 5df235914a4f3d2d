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
/// Failures of warm interpreters, one after the other, after which none is tried any more.
const WARM_FAILURES_MAX: u32 = 3;

/// Helpers of one kind. A process that runs only once never makes one ahead.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    /// Those that were asked for and not taken, in order.
    waiting: VecDeque<Asked>,
    runs: u64,
    // Last: the helpers go before their launcher.
    launcher: Option<Launcher>,
}

impl Stock {
    /// A helper that waits, or a new one.
    pub(crate) fn take(&mut self, program: &Path, args: &[String]) -> io::Result<Spare> {
        self.runs = self.runs.saturating_add(1);
        if let Some(spare) = self.next() {
            return Ok(spare);
        }
        let asked = self.ask(program, args)?;
        let launcher = self.launcher.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Spare::of(asked, launcher)
    }

    /// The first helper that is still there: those of a warm interpreter go when they have waited for too long.
    fn next(&mut self) -> Option<Spare> {
        while let (Some(launcher), Some(asked)) = (&self.launcher, self.waiting.pop_front()) {
            if let Ok(spare) = Spare::of(asked, launcher)
                && !spare.is_gone()
            {
                return Some(spare);
            }
        }
        None
    }

    /// Asks for helpers ahead of need. One that can't be started now is started when it is needed,
    /// and then the error is told.
    pub(crate) fn top_up(&mut self, program: &Path, args: &[String]) {
        while self.runs > 1 && self.waiting.len() < SPARES {
            let Ok(asked) = self.ask(program, args) else { return };
            self.waiting.push_back(asked);
        }
    }

    /// Asks for a helper, from a new launcher if the old one is gone.
    fn ask(&mut self, program: &Path, args: &[String]) -> io::Result<Asked> {
        if let Some(launcher) = &self.launcher
            && let Ok(asked) = launcher.ask()
        {
            return Ok(asked);
        }
        self.waiting.clear();
        self.launcher = None;
        self.launcher.insert(Launcher::start(program, args)?).ask()
    }
}

/// All stocks of a sandbox.
#[derive(Debug, Default)]
pub(crate) struct Stocks {
    pub cold: Stock,
    /// The one used last comes last.
    warm: Vec<(u32, Stock)>,
    /// Helpers of ended runs that still take mounts and cgroups down.
    leaving: Vec<Helper>,
    failures: u32,
    /// Why the last warm interpreter failed.
    failure: String,
}

impl Stocks {
    /// The stock of a seed. The one that has waited longest makes room for it.
    pub(crate) fn warm(&mut self, hash_seed: u32) -> &mut Stock {
        let found = self.warm.iter().position(|(seed, _)| *seed == hash_seed);
        let stock = found.map_or_else(|| (hash_seed, Stock::default()), |index| self.warm.remove(index));
        if self.warm.len() >= WARM_MAX {
            self.warm.remove(0);
        }
        self.warm.push(stock);
        let last = self.warm.len() - 1;
        &mut self.warm[last].1
    }

    /// Whether no warm interpreter is tried any more.
    pub(crate) fn is_warm_refused(&self) -> bool {
        self.failures >= WARM_FAILURES_MAX
    }

    /// Why the last warm interpreter failed; empty when it didn't.
    pub(crate) fn warm_failure(&self) -> &str {
        &self.failure
    }

    pub(crate) fn warm_failed(&mut self, reason: &str) {
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
            stocks.warm_failed("no ctypes");
        }
        assert!(!stocks.is_warm_refused());
        stocks.warm_worked();
        assert_eq!(stocks.warm_failure(), "");
        for _ in 0..WARM_FAILURES_MAX {
            assert!(!stocks.is_warm_refused());
            stocks.warm_failed("no ctypes");
        }
        assert!(stocks.is_warm_refused());
        assert_eq!(stocks.warm_failure(), "no ctypes");
    }

    #[test]
    fn the_stock_of_the_seed_that_was_not_used_for_longest_goes() {
        let mut stocks = Stocks::default();
        for seed in [1, 2, 1, 3] {
            stocks.warm(seed).runs += 1;
        }
        let seeds: Vec<(u32, u64)> = stocks.warm.iter().map(|(seed, stock)| (*seed, stock.runs)).collect();
        assert_eq!(seeds, [(1, 2), (3, 1)]);
        assert_eq!(stocks.warm.len(), WARM_MAX);
    }
}
