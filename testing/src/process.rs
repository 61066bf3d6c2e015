//! The server's processes, and signals to them.

use std::process::Command;

/// A process and those that it started.
pub(crate) fn family(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = numbers.filter(|&number| parent_of(number) == Some(parent));
    std::iter::once(parent).chain(children).collect()
}

/// Sends a signal by name; processes that are gone meanwhile are no matter.
pub(crate) fn signal(name: &str, processes: &[u32]) {
    let numbers = processes.iter().map(u32::to_string);
    let sent = Command::new("sh")
        .args(["-c", "kill -s \"$@\" 2>/dev/null", "sh", name])
        .args(numbers)
        .status();
    sent.expect("a shell can be started: Debian is not without one");
}

fn parent_of(process: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}
