//! Sandboxes for the tests of the OS layer: one for each way into it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use edgecoder_executor::Cancel;
use edgecoder_executor::os::{OsConfig, OsOutcome, OsSandbox, Warmth};
use edgecoder_types::{RunRequest, RunStatus, Verdict};

/// Waits for its warm interpreter: what is tested doesn't depend on how busy the machine is.
pub const WARM: Warmth = Warmth::Awaited { idle: Duration::from_mins(5) };

/// Names the helper's copy to an ordinary user who runs the tests once more.
const HELPER_COPY: &str = "EDGECODER_TEST_HELPER";

fn is_second_user() -> bool {
    std::env::var_os(HELPER_COPY).is_some()
}

/// What the sandbox starts; a copy of it when an ordinary user runs the tests.
pub fn helper() -> PathBuf {
    std::env::var_os(HELPER_COPY)
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_edgecoder-executor-helper")), PathBuf::from)
}

pub fn sandbox(warmth: Warmth) -> OsSandbox {
    OsSandbox::new(OsConfig { helper: helper(), scratch: std::env::temp_dir(), warmth })
}

/// The sandboxes of all tests of a program, so that the next run is forked by an interpreter that has seen others.
fn sandboxes() -> &'static [OsSandbox; 2] {
    static SANDBOXES: OnceLock<[OsSandbox; 2]> = OnceLock::new();
    SANDBOXES.get_or_init(|| [sandbox(Warmth::Cold), sandbox(WARM)])
}

/// Runs tests in Python the cold way, then the warm one. A good ending has to be the same in all that it says;
/// how a bad ending comes about may depend on which of its processes is faster. The warm way's outcome comes back. The
/// second user only goes the warm way, where more depends on who one is; the first one has compared both.
pub fn judge_both_ways(request: &RunRequest) -> OsOutcome {
    if is_second_user() {
        let warm = sandboxes()[1].run(request, &Cancel::default()).unwrap();
        assert!(warm.warm, "{warm:?}");
        return warm;
    }
    let [cold, warm] = sandboxes().each_ref().map(|sandbox| sandbox.run(request, &Cancel::default()).unwrap());
    assert!(!cold.warm && warm.warm, "{cold:?}\n{warm:?}");
    if is_good(&cold) || is_good(&warm) {
        assert_eq!(summary(&cold), summary(&warm), "cold: {cold:?}\nwarm: {warm:?}");
    }
    warm
}

fn is_good(outcome: &OsOutcome) -> bool {
    matches!(outcome.status, RunStatus::Passed | RunStatus::Completed | RunStatus::NoTests | RunStatus::Refused)
}

/// What both ways have to agree on.
fn summary(outcome: &OsOutcome) -> (RunStatus, &str, Vec<(&str, Verdict)>) {
    let tests = outcome.tests.iter().map(|test| (test.id.as_str(), test.verdict)).collect();
    (outcome.status, &outcome.reason, tests)
}

/// Runs the tests of this program once more as an ordinary user, if it was root who ran them.
pub fn run_as_an_ordinary_user() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = tempfile::Builder::new().prefix("edgecoder-os").tempdir().unwrap();
    let allow = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    allow(folder.path());
    let copy = |from: PathBuf, name: &str| {
        let to = folder.path().join(name);
        fs::copy(from, &to).unwrap();
        allow(&to);
        to
    };
    let tests = copy(std::env::current_exe().unwrap(), "tests");
    let helper = copy(helper(), "helper");
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(tests)
        .args(["--test-threads=2"])
        .env(HELPER_COPY, helper)
        .env("EDGECODER_CANARY", "canary")
        .env("HOME", "/")
        .env("PATH", open_path())
        .current_dir("/")
        .output()
        .unwrap();
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("test result: ok"), "{stdout}\n{stderr}");
}

/// The folders of programs that everybody may enter.
fn open_path() -> std::ffi::OsString {
    let is_open = |folder: &PathBuf| {
        let mode = |part: &Path| fs::metadata(part).map_or(0, |found| found.permissions().mode());
        folder.ancestors().all(|part| mode(part) & 0o001 != 0)
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::env::split_paths(&path).filter(is_open)).unwrap()
}
