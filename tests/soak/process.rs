//! What this process uses, as Linux tells it. Elsewhere nothing is known, and nothing is compared.

use std::collections::BTreeSet;

/// Bytes of memory that are resident.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// What is open: files and connections, with their numbers.
pub fn open_files() -> BTreeSet<String> {
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    // The folder itself is open while it is read, and gone when one looks where it leads.
    let open = entries.filter_map(|entry| {
        let leads_to = std::fs::read_link(entry.path()).ok()?;
        Some(format!("{} {}", entry.file_name().display(), leads_to.display()))
    });
    open.filter(|file| !file.contains("/proc/")).collect()
}
