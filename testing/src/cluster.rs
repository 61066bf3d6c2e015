//! One server with its data folder.

use crate::database::Database;
use crate::guard::Guard;
use crate::process;
use crate::programs::{Programs, run};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The superuser, who needs no password.
pub(crate) const USER: &str = "onemap";

/// The database that fresh ones are copies of.
const TEMPLATE: &str = "onemap_template";

/// Settings of every cluster. The zone is that of the cities: what forgets to say UTC shows.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 80
shared_buffers = 64MB
max_wal_size = 4GB
timezone = 'Asia/Shanghai'
log_timezone = 'UTC'
logging_collector = off
";

/// Safe only because the data is thrown away.
const CARELESS: &str = "
fsync = off
synchronous_commit = off
full_page_writes = off
";

/// Who may connect: `guarded` with a password only.
const ACCESS: &str = "
local all all trust
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
";

/// A running PostgreSQL server; dropping it leaves nothing.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    guard: Guard,
    port: u16,
    made: AtomicU32,
    frozen: AtomicBool,
}

/// A cluster with settings of its own.
#[derive(Debug, Default)]
pub struct ClusterBuilder {
    settings: String,
    durable: bool,
    kept: Option<PathBuf>,
}

impl ClusterBuilder {
    /// A line of `postgresql.conf`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings
            .push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
        self
    }

    /// Waits for the disk as in production, which tests need not.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Keeps the data in a folder, for measurements that take long to prepare: what is there already is used again.
    /// The server's user must be able to reach it, and only one cluster at a time may use it.
    #[must_use]
    pub fn kept(mut self, folder: &Path) -> Self {
        self.kept = Some(folder.to_owned());
        self
    }

    /// Starts the cluster.
    ///
    /// None where a program is missing: the test is skipped with a word about it. In CI that is a failure.
    ///
    /// # Panics
    /// Where the server does not start; where something is missing and the variable `CI` is set.
    #[must_use]
    pub fn start(self) -> Option<Cluster> {
        let programs = match Programs::find() {
            Ok(programs) => programs,
            Err(missing) => return skip(&missing),
        };
        let cluster = Cluster::create(programs, &self).unwrap_or_else(|error| panic!("no cluster: {error}"));
        match cluster.make_template() {
            Ok(()) => Some(cluster),
            Err(missing) if missing.contains("postgis.control") => skip(&missing),
            Err(error) => panic!("no database: {error}"),
        }
    }
}

