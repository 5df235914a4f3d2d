//! The few system calls that no safe wrapper offers. Every `unsafe` of the sandbox is here.
#![expect(unsafe_code, reason = "system calls without a safe wrapper; each has its SAFETY comment")]

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Mount attribute: read-only.
pub(crate) const RDONLY: u64 = 0x1;
/// Mount attribute: set-user-id bits are ignored.
pub(crate) const NOSUID: u64 = 0x2;
/// Mount attribute: device nodes are dead.
pub(crate) const NODEV: u64 = 0x4;

const OPEN_TREE_CLONE: libc::c_uint = 1;
const MOVE_MOUNT_F_EMPTY_PATH: libc::c_uint = 4;

#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    userns: u64,
}

fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Takes ownership of a descriptor number that the process inherited.
pub(crate) fn adopt_fd(number: RawFd) -> OwnedFd {
    // SAFETY: the callers pass numbers that this process got from its parent for this purpose and that nothing else owns.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Forks with the given `CLONE_…` flags: 0 in the child, the child's id in the parent.
pub(crate) fn clone_process(flags: libc::c_int) -> io::Result<libc::pid_t> {
    // SAFETY: without CLONE_VM and with a null stack this is `fork` plus new namespaces; the helper
    // that calls it has one thread, so the child may use everything.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0usize, 0usize, 0usize, 0usize) };
    Ok(i32::try_from(check(pid)?).unwrap_or(-1))
}

/// A descriptor of a process: readable once it has ended.
pub(crate) fn open_process(pid: libc::pid_t) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two integers and returns a new descriptor or -1.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the kernel just returned this descriptor; nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap_or(-1)) })
}

/// Kills a process; one that has ended already is as good as killed.
pub(crate) fn kill_process(process: &OwnedFd) {
    let nothing = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the call takes integers and a null pointer for "no further information".
    unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), libc::SIGKILL, nothing, 0) };
}

/// A detached, recursive copy of the mounts at `path`, hardened with `attributes`.
pub(crate) fn clone_tree(path: &CStr, attributes: u64) -> io::Result<OwnedFd> {
    let flags = OPEN_TREE_CLONE | libc::O_CLOEXEC.unsigned_abs() | libc::AT_RECURSIVE.unsigned_abs();
    // SAFETY: `path` is NUL-terminated and lives through the call.
    let fd = check(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) })?;
    // SAFETY: the kernel just returned this descriptor; nothing else owns it.
    let tree = unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap_or(-1)) };
    set_mount_attributes(&tree, attributes)?;
    Ok(tree)
}

/// Hardens every mount of a tree.
pub(crate) fn set_mount_attributes(tree: &OwnedFd, attributes: u64) -> io::Result<()> {
    let attr = MountAttr { set: attributes, clear: 0, propagation: 0, userns: 0 };
    let flags = libc::AT_RECURSIVE | libc::AT_EMPTY_PATH;
    // SAFETY: the empty path is NUL-terminated, `attr` is the structure that the call expects, with its own size.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attr,
            size_of::<MountAttr>(),
        )
    })?;
    Ok(())
}

/// Attaches a detached tree at `target`.
pub(crate) fn attach_tree(tree: &OwnedFd, target: &CStr) -> io::Result<()> {
    // SAFETY: both paths are NUL-terminated and live through the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            target.as_ptr(),
            MOVE_MOUNT_F_EMPTY_PATH,
        )
    })?;
    Ok(())
}

/// `prctl` with one number.
pub(crate) fn prctl(option: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    // SAFETY: the options used here take plain numbers, no pointers.
    check(libc::c_long::from(unsafe { libc::prctl(option, value, 0, 0, 0) })).map(drop)
}

