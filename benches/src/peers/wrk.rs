//! One run of `wrk`: connections that each ask again as soon as they are answered.

use anyhow::{Context, Result, bail};
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Command;

/// Connections that are kept open.
pub const CONNECTIONS: u32 = 32;

/// Asks for the addresses of a file one after the other, and prints what it counted in one line.
const SCRIPT: &str = r#"
local addresses, at = {}, 0
function init(args)
    for line in io.lines(args[1]) do addresses[#addresses + 1] = line end
    wrk.headers["Accept-Encoding"] = "gzip"
end
function request()
    at = at % #addresses + 1
    return wrk.format("GET", addresses[at])
end
function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format("\nCOUNTED %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
        e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(99)))
end
"#;

/// What a run found.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Answers a second.
    pub per_second: f64,
    /// Bytes a second, heads included.
    pub bytes_per_second: f64,
    /// 99 of 100 answers came within so many milliseconds.
    pub p99_ms: f64,
}

/// Asks for `paths` in turn for `seconds`.
///
/// # Errors
/// Where wrk is missing, or an answer is none of success.
pub fn run(address: SocketAddr, paths: &[String], seconds: u64) -> Result<Counted> {
    let mut script = tempfile::Builder::new().suffix(".lua").tempfile()?;
    script.write_all(SCRIPT.as_bytes())?;
    let mut list = tempfile::NamedTempFile::new()?;
    list.write_all(paths.join("\n").as_bytes())?;
    let output = Command::new("wrk")
        .args([
            "-t1",
            &format!("-c{CONNECTIONS}"),
            &format!("-d{seconds}s"),
            "--timeout",
            "60s",
            "-s",
        ])
        .arg(script.path())
        .arg(format!("http://{address}/"))
        .arg("--")
        .arg(list.path())
        .output()
        .context("starting wrk (Debian's package wrk)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("COUNTED "));
    let line = line.with_context(|| format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    let numbers: Vec<f64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
    let [requests, micros, bytes, refused, broken, p99] = numbers[..] else {
        bail!("wrk: {line:?}");
    };
    if refused + broken > 0.0 || requests < 1.0 {
        bail!("of {requests} answers of {address}, {refused} were errors and {broken} did not come");
    }
    Ok(Counted {
        per_second: requests / micros * 1e6,
        bytes_per_second: bytes / micros * 1e6,
        p99_ms: p99 / 1e3,
    })
}
