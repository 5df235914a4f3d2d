//! Receipts and bundles as files: what opens is what somebody signed, and is written as it was read.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use edgecoder_executor::receipt::{Bundle, ReceiptStore};
use edgecoder_security::{body_digest, canonical_json};
use edgecoder_types::{Attestation, Digest, ReceiptBody};

use super::{Check, Target};
use crate::material;

pub(super) const TARGET: Target = Target {
    name: "receipt",
    about: "receipts and bundles: a changed one never opens, one that opens is written as it was read",
    words: WORDS,
    grammar: None,
    smoke_cases: 12_000,
    open,
};

/// What the seeds hold: bodies by digest, and the statements about them that were signed.
#[derive(Default)]
struct Known {
    bodies: BTreeMap<Digest, ReceiptBody>,
    attestations: Vec<Attestation>,
}

fn open() -> Result<Check> {
    let scratch = material::scratch()?;
    let store = ReceiptStore::new(scratch.path().join("store"));
    let path = scratch.path().join("receipt.json");
    let mut known = Known::default();
    for (name, seed) in material::load(&material::folder("seeds", TARGET.name))? {
        std::fs::write(&path, &seed)?;
        let receipt = store.open(&path).with_context(|| format!("the seed {name} does not open"))?.receipt;
        known.attestations.extend(receipt.attestation);
        known.bodies.insert(receipt.digest, receipt.body);
    }
    Ok(Box::new(move |data| {
        // The folder lives as long as the target.
        std::fs::write(scratch.path().join("receipt.json"), data)?;
        let Ok(bundle) = store.open(&path) else { return Ok(()) };
        same(&known, &bundle)?;
        std::fs::write(&path, serde_json::to_vec(&bundle)?)?;
        ensure!(store.open(&path).is_ok_and(|again| again == bundle), "it reads otherwise than it was written");
        Ok(())
    }))
}

/// Nothing opens that was not there before: bodies have digests, statements have signatures.
fn same(known: &Known, bundle: &Bundle) -> Result<()> {
    let receipt = &bundle.receipt;
    ensure!(known.bodies.get(&receipt.digest) == Some(&receipt.body), "a changed body opens");
    if let Some(attestation) = &receipt.attestation {
        ensure!(known.attestations.contains(attestation), "a changed attestation opens");
        ensure!(attestation.statement.body == receipt.digest, "an attestation about another body opens");
    }
    let canonical = canonical_json(&receipt.body)?;
    let read: ReceiptBody = serde_json::from_slice(&canonical)?;
    ensure!(read == receipt.body, "the canonical form reads otherwise");
    ensure!(canonical_json(&read)? == canonical, "the canonical form is not canonical");
    ensure!(body_digest(&read)? == receipt.digest, "the canonical form has another digest");
    Ok(())
}

const WORDS: &[&str] = &[
    "\"digest\":",
    "\"body\":",
    "\"attestation\":",
    "null",
    "\"format\":",
    "edgecoder-receipt-bundle/1",
    "\"receipt\":",
    "\"inputs\":",
    "{\"hex\":\"00\"}",
    "\"seed\":\"0\"",
    "\"tests\":[]",
    "\"v\":\"1\"",
    "passed",
    "failed",
    "embedded",
    "os",
    "deterministic",
    "verdict",
    "\\u0000",
    "\\ud800",
    "1.0",
    "1e0",
    "-0",
    "=",
    "AAAA",
    "true",
    "candidate",
    "oracle",
];
