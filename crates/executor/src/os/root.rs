//! The file system that a sandboxed program sees: a tmpfs with the system's folders bound
//! read-only, two writable tmpfs (`/work`, `/tmp`), five device nodes and nothing of the host's
//! `/sys`, `/home`, `/etc`, `/run` or `/var`.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::job::Job;
use super::sys;

/// The program's user and group inside.
pub(crate) const USER_ID: u32 = 1000;

/// Where the new root is put together: any folder that exists everywhere will do, as only this
/// mount namespace sees it.
const STAGE: &str = "/tmp";

/// Folders of the program's own, each a tmpfs.
const WRITABLE: [&str; 2] = ["work", "tmp"];
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const SYSTEM_LINKS: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// A step that failed: its name and the error.
#[derive(Debug)]
pub(crate) struct StepError {
    pub step: &'static str,
    pub source: io::Error,
    pub message: String,
}

/// Names the step in which an error came up.
pub(crate) trait Step<T> {
    fn step(self, step: &'static str, message: impl FnOnce() -> String) -> Result<T, StepError>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, step: &'static str, message: impl FnOnce() -> String) -> Result<T, StepError> {
        self.map_err(|error| StepError { step, source: error.into(), message: message() })
    }
}

/// Builds the root and enters it, with a `/proc` if `proc`; its writable folders belong to `owner`. Returns warnings about
/// what is missing but not mandatory.
pub(crate) fn enter(binds: &[String], proc: bool, owner: u32) -> Result<Vec<String>, StepError> {
    let mut warnings = Vec::new();
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .step("mount_namespace", || "make the mounts private".to_owned())?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), STAGE, Some("tmpfs"), flags, Some("mode=0755,size=4m,nr_inodes=4096"))
        .step("root_tmpfs", || format!("mount a tmpfs on {STAGE}"))?;
    let stage = Path::new(STAGE);
    folders(stage).step("root_tmpfs", || "make the folders of the root".to_owned())?;
    system(stage, binds)?;
    devices(stage)?;
    identity(stage).step("root_tmpfs", || "write /etc".to_owned())?;
    for name in WRITABLE {
        let options = format!("mode=0755,uid={owner},gid={owner},size=1m,nr_inodes=65536");
        mount(Some("tmpfs"), &stage.join(name), Some("tmpfs"), flags, Some(options.as_str()))
            .step("writable_tmpfs", || format!("mount a tmpfs on /{name}"))?;
    }
    let options = Some("hidepid=2,subset=pid");
    if proc
        && let Err(error) = mount(Some("proc"), &stage.join("proc"), Some("proc"), flags | MsFlags::MS_NOEXEC, options)
    {
        warnings.push(format!("no /proc inside: {error}"));
    }
    pivot(stage).step("pivot_root", || "enter the new root".to_owned())?;
    Ok(warnings)
}

/// Fits the root to a job: how much may be written, and whether there is a `/proc`.
pub(crate) fn fit(job: &Job) -> Result<(), StepError> {
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    let none: Option<&str> = None;
    // Files in memory count as memory: a full disk has to come before a full cgroup.
    for (name, bytes) in WRITABLE.iter().zip([job.memory_bytes / 2, job.memory_bytes / 4]) {
        let path = format!("/{name}");
        let options = format!("size={bytes}");
        mount(none, path.as_str(), none, flags, Some(options.as_str()))
            .step("writable_tmpfs", || format!("resize /{name}"))?;
    }
    if !job.proc {
        match umount2("/proc", MntFlags::MNT_DETACH) {
            // There was none.
            Ok(()) | Err(nix::errno::Errno::EINVAL) => {}
            Err(error) => return Err(error).step("bind", || "take /proc away".to_owned()),
        }
    }
    Ok(())
}

/// Makes the root itself read-only: the last mount change.
pub(crate) fn seal() -> Result<(), StepError> {
    let none: Option<&str> = None;
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(none, "/", none, flags, none).step("read_only_root", || "make the root read-only".to_owned())
}

