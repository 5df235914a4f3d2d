//! What a worker gives up: files, sockets, processes, privileges.

use std::collections::BTreeMap;
use std::io;

use landlock::{ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
use nix::sys::resource::{Resource, setrlimit};
use seccompiler::{SeccompAction, SeccompFilter, TargetArch};

/// System calls of an interpreter that computes, prints to one socket and exits.
const COMPUTE: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_read,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_tgkill,
    libc::SYS_write,
];

/// What the zygote needs besides, to fork children and hand them over.
const FORK: &[libc::c_long] = &[
    libc::SYS_clone,
    libc::SYS_close_range,
    libc::SYS_dup3,
    libc::SYS_pidfd_open,
    libc::SYS_prctl,
    libc::SYS_recvmsg,
    libc::SYS_rseq,
    libc::SYS_seccomp,
    libc::SYS_sendmsg,
    libc::SYS_set_robust_list,
    libc::SYS_wait4,
];

fn filter(allowed: &[&[libc::c_long]]) -> io::Result<seccompiler::BpfProgram> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let rules: BTreeMap<i64, Vec<seccompiler::SeccompRule>> =
        allowed.iter().flat_map(|calls| calls.iter()).map(|call| (*call, Vec::new())).collect();
    let denied = SeccompAction::Errno(u32::try_from(libc::EPERM).unwrap_or(1));
    SeccompFilter::new(rules, denied, SeccompAction::Allow, arch).and_then(TryInto::try_into).map_err(io::Error::other)
}

/// The filter of a child, compiled once in the zygote.
pub(crate) fn child_filter() -> io::Result<seccompiler::BpfProgram> {
    filter(&[COMPUTE])
}

/// Drops files, network and all system calls but those of `COMPUTE` and `FORK`. Landlock is taken where the
/// kernel has it; seccomp is mandatory.
pub(crate) fn lock_zygote() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_FSIZE, 0, 0)?;
    setrlimit(Resource::RLIMIT_NOFILE, 64, 64)?;
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V5)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(io::Error::other)?;
    seccompiler::apply_filter(&filter(&[COMPUTE, FORK])?).map_err(io::Error::other)
}

/// Leaves a child only `COMPUTE`.
pub(crate) fn lock_child(filter: &seccompiler::BpfProgram) -> io::Result<()> {
    seccompiler::apply_filter(filter).map_err(io::Error::other)
}

/// Bounds a waiting worker's address space and processor time. It can't raise them again, and it can't set any itself.
#[expect(unsafe_code, reason = "prlimit has no safe wrapper")]
pub(crate) fn bound(pid: i32, address_space_bytes: u64, cpu_seconds: u64) -> io::Result<()> {
    for (kind, most) in [(libc::RLIMIT_AS, address_space_bytes), (libc::RLIMIT_CPU, cpu_seconds)] {
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: the new limit is a live local of the right type, and the old one is not asked for.
        if unsafe { libc::prlimit(pid, kind, &raw const limit, std::ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
