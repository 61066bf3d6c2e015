//! `onemap-serve`: serves a store over HTTP.

use anyhow::Context;
use clap::Parser;
use onemap_store::OpenMode;
use onemap_tile_server::{Config, RawConfig, ServeError, Server};
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Requests allocate small pieces on one thread and free them on another, which this is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: &str = "\
Examples:
  onemap-serve data/city.gpkg
      serve a store on http://127.0.0.1:8080; the map is at /map
  onemap-serve data/city.gpkg --listen 0.0.0.0:80 --public-url https://map.example.cn
      behind a name; layers that are not public are still for this machine only
  onemap-serve 'postgres://onemap@db1,db2/city?target_session_attrs=read-write' --migrate
      follow a PostGIS database, brought up to this release first; PGPASSWORD or ~/.pgpass has the password
  ONEMAP_CACHE_MB=1024 RUST_LOG=debug onemap-serve data/city.gpkg
      settings by environment; every request is logged

What a --config file may say, besides listen, public_url, cache_mb, tile_kb and snapshot:
  [limits]
  header_timeout_s, idle_timeout_s, stop_timeout_s, max_connections, render_threads, max_queued,
  max_answer_mb, max_streams, poll_ms

A change in the store shows at once: tiles and features answer with it, and whoever adds min-version=N to a
request waits for version N, a second at most. version=N answers as of that version. /health/ready tells which version is
served, how old that knowledge is and what fails; /metrics counts.";

/// Serve the one map of a city: vector tiles, features, styles, and the map itself at /map.
#[derive(Debug, Parser)]
#[command(name = "onemap-serve", version, about, after_help = EXAMPLES)]
struct Arguments {
    /// The store: path/to/city.gpkg or postgres://user@host/db
    #[arg(env = "ONEMAP_STORE")]
    store: String,
    /// The address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "ONEMAP_LISTEN")]
    listen: Option<String>,
    /// Settings in TOML; the command line and the environment win over it
    #[arg(long, value_name = "FILE", env = "ONEMAP_CONFIG")]
    config: Option<PathBuf>,
    /// What every link begins with [default: what the request says]
    #[arg(long, value_name = "URL", env = "ONEMAP_PUBLIC_URL")]
    public_url: Option<String>,
    /// How many megabytes of ready tiles to keep; 0 keeps none [default: 256]
    #[arg(long, value_name = "N", env = "ONEMAP_CACHE_MB")]
    cache_mb: Option<u64>,
    /// How many kilobytes a tile may have before compression; what is left out beyond goes by rules [default: 500]
    #[arg(long, value_name = "N", env = "ONEMAP_TILE_KB")]
    tile_kb: Option<u64>,
    /// Where to keep the snapshot that a restart begins with: a file, a folder, or off [default: beside a file, in the
    /// user's cache folder for a database, where the store has 50 000 features or more]
    #[arg(long, value_name = "PATH|off", env = "ONEMAP_SNAPSHOT")]
    snapshot: Option<String>,
    /// Bring a store of an older release up to date before serving it; without it such a store is refused
    #[arg(long, env = "ONEMAP_MIGRATE")]
    migrate: bool,
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { 1 } else { 0 };
            // Where even that cannot be printed, the exit code must do.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match runtime().and_then(|runtime| runtime.block_on(serve(arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onemap-serve: {}", one_line(&error));
            ExitCode::from(code(&error))
        }
    }
}

/// Threads for what waits: half as many as there are cores, for what computes has threads of its own, one for each.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.div_ceil(2))
        .enable_all()
        .build()
        .map_err(|error| ServeError::Threads(error.to_string()).into())
}

/// The error with its causes, each said once: some messages have their cause in them already.
fn one_line(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |line, cause| match line {
            line if line.contains(&cause) => line,
            line if line.is_empty() => cause,
            line => format!("{line}: {cause}"),
        })
}

/// 1 for data and usage, 2 for faults.
fn code(error: &anyhow::Error) -> u8 {
    use onemap_store::Error::{Io, Postgres, Sqlite, Unreachable};
    match error.downcast_ref::<ServeError>() {
        Some(ServeError::Threads(_) | ServeError::Follower) => 2,
        Some(ServeError::Store(Io { .. } | Sqlite { .. } | Unreachable { .. } | Postgres { .. })) => 2,
        _ => 1,
    }
}

async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let config = config(arguments)?;
    let store = config.store_shown();
    let server = Server::bind(config).await?;
    tracing::info!("listening on http://{}; reading {store}", server.address());
    let mut terminated = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupted = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let stop = async {
        tokio::select! {
            _ = terminated.recv() => (),
            _ = interrupted.recv() => (),
        }
        tracing::info!("stopping");
    };
    Ok(server.run(stop).await?)
}

fn config(arguments: Arguments) -> anyhow::Result<Config> {
    let line = RawConfig {
        listen: arguments.listen,
        public_url: arguments.public_url,
        cache_mb: arguments.cache_mb,
        tile_kb: arguments.tile_kb,
        snapshot: arguments.snapshot,
        ..RawConfig::default()
    };
    let file = arguments.config.map(|path| RawConfig::read(&path)).transpose()?;
    let mut config = line.or(file.unwrap_or_default()).check(arguments.store)?;
    if arguments.migrate {
        config.open = OpenMode::Migrate;
    }
    Ok(config)
}
