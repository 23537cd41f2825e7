//! Memory and open files of this process, on Linux. Other systems report nothing, so nothing is compared there.

use std::collections::BTreeSet;

/// Resident memory in bytes.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Open files and connections with their numbers.
pub fn open_files() -> BTreeSet<String> {
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    // The folder itself is open while it is read, and closed when its link is resolved.
    let open = entries.filter_map(|entry| {
        let leads_to = std::fs::read_link(entry.path()).ok()?;
        Some(format!("{} {}", entry.file_name().display(), leads_to.display()))
    });
    open.filter(|file| !file.contains("/proc/")).collect()
}
