//! Runs of which only some tests count.
//!
//! Both layers run whole files. What was not asked for is taken out afterwards, in one place, and what is left is judged
//! again; an ending that is no judgement of single tests (a forgery, no fuel, a crash) stays what it is.

use edgecoder_types::{RunRequest, RunResult, RunStatus, TestCounts, TestPlan, Verdict};

use crate::receipt;

/// The request that a layer is given, when it differs from this one.
pub(crate) fn widened(request: &RunRequest) -> Option<RunRequest> {
    let TestPlan::Selected(files) = &request.tests else { return None };
    Some(RunRequest { tests: TestPlan::Files(files.clone()), ..request.clone() })
}

/// The result of the widened request, as an answer to the original one.
pub(crate) fn narrowed(request: &RunRequest, mut result: RunResult) -> RunResult {
    let all = result.tests.len();
    result.tests.retain(|test| request.expected_tests.contains(&test.id));
    result.counts = TestCounts::of(&result.tests);
    if matches!(result.status, RunStatus::Passed | RunStatus::Failed | RunStatus::NoTests) {
        judge(&mut result, all);
    }
    let runtime = result.receipt.take().map(|body| body.executor.runtime);
    result.receipt = runtime.and_then(|runtime| receipt::body(request, &result, &runtime));
    result
}

fn judge(result: &mut RunResult, all: usize) {
    let first = |wanted: &[Verdict]| result.tests.iter().find(|test| wanted.contains(&test.verdict));
    let (status, reason) = if first(&[Verdict::Missing, Verdict::Skipped, Verdict::Collected]).is_some() {
        (RunStatus::Failed, "tests_missing")
    } else if first(&[Verdict::Error]).is_some() {
        (RunStatus::Failed, "test_error")
    } else if first(&[Verdict::Failed]).is_some() {
        (RunStatus::Failed, "assertion_failed")
    } else {
        (RunStatus::Passed, "passed")
    };
    let passed = result.tests.iter().filter(|test| test.verdict == Verdict::Passed).count();
    let detail = format!("{passed} of {} selected tests passed ({all} are in their files)", result.tests.len());
    if status == RunStatus::Passed {
        result.exit_code = Some(0);
    }
    (result.status, result.reason, result.detail) = (status, reason.to_owned(), detail);
}
