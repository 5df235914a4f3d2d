//! A run's record, from the request and the result.

use edgecoder_security::sha256;
use edgecoder_types::receipt::{ExecutorVersion, FileRecord, TestRecord};
use edgecoder_types::{Layer, ReceiptBody, ReceiptClass, RunRequest, RunResult};

/// Format version of [`ReceiptBody`].
pub const BODY_VERSION: &str = "1";
/// Changes whenever an equal request could give another body.
pub const SEMANTICS: &str = "3";

/// The record of a run; `None` when nothing ran or the ending is no evidence.
pub fn body(request: &RunRequest, result: &RunResult, runtime: &str) -> Option<ReceiptBody> {
    let layer = result.layer?;
    if !result.status.is_evidence() {
        return None;
    }
    let record = |file: &edgecoder_types::SourceFile| {
        (file.path.clone(), FileRecord { digest: sha256(&file.content), role: file.role })
    };
    Some(ReceiptBody {
        v: BODY_VERSION.to_owned(),
        class: match layer {
            Layer::Embedded => ReceiptClass::Deterministic,
            Layer::Os => ReceiptClass::Verdict,
        },
        executor: ExecutorVersion { semantics: SEMANTICS.to_owned(), runtime: runtime.to_owned() },
        layer,
        language: request.language,
        entry: request.entry.clone(),
        files: request.files.iter().map(record).collect(),
        plan: request.tests.clone(),
        expected_tests: request.expected_tests.clone(),
        stdin: sha256(&request.stdin),
        args: request.args.clone(),
        limits: request.limits.clone(),
        seed: request.seed,
        status: result.status,
        reason: result.reason.clone(),
        exit_code: result.exit_code,
        tests: result.tests.iter().map(|test| TestRecord { id: test.id.clone(), verdict: test.verdict }).collect(),
        stdout: sha256(&result.stdout),
        stderr: sha256(&result.stderr),
        fuel: result.fuel,
    })
}
