//! How long the server takes from its start to exact answers, beside a bare `COPY` of the same rows.

use crate::http::Client;
use anyhow::{Context, Result, bail};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server under measurement; ended when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start until `/health/ready` said so.
    pub ready_time: Duration,
}

impl Server {
    /// Starts `onemap-serve` on a store, without a snapshot unless `more` says where, and waits until it is ready.
    ///
    /// # Errors
    /// Where it ends or is not ready within ten minutes.
    pub fn start(program: &Path, store: &str, more: &[&str]) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let began = Instant::now();
        let mut child = Command::new(program)
            .arg(store)
            .args(["--listen", &address.to_string()])
            .args(more)
            .env("ONEMAP_SNAPSHOT", "off")
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut client = Client::new(address);
        while !client.get("/health/ready").is_ok_and(|(status, _)| status == 200) {
            if child.try_wait()?.is_some() || began.elapsed() > Duration::from_secs(600) {
                bail!("onemap-serve did not become ready");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Self {
            child,
            address,
            ready_time: began.elapsed(),
        })
    }

    /// Its resident memory now, in bytes; 0 where the system does not tell.
    pub fn memory_bytes(&self) -> u64 {
        crate::program::memory_bytes_of(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `COPY parcels TO STDOUT (FORMAT binary)` by psql, its output thrown away.
///
/// # Errors
/// Where psql fails.
pub fn copy_out(url: &str) -> Result<Duration> {
    let began = Instant::now();
    let status = Command::new("psql")
        .args(["-q", "-X", "-d", url, "-c", "COPY parcels TO STDOUT (FORMAT binary)"])
        .stdout(Stdio::null())
        .status()
        .context("starting psql")?;
    if !status.success() {
        bail!("psql: {status}");
    }
    Ok(began.elapsed())
}
