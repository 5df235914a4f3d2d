//! The system-call filter: an allow list, and on top of it refusals that name what is dangerous.
//!
//! What ordinary toolchains use is allowed, what is known to be dangerous answers `EPERM`, and
//! everything else (system calls of the x32 ABI and ones newer than this list included) answers
//! `ENOSYS`, so that libraries fall back. A foreign architecture ends the process.
//!
//! The program is put together here, by ranges of numbers, because it is loaded anew for every run:
//! it has a fifth of the instructions that one comparison chain a system call takes.
//!
//! `memfd_create` and `execveat` stay allowed: the workspace is writable and executable anyway (a
//! toolchain has to run what it builds), so they give nothing that a file would not.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{BpfProgram, sock_filter};

/// Flags that `clone` may not carry (`CLONE_NEWTIME`'s bit means something else in `clone`; `clone3` does not exist here).
const NAMESPACE_FLAGS: [i32; 8] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_PTRACE,
];

/// `personality` values that only ask, or say "plain Linux".
const PERSONALITIES: [u32; 2] = [0, 0xffff_ffff];

/// Terminal requests that put bytes into somebody's input.
const TERMINAL_INJECTIONS: [u32; 2] = [0x5412, 0x541c];

/// Calls that are refused outright with `EPERM`: listed although the allow list leaves them out, so
/// that a program learns "not permitted" rather than "no such call".
const REFUSED: &[c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_quotactl,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_lookup_dcookie,
    libc::SYS_fanotify_init,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    libc::SYS_nfsservctl,
    libc::SYS_modify_ldt,
    libc::SYS_socket,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
];