impl Cluster {
    /// The one for all tests of this process. Whoever stops or freezes it stops the others: use [`Cluster::start`].
    ///
    /// # Panics
    /// As [`ClusterBuilder::start`].
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// One of its own.
    ///
    /// # Panics
    /// As [`ClusterBuilder::start`].
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::builder().start()
    }

    /// One with other settings.
    #[must_use]
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::default()
    }

    /// A new database with PostGIS, gone with the value.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn fresh_database(&self) -> Database<'_> {
        self.new_database(&format!("TEMPLATE {TEMPLATE}"))
    }

    /// A new database without PostGIS, gone with the value.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn empty_database(&self) -> Database<'_> {
        self.new_database("TEMPLATE template0")
    }

    /// A database that is here already, as on a standby; gone with the value where this is a primary.
    pub fn database(&self, name: &str) -> Database<'_> {
        Database::new(self, name.to_owned())
    }

    /// The connection string of a database over TCP, whether it is there or not.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The TCP port, the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with the Unix socket.
    pub fn socket_folder(&self) -> &Path {
        self.guard.folder()
    }

    /// The data folder.
    pub fn data_folder(&self) -> PathBuf {
        self.guard.folder().join("data")
    }

    /// Runs SQL through `psql` and gives what it prints, unaligned: `|` between columns. Statements that are not in an
    /// explicit transaction are one each.
    ///
    /// # Panics
    /// Where a statement fails.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        self.try_psql(database, sql)
            .unwrap_or_else(|error| panic!("{sql}\n{error}"))
    }

    /// As [`Cluster::psql`], with the failure in words.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn try_psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = self.command("psql");
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            &self.url(database),
        ]);
        // One -c a statement would be parsed by us; standard input is parsed by psql.
        let script = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        std::fs::write(script.path(), sql).map_err(|error| error.to_string())?;
        psql.stdin(script.reopen().map_err(|error| error.to_string())?);
        Ok(run(&mut psql)?.trim_end().to_owned())
    }

    /// One of PostgreSQL's programs (`pg_dump`, `psql`, …), to be run as the server's user.
    pub fn command(&self, program: &str) -> Command {
        self.programs.command(program)
    }

    /// Stops the server as an administrator does: connections are broken off, everything committed is kept.
    ///
    /// # Panics
    /// Where it does not stop.
    pub fn stop(&self) {
        self.control(&["-m", "fast", "stop"]);
    }

    /// Ends the server as a power failure does.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn crash(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts a server that was stopped, on the same port.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn resume(&self) {
        self.run_server().unwrap_or_else(|error| panic!("{error}"));
    }

    /// Stops and starts it.
    ///
    /// # Panics
    /// Where it does not.
    pub fn restart(&self) {
        self.stop();
        self.resume();
    }

    /// Freezes all processes of the server (SIGSTOP): connections stay, nothing answers.
    ///
    /// # Panics
    /// Where the server does not run.
    pub fn freeze(&self) {
        let postmaster = self.postmaster();
        self.frozen.store(true, Ordering::Relaxed);
        // First the one that makes others.
        process::signal("STOP", &[postmaster]);
        process::signal("STOP", &process::family(postmaster));
    }

    /// Lets a frozen server go on.
    ///
    /// # Panics
    /// Where the server does not run.
    pub fn thaw(&self) {
        process::signal("CONT", &process::family(self.postmaster()));
        self.frozen.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed)
    }

    /// Starts a streaming standby of it: a cluster of its own with the same databases.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn standby(&self) -> Self {
        self.make_standby()
            .unwrap_or_else(|error| panic!("no standby: {error}"))
    }

    /// Makes a standby a primary.
    ///
    /// # Panics
    /// Where it does not become one.
    pub fn promote(&self) {
        self.control(&["promote"]);
    }

    /// Writes a file that only the server may read, such as a TLS key, and gives its path.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn put_file(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.data_folder().join(name);
        let written = std::fs::write(&path, contents)
            .and_then(|()| std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)))
            .map_err(|error| error.to_string())
            .and_then(|()| self.give(&path));
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Changes settings, as lines of `postgresql.conf`, and restarts.
    ///
    /// # Panics
    /// Where the server does not start with them.
    pub fn reconfigure(&self, lines: &str) {
        let path = self.data_folder().join("postgresql.conf");
        let mut settings = std::fs::read_to_string(&path).unwrap_or_default();
        settings.push_str(lines);
        settings.push('\n');
        self.put_file("postgresql.conf", settings.as_bytes());
        self.restart();
    }

    /// What the server wrote to its log.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.guard.folder().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn create(programs: Programs, builder: &ClusterBuilder) -> Result<Self, String> {
        let guard = builder.kept.as_deref().map_or_else(Guard::new, Guard::kept)?;
        let cluster = Self {
            programs,
            guard,
            port: free_port()?,
            made: AtomicU32::new(0),
            frozen: AtomicBool::new(false),
        };
        cluster.give(cluster.guard.folder())?;
        if !cluster.data_folder().join("PG_VERSION").exists() {
            cluster.init()?;
        }
        cluster.configure(builder)?;
        cluster.run_server()?;
        Ok(cluster)
    }

    fn init(&self) -> Result<(), String> {
        let mut initdb = self.programs.command("initdb");
        initdb.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--username",
            USER,
            "-D",
        ]);
        run(initdb.arg(self.data_folder())).map(drop)
    }

    fn configure(&self, builder: &ClusterBuilder) -> Result<(), String> {
        let data = self.data_folder();
        let careless = if builder.durable { "" } else { CARELESS };
        let socket = self.guard.folder().display();
        let own = format!("port = {}\nunix_socket_directories = '{socket}'\n", self.port);
        let settings = [SETTINGS, careless, &own, &builder.settings].concat();
        std::fs::write(data.join("postgresql.conf"), settings).map_err(|error| error.to_string())?;
        std::fs::write(data.join("pg_hba.conf"), ACCESS).map_err(|error| error.to_string())
    }

    fn make_standby(&self) -> Result<Self, String> {
        let standby = Self {
            programs: self.programs.clone(),
            guard: Guard::new()?,
            port: free_port()?,
            made: AtomicU32::new(0),
            frozen: AtomicBool::new(false),
        };
        standby.give(standby.guard.folder())?;
        let mut copy = standby.programs.command("pg_basebackup");
        copy.args(["--host=127.0.0.1", "--username", USER, "--port", &self.port.to_string()]);
        copy.args([
            "--write-recovery-conf",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--no-sync",
            "-D",
        ]);
        run(copy.arg(standby.data_folder()))?;
        let path = standby.data_folder().join("postgresql.conf");
        let copied = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let socket = standby.guard.folder().display();
        let own = format!("port = {}\nunix_socket_directories = '{socket}'\n", standby.port);
        standby.put_file("postgresql.conf", format!("{copied}\n{own}").as_bytes());
        standby.run_server()?;
        Ok(standby)
    }

    /// Whether there is a database of this name.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn has_database(&self, name: &str) -> Result<bool, String> {
        let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        Ok(self.try_psql("postgres", &count)? == "1")
    }

    fn make_template(&self) -> Result<(), String> {
        if self.has_database(TEMPLATE)? {
            return Ok(());
        }
        self.try_psql("postgres", &format!("CREATE DATABASE {TEMPLATE} TEMPLATE template0"))?;
        self.try_psql(TEMPLATE, "CREATE EXTENSION postgis")?;
        Ok(())
    }

    fn new_database(&self, template: &str) -> Database<'_> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.psql("postgres", &format!("CREATE DATABASE {name} {template}"));
        Database::new(self, name)
    }

    fn run_server(&self) -> Result<(), String> {
        let log = self.guard.folder().join("log");
        let mut pg_ctl = self.programs.command("pg_ctl");
        pg_ctl
            .arg("-D")
            .arg(self.data_folder())
            .arg("-l")
            .arg(&log)
            .args(["-w", "-t", "60", "-s", "start"]);
        run(&mut pg_ctl)
            .map(drop)
            .map_err(|error| format!("{error}\n{}", self.log()))
    }

    fn control(&self, arguments: &[&str]) {
        let mut pg_ctl = self.programs.command("pg_ctl");
        pg_ctl
            .arg("-D")
            .arg(self.data_folder())
            .args(["-w", "-t", "60", "-s"])
            .args(arguments);
        run(&mut pg_ctl).unwrap_or_else(|error| panic!("{error}"));
    }

    fn postmaster(&self) -> u32 {
        let file = std::fs::read_to_string(self.data_folder().join("postmaster.pid")).expect("the server runs");
        let first = file.lines().next().and_then(|line| line.trim().parse().ok());
        first.expect("postmaster.pid begins with a number")
    }

    fn give(&self, path: &Path) -> Result<(), String> {
        match self.programs.other_user {
            Some((user, group)) => {
                chown(path, Some(user), Some(group)).map_err(|error| format!("{}: {error}", path.display()))
            }
            None => Ok(()),
        }
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| format!("127.0.0.1: {error}"))?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.port())
}

#[allow(clippy::print_stdout, reason = "a test says why it is skipped")]
fn skip<T>(missing: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    println!("skipped: {missing}");
    None
}
