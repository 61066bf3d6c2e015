//! Which machine, which commit, when: what a number needs beside it.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

/// Where and of what a measurement was made.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The processor's own name.
    pub processor: String,
    /// How many cores this process may use.
    pub cores: usize,
    /// Memory in bytes; 0 where the system does not tell.
    pub memory_bytes: u64,
    /// The compiler.
    pub rustc: String,
    /// The commit, with `+changes` where the work tree differs from it.
    pub commit: String,
    /// Now, RFC 3339.
    pub time: String,
}

impl Machine {
    /// Asks the system, git and rustc; what cannot be learned says `unknown`.
    pub fn here() -> Self {
        Self {
            processor: proc_line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory_bytes().unwrap_or(0),
            rustc: says("rustc", &["--version"]).unwrap_or_else(|| "unknown".to_owned()),
            commit: commit().unwrap_or_else(|| "unknown".to_owned()),
            time: now().to_string(),
        }
    }
}

/// The moment it is.
pub fn now() -> onemap_model::Instant {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("the clock is set to a time after 1970");
    let micros = i64::try_from(since_epoch.as_micros()).expect("the clock is set to a time before the year 290 000");
    onemap_model::Instant::from_micros(micros).expect("the clock is set to a time that people write down")
}

fn commit() -> Option<String> {
    let commit = says("git", &["rev-parse", "--short=10", "HEAD"])?;
    let changed = says("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() {
        commit
    } else {
        commit + "+changes"
    })
}

fn memory_bytes() -> Option<u64> {
    let line = proc_line("/proc/meminfo", "MemTotal")?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// The value of the first line `key: value` of a file.
fn proc_line(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn says(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
