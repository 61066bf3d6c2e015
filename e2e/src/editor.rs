//! Somebody who edits parcels in a database all the time, with `psql`, whatever happens to the connection.

use crate::rng::Rng;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two transactions.
const PAUSE: Duration = Duration::from_millis(10);

/// An editor at work; it ends when dropped, its last transaction done.
#[derive(Debug)]
pub struct Editor {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Editor {
    /// Starts editing the parcels 1 to `parcels` of the database at `url`.
    pub fn start(url: &str, parcels: usize, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (url, stopped) = (url.to_owned(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || edit(&url, parcels, seed, &stopped));
        Self {
            stop,
            thread: Some(thread),
        }
    }

    /// Ends it; gives how many transactions were sent.
    ///
    /// # Panics
    /// Where it panicked.
    pub fn finish(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it is finished once");
        thread.join().expect("the editor does not panic")
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn edit(url: &str, parcels: usize, seed: u64, stop: &AtomicBool) -> u64 {
    let mut rng = Rng::new(seed);
    let (mut session, mut sent) = (Session::open(url), 0);
    while !stop.load(Ordering::Relaxed) {
        if session.say(&transaction(&mut rng, parcels, seed, sent)).is_err() {
            session = Session::open(url);
        }
        sent += 1;
        std::thread::sleep(PAUSE);
    }
    session.close();
    sent
}

/// One transaction: mostly a single edit, sometimes several with some of them taken back.
fn transaction(rng: &mut Rng, parcels: usize, seed: u64, number: u64) -> String {
    let mut statement = |part: usize| {
        let fid = 1 + rng.below(parcels);
        let (east, north) = (rng.unit() * 0.004 - 0.002, rng.unit() * 0.004 - 0.002);
        match rng.below(10) {
            0 => format!("DELETE FROM parcels WHERE fid = {fid};"),
            1 | 2 => format!(
                "INSERT INTO parcels (zddm, zl, geom) SELECT 'new {seed} {number} {part}', 'new', ST_Translate(geom, {east}, {north}) FROM parcels WHERE fid = {fid};"
            ),
            3..=5 => format!("UPDATE parcels SET geom = ST_Translate(geom, {east}, {north}) WHERE fid = {fid};"),
            _ => format!("UPDATE parcels SET zl = 'edit {seed} {number} {part}' WHERE fid = {fid};"),
        }
    };
    let (first, second, third) = (statement(1), statement(2), statement(3));
    match number % 8 {
        0 => format!("BEGIN; {first} SAVEPOINT here; {second} ROLLBACK TO here; {third} COMMIT;"),
        4 => format!("BEGIN; {first} {second} ROLLBACK;"),
        _ => first,
    }
}

/// A `psql` that is told what to do line by line; ended when dropped.
#[derive(Debug)]
pub struct Session {
    psql: Child,
    input: Option<ChildStdin>,
}

impl Session {
    /// Starts it on the database at `url`.
    ///
    /// # Panics
    /// Where there is no `psql`.
    pub fn open(url: &str) -> Self {
        let mut psql = Command::new("psql")
            .args(["-q", "-X", "-d", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("psql starts");
        let input = psql.stdin.take();
        Self { psql, input }
    }

    /// Hands it a line, and does not wait until that is done.
    ///
    /// # Errors
    /// Where it ended.
    pub fn say(&mut self, line: &str) -> std::io::Result<()> {
        let input = self.input.as_mut().expect("it is open until it is closed");
        writeln!(input, "{line}")
    }

    /// Waits until everything that was said is done.
    pub fn close(mut self) {
        drop(self.input.take());
        let _ = self.psql.wait();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.psql.kill();
        let _ = self.psql.wait();
    }
}