/// Calls that ordinary programs need.
#[rustfmt::skip]
const ALLOWED: &[c_long] = &[
    // files and descriptors
    libc::SYS_read, libc::SYS_write, libc::SYS_open, libc::SYS_close, libc::SYS_stat, libc::SYS_fstat,
    libc::SYS_lstat, libc::SYS_poll, libc::SYS_lseek, libc::SYS_pread64, libc::SYS_pwrite64, libc::SYS_readv,
    libc::SYS_writev, libc::SYS_access, libc::SYS_pipe, libc::SYS_select, libc::SYS_dup, libc::SYS_dup2,
    libc::SYS_dup3, libc::SYS_sendfile, libc::SYS_fcntl, libc::SYS_flock, libc::SYS_fsync, libc::SYS_fdatasync,
    libc::SYS_truncate, libc::SYS_ftruncate, libc::SYS_getdents, libc::SYS_getdents64, libc::SYS_getcwd,
    libc::SYS_chdir, libc::SYS_fchdir, libc::SYS_rename, libc::SYS_mkdir, libc::SYS_rmdir, libc::SYS_creat,
    libc::SYS_link, libc::SYS_unlink, libc::SYS_symlink, libc::SYS_readlink, libc::SYS_chmod, libc::SYS_fchmod,
    libc::SYS_chown, libc::SYS_fchown, libc::SYS_lchown, libc::SYS_umask, libc::SYS_statfs, libc::SYS_fstatfs,
    libc::SYS_utime, libc::SYS_utimes, libc::SYS_futimesat, libc::SYS_utimensat, libc::SYS_openat,
    libc::SYS_openat2, libc::SYS_mkdirat, libc::SYS_fchownat, libc::SYS_newfstatat, libc::SYS_unlinkat,
    libc::SYS_renameat, libc::SYS_renameat2, libc::SYS_linkat, libc::SYS_symlinkat, libc::SYS_readlinkat,
    libc::SYS_fchmodat, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_pselect6, libc::SYS_ppoll,
    libc::SYS_splice, libc::SYS_tee, libc::SYS_vmsplice, libc::SYS_sync_file_range, libc::SYS_fallocate,
    libc::SYS_preadv, libc::SYS_pwritev, libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_copy_file_range,
    libc::SYS_statx, libc::SYS_close_range, libc::SYS_pipe2, libc::SYS_readahead, libc::SYS_fadvise64,
    libc::SYS_getxattr, libc::SYS_lgetxattr, libc::SYS_fgetxattr, libc::SYS_listxattr, libc::SYS_llistxattr,
    libc::SYS_flistxattr, libc::SYS_setxattr, libc::SYS_lsetxattr, libc::SYS_fsetxattr, libc::SYS_removexattr,
    libc::SYS_lremovexattr, libc::SYS_fremovexattr, libc::SYS_mknod, libc::SYS_mknodat, libc::SYS_ioctl,
    libc::SYS_memfd_create, libc::SYS_sync, libc::SYS_syncfs, 452, /* fchmodat2 */
    // events
    libc::SYS_epoll_create, libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2, libc::SYS_eventfd, libc::SYS_eventfd2, libc::SYS_signalfd,
    libc::SYS_signalfd4, libc::SYS_timerfd_create, libc::SYS_timerfd_settime, libc::SYS_timerfd_gettime,
    libc::SYS_inotify_init, libc::SYS_inotify_init1, libc::SYS_inotify_add_watch, libc::SYS_inotify_rm_watch,
    libc::SYS_io_setup, libc::SYS_io_destroy, libc::SYS_io_getevents, libc::SYS_io_submit, libc::SYS_io_cancel,
    // memory
    libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_munmap, libc::SYS_brk, libc::SYS_mremap, libc::SYS_msync,
    libc::SYS_mincore, libc::SYS_madvise, libc::SYS_mlock, libc::SYS_mlock2, libc::SYS_munlock,
    libc::SYS_mlockall, libc::SYS_munlockall, libc::SYS_membarrier, libc::SYS_pkey_alloc, libc::SYS_pkey_free,
    libc::SYS_pkey_mprotect, libc::SYS_get_mempolicy, libc::SYS_set_mempolicy, libc::SYS_mbind,
    libc::SYS_remap_file_pages,
    // processes, threads, signals
    libc::SYS_clone, libc::SYS_fork, libc::SYS_vfork, libc::SYS_execve, libc::SYS_execveat, libc::SYS_exit,
    libc::SYS_exit_group, libc::SYS_wait4, libc::SYS_waitid, libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill,
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_rt_sigpending,
    libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_sigsuspend, libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_sigaltstack, libc::SYS_pause, libc::SYS_futex, libc::SYS_set_robust_list,
    libc::SYS_get_robust_list, libc::SYS_set_tid_address, libc::SYS_rseq, libc::SYS_arch_prctl,
    libc::SYS_prctl, libc::SYS_seccomp, libc::SYS_restart_syscall, libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal, libc::SYS_futex_waitv, libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_add_rule, libc::SYS_landlock_restrict_self,
    // identity and limits
    libc::SYS_getpid, libc::SYS_getppid, libc::SYS_gettid, libc::SYS_getuid, libc::SYS_geteuid,
    libc::SYS_getgid, libc::SYS_getegid, libc::SYS_getgroups, libc::SYS_getresuid, libc::SYS_getresgid,
    libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setreuid, libc::SYS_setregid, libc::SYS_setresuid,
    libc::SYS_setresgid, libc::SYS_setgroups, libc::SYS_setfsuid, libc::SYS_setfsgid, libc::SYS_capget,
    libc::SYS_capset, libc::SYS_setpgid, libc::SYS_getpgid, libc::SYS_getpgrp, libc::SYS_setsid,
    libc::SYS_getsid, libc::SYS_getrlimit, libc::SYS_setrlimit, libc::SYS_prlimit64, libc::SYS_getrusage,
    libc::SYS_times, libc::SYS_sysinfo, libc::SYS_uname, libc::SYS_personality, libc::SYS_getcpu,
    // scheduling
    libc::SYS_sched_yield, libc::SYS_sched_getaffinity, libc::SYS_sched_setaffinity,
    libc::SYS_sched_getparam, libc::SYS_sched_setparam, libc::SYS_sched_getscheduler,
    libc::SYS_sched_setscheduler, libc::SYS_sched_get_priority_max, libc::SYS_sched_get_priority_min,
    libc::SYS_sched_rr_get_interval, libc::SYS_sched_getattr, libc::SYS_sched_setattr,
    libc::SYS_getpriority, libc::SYS_setpriority, libc::SYS_ioprio_get, libc::SYS_ioprio_set,
    // time
    libc::SYS_nanosleep, libc::SYS_clock_nanosleep, libc::SYS_clock_gettime, libc::SYS_clock_getres,
    libc::SYS_gettimeofday, libc::SYS_time, libc::SYS_alarm, libc::SYS_getitimer, libc::SYS_setitimer,
    libc::SYS_timer_create, libc::SYS_timer_settime, libc::SYS_timer_gettime, libc::SYS_timer_getoverrun,
    libc::SYS_timer_delete,
    // pairs of connected local sockets; there is nobody to connect to
    libc::SYS_socketpair, libc::SYS_sendto, libc::SYS_recvfrom, libc::SYS_sendmsg,
    libc::SYS_recvmsg, libc::SYS_sendmmsg, libc::SYS_recvmmsg, libc::SYS_shutdown, libc::SYS_getsockname,
    libc::SYS_getpeername, libc::SYS_setsockopt, libc::SYS_getsockopt,
    // System V memory and semaphores of the own IPC namespace
    libc::SYS_shmget, libc::SYS_shmat, libc::SYS_shmdt, libc::SYS_shmctl, libc::SYS_semget, libc::SYS_semop,
    libc::SYS_semtimedop, libc::SYS_semctl, libc::SYS_msgget, libc::SYS_msgsnd, libc::SYS_msgrcv,
    libc::SYS_msgctl, libc::SYS_getrandom,
];

