//! Which mechanisms work on this machine, why not, and what to do about it.

use std::fs;

use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, RunStatus, SourceFile, TestPlan};
use serde::{Deserialize, Serialize};

use super::sys;
use super::{OsConfig, OsSandbox, Warmth};
use crate::contract::Cancel;

/// One mechanism of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mechanism {
    /// What it is, e.g. `namespaces`.
    pub name: String,
    /// Whether it works here.
    pub works: bool,
    /// Whether the sandbox refuses to run without it.
    pub mandatory: bool,
    /// What was found: a version, or why it doesn't work.
    pub detail: String,
    /// What to do; empty when it works.
    pub fix: String,
}

/// What `doctor` shows of the OS layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsProbe {
    /// Whether requests run here.
    pub available: bool,
    /// Why not; empty when available.
    pub reason: String,
    /// What to do; empty when available.
    pub fix: String,
    /// Every mechanism.
    pub mechanisms: Vec<Mechanism>,
    /// Path of `python3`, if there is one.
    pub python: Option<String>,
    /// Its version.
    pub python_version: Option<String>,
    /// Path of `node`, if there is one.
    pub node: Option<String>,
    /// Its version.
    pub node_version: Option<String>,
}

/// The steps of a run whose failure names a mechanism.
const MANDATORY: [(&str, &[&str]); 6] = [
    ("namespaces", &["namespaces", "uid_map", "hostname"]),
    ("mounts", &["mount_namespace", "root_tmpfs", "bind", "writable_tmpfs", "read_only_root"]),
    ("pivot_root", &["pivot_root"]),
    ("capabilities", &["capabilities"]),
    ("no_new_privs", &["no_new_privs"]),
    ("seccomp", &["seccomp"]),
];

/// What to do when a step fails with an error number.
pub(crate) fn fix_for(step: &str, errno: i32) -> String {
    let text = match (step, errno) {
        ("namespaces", libc::ENOSPC) => "raise the limit with `sysctl user.max_user_namespaces=15000`",
        ("namespaces", libc::ENOSYS | libc::EINVAL) => "use a kernel with user, pid, net and cgroup namespaces",
        ("namespaces" | "uid_map" | "mount_namespace" | "root_tmpfs" | "capabilities", libc::EPERM | libc::EACCES) => {
            return namespaces_fix();
        }
        ("bind" | "read_only_root", libc::ENOSYS) => "use Linux 5.12 or newer (mount_setattr)",
        ("pivot_root", _) => "start it from a normal root file system, not from an initramfs or a chroot",
        ("seccomp", _) => "use a kernel built with CONFIG_SECCOMP_FILTER on x86-64",
        ("files", libc::ENOSPC) => "raise the memory limit: the run's files have to fit into it",
        _ => "run `edgecoder doctor` and see which mechanism is missing",
    };
    text.to_owned()
}

fn namespaces_fix() -> String {
    let number = |path: &str| fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u32>().ok());
    if number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        return "AppArmor forbids user namespaces to ordinary users: `sudo sysctl \
                kernel.apparmor_restrict_unprivileged_userns=0`, or give the program an AppArmor profile that allows `userns`"
            .to_owned();
    }
    if number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        return "ordinary users may not make namespaces: `sudo sysctl kernel.unprivileged_userns_clone=1`".to_owned();
    }
    if number("/proc/sys/user/max_user_namespaces") == Some(0) {
        return "user namespaces are switched off: `sudo sysctl user.max_user_namespaces=15000`".to_owned();
    }
    "a container's own seccomp or AppArmor profile blocks namespaces: start the container with `--security-opt \
     seccomp=unconfined --security-opt apparmor=unconfined`, or use the embedded layer"
        .to_owned()
}

/// Tries everything for real: one run of `/bin/true`.
pub(crate) fn probe(sandbox: &OsSandbox) -> OsProbe {
    let (failed, warnings) = try_out(sandbox);
    let mut mechanisms: Vec<Mechanism> = Vec::new();
    let mut seen_failure = false;
    for (name, steps) in MANDATORY {
        let here = failed.as_ref().filter(|failure| steps.contains(&failure.step.as_str()));
        let detail = match here {
            Some(failure) => failure.detail.clone(),
            None if seen_failure => "not reached".to_owned(),
            None => "works".to_owned(),
        };
        let works = here.is_none() && !seen_failure;
        seen_failure |= here.is_some();
        let fix = here.map(|failure| failure.fix.clone()).unwrap_or_default();
        mechanisms.push(Mechanism { name: name.to_owned(), works, mandatory: true, detail, fix });
    }
    mechanisms.push(landlock());
    mechanisms.push(optional("proc", &warnings, "no /proc", "let the container mount a fresh proc (not masked)"));
    mechanisms.push(optional(
        "cgroup",
        &warnings,
        "no cgroup",
        "run as root, or with a delegated cgroup (`systemd-run --user --scope -p Delegate=yes …`)",
    ));
    mechanisms.push(warm_interpreter(sandbox));
    let python = sandbox.python();
    let node = sandbox.node();
    OsProbe {
        available: failed.is_none(),
        reason: failed.as_ref().map(|failure| failure.detail.clone()).unwrap_or_default(),
        fix: failed.map(|failure| failure.fix).unwrap_or_default(),
        mechanisms,
        python: python.map(|found| found.path.display().to_string()),
        python_version: python.map(|found| found.version.clone()),
        node: node.map(|found| found.path.display().to_string()),
        node_version: node.map(|found| found.version.clone()),
    }
}

