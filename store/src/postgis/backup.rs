//! Copying a database with PostgreSQL's own programs, which know all that is in it.

use super::target::{Target, without_password};
use super::tls::Check;
use crate::backup::Existing;
use crate::{Error, OpenMode, Result};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// See [`crate::backup`].
pub(crate) fn backup(store: &str, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(io(to, ErrorKind::AlreadyExists.into()));
    }
    // Says what is wrong with the store, before a program does in its own way.
    crate::open(store, OpenMode::Existing)?;
    let target = target(store)?;
    let part = part(to);
    let dumped = run(
        target
            .command("pg_dump")
            .args([
                "--format=custom",
                "--no-password",
                "--no-owner",
                "--no-privileges",
                "--file",
            ])
            .arg(&part),
        "pg_dump",
        &target.name,
    );
    if dumped.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    dumped?;
    let synced = std::fs::File::open(&part).and_then(|file| file.sync_all());
    synced
        .and_then(|()| std::fs::rename(&part, to))
        .map_err(|source| io(to, source))
}

/// See [`crate::restore`].
pub(crate) fn restore(from: &Path, to: &str, existing: Existing) -> Result<()> {
    std::fs::File::open(from).map_err(|source| io(from, source))?;
    let target = target(to)?;
    let is_there = match crate::open(to, OpenMode::Existing) {
        Ok(_) | Err(Error::NeedsMigration { .. } | Error::TooNew { .. }) => true,
        Err(Error::NotAStore { .. }) => false,
        Err(error) => return Err(error),
    };
    if is_there && existing == Existing::Keep {
        return Err(Error::NotAStore {
            store: target.name,
            reason: "there is a store already; --force lets the copy take its place".to_owned(),
        });
    }
    let mut command = target.command("pg_restore");
    command.args([
        "--no-password",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        "--single-transaction",
        "--exit-on-error",
    ]);
    if is_there {
        command.args(["--clean", "--if-exists"]);
    }
    let database = target.hosts[0].get_dbname().unwrap_or_default();
    run(
        command.args(["--dbname", database]).arg(from),
        "pg_restore",
        &target.name,
    )?;
    // The first look finds that the data lives elsewhere now, and begins a new epoch.
    crate::open(to, OpenMode::Migrate)?.catch_up()?;
    Ok(())
}

fn target(store: &str) -> Result<Target> {
    Target::parse(store).map_err(|fault| fault.of(&without_password(store)))
}

impl Target {
    /// A program of PostgreSQL, told by its environment where to connect: arguments are seen by everybody.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let hosts: Vec<String> = self.hosts.iter().map(host).collect();
        let ports: Vec<String> = self
            .hosts
            .iter()
            .map(|host| host.get_ports().first().unwrap_or(&5432).to_string())
            .collect();
        let first = &self.hosts[0];
        command.env("PGHOST", hosts.join(",")).env("PGPORT", ports.join(","));
        command.env("PGDATABASE", first.get_dbname().unwrap_or_default());
        command
            .env("PGCLIENTENCODING", "UTF8")
            .env("PGAPPNAME", "onemap")
            .env("PGCONNECT_TIMEOUT", "10");
        if let Some(user) = first.get_user() {
            command.env("PGUSER", user);
        }
        if let Some(password) = first.get_password() {
            command.env("PGPASSWORD", String::from_utf8_lossy(password).as_ref());
        }
        let mode = match (&self.check, first.get_ssl_mode()) {
            (Check::AuthorityAndName(_), _) => "verify-full",
            (Check::Authority(_), _) => "verify-ca",
            (Check::Nothing, SslMode::Disable) => "disable",
            (Check::Nothing, SslMode::Require) => "require",
            (Check::Nothing, _) => "prefer",
        };
        command.env("PGSSLMODE", mode);
        if let Check::Authority(roots) | Check::AuthorityAndName(roots) = &self.check {
            command.env("PGSSLROOTCERT", roots);
        }
        command
    }
}

/// What `PGHOST` calls the host: its name, its address or the folder of its socket.
fn host(config: &Config) -> String {
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(folder)) => folder.display().to_string(),
        None => config
            .get_hostaddrs()
            .first()
            .map_or_else(|| "localhost".to_owned(), ToString::to_string),
    }
}

fn run(command: &mut Command, program: &str, store: &str) -> Result<()> {
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|source| match source.kind() {
            ErrorKind::NotFound => Error::NotAStore {
                store: store.to_owned(),
                reason: format!(
                    "{program} is not here: install PostgreSQL's client programs (Debian: postgresql-client)"
                ),
            },
            _ => io(Path::new(program), source),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| line.contains("error")).or(said.lines().next());
    Err(Error::Postgres {
        store: store.to_owned(),
        message: first.map_or_else(|| format!("{program}: {}", output.status), str::to_owned),
        code: None,
    })
}

fn part(whole: &Path) -> PathBuf {
    let mut name = whole.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    PathBuf::from(name)
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.display().to_string(),
        source,
    }
}
