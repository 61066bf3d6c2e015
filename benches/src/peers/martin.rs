//! Martin, serving the table of the prepared city.

use super::city::City;
use crate::http::Client;
use anyhow::{Context, Result, bail};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Columns become attributes, the number of a row the feature's.
const TABLE: &str = "
  auto_publish: false
  tables:
    parcels:
      schema: peer
      table: parcels
      srid: 3857
      geometry_column: geom
      id_column: fid
      geometry_type: MULTIPOLYGON
      extent: 4096
      buffer: 64
      clip_geom: true
      properties:
        id: text
        zddm: text
        bdcdyh: text
        yt: text
        yt_name: text
        zl: text
        zdmj: float8
        qlxz: text
";

/// A Martin under measurement; ended when dropped.
#[derive(Debug)]
pub struct Martin {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    _config: tempfile::NamedTempFile,
}

impl Martin {
    /// Starts it with `cache_mb` of tiles kept; 0 keeps none. Database connections: its own default, 20.
    ///
    /// # Errors
    /// Where it ends or does not answer within a minute.
    pub fn start(program: &Path, city: &City, cache_mb: u32) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut config = tempfile::Builder::new().suffix(".yaml").tempfile()?;
        write!(config, "postgres:\n  connection_string: {}{TABLE}", city.url)?;
        let child = Command::new(program)
            .arg("--config")
            .arg(config.path())
            .args([
                "--listen-addresses",
                &address.to_string(),
                "--cache-size",
                &cache_mb.to_string(),
            ])
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut martin = Self {
            child,
            address,
            _config: config,
        };
        martin.wait()?;
        Ok(martin)
    }

    fn wait(&mut self) -> Result<()> {
        let (mut client, began) = (Client::new(self.address), Instant::now());
        while !client.get("/health").is_ok_and(|(status, _)| status == 200) {
            if self.child.try_wait()?.is_some() || began.elapsed() > Duration::from_secs(60) {
                bail!("martin did not become ready");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Martin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
