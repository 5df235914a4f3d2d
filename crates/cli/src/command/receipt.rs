//! `edgecoder receipt`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use edgecoder_executor::receipt::{Bundle, Verification};
use edgecoder_types::ReceiptClass;

use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{grouped, printable};
use crate::style::Tone;
use crate::suggest;
use crate::ui::words;

/// Read, check again or pass on the record of a run.
#[derive(Debug, clap::Args)]
pub(crate) struct Receipt {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print a receipt after checking its digest and signature.
    Show {
        /// A receipt or a bundle.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print the file's JSON as it was checked.
        #[arg(long)]
        json: bool,
    },
    /// Run it again and name everything that differs; 0 when it holds, 1 when it doesn't.
    Verify {
        /// A receipt or a bundle.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write a bundle: the receipt with its inputs, to be verified on another machine.
    Export {
        /// A receipt.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Where to write the bundle; by default beside you, named after the digest.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

impl Receipt {
    /// Whether JSON is wanted.
    pub(crate) fn wants_json(&self) -> bool {
        matches!(self.action, Action::Show { json: true, .. } | Action::Verify { json: true, .. })
    }

    /// Does it.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        match self.action {
            Action::Show { file, json } => show(app, &file, json),
            Action::Verify { file, json } => verify(app, &file, json),
            Action::Export { file, output } => export(app, &file, output),
        }
    }
}

fn open(executor: &edgecoder_executor::Executor, file: &Path) -> Result<Bundle, CliError> {
    if !file.exists() {
        return Err(CliError::FileNotFound { path: file.to_owned(), near: suggest::nearest_file(file) });
    }
    if file.is_dir() {
        return Err(CliError::WrongFileType { path: file.to_owned(), found: "a directory", wanted: "a receipt" });
    }
    Ok(executor.open_receipt(file)?)
}

fn show(app: &App, file: &Path, json: bool) -> Result<Exit, CliError> {
    let receipt = open(&app.executor()?, file)?.receipt;
    if json {
        app.output.json(&receipt)?;
        return Ok(Exit::Success);
    }
    let paint = app.output.palette;
    let body = &receipt.body;
    let (tone, status) = words::status(body.status);
    let class = match body.class {
        ReceiptClass::Deterministic => "deterministic: re-running compares everything, output and fuel included",
        ReceiptClass::Verdict => "verdict: re-running compares tests, verdicts and exit status",
    };
    let row = |name: &str, text: String| {
        app.output.line(format_args!("{} {}", paint.paint(Tone::Faint, format!("{name:<10}")), printable(&text)))
    };
    row("digest", receipt.digest.to_string())?;
    app.output.line(format_args!(
        "{} {} {}",
        paint.paint(Tone::Faint, "status    "),
        paint.paint(tone, status),
        printable(&body.reason)
    ))?;
    row("class", class.to_owned())?;
    row("layer", format!("{}, {}", words::layer(body.layer), body.executor.runtime))?;
    row("seed", body.seed.to_string())?;
    if let Some(fuel) = body.fuel {
        row("fuel", grouped(fuel))?;
    }
    row("exit", body.exit_code.map_or_else(|| "none".to_owned(), |code| code.to_string()))?;
    for (path, record) in &body.files {
        row("file", format!("{}  {path}", record.digest))?;
    }
    row("stdout", body.stdout.to_string())?;
    row("stderr", body.stderr.to_string())?;
    for test in &body.tests {
        let (tone, mark) = words::mark(test.verdict);
        app.output.line(format_args!("{} {}", paint.paint(tone, mark), printable(&test.id)))?;
    }
    match &receipt.attestation {
        Some(signed) => row("signed by", format!("{} (key {})", signed.statement.node, signed.statement.key_id)),
        None => row("signed by", "nobody".to_owned()),
    }?;
    Ok(Exit::Success)
}

fn verify(app: &App, file: &Path, json: bool) -> Result<Exit, CliError> {
    let cancel = app.cancel();
    let executor = app.executor()?;
    let bundle = open(&executor, file)?;
    let digest = bundle.receipt.digest;
    let verification = executor.verify_receipt(bundle, &cancel)?;
    let exit = if verification.holds() { Exit::Success } else { Exit::Failure };
    if json {
        app.output.json(&serde_json::json!({
            "holds": verification.holds(),
            "digest": digest,
            "class": verification.class,
            "status": verification.status,
            "differences": verification.differences,
        }))?;
    } else {
        print_verification(app, &verification)?;
    }
    Ok(exit)
}

fn print_verification(app: &App, verification: &Verification) -> Result<(), CliError> {
    let paint = app.output.palette;
    if verification.holds() {
        let compared = match verification.class {
            ReceiptClass::Deterministic => "everything, output and fuel included, came out the same",
            ReceiptClass::Verdict => "tests, verdicts and exit status came out the same",
        };
        return app.output.line(format_args!("{} {compared}", paint.paint(Tone::Good, "✓ holds:")));
    }
    let count = verification.differences.len();
    app.output.line(format_args!(
        "{} {count} of its parts came out differently",
        paint.paint(Tone::Bad, "✗ does not hold:")
    ))?;
    for difference in &verification.differences {
        app.output.line(format_args!("  {}", paint.paint(Tone::Strong, printable(&difference.part))))?;
        app.output.line(format_args!("    recorded {}", printable(&difference.recorded)))?;
        app.output.line(format_args!("    again    {}", printable(&difference.rerun)))?;
    }
    Ok(())
}

fn export(app: &App, file: &Path, output: Option<PathBuf>) -> Result<Exit, CliError> {
    let executor = app.executor()?;
    let bundle = open(&executor, file)?;
    let name = format!("{}.bundle.json", bundle.receipt.digest);
    let to = output.unwrap_or_else(|| PathBuf::from(name));
    executor.export_receipt(bundle, &to)?;
    app.output.line(to.display())?;
    Ok(Exit::Success)
}
