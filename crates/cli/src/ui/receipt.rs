//! A receipt as people read it: what ran, what was said about it and who says so.

use edgecoder_executor::identity::Identity;
use edgecoder_executor::receipt::ReceiptFile;
use edgecoder_types::receipt::ReceiptClass;
use edgecoder_types::{Attestation, FileRole, ReceiptBody, TestPlan};
use serde_json::json;

use super::line::Line;
use super::words;
use crate::output::grouped;
use crate::style::Tone;
use crate::when;

/// Column at which the values begin.
const VALUE: usize = 12;

/// Who signed, as far as this machine can tell.
pub(crate) struct Signer<'a> {
    signed: &'a Attestation,
    known: bool,
}

impl<'a> Signer<'a> {
    /// The signer of a receipt whose signature was checked; `own` is this machine.
    pub(crate) fn of(receipt: &'a ReceiptFile, own: Option<&Identity>) -> Option<Self> {
        let signed = receipt.attestation.as_ref()?;
        let known = own.is_some_and(|own| own.key_id() == signed.statement.key_id && own.node == signed.statement.node);
        Some(Self { signed, known })
    }

    /// Whose key it is.
    pub(crate) fn whose(&self) -> &'static str {
        if self.known { "this machine's key" } else { "a key that this machine does not know" }
    }

    /// For `--json`.
    pub(crate) fn json(&self) -> serde_json::Value {
        let statement = &self.signed.statement;
        json!({
            "node": statement.node,
            "key_id": statement.key_id,
            "key": if self.known { "this_machine" } else { "unknown" },
            "at_ms": statement.at_ms,
            "at": when::utc(statement.at_ms),
        })
    }
}

/// Everything in the receipt.
pub(crate) fn lines(receipt: &ReceiptFile, signer: Option<&Signer<'_>>) -> Vec<Line> {
    let body = &receipt.body;
    let (tone, status) = words::status(body.status);
    let class = match body.class {
        ReceiptClass::Deterministic => "deterministic: re-running compares everything, output and fuel included",
        ReceiptClass::Verdict => "verdict: re-running compares tests, verdicts and exit status",
    };
    let mut lines = vec![
        row("digest", receipt.digest.to_string()),
        head("status").with(tone, status).with(Tone::Plain, format!(" ({})", body.reason)),
        row("class", class),
        row(
            "layer",
            format!("{}, {}, semantics {}", words::layer(body.layer), body.executor.runtime, body.executor.semantics),
        ),
        row("judged by", plan(body)),
        row("seed", body.seed.to_string()),
    ];
    lines.extend(body.fuel.map(|fuel| row("fuel", grouped(fuel))));
    lines.push(row("exit", body.exit_code.map_or_else(|| "none".to_owned(), |code| code.to_string())));
    lines.extend(body.files.iter().enumerate().map(|(number, (path, record))| {
        let role = match record.role {
            FileRole::Candidate => "under test",
            FileRole::Oracle => "decides",
        };
        let first = if number == 0 { "files" } else { "" };
        head(first).with(Tone::Faint, format!("{} ", record.digest)).with(Tone::Plain, format!("{role:<10} {path}"))
    }));
    lines.push(row("stdin", body.stdin.to_string()));
    lines.push(row("stdout", body.stdout.to_string()));
    lines.push(row("stderr", body.stderr.to_string()));
    lines.extend(body.tests.iter().enumerate().map(|(number, test)| {
        let (tone, mark) = words::mark(test.verdict);
        head(if number == 0 { "tests" } else { "" }).with(tone, format!("{mark} ")).with(Tone::Plain, &test.id)
    }));
    lines.extend(signature(signer));
    lines
}

fn signature(signer: Option<&Signer<'_>>) -> Vec<Line> {
    let Some(signer) = signer else { return vec![row("signed by", "nobody")] };
    let statement = &signer.signed.statement;
    let tone = if signer.known { Tone::Good } else { Tone::Warn };
    vec![
        row("signed by", statement.node.to_string()),
        head("key").with(Tone::Plain, format!("{}, ", statement.key_id)).with(tone, signer.whose()),
        row("signed at", when::utc(statement.at_ms)),
    ]
}

fn plan(body: &ReceiptBody) -> String {
    match &body.plan {
        TestPlan::None => "its ending: there are no tests".to_owned(),
        TestPlan::Files(files) => format!("all tests of {}", files.join(" ")),
        TestPlan::Selected(files) => format!("{} selected tests of {}", body.expected_tests.len(), files.join(" ")),
        TestPlan::Collect(files) => format!("nothing: the tests of {} were only listed", files.join(" ")),
        TestPlan::Command(words) => format!("the command {}", words.join(" ")),
    }
}

fn head(name: &str) -> Line {
    Line::new().with(Tone::Faint, name).pad_to(VALUE)
}

fn row(name: &str, text: impl AsRef<str>) -> Line {
    head(name).with(Tone::Plain, text)
}