/// Gives up every capability of the calling thread for good: bounding set, ambient set, then the rest.
pub(crate) fn drop_bounding_set() -> io::Result<()> {
    for capability in 0..=63 {
        match prctl(libc::PR_CAPBSET_DROP, capability) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
            Err(error) => return Err(error),
        }
    }
    // NOROOT and NO_CAP_AMBIENT_RAISE on, NO_SETUID_FIXUP and KEEP_CAPS off, all four locked.
    prctl(libc::PR_SET_SECUREBITS, 0b1110_1011)
}

/// Clears the permitted, effective and inheritable sets.
pub(crate) fn clear_capabilities() -> io::Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header { version: 0x2008_0522, pid: 0 };
    let sets = [[0u32; 3]; 2];
    // SAFETY: version 3 of the interface reads a header and two triples; both live through the call.
    check(unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) }).map(drop)
}

/// Becomes `id` for good: user, group, no supplementary groups where the kernel lets us drop them.
pub(crate) fn become_user(id: libc::uid_t) -> io::Result<()> {
    // SAFETY: plain numbers; an empty list needs no pointer. `setgroups` is refused in an ordinary
    // user's namespace, where the groups are the caller's own already.
    unsafe {
        libc::setgroups(0, std::ptr::null());
        check(libc::c_long::from(libc::setresgid(id, id, id)))?;
        check(libc::c_long::from(libc::setresuid(id, id, id)))?;
    }
    Ok(())
}

/// The largest resident set among finished children, in bytes.
pub(crate) fn children_peak_bytes() -> u64 {
    // SAFETY: `rusage` is plain numbers, for which zeroes are valid; the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    u64::try_from(usage.ru_maxrss).unwrap_or(0).saturating_mul(1024)
}

/// Marks every descriptor from `first` on to be closed by `execve`.
pub(crate) fn close_on_exec_from(first: u32) -> io::Result<()> {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    // SAFETY: the call only sets a flag on descriptors; it closes none now.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, CLOSE_RANGE_CLOEXEC) }).map(drop)
}

/// Closes every descriptor from `first` on.
pub(crate) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: the callers have dropped or forgotten every owner of descriptors from `first` on.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) }).map(drop)
}

/// Makes `target` a second number of `source`, kept across `execve`.
pub(crate) fn install_fd(source: RawFd, target: RawFd) -> io::Result<()> {
    // SAFETY: the numbers below 5 belong to the program that is about to start; nothing here owns them.
    check(libc::c_long::from(unsafe { libc::dup2(source, target) })).map(drop)
}

/// Replaces the process image; returns only the error.
pub(crate) fn exec(path: &CStr, argv: &[CString], env: &[CString]) -> io::Error {
    let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
        list.iter().map(|item| item.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: both arrays end with a null pointer and point at NUL-terminated strings that outlive the call.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

/// Landlock's ABI version, or why there is none.
pub(crate) fn landlock_abi() -> io::Result<u32> {
    // SAFETY: with a null attribute and flag 1 the call only returns a number.
    let abi = check(unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0usize, 0usize, 1u32) })?;
    Ok(u32::try_from(abi).unwrap_or(0))
}

/// Puts default actions back for every signal and unblocks all, so that a program starts clean.
pub(crate) fn reset_signals() {
    // SAFETY: SIG_DFL is a valid handler for every catchable signal; an empty set is a valid mask.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut empty: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut empty);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const empty, std::ptr::null_mut());
    }
}

/// Has the kernel forget ended children by itself.
pub(crate) fn ignore_children() -> io::Result<()> {
    // SAFETY: SIG_IGN is a valid handler for SIGCHLD.
    let previous = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    if previous == libc::SIG_ERR { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Ends the process now, running nothing.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// Names a descriptor that stays open while this borrow is used.
pub(crate) fn borrow(number: RawFd) -> std::os::fd::BorrowedFd<'static> {
    // SAFETY: the callers hold the owner of this descriptor for longer than the one call they make with it.
    unsafe { std::os::fd::BorrowedFd::borrow_raw(number) }
}
