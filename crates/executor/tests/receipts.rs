//! Receipts: equal runs give equal bodies; a changed receipt, input or program is found out.

mod support;

use edgecoder_executor::Cancel;
use edgecoder_executor::receipt::ReceiptError;
use support::{Fixture, tested};

const CODE: &str = "import random\n\ndef f(x):\n    print(random.random())\n    return x + 1\n";
const TESTS: &str = "assert f(1) == 2\n";

#[test]
fn equal_runs_give_equal_bodies_in_two_executors() {
    let request = tested(CODE, TESTS);
    let first = Fixture::new().run(&request).receipt.unwrap();
    let second = Fixture::new().run(&request).receipt.unwrap();
    assert_eq!(first, second);
}

#[test]
fn a_receipt_verifies_here_and_its_bundle_elsewhere() {
    let here = Fixture::new();
    let request = tested(CODE, TESTS);
    let result = here.run(&request);
    let (receipt, path) = here.executor.keep_receipt(&request, &result).unwrap();
    assert_eq!(path.file_stem().unwrap().to_str().unwrap(), receipt.digest.to_string());
    let bundle = here.executor.open_receipt(&path).unwrap();
    assert!(here.executor.verify_receipt(bundle.clone(), &Cancel::default()).unwrap().holds());

    let elsewhere = Fixture::new();
    let alone = elsewhere.executor.open_receipt(&path).unwrap();
    let missing = elsewhere.executor.verify_receipt(alone, &Cancel::default());
    assert!(matches!(missing, Err(ReceiptError::InputMissing { .. })));
    let exported = here.folder.path().join("bundle.json");
    here.executor.export_receipt(bundle, &exported).unwrap();
    let whole = elsewhere.executor.open_receipt(&exported).unwrap();
    assert!(elsewhere.executor.verify_receipt(whole, &Cancel::default()).unwrap().holds());
}

#[test]
fn a_lie_is_named() {
    let fixture = Fixture::new();
    let request = tested("def f(x):\n    return 0\n", TESTS);
    let mut result = fixture.run(&request);
    let body = result.receipt.as_mut().unwrap();
    body.status = edgecoder_types::RunStatus::Passed;
    body.tests[0].verdict = edgecoder_types::Verdict::Passed;
    let (_, path) = fixture.executor.keep_receipt(&request, &result).unwrap();
    let bundle = fixture.executor.open_receipt(&path).unwrap();
    let verification = fixture.executor.verify_receipt(bundle, &Cancel::default()).unwrap();
    let parts: Vec<&str> = verification.differences.iter().map(|difference| difference.part.as_str()).collect();
    assert!(parts.contains(&"status") && parts.contains(&"tests[test_main.py::assert:1]"), "{parts:?}");
}

#[test]
fn a_changed_file_is_refused() {
    let fixture = Fixture::new();
    let request = tested(CODE, TESTS);
    let result = fixture.run(&request);
    let (_, path) = fixture.executor.keep_receipt(&request, &result).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to, code) in [
        ("\"fuel\": \"10000000\"", "\"fuel\": \"10000001\"", "receipt_digest_mismatch"),
        ("\"attempt\": 1", "\"attempt\": 2", "signature_invalid"),
        ("\"body\": {", "\"body\": {\"extra\": 1,", "receipt_malformed"),
        ("{", "", "receipt_malformed"),
    ] {
        assert!(text.contains(from), "{from} is not in {text}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        assert_eq!(fixture.executor.open_receipt(&path).unwrap_err().code(), code, "{from}");
    }
}

#[test]
fn a_changed_input_is_refused() {
    let fixture = Fixture::new();
    let request = tested(CODE, TESTS);
    let (receipt, path) = fixture.executor.keep_receipt(&request, &fixture.run(&request)).unwrap();
    let digest = receipt.body.files["main.py"].digest.to_string();
    let (shard, rest) = digest.split_at(2);
    std::fs::write(fixture.folder.path().join("state/blobs").join(shard).join(rest), "other").unwrap();
    let bundle = fixture.executor.open_receipt(&path).unwrap();
    let error = fixture.executor.verify_receipt(bundle, &Cancel::default()).unwrap_err();
    assert_eq!(error.code(), "receipt_input_changed");
}
