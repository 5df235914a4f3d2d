//! Re-running a receipt and naming what differs.

use edgecoder_types::{Layer, LayerChoice, ReceiptBody, ReceiptClass, RunRequest, RunStatus, SourceFile};
use serde::Serialize;

use super::file::{Bundle, ReceiptError};
use super::store::ReceiptStore;
use crate::contract::{Cancel, Runner};

/// One part of the body that a re-run gave differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which part, e.g. `stdout` or `tests[test_a.py::test_b]`.
    pub part: String,
    /// In the receipt.
    pub recorded: String,
    /// In the re-run.
    pub rerun: String,
}

/// What re-running showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// What was compared.
    pub class: ReceiptClass,
    /// Status of the re-run.
    pub status: RunStatus,
    /// Empty when the receipt holds.
    pub differences: Vec<Difference>,
}

impl Verification {
    /// Whether the receipt holds.
    pub fn holds(&self) -> bool {
        self.differences.is_empty()
    }
}

/// The request that the receipt records. The bundle must be complete.
fn request(bundle: &Bundle) -> Result<RunRequest, ReceiptError> {
    let body = &bundle.receipt.body;
    let input = |digest, path: &str| {
        let missing = || ReceiptError::InputMissing { digest, path: path.to_owned() };
        bundle.inputs.get(&digest).map(|input| input.0.clone()).ok_or_else(missing)
    };
    let file = |(path, record): (&String, &edgecoder_types::receipt::FileRecord)| {
        Ok(SourceFile { path: path.clone(), content: input(record.digest, path)?, role: record.role })
    };
    Ok(RunRequest {
        language: body.language,
        entry: body.entry.clone(),
        files: body.files.iter().map(file).collect::<Result<_, ReceiptError>>()?,
        tests: body.plan.clone(),
        expected_tests: body.expected_tests.clone(),
        stdin: input(body.stdin, "standard input")?,
        args: body.args.clone(),
        limits: body.limits.clone(),
        layer: match body.layer {
            Layer::Embedded => LayerChoice::Embedded,
            Layer::Os => LayerChoice::Os,
        },
        seed: body.seed,
    })
}

/// Re-runs a checked bundle and compares what its class compares.
pub(crate) fn verify(
    mut bundle: Bundle,
    store: &ReceiptStore,
    runner: &dyn Runner,
    cancel: &Cancel,
) -> Result<Verification, ReceiptError> {
    store.complete(&mut bundle)?;
    let result = runner.run(&request(&bundle)?, cancel)?;
    let recorded = &bundle.receipt.body;
    let differences = match &result.receipt {
        Some(rerun) => compare(recorded, rerun),
        None => vec![difference("status", &recorded.status, &result.status)],
    };
    Ok(Verification { class: recorded.class, status: result.status, differences })
}

fn difference(part: &str, recorded: &impl std::fmt::Debug, rerun: &impl std::fmt::Debug) -> Difference {
    Difference { part: part.to_owned(), recorded: format!("{recorded:?}"), rerun: format!("{rerun:?}") }
}

fn compare(recorded: &ReceiptBody, rerun: &ReceiptBody) -> Vec<Difference> {
    let mut differences = Vec::new();
    macro_rules! parts {
        ($($part:ident),+) => {$(
            if recorded.$part != rerun.$part {
                differences.push(difference(stringify!($part), &recorded.$part, &rerun.$part));
            }
        )+};
    }
    parts!(v, class, layer, status, exit_code);
    compare_tests(recorded, rerun, &mut differences);
    match recorded.class {
        ReceiptClass::Deterministic => {
            parts!(executor, reason, stdout, stderr, fuel);
        }
        ReceiptClass::Verdict => {}
    }
    differences
}

fn compare_tests(recorded: &ReceiptBody, rerun: &ReceiptBody, differences: &mut Vec<Difference>) {
    let verdict = |body: &ReceiptBody, id: &str| body.tests.iter().find(|test| test.id == id).map(|test| test.verdict);
    for test in &recorded.tests {
        let again = verdict(rerun, &test.id);
        if again != Some(test.verdict) {
            differences.push(difference(&format!("tests[{}]", test.id), &Some(test.verdict), &again));
        }
    }
    for test in rerun.tests.iter().filter(|test| verdict(recorded, &test.id).is_none()) {
        differences.push(difference(&format!("tests[{}]", test.id), &None::<()>, &Some(test.verdict)));
    }
    if differences.is_empty() && recorded.tests != rerun.tests {
        differences.push(difference("order of tests", &recorded.tests, &rerun.tests));
    }
}
