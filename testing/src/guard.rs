//! The watchdog: a shell that waits for the end of this process, whatever it may be, and then clears up.
//! A folder that is to be kept stays; the processes in it end all the same.
//!
//! It reads from a pipe whose other end only this process holds. The kernel closes that end even after SIGKILL.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Ends every process with the folder in its command line (`initdb`, `pg_ctl`, `postgres -D`), at first kindly, and
/// removes the folder. The folder's name is passed where `ps` does not show it, so that it does not find itself.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
read -r nothing
ours() { printf '%s' "$ONEMAP_GUARDED" | grep -lF -f - /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3; }
children() { grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null | cut -d/ -f3; }
try=0
while [ $try -lt 300 ]; do
    found=$(ours)
    [ -n "$found" ] || break
    for process in $found; do
        if [ $try -gt 100 ]; then kill -KILL "$process"; else kill -QUIT "$process"; fi
        for child in $process $(children "$process"); do kill -CONT "$child"; done
    done 2>/dev/null
    sleep 0.1
    try=$((try + 1))
done
[ -n "$ONEMAP_KEPT" ] || rm -rf -- "$ONEMAP_GUARDED"
"#;

/// A folder that goes, with every process that works in it, when this is dropped or this process ends.
#[derive(Debug)]
pub(crate) struct Guard {
    folder: PathBuf,
    watchdog: Child,
}

impl Guard {
    /// Makes the folder.
    pub fn new() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("onemap-pg-").tempdir();
        let folder = folder.map_err(|error| format!("{}: {error}", std::env::temp_dir().display()))?;
        Self::over(folder.keep(), "")
    }

    /// Watches over a folder that stays, made where it is not there yet.
    pub fn kept(folder: &Path) -> Result<Self, String> {
        let made = std::fs::create_dir_all(folder).and_then(|()| folder.canonicalize());
        let folder = made.map_err(|error| format!("{}: {error}", folder.display()))?;
        Self::over(folder, "yes")
    }

    fn over(folder: PathBuf, kept: &str) -> Result<Self, String> {
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT])
            .env("ONEMAP_GUARDED", &folder)
            .env("ONEMAP_KEPT", kept)
            .current_dir("/");
        // A group of its own: Ctrl-C in the terminal ends the test, not the watchdog.
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let watchdog = command.spawn().map_err(|error| format!("sh: {error}"))?;
        Ok(Self { folder, watchdog })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // What went wrong shows in the folder that is left; a destructor has nobody to tell it to.
        let _ = self.watchdog.wait();
    }
}
