//! wrk, asking for addresses of a list in turn.

use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// What wrk found.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Requests a second.
    pub rate: f64,
    /// Bytes of an answer, on average.
    pub bytes: f64,
}

/// Asks `server` for `targets` in turn over `connections`, for some seconds.
///
/// # Errors
/// Where wrk is not there, and where any answer is not 2xx.
pub fn run(server: SocketAddr, targets: &[String], connections: u32, seconds: u64, folder: &Path) -> Result<Load> {
    let list: Vec<_> = targets.iter().map(|target| format!("{target:?}")).collect();
    let script = folder.join("wrk.lua");
    let lua = format!(
        "local paths = {{{}}}\nlocal at = 0\nrequest = function()\n  at = at % #paths + 1\n  return wrk.format('GET', paths[at])\nend\n\
         done = function(all)\n  io.write('all ' .. all.requests .. ' ' .. all.bytes .. ' ' .. all.duration .. ' ' .. \
         (all.errors.status + all.errors.timeout + all.errors.read + all.errors.connect) .. '\\n')\nend\n",
        list.join(", ")
    );
    std::fs::write(&script, lua)?;
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s")])
        .args(["--timeout", "60s", "-s"])
        .arg(&script)
        .arg(format!("http://{server}/"))
        .output()
        .context("starting wrk")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("all "));
    let numbers: Vec<f64> = line
        .with_context(|| format!("wrk: {text}"))?
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [requests, bytes, micros, failed] = numbers[..] else {
        anyhow::bail!("wrk: {text}");
    };
    ensure!(requests > 0.0 && failed == 0.0, "{failed} answers were none: {text}");
    Ok(Load {
        rate: requests / (micros / 1e6),
        bytes: bytes / requests,
    })
}
