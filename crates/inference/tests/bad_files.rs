//! Files that are no models are refused with a clear error, and never end the process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use edgecoder_inference::{InferenceError, LocalModel, LocalOptions};
use proptest::prelude::*;

fn model_path() -> PathBuf {
    std::env::var_os("EDGECODER_TEST_MODEL")
        .map(PathBuf::from)
        .expect("set EDGECODER_TEST_MODEL to the default model's GGUF file (`make test` fetches it and does so)")
}

fn load(path: &Path) -> Result<LocalModel, InferenceError> {
    LocalModel::load(path, LocalOptions::default())
}

fn refused(content: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    fs::write(&path, content).unwrap();
    let error = load(&path).unwrap_err();
    assert_eq!(error.code(), "model_corrupt", "{error}");
    assert!(error.to_string().contains("model pull") && error.to_string().contains("model.gguf"), "{error}");
    error.to_string()
}

#[test]
fn no_file_and_no_regular_file() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(load(&folder.path().join("none.gguf")).unwrap_err().code(), "model_not_found");
    assert_eq!(load(folder.path()).unwrap_err().code(), "model_corrupt");
}

#[test]
fn empty_zero_and_foreign_files() {
    refused(b"");
    refused(b"GGUF");
    refused(&[0; 4096]);
    refused(b"#!/bin/sh\necho not a model\n");
    refused(b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
    assert!(refused(b"GGUF\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0").contains("version 1"));
}

#[test]
fn a_truncated_model_says_how_much_is_there() {
    let whole = fs::read(model_path()).unwrap();
    for length in [5, 23, 24, 1000, 500_000, whole.len() / 2, whole.len() - 1] {
        assert!(refused(&whole[..length]).contains("ends"), "{length}");
    }
}

/// Length of the part before the tensors' data.
fn header_length(whole: &[u8]) -> usize {
    whole.windows(13).take(8 << 20).rposition(|window| window == b"output_norm.w").unwrap_or(2 << 20) + 64
}

#[test]
fn changed_headers_never_end_the_process() {
    let whole = fs::read(model_path()).unwrap();
    let header = header_length(&whole);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    fs::write(&path, &whole).unwrap();
    // Where numbers are: the first bytes (counts, hyper-parameters) and the last (tensors' shapes and places).
    let place = prop_oneof![0..2500_usize, header.saturating_sub(20_000)..header];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(150));
    runner
        .run(&(place, any::<u8>()), |(place, byte)| {
            let mut file = fs::File::options().write(true).open(&path).unwrap();
            file.seek(SeekFrom::Start(place as u64)).unwrap();
            file.write_all(&[byte]).unwrap();
            if let Err(error) = load(&path) {
                prop_assert!(matches!(error, InferenceError::Corrupt(_)), "{error}");
            }
            file.seek(SeekFrom::Start(place as u64)).unwrap();
            file.write_all(&[whole[place]]).unwrap();
            Ok(())
        })
        .unwrap();
}