/// Binds `path` read-only on itself.
pub(crate) fn freeze(path: &str) -> Result<(), StepError> {
    let name = c_path(Path::new(path)).step("bind", || path.to_owned())?;
    let tree = sys::clone_tree(&name, sys::RDONLY | sys::NOSUID | sys::NODEV).step("bind", || path.to_owned())?;
    sys::attach_tree(&tree, &name).step("bind", || path.to_owned())
}

fn folders(stage: &Path) -> io::Result<()> {
    for name in ["usr", "etc", "dev", "proc", "tmp", "work", "harness"] {
        fs::create_dir(stage.join(name))?;
    }
    Ok(())
}

fn system(stage: &Path, binds: &[String]) -> Result<(), StepError> {
    bind(stage, "/usr", sys::RDONLY | sys::NOSUID | sys::NODEV)?;
    for name in SYSTEM_LINKS {
        let host = Path::new("/").join(name);
        let Ok(kind) = host.symlink_metadata() else { continue };
        if kind.is_symlink() {
            fs::read_link(&host)
                .and_then(|target| symlink(target, stage.join(name)))
                .step("root_tmpfs", || format!("link /{name}"))?;
        } else if kind.is_dir() {
            fs::create_dir(stage.join(name)).step("root_tmpfs", || format!("make /{name}"))?;
            bind(stage, &format!("/{name}"), sys::RDONLY | sys::NOSUID | sys::NODEV)?;
        }
    }
    for path in binds {
        let Ok(kind) = Path::new(path).metadata() else { continue };
        let inside = stage.join(path.trim_start_matches('/'));
        let made = if kind.is_dir() {
            fs::create_dir_all(&inside)
        } else {
            inside.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&inside, b""))
        };
        made.step("root_tmpfs", || format!("make {path}"))?;
        bind(stage, path, sys::RDONLY | sys::NOSUID | sys::NODEV)?;
    }
    Ok(())
}

fn devices(stage: &Path) -> Result<(), StepError> {
    let dev = stage.join("dev");
    for name in DEVICES {
        fs::write(dev.join(name), b"").step("root_tmpfs", || format!("make /dev/{name}"))?;
        bind(stage, &format!("/dev/{name}"), sys::NOSUID)?;
    }
    let links = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("shm", "/tmp"),
    ];
    for (name, target) in links {
        symlink(target, dev.join(name)).step("root_tmpfs", || format!("link /dev/{name}"))?;
    }
    Ok(())
}

fn identity(stage: &Path) -> io::Result<()> {
    let etc = stage.join("etc");
    fs::write(
        etc.join("passwd"),
        "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nuser:x:1000:1000:user:/tmp:/bin/sh\n",
    )?;
    fs::write(etc.join("group"), "root:x:0:\nuser:x:1000:\n")?;
    fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files\n")?;
    fs::write(etc.join("hosts"), "127.0.0.1 localhost sandbox\n")?;
    match fs::copy("/etc/ld.so.cache", etc.join("ld.so.cache")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn bind(stage: &Path, path: &str, attributes: u64) -> Result<(), StepError> {
    let host = c_path(Path::new(path)).step("bind", || path.to_owned())?;
    let inside = c_path(&stage.join(path.trim_start_matches('/'))).step("bind", || path.to_owned())?;
    let tree = sys::clone_tree(&host, attributes).step("bind", || format!("copy the mounts of {path}"))?;
    sys::attach_tree(&tree, &inside).step("bind", || format!("attach {path}"))
}

fn pivot(stage: &Path) -> io::Result<()> {
    std::env::set_current_dir(stage)?;
    nix::unistd::pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    std::env::set_current_dir("/")
}

fn c_path(path: &Path) -> io::Result<CString> {
    use std::os::unix::ffi::OsStrExt as _;
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}
