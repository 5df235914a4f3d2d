//! The verdict over all recorded outcomes.

use edgecoder_types::{RunStatus, TestPlan, Verdict};

use crate::state::{self, End};

/// Whether tests are only collected.
pub(crate) fn collecting() -> bool {
    state::with(|run| matches!(run.request.tests, TestPlan::Collect(_))).unwrap_or(false)
}

/// Ends a run that was asked for tests.
pub(crate) fn decide() -> ! {
    let (outcomes, missing) = state::with(|run| {
        let executed: Vec<&str> = run.outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
        let missing = run.request.expected_tests.iter().filter(|id| !executed.contains(&id.as_str())).count();
        (run.outcomes.clone(), missing)
    })
    .unwrap_or_default();
    let count = |verdict: Verdict| outcomes.iter().filter(|outcome| outcome.verdict == verdict).count();
    let ran = outcomes.len() - count(Verdict::Skipped);
    let (errors, failures) = (count(Verdict::Error), count(Verdict::Failed));
    let end = if outcomes.is_empty() && missing == 0 {
        End::new(RunStatus::NoTests, "no_tests", "no test was found in the named files")
    } else if collecting() && errors == 0 {
        End::new(RunStatus::Completed, "collected", format!("{} tests were collected", outcomes.len()))
    } else if missing > 0 {
        End::new(RunStatus::Failed, "tests_missing", format!("{missing} expected tests did not run"))
    } else if errors > 0 {
        End::new(RunStatus::Failed, "test_error", format!("{errors} tests raised an error, {failures} failed"))
    } else if failures > 0 {
        End::new(RunStatus::Failed, "assertion_failed", format!("{failures} of {ran} tests failed"))
    } else if ran == 0 {
        End::new(RunStatus::NoTests, "no_tests", "every test was skipped")
    } else {
        End::new(RunStatus::Passed, "passed", format!("{ran} tests passed")).exit(0)
    };
    state::finish(end)
}
