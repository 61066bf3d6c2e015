//! The built programs: found, started, watched, and ended by their process id.

use crate::http::{self, Response};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long any one run of a program may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// The path of a built program, `onemap-import` or `onemap-serve`.
///
/// `ONEMAP_BIN_DIR` names the folder it is taken from; else `cargo build` is asked, which builds what is stale.
///
/// # Panics
/// Where there is none, with what to do about it.
pub fn program(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("ONEMAP_BIN_DIR") {
        let path = PathBuf::from(folder).join(name);
        assert!(
            path.is_file(),
            "ONEMAP_BIN_DIR is set, but {} is no file",
            path.display()
        );
        return path;
    }
    static BUILT: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(build);
    let path = built
        .get(name)
        .unwrap_or_else(|| panic!("the workspace builds no program {name}: {built:?}"));
    path.clone()
}

fn build() -> HashMap<String, PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--workspace", "--bins", "--message-format=json"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output();
    let output = output.expect("cargo starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the programs do not build: run `cargo build --workspace --bins`\n{errors}"
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(executable)
        .collect()
}

fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let path = PathBuf::from(message.get("executable")?.as_str()?);
    Some((path.file_name()?.to_str()?.to_owned(), path))
}

/// What a finished run left.
#[derive(Debug)]
pub struct Run {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Run {
    /// This run, which must have succeeded.
    ///
    /// # Panics
    /// Where it did not, with what it said.
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "it failed:\n{}{}", self.stdout, self.stderr);
        self
    }
}

/// Runs `onemap-import` to its end.
///
/// # Panics
/// Where it does not end within three minutes.
pub fn import<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Run {
    let mut child = Running::start(Command::new(program("onemap-import")).args(args));
    child.finish()
}

/// Loads `source` with `onemap-import load`, which must succeed.
///
/// # Panics
/// Where it fails.
pub fn load(source: &Path, store: &Path, more: &[&str]) -> Run {
    let mut args = vec!["load".as_ref(), source.as_os_str(), "--to".as_ref(), store.as_os_str()];
    args.extend(more.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
    import(&args).succeeded()
}

/// A program that runs; killed by its process id when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    started: Instant,
    stdout: Option<JoinHandle<String>>,
    lines: std::sync::mpsc::Receiver<String>,
    heard: String,
}

impl Running {
    /// Starts `command` with nothing on its standard input.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut stdout = child.stdout.take().expect("standard output is piped");
        let stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let stdout = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            started,
            stdout: Some(stdout),
            lines,
            heard: String::new(),
        }
    }

    /// How long ago it was started.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard error; none where it ended without one more, or `patience` is over.
    pub fn line(&mut self, patience: Duration) -> Option<String> {
        let line = self.lines.recv_timeout(patience).ok()?;
        self.heard.push_str(&line);
        self.heard.push('\n');
        Some(line)
    }

    /// Whether it runs still.
    ///
    /// # Panics
    /// Where the operating system cannot say.
    pub fn is_alive(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child of ours can be waited for")
            .is_none()
    }

    /// Sends a signal, such as `INT`.
    ///
    /// # Panics
    /// Where that fails.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name} {}", self.id());
    }

    /// Kills it (`SIGKILL`), and waits until it is gone.
    ///
    /// # Panics
    /// Where the operating system cannot.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child of ours can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where it takes longer than three minutes.
    pub fn finish(&mut self) -> Run {
        while self.is_alive() {
            if self.started.elapsed() > PATIENCE {
                self.kill();
                panic!(
                    "{} s are over and it still runs; it said:\n{}",
                    PATIENCE.as_secs(),
                    self.drain()
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().expect("it has ended");
        let stdout = self
            .stdout
            .take()
            .map(|reader| reader.join().expect("reading does not panic"));
        Run {
            code: status.code(),
            stdout: stdout.unwrap_or_default(),
            stderr: self.drain(),
        }
    }

    fn drain(&mut self) -> String {
        while self.line(Duration::from_secs(1)).is_some() {}
        std::mem::take(&mut self.heard)
    }

    /// Its resident memory in bytes; none where it has ended.
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `onemap-serve` on a port of its own on loopback.
#[derive(Debug)]
pub struct Serving {
    /// The program.
    pub running: Running,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Serving {
    /// Serves `store` and waits until it is ready.
    ///
    /// # Panics
    /// Where it ends, or is not ready within three minutes.
    pub fn start(store: &Path, more: &[&str]) -> Self {
        let address = free_address();
        let mut command = Command::new(program("onemap-serve"));
        command.arg(store).args(["--listen", &address.to_string()]).args(more);
        let mut running = Running::start(&mut command);
        while !http::get(address, "/health/ready").is_ok_and(|response| response.status == 200) {
            assert!(running.is_alive(), "onemap-serve ended:\n{}", running.drain());
            assert!(running.age() < PATIENCE, "onemap-serve is not ready after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { running, address }
    }

    /// Asks for `target`.
    ///
    /// # Panics
    /// Where there is no answer.
    pub fn get(&self, target: &str) -> Response {
        http::get(self.address, target).unwrap_or_else(|error| panic!("{target}: {error}"))
    }
}

/// An address on loopback where nothing listens.
///
/// # Panics
/// Where loopback has no free port.
pub fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address")
}
