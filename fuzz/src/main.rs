//! `make fuzz`: runs a target for some time, in a process of its own, and keeps what fails.
//!
//! `edgecoder-fuzz list`, `edgecoder-fuzz run TARGET SECONDS SEED FOLDER`, `edgecoder-fuzz try TARGET FILE`.

#![expect(clippy::print_stdout, reason = "a tool prints its results")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use edgecoder_fuzz::engine::{self, Bound, Report};
use edgecoder_fuzz::target::{self, TARGETS, Target};
use edgecoder_security::sha256;

/// Longest time of one case, in looks of the watch, one a second; our bounds on what is read are far below.
const LOOKS_MAX: u32 = 30;
/// Exit status of a run in which a case took too long.
const EXIT_SLOW: i32 = 75;
/// The input that is being checked.
const CURRENT: &str = "current";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["list"] => TARGETS.iter().for_each(|target| println!("{:12} {}", target.name, target.about)),
        ["run", name, seconds, seed, folder] => run(find(name)?, seconds, seed, Path::new(folder))?,
        ["work", name, seconds, seed, folder] => work(find(name)?, seconds.parse()?, seed.parse()?, Path::new(folder))?,
        ["try", name, file] => try_one(find(name)?, Path::new(file))?,
        _ => bail!("usage: edgecoder-fuzz list | run TARGET SECONDS SEED FOLDER | try TARGET FILE"),
    }
    Ok(())
}

fn find(name: &str) -> Result<&'static Target> {
    target::find(name).with_context(|| format!("there is no target {name}; `edgecoder-fuzz list` shows them"))
}

/// Runs the target in a process that may die of what it is given.
fn run(target: &'static Target, seconds: &str, seed: &str, folder: &Path) -> Result<()> {
    let folder = folder.join(target.name);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let ended =
        Command::new(std::env::current_exe()?).args(["work", target.name, seconds, seed]).arg(&folder).status()?;
    if ended.success() {
        return Ok(());
    }
    let current = folder.join(CURRENT);
    if current.exists() {
        let kept = keep(&folder, &std::fs::read(&current)?)?;
        println!("{}: the process ended with {ended} while it checked {}", target.name, kept.display());
    }
    bail!("{} found something", target.name);
}

fn keep(folder: &Path, input: &[u8]) -> Result<PathBuf> {
    let name: String = sha256(input).to_string().chars().take(16).collect();
    let path = folder.join(name);
    std::fs::write(&path, input).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn work(target: &'static Target, seconds: u64, seed: u64, folder: &Path) -> Result<()> {
    let current = folder.join(CURRENT);
    // Looks since the case began. A process that is stopped for a while looks less often.
    let looks = Arc::new(AtomicU32::new(0));
    let watched = Arc::clone(&looks);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            if watched.fetch_add(1, Ordering::Relaxed) > LOOKS_MAX {
                println!("a case takes longer than {LOOKS_MAX} s");
                std::process::exit(EXIT_SLOW);
            }
        }
    });
    std::panic::set_hook(Box::new(|_| {}));
    let path = current.clone();
    let before = move |input: &[u8]| {
        looks.store(0, Ordering::Relaxed);
        // Without it only the input of a crash is missing.
        drop(std::fs::write(&path, input));
    };
    let start = Instant::now();
    let report = engine::run(target, seed, Bound::Time(Duration::from_secs(seconds)), Box::new(before))?;
    std::fs::remove_file(&current)?;
    show(target, &report, start.elapsed());
    if let Some(failure) = report.failure {
        println!("{}", failure.why);
        println!("input: {:?}", String::from_utf8_lossy(&failure.input));
        println!("kept in {}", keep(folder, &failure.input)?.display());
        bail!("{} fails", target.name);
    }
    Ok(())
}

fn show(target: &Target, report: &Report, took: Duration) {
    let (slowest, bytes) = report.slowest;
    println!(
        "{:12} {:>9} cases in {:>4} s, {:>6} places reached, {:>5} inputs kept, slowest {} ms for {bytes} bytes",
        target.name,
        report.cases,
        took.as_secs(),
        report.reached,
        report.kept,
        slowest.as_millis(),
    );
}

fn try_one(target: &'static Target, file: &Path) -> Result<()> {
    let input = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut checking = (target.open)()?;
    let outcome = engine::check(&mut checking, &input);
    ensure!(outcome.is_ok(), "{}", outcome.err().unwrap_or_default());
    println!("{}: nothing is wrong with it", target.name);
    Ok(())
}
