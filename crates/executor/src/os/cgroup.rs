//! One cgroup for each run, where the system lets us make one: v2, else v1, else none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What limits the whole sandbox.
#[derive(Debug)]
pub(crate) enum Cgroup {
    /// The unified hierarchy.
    V2(PathBuf),
    /// One folder in each of the memory and pids hierarchies.
    V1 { memory: PathBuf, pids: PathBuf },
}

const MOUNT: &str = "/sys/fs/cgroup";

impl Cgroup {
    /// Makes a group, without limits yet; `Err` says why not.
    pub(crate) fn create(name: &str) -> Result<Self, String> {
        match Self::create_v2(name) {
            Ok(group) => Ok(group),
            Err(v2) => Self::create_v1(name).map_err(|v1| format!("v2: {v2}; v1: {v1}")),
        }
    }

    /// `v2` or `v1`.
    pub(crate) fn version(&self) -> &'static str {
        match self {
            Self::V2(_) => "v2",
            Self::V1 { .. } => "v1",
        }
    }

    fn create_v2(name: &str) -> Result<Self, String> {
        let controllers = fs::read_to_string(Path::new(MOUNT).join("cgroup.controllers"))
            .map_err(|_| "no unified hierarchy".to_owned())?;
        if !["memory", "pids"].iter().all(|wanted| controllers.split_whitespace().any(|name| name == *wanted)) {
            return Err("the unified hierarchy has no memory and pids controllers".to_owned());
        }
        let own = own_path("0::").unwrap_or_default();
        let parent = own.parent().map(Path::to_path_buf).unwrap_or_default();
        let mut reason = String::new();
        for base in [own, parent, PathBuf::new()] {
            let path = Path::new(MOUNT).join(base).join(name);
            match try_v2(&path) {
                Ok(()) => return Ok(Self::V2(path)),
                Err(error) => {
                    reason = format!("{}: {error}", path.display());
                    remove(&path);
                }
            }
        }
        Err(reason)
    }

    fn create_v1(name: &str) -> Result<Self, String> {
        let place = |controller: &str| {
            let own = own_path(&format!(":{controller}:")).unwrap_or_default();
            Path::new(MOUNT).join(controller).join(own).join(name)
        };
        let group = Self::V1 { memory: place("memory"), pids: place("pids") };
        let Self::V1 { memory, pids } = &group else { return Err("no v1 hierarchy".to_owned()) };
        let made = try_v1(memory, "memory.limit_in_bytes").and_then(|()| try_v1(pids, "pids.max"));
        if let Err(error) = made {
            return Err(error.to_string());
        }
        Ok(group)
    }

    /// Puts a process, and with it all its children to come, into the group.
    pub(crate) fn attach(&self, pid: libc::pid_t) -> io::Result<()> {
        match self {
            Self::V2(path) => fs::write(path.join("cgroup.procs"), pid.to_string()),
            Self::V1 { memory, pids } => {
                fs::write(memory.join("cgroup.procs"), pid.to_string())?;
                fs::write(pids.join("cgroup.procs"), pid.to_string())
            }
        }
    }

    /// Sets the limits; may be called again with others.
    pub(crate) fn limit(&self, memory_bytes: u64, processes: u32) -> io::Result<()> {
        let (memory, processes) = (memory_bytes.to_string(), processes.to_string());
        match self {
            Self::V2(path) => {
                fs::write(path.join("memory.max"), memory)?;
                fs::write(path.join("pids.max"), processes)
            }
            Self::V1 { memory: folder, pids } => {
                // Swap would let the run hold more; not every kernel accounts for it. It can't be limited to less than
                // memory alone: a lower limit comes second, a higher one first.
                let with_swap = || fs::write(folder.join("memory.memsw.limit_in_bytes"), &memory).unwrap_or_default();
                with_swap();
                fs::write(folder.join("memory.limit_in_bytes"), &memory)?;
                with_swap();
                fs::write(pids.join("pids.max"), processes)
            }
        }
    }

    /// How many processes the kernel killed for memory.
    pub(crate) fn oom_kills(&self) -> u64 {
        let file = match self {
            Self::V2(path) => path.join("memory.events"),
            Self::V1 { memory, .. } => memory.join("memory.oom_control"),
        };
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
    }

    /// The most memory that the group held at once, in bytes.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        let file = match self {
            Self::V2(path) => path.join("memory.peak"),
            Self::V1 { memory, .. } => memory.join("memory.max_usage_in_bytes"),
        };
        fs::read_to_string(file).ok()?.trim().parse().ok()
    }
}

impl Drop for Cgroup {
    /// Removes the group; its last process has to be gone.
    fn drop(&mut self) {
        match self {
            Self::V2(path) => remove(path),
            Self::V1 { memory, pids } => {
                remove(memory);
                remove(pids);
            }
        }
    }
}

/// Makes the group and sees that its limits can be set.
fn try_v2(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::write(path.join("memory.max"), "max")?;
    fs::write(path.join("pids.max"), "max")?;
    if path.join("memory.swap.max").exists() {
        fs::write(path.join("memory.swap.max"), "0")?;
    }
    // The whole run ends when one of its processes is killed for memory.
    fs::write(path.join("memory.oom.group"), "1")
}

fn try_v1(path: &Path, file: &str) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::OpenOptions::new().write(true).open(path.join(file)).map(drop)
}

/// The kernel may take a moment to let go of a group whose last process just ended.
fn remove(path: &Path) {
    for _ in 0..50 {
        match fs::remove_dir(path) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            _ => return,
        }
    }
}

/// This process's own place in a hierarchy, relative to its mount.
fn own_path(marker: &str) -> Option<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let line = text.lines().find(|line| line.contains(marker))?;
    let path = line.splitn(3, ':').nth(2)?;
    Some(PathBuf::from(path.trim_start_matches('/')))
}