struct Failure {
    step: String,
    detail: String,
    fix: String,
}

fn request(language: Language, path: &str, content: &str, tests: TestPlan) -> RunRequest {
    RunRequest {
        language,
        entry: None,
        files: vec![SourceFile { path: path.to_owned(), content: content.into(), role: FileRole::Oracle }],
        tests,
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits::default(),
        layer: LayerChoice::Os,
        seed: 0,
    }
}

fn try_out(sandbox: &OsSandbox) -> (Option<Failure>, String) {
    let request = request(Language::Command, "probe", "", TestPlan::Command(vec!["true".to_owned()]));
    match sandbox.run(&request, &Cancel::default()) {
        Ok(outcome) if outcome.status == RunStatus::Passed => (None, outcome.detail),
        Ok(outcome) => {
            let step = if outcome.reason == "sandbox_unavailable" { step_in(&outcome.detail) } else { String::new() };
            let fix = outcome.detail.rsplit_once("; ").map(|(_, fix)| fix.to_owned()).unwrap_or_default();
            (Some(Failure { step, detail: outcome.detail.clone(), fix }), outcome.detail)
        }
        Err(error) => {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            let detail = format!("{error}{source}");
            (Some(Failure { step: String::new(), detail: detail.clone(), fix: String::new() }), detail)
        }
    }
}

/// The mechanism's first step stands for an unknown one.
fn step_in(detail: &str) -> String {
    let words = [
        ("create the namespaces", "namespaces"),
        ("map the sandbox's user", "uid_map"),
        ("make the mounts private", "mount_namespace"),
        ("enter the new root", "pivot_root"),
        ("capability", "capabilities"),
        ("bounding set", "capabilities"),
        ("no_new_privs", "no_new_privs"),
        ("system-call filter", "seccomp"),
    ];
    words.iter().find(|(text, _)| detail.contains(text)).map_or("bind", |(_, step)| step).to_owned()
}

fn landlock() -> Mechanism {
    let (works, detail, fix) = match sys::landlock_abi() {
        Ok(abi) => (true, format!("ABI {abi}"), String::new()),
        Err(error) => (false, error.to_string(), "use Linux 5.13 or newer with landlock in the `lsm=` list".to_owned()),
    };
    Mechanism { name: "landlock".to_owned(), works, mandatory: false, detail, fix }
}

/// Runs one test: with a warm interpreter, or it is known why not.
fn warm_interpreter(sandbox: &OsSandbox) -> Mechanism {
    let idle = sandbox.config.warmth.idle();
    let warmth = idle.map_or(Warmth::Cold, |idle| Warmth::Awaited { idle });
    let sandbox = &OsSandbox::new(OsConfig { warmth, ..sandbox.config.clone() });
    let path = "test_probe.py";
    let request =
        request(Language::Python, path, "def test_probe():\n    pass\n", TestPlan::Files(vec![path.to_owned()]));
    let detail = match sandbox.run(&request, &Cancel::default()) {
        Ok(outcome) if outcome.warm && outcome.status == RunStatus::Passed => None,
        Ok(outcome) if outcome.status != RunStatus::Passed => Some(outcome.detail),
        Ok(_) if idle.is_none() => Some("switched off".to_owned()),
        Ok(_) => Some(format!("runs start an interpreter each: {}", sandbox.lock().warm_failure())),
        Err(error) => Some(error.to_string()),
    };
    Mechanism {
        name: "warm python".to_owned(),
        works: detail.is_none(),
        mandatory: false,
        fix: if detail.is_none() { String::new() } else { WARM_FIX.to_owned() },
        detail: detail.unwrap_or_else(|| "works".to_owned()),
    }
}

const WARM_FIX: &str = "tests in Python run all the same, each some 100 ms slower; a complete python3 (with ctypes) and nested user \
                        namespaces make them fast";

fn optional(name: &str, warnings: &str, marker: &str, fix: &str) -> Mechanism {
    let found = warnings.split("; warning: ").find(|part| part.starts_with(marker));
    Mechanism {
        name: name.to_owned(),
        works: found.is_none(),
        mandatory: false,
        detail: found.unwrap_or("works").to_owned(),
        fix: found.map(|_| fix.to_owned()).unwrap_or_default(),
    }
}
