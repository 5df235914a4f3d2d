//! What the machine offers: cores and memory.

use std::collections::BTreeSet;

/// More threads than this only wait for each other.
pub(super) const THREADS_MAX: u32 = 256;

/// Physical cores that this process may use; two threads on one core share its arithmetic units.
pub(super) fn physical_cores() -> u32 {
    let allowed = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let physical = cores_of_the_machine().unwrap_or(allowed);
    u32::try_from(allowed.min(physical).max(1)).unwrap_or(1)
}

fn cores_of_the_machine() -> Option<usize> {
    let mut cores = BTreeSet::new();
    for entry in std::fs::read_dir("/sys/devices/system/cpu").ok()? {
        let topology = entry.ok()?.path().join("topology");
        let read = |name| std::fs::read_to_string(topology.join(name)).ok();
        if let (Some(package), Some(core)) = (read("physical_package_id"), read("core_id")) {
            cores.insert((package, core));
        }
    }
    (!cores.is_empty()).then_some(cores.len())
}

/// Bytes that can be taken without swapping, where the system says so.
pub(super) fn memory_available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
