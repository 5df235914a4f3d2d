//! Adds up the memory of a process tree, for runs that no cgroup limits.

use std::fs;

/// Resident private memory of a process and all its descendants, in bytes. What cannot be read (a
/// process that just ended) counts nothing.
pub(crate) fn of_tree(root: libc::pid_t) -> u64 {
    let page = 4096;
    let mut total: u64 = 0;
    let mut left = vec![root.to_string()];
    while let Some(pid) = left.pop() {
        let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
        let mut fields = statm.split_whitespace().skip(1).map(|field| field.parse::<u64>().unwrap_or(0));
        let (resident, shared) = (fields.next().unwrap_or(0), fields.next().unwrap_or(0));
        total = total.saturating_add(resident.saturating_sub(shared).saturating_mul(page));
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            left.extend(children.split_whitespace().map(str::to_owned));
        }
    }
    total
}
