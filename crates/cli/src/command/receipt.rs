//! `edgecoder receipt`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use edgecoder_executor::identity::Identity;
use edgecoder_executor::receipt::{Bundle, ReceiptError, ReceiptFile, Verification};
use edgecoder_executor::{Cancel, Executor};
use edgecoder_types::ReceiptClass;

use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::printable;
use crate::style::Tone;
use crate::suggest;
use crate::ui::{self, receipt::Signer};

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
        /// Print the file's JSON as it was checked, with what is known of its signer.
        #[arg(long)]
        json: bool,
    },
    /// Check digest, signature and inputs, run it again and name everything that differs; 0 when it holds, 1 when it doesn't.
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

fn open(executor: &Executor, file: &Path) -> Result<Bundle, CliError> {
    if !file.exists() {
        return Err(CliError::FileNotFound { path: file.to_owned(), near: suggest::nearest_file(file) });
    }
    if file.is_dir() {
        return Err(CliError::WrongFileType { path: file.to_owned(), found: "a directory", wanted: "a receipt" });
    }
    Ok(executor.open_receipt(file)?)
}

fn show(app: &App, file: &Path, json: bool) -> Result<Exit, CliError> {
    let executor = app.executor()?;
    let receipt = open(&executor, file)?.receipt;
    let own = own_identity(app, &executor);
    let signer = Signer::of(&receipt, own.as_ref());
    if json {
        let mut value = serde_json::to_value(&receipt).map_err(std::io::Error::from)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("signer".to_owned(), signer.as_ref().map(Signer::json).into());
        }
        app.output.json(&value)?;
        return Ok(Exit::Success);
    }
    for line in ui::receipt::lines(&receipt, signer.as_ref()) {
        app.output.line(line.render(app.output.palette, usize::MAX))?;
    }
    Ok(Exit::Success)
}

/// This machine's identity. One that is damaged only means that no key is known to be this machine's.
fn own_identity(app: &App, executor: &Executor) -> Option<Identity> {
    executor.known_identity().unwrap_or_else(|error| {
        app.output.note(format_args!("no key is known here: {}", printable(&CliError::from(error).message())));
        None
    })
}

/// One thing that was looked at.
struct Check {
    name: &'static str,
    /// Whether it holds; `None`: there was nothing to look at, or it was not come to.
    holds: Option<bool>,
    what: String,
}

fn verify(app: &App, file: &Path, json: bool) -> Result<Exit, CliError> {
    let cancel = app.cancel();
    let executor = app.executor()?;
    let mut checks = Vec::new();
    let verified = look(app, &executor, file, &cancel, &mut checks);
    let holds = verified.as_ref().is_ok_and(|(_, verification)| verification.holds());
    if !json {
        checks.iter().try_for_each(|check| print_check(app, check))?;
    }
    let (receipt, verification) = verified?;
    let exit = if holds { Exit::Success } else { Exit::Failure };
    if json {
        let own = own_identity(app, &executor);
        let checked = checks.iter().map(|check| (check.name, check.holds)).collect::<BTreeMap<_, _>>();
        app.output.json(&serde_json::json!({
            "holds": holds,
            "digest": receipt.digest,
            "class": verification.class,
            "status": verification.status,
            "checks": checked,
            "signer": Signer::of(&receipt, own.as_ref()).map(|signer| signer.json()),
            "differences": verification.differences,
        }))?;
    } else {
        print_verification(app, &verification)?;
    }
    Ok(exit)
}

/// Body, signature, inputs, re-run: each after the one before held. What was found stands in `checks`.
fn look(
    app: &App,
    executor: &Executor,
    file: &Path,
    cancel: &Cancel,
    checks: &mut Vec<Check>,
) -> Result<(ReceiptFile, Verification), CliError> {
    let mut check = |name, holds, what: String| checks.push(Check { name, holds, what });
    let bundle = match open(executor, file) {
        Ok(bundle) => bundle,
        Err(error) => {
            match &error {
                CliError::Receipt(ReceiptError::DigestMismatch { .. }) => {
                    check("body_digest", Some(false), "the body was changed".to_owned());
                }
                CliError::Receipt(ReceiptError::Attestation(_)) => {
                    check("body_digest", Some(true), "the body has the digest that the file names".to_owned());
                    check("signature", Some(false), "it does not hold".to_owned());
                }
                CliError::Receipt(ReceiptError::InputChanged(digest)) => {
                    check("inputs", Some(false), format!("{digest} was changed"));
                }
                _ => {}
            }
            return Err(error);
        }
    };
    let receipt = bundle.receipt.clone();
    let inputs = receipt.inputs().count();
    check("body_digest", Some(true), receipt.digest.to_string());
    let own = own_identity(app, executor);
    match Signer::of(&receipt, own.as_ref()) {
        Some(signer) => check("signature", Some(true), format!("it fits, by {}", signer.whose())),
        None => check("signature", None, "nobody signed it".to_owned()),
    }
    let bundle =
        executor.complete_receipt(bundle).inspect_err(|error| check("inputs", Some(false), error.to_string()))?;
    check("inputs", Some(true), format!("{inputs} are here, with the digests that the body names"));
    let verification = executor
        .verify_receipt(bundle, cancel)
        .inspect_err(|_| check("re_run", Some(false), "it could not be run again".to_owned()))?;
    let what = match verification.class {
        ReceiptClass::Deterministic => "compared: tests, status, output, fuel and executor",
        ReceiptClass::Verdict => "compared: tests, verdicts, status and exit status",
    };
    check("re_run", Some(verification.holds()), what.to_owned());
    Ok((receipt, verification))
}

fn print_check(app: &App, check: &Check) -> Result<(), CliError> {
    let (tone, mark) = match check.holds {
        Some(true) => (Tone::Good, "✓"),
        Some(false) => (Tone::Bad, "✗"),
        None => (Tone::Faint, "–"),
    };
    let paint = app.output.palette;
    let name = check.name.replace('_', " ");
    app.output.line(format_args!("{} {name:<12} {}", paint.paint(tone, mark), printable(&check.what)))
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
