//! Where PostgreSQL's programs are, and as whom they run.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where Debian puts each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// PostgreSQL's programs, and the user that they run as.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// User and group; none where they are the test's own.
    pub other_user: Option<(u32, u32)>,
}

impl Programs {
    /// Finds the newest; in words what is missing.
    pub fn find() -> Result<Self, String> {
        let folder = newest(Path::new(DEBIAN)).ok_or_else(|| {
            format!("no PostgreSQL server in {DEBIAN}: install the packages postgresql-15 and postgresql-15-postgis-3")
        })?;
        Ok(Self {
            folder,
            other_user: other_user()?,
        })
    }

    /// A program, with the environment kept from changing what it does.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C.UTF-8").current_dir("/").stdin(Stdio::null());
        if let Some((user, group)) = self.other_user {
            command.uid(user).gid(group);
        }
        command
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let out = String::from_utf8_lossy(&stdout).into_owned();
    if status.success() {
        return Ok(out);
    }
    Err(format!(
        "{command:?}: {status}: {}{out}",
        String::from_utf8_lossy(&stderr)
    ))
}

fn newest(root: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(root).ok()?.flatten();
    let numbered = versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    let with_server = numbered.filter(|(_, path)| path.join("bin/postgres").exists());
    with_server.max().map(|(_, path)| path.join("bin"))
}

/// `postgres`, else `nobody`, where this process is root.
fn other_user() -> Result<Option<(u32, u32)>, String> {
    let own = std::fs::metadata("/proc/self")
        .map_err(|error| format!("/proc/self: {error}"))?
        .uid();
    if own != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").map_err(|error| format!("/etc/passwd: {error}"))?;
    let found = ["postgres", "nobody"].iter().find_map(|name| ids(&users, name));
    found
        .map(Some)
        .ok_or_else(|| "PostgreSQL refuses to run as root, and there is no user postgres or nobody".to_owned())
}

fn ids(users: &str, name: &str) -> Option<(u32, u32)> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