/// What a filter answers.
const ALLOW: u32 = 0x7fff_0000;
const KILL: u32 = 0x8000_0000;
const ERRNO: u32 = 0x0005_0000;
/// `AUDIT_ARCH_X86_64`.
const ARCH: u32 = 0xc000_003e;

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_ANY: u16 = 0x45;
const RETURN: u16 = 0x06;

/// Offsets in `seccomp_data`; arguments are compared as 32 bits, as the kernel reads these.
const NUMBER_AT: u32 = 0;
const ARCH_AT: u32 = 4;

fn refuse(errno: i32) -> u32 {
    ERRNO | errno.unsigned_abs()
}

const fn op(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// Looks at a call's argument when its number matches; falls through to the next block otherwise.
/// `test` decides with the argument loaded and has to end in a return on every path.
fn block(program: &mut BpfProgram, number: c_long, argument: u32, test: &[sock_filter]) {
    let length = u8::try_from(test.len() + 1).unwrap_or(u8::MAX);
    program.push(op(JUMP_EQUAL, 0, length, of(number)));
    program.push(op(LOAD, 0, 0, 16 + 8 * argument));
    program.extend_from_slice(test);
}

fn of(number: c_long) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Refuses when the loaded argument is one of `values`.
fn none_of(values: &[u32]) -> Vec<sock_filter> {
    let count = values.len();
    let jumps = values
        .iter()
        .enumerate()
        .map(|(index, value)| op(JUMP_EQUAL, u8::try_from(count - index).unwrap_or(u8::MAX), 0, *value));
    jumps.chain([op(RETURN, 0, 0, ALLOW), op(RETURN, 0, 0, refuse(libc::EPERM))]).collect()
}

/// Refuses unless the loaded argument is one of `values`.
fn one_of(values: &[u32]) -> Vec<sock_filter> {
    let count = values.len();
    let jumps = values
        .iter()
        .enumerate()
        .map(|(index, value)| op(JUMP_EQUAL, u8::try_from(count - index).unwrap_or(u8::MAX), 0, *value));
    jumps.chain([op(RETURN, 0, 0, refuse(libc::EPERM)), op(RETURN, 0, 0, ALLOW)]).collect()
}

fn with_arguments(program: &mut BpfProgram) {
    let allow_or_refuse = [op(RETURN, 0, 0, refuse(libc::EPERM)), op(RETURN, 0, 0, ALLOW)];
    let flags = NAMESPACE_FLAGS.iter().fold(0, |all, flag| all | flag.unsigned_abs());
    block(program, libc::SYS_clone, 0, &[&[op(JUMP_ANY, 0, 1, flags)], &allow_or_refuse[..]].concat());
    block(program, libc::SYS_socketpair, 0, &one_of(&[libc::AF_UNIX.unsigned_abs()]));
    block(program, libc::SYS_personality, 0, &one_of(&PERSONALITIES));
    block(program, libc::SYS_ioctl, 1, &none_of(&TERMINAL_INJECTIONS));
    // Character and block devices; FIFOs, sockets and files stay allowed.
    let kinds = [&[op(AND, 0, 0, libc::S_IFMT)], &none_of(&[libc::S_IFCHR, libc::S_IFBLK])[..]].concat();
    block(program, libc::SYS_mknod, 1, &kinds);
    block(program, libc::SYS_mknodat, 2, &kinds);
}

/// The program. It leaves the loaded number untouched up to the ranges.
pub(crate) fn filter() -> BpfProgram {
    let mut program =
        vec![op(LOAD, 0, 0, ARCH_AT), op(JUMP_EQUAL, 1, 0, ARCH), op(RETURN, 0, 0, KILL), op(LOAD, 0, 0, NUMBER_AT)];
    with_arguments(&mut program);
    for (last, answer) in ranges() {
        program.push(op(JUMP_GREATER, 1, 0, last));
        program.push(op(RETURN, 0, 0, answer));
    }
    program.push(op(RETURN, 0, 0, refuse(libc::ENOSYS)));
    program
}

/// The program as the kernel reads it.
pub(crate) fn bytes(program: &BpfProgram) -> Vec<u8> {
    let step = |step: &sock_filter| {
        [step.code.to_ne_bytes(), [step.jt, step.jf]].concat().into_iter().chain(step.k.to_ne_bytes())
    };
    program.iter().flat_map(step).collect()
}

/// Every number up to the highest known one, as (last number of a range, answer), ascending.
fn ranges() -> Vec<(u32, u32)> {
    let known: BTreeMap<u32, u32> = ALLOWED
        .iter()
        .map(|number| (of(*number), ALLOW))
        .chain(REFUSED.iter().map(|number| (of(*number), refuse(libc::EPERM))))
        .collect();
    let highest = known.keys().next_back().copied().unwrap_or(0);
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in 0..=highest {
        let answer = known.get(&number).copied().unwrap_or(refuse(libc::ENOSYS));
        match ranges.last_mut() {
            Some((last, same)) if *same == answer => *last = number,
            _ => ranges.push((number, answer)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the program answers, worked out the way the kernel does.
    fn answer(arch: u32, number: u32, arguments: [u32; 3]) -> u32 {
        let program = filter();
        let (mut at, mut loaded) = (0, 0);
        loop {
            let step = &program[at];
            at += 1;
            let jump = |holds: bool| usize::from(if holds { step.jt } else { step.jf });
            match step.code {
                LOAD if step.k == ARCH_AT => loaded = arch,
                LOAD if step.k == NUMBER_AT => loaded = number,
                LOAD => loaded = arguments[(step.k as usize - 16) / 8],
                AND => loaded &= step.k,
                JUMP_EQUAL => at += jump(loaded == step.k),
                JUMP_GREATER => at += jump(loaded > step.k),
                JUMP_ANY => at += jump(loaded & step.k != 0),
                _ => return step.k,
            }
        }
    }

    #[test]
    fn every_call_gets_its_answer() {
        let plain = |number: c_long| answer(ARCH, of(number), [0; 3]);
        let (refused, unknown) = (refuse(libc::EPERM), refuse(libc::ENOSYS));
        for number in REFUSED {
            assert_eq!(plain(*number), refused, "{number}");
        }
        for number in ALLOWED {
            if ![libc::SYS_socketpair].contains(number) {
                assert_eq!(plain(*number), ALLOW, "{number}");
            }
        }
        assert_eq!(answer(0x4000_0003, 0, [0; 3]), KILL);
        assert_eq!(answer(ARCH, 0x4000_0000 + 39, [0; 3]), unknown);
        assert_eq!(plain(libc::SYS_clone3), unknown);
        assert_eq!(answer(ARCH, 5000, [0; 3]), unknown);
        for flag in NAMESPACE_FLAGS {
            assert_eq!(answer(ARCH, of(libc::SYS_clone), [flag.unsigned_abs() | 0x11, 0, 0]), refused);
        }
        assert_eq!(answer(ARCH, of(libc::SYS_clone), [0x003d_0f00, 0, 0]), ALLOW, "a thread");
        for family in 0..50 {
            let wanted = if family == 1 { ALLOW } else { refused };
            assert_eq!(answer(ARCH, of(libc::SYS_socketpair), [family, 0, 0]), wanted);
        }
        assert_eq!(answer(ARCH, of(libc::SYS_personality), [0x0004_0000, 0, 0]), refused);
        assert_eq!(answer(ARCH, of(libc::SYS_ioctl), [0, 0x5412, 0]), refused);
        assert_eq!(answer(ARCH, of(libc::SYS_ioctl), [0, 0x541c, 0]), refused);
        assert_eq!(answer(ARCH, of(libc::SYS_ioctl), [0, 0x5401, 0]), ALLOW);
        assert_eq!(answer(ARCH, of(libc::SYS_mknod), [0, libc::S_IFBLK | 0o600, 0]), refused);
        assert_eq!(answer(ARCH, of(libc::SYS_mknodat), [0, 0, libc::S_IFCHR]), refused);
        assert_eq!(answer(ARCH, of(libc::SYS_mknodat), [0, 0, libc::S_IFIFO | 0o600]), ALLOW);
    }

    #[test]
    fn nothing_refused_outright_is_needed() {
        for number in REFUSED {
            assert!(!ALLOWED.contains(number), "{number} is in both lists");
        }
    }
}
