//! Runs one of the project's programs, with its time and its peak of memory.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What a run took.
#[derive(Debug, Clone)]
pub struct Run {
    /// From start to end.
    pub time: Duration,
    /// The most memory it held at once, in bytes (Linux's `VmHWM`, looked at every 20 ms); 0 where the system does
    /// not tell.
    pub peak_bytes: u64,
    /// What it wrote to standard output.
    pub output: String,
}

/// Runs `program` to its end; its standard error is passed through.
///
/// # Errors
/// Where it cannot be started or does not exit with 0.
pub fn run(program: &Path, arguments: &[&str]) -> Result<Run> {
    let began = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let (output, peak_bytes) = watch(child)?;
    let time = began.elapsed();
    if !output.status.success() {
        bail!("{} {}: {}", program.display(), arguments.join(" "), output.status);
    }
    Ok(Run {
        time,
        peak_bytes,
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}

fn watch(child: Child) -> Result<(std::process::Output, u64)> {
    let pid = child.id();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = 0;
            while !ended.load(Ordering::Relaxed) {
                peak = peak.max(status_bytes(&pid.to_string(), "VmHWM:").unwrap_or(0));
                thread::sleep(Duration::from_millis(20));
            }
            peak
        });
        let output = child.wait_with_output().context("waiting for the program");
        ended.store(true, Ordering::Relaxed);
        let peak = watcher.join().expect("the watcher only reads a file");
        Ok((output?, peak))
    })
}

/// How much memory this process holds now, in bytes; 0 where the system does not tell.
pub fn own_memory_bytes() -> u64 {
    status_bytes("self", "VmRSS:").unwrap_or(0)
}

/// How much memory another process holds now, in bytes; 0 where the system does not tell.
pub fn memory_bytes_of(process: u32) -> u64 {
    status_bytes(&process.to_string(), "VmRSS:").unwrap_or(0)
}

/// Reads a size in kB from `/proc/<process>/status`.
fn status_bytes(process: &str, key: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_gives_its_output_and_a_failure_names_the_program() {
        let run = run(Path::new("/bin/sh"), &["-c", "sleep 0.1; echo done"]).unwrap();
        assert_eq!(run.output, "done\n");
        assert!(run.time >= Duration::from_millis(100));
        let failure = super::run(Path::new("/bin/sh"), &["-c", "exit 3"])
            .unwrap_err()
            .to_string();
        assert!(failure.contains("/bin/sh") && failure.contains('3'), "{failure}");
    }
}
