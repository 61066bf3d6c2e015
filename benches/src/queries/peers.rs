//! The others: tipg from PyPI, and bare SQL through pgbench.

use super::COLUMNS;
use super::boxes::Square;
use anyhow::{Context, Result, bail, ensure};
use onemap_testing::{Cluster, Database};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The version of tipg that is measured.
pub const TIPG: &str = "1.6.1";

/// A running tipg; ended when dropped.
#[derive(Debug)]
pub struct Tipg {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Tipg {
    /// Puts tipg into a folder, where it is not yet, and starts it on a database with so many processes.
    ///
    /// # Errors
    /// Where PyPI is not reached, or it does not listen within two minutes.
    pub fn start(folder: &Path, cluster: &Cluster, database: &Database<'_>, processes: u32) -> Result<Self> {
        let bin = folder.join("bin");
        if !bin.join("uvicorn").exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
            run(Command::new(bin.join("pip")).args(["install", "--quiet", &format!("tipg=={TIPG}"), "uvicorn"]))?;
        }
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut child = Command::new(bin.join("uvicorn"))
            .args(["tipg.main:app", "--host", "127.0.0.1", "--log-level", "warning"])
            .args(["--workers", &processes.to_string()])
            .args(["--port", &address.port().to_string()])
            .env("POSTGRES_USER", "onemap")
            .env("POSTGRES_PASS", "none")
            .env("POSTGRES_HOST", "127.0.0.1")
            .env("POSTGRES_PORT", cluster.port().to_string())
            .env("POSTGRES_DBNAME", database.name())
            .env("TIPG_DB_SCHEMAS", "[\"public\"]")
            .stdin(Stdio::null())
            .spawn()
            .context("starting uvicorn")?;
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if child.try_wait()?.is_some() || began.elapsed() > Duration::from_secs(120) {
                let _ = child.kill();
                bail!("tipg did not begin to listen");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(Self { child, address })
    }
}

impl Drop for Tipg {
    fn drop(&mut self) {
        // Its workers go with it when they are asked to, and not when it is killed.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// What PostgreSQL is asked to answer.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// One GeoJSON `FeatureCollection`, as a server would pass on.
    Collection,
    /// Rows, with geometries as GeoJSON.
    GeoJson,
    /// Rows, with geometries as they are.
    Rows,
}

impl Answer {
    fn to_sql(self, square: &Square) -> String {
        let rows = |geometry: &str| {
            format!(
                "SELECT fid, {COLUMNS}, valid_from, valid_to, {geometry} AS geom FROM parcels WHERE ST_Intersects(geom, {})",
                square.to_sql()
            )
        };
        match self {
            Self::Collection => format!(
                "SELECT json_build_object('type', 'FeatureCollection', 'features', json_agg(ST_AsGeoJSON(rows.*, 'geom')::json)) \
                 FROM ({}) AS rows;\n",
                rows("geom")
            ),
            Self::GeoJson => format!("{};\n", rows("ST_AsGeoJSON(geom)")),
            Self::Rows => format!("{};\n", rows("geom")),
        }
    }
}

/// Transactions a second of `SELECT`s of the parcels in boxes, `geometry` being how their geometry is written.
///
/// # Errors
/// Where pgbench fails.
pub fn pgbench(
    cluster: &Cluster,
    database: &Database<'_>,
    squares: &[Square],
    answer: Answer,
    connections: u32,
    seconds: u64,
) -> Result<f64> {
    let folder = cluster.socket_folder().join(format!("bench-{answer:?}"));
    std::fs::create_dir_all(&folder)?;
    let mut pgbench = cluster.command("pgbench");
    pgbench.args([
        "-n",
        "-j",
        "1",
        "-M",
        "prepared",
        "-c",
        &connections.to_string(),
        "-T",
        &seconds.to_string(),
    ]);
    // More scripts than this it does not take.
    for (at, square) in squares.iter().take(128).enumerate() {
        let script = folder.join(format!("{at}.sql"));
        std::fs::write(&script, answer.to_sql(square))?;
        pgbench.arg("-f").arg(&script);
    }
    let output = pgbench.arg(database.url()).output().context("starting pgbench")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "pgbench: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split(' ').next());
    Ok(rate.with_context(|| format!("pgbench: {text}"))?.parse()?)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
