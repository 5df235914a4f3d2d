//! What a process gives up before it runs somebody else's program. `os_harness/ec_warm.py` does the same, in the same order.

use std::io;
use std::os::fd::OwnedFd;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetCreated,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use seccompiler::BpfProgram;

use super::job::Job;
use super::root::{Step as _, StepError, USER_ID};
use super::sys;

/// Largest stack, in bytes: deep recursion of honest programs fits.
const STACK_BYTES: u64 = 64 << 20;
/// Most descriptors of one process.
const DESCRIPTORS_MAX: u64 = 1024;

/// The rules of landlock, or why there are none.
#[derive(Debug)]
pub(crate) struct Rules(Result<RulesetCreated, RulesetError>);

impl Rules {
    /// Looks the paths up in the root that is there now.
    pub(crate) fn new(binds: &[String]) -> Self {
        Self(ruleset(binds))
    }

    /// The rules as a descriptor, for a process that takes them upon itself; `None` where there is no landlock.
    pub(crate) fn descriptor(&self) -> io::Result<Option<OwnedFd>> {
        self.0.as_ref().map_or(Ok(None), |rules| rules.try_clone().map(Into::into))
    }
}

/// Drops privileges, then restricts files (landlock) and system calls (seccomp). Returns warnings.
pub(crate) fn apply(rules: Rules, filter: &BpfProgram) -> Result<Vec<String>, StepError> {
    sys::drop_bounding_set().step("capabilities", || "empty the bounding set".to_owned())?;
    sys::become_user(USER_ID).step("capabilities", || "become the sandbox's user".to_owned())?;
    sys::clear_capabilities().step("capabilities", || "clear the capability sets".to_owned())?;
    sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1).step("no_new_privs", || "set no_new_privs".to_owned())?;
    sys::prctl(libc::PR_SET_DUMPABLE, 0).step("capabilities", || "hide the sandbox's memory".to_owned())?;
    let mut warnings = Vec::new();
    let restricted = rules.0.and_then(RulesetCreated::restrict_self);
    match restricted.map(|status| status.ruleset) {
        Ok(RulesetStatus::NotEnforced) => warnings.push("landlock is not available".to_owned()),
        Ok(_) => {}
        Err(error) => warnings.push(format!("landlock is not available: {error}")),
    }
    seccompiler::apply_filter(filter)
        .map_err(|error| std::io::Error::other(error.to_string()))
        .step("seccomp", || "install the system-call filter".to_owned())?;
    Ok(warnings)
}

fn ruleset(binds: &[String]) -> Result<RulesetCreated, RulesetError> {
    let abi = ABI::V6;
    let read = AccessFs::from_read(abi);
    let mut readable = vec!["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/proc", "/harness"];
    readable.extend(binds.iter().map(String::as_str));
    let devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(["/"], AccessFs::ReadDir))?
        .add_rules(path_beneath_rules(devices, AccessFs::from_file(abi)))?
        .add_rules(path_beneath_rules(["/work", "/tmp"], AccessFs::from_all(abi)))
}

/// Resource limits of the program itself. A host that already allows less keeps its own limit.
pub(crate) fn limits(job: &Job) -> Vec<(Resource, u64)> {
    let all = [
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_DATA, job.data_bytes),
        (Resource::RLIMIT_CPU, job.cpu_seconds),
        (Resource::RLIMIT_FSIZE, job.memory_bytes),
        (Resource::RLIMIT_NOFILE, DESCRIPTORS_MAX),
        (Resource::RLIMIT_NPROC, u64::from(job.processes)),
        (Resource::RLIMIT_STACK, STACK_BYTES),
        (Resource::RLIMIT_MEMLOCK, 1 << 20),
        (Resource::RLIMIT_MSGQUEUE, 1 << 16),
        (Resource::RLIMIT_SIGPENDING, 1024),
        (Resource::RLIMIT_NICE, 0),
        (Resource::RLIMIT_RTPRIO, 0),
    ];
    let lower = |(resource, wanted): (Resource, u64)| {
        (resource, getrlimit(resource).map_or(wanted, |(_, hard)| wanted.min(hard)))
    };
    all.into_iter().map(lower).collect()
}

/// Sets the limits of this process.
pub(crate) fn limit(job: &Job) -> Result<(), StepError> {
    let mut all = limits(job).into_iter();
    all.try_for_each(|(resource, value)| {
        setrlimit(resource, value, value).step("rlimits", || format!("set {resource:?}"))
    })
}
