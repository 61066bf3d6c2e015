//! Edits at a steady pace: single rows of the store's table, each a transaction of its own.

use super::Dice;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

/// Somebody who edits until this is stopped.
#[derive(Debug)]
pub struct Editor {
    over: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Editor {
    /// Begins to edit these parcels, `per_second` of them.
    pub fn start(url: &str, parcels: Vec<i64>, per_second: u32) -> Self {
        let (over, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = std::thread::spawn({
            let (url, over, made) = (url.to_owned(), Arc::clone(&over), Arc::clone(&made));
            move || edit(&url, &parcels, per_second, &over, &made)
        });
        Self {
            over,
            made,
            thread: Some(thread),
        }
    }

    /// Edits committed so far.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Stops.
    ///
    /// # Errors
    /// What the database said meanwhile.
    pub fn stop(mut self) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("it is stopped once")?;
        thread.join().expect("it does not panic")
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn edit(url: &str, parcels: &[i64], per_second: u32, over: &AtomicBool, made: &AtomicU64) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (database, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let update = database.prepare("UPDATE parcels SET zl = $1 WHERE fid = $2").await?;
        let (began, mut dice) = (Instant::now(), Dice(7));
        for n in 0_u32.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            let due = Duration::from_secs(1) * n / per_second;
            tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
            let fid = parcels[dice.below(parcels.len() as u64) as usize];
            database.execute(&update, &[&format!("门牌{n}号"), &fid]).await?;
            made.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    })
}
