//! `onemap-import rollback`.

use crate::error::{Error, Result, one_line};
use crate::interrupt::{self, Phase};
use crate::load::{follow, user};
use crate::progress::Progress;
use clap::Args;
use onemap_model::Version;
use onemap_store::{Batch, Later, OpenMode, RecordedBatch, RolledBack, without_password};
use std::io::{IsTerminal, Write};

/// Shown after the help.
pub const EXAMPLES: &str = "\
Examples:
  onemap-import rollback city.gpkg 12
  onemap-import rollback postgres://me@host/city 12 --yes
  onemap-import rollback city.gpkg 12 --keep-later

What the batch brought is removed, what it changed or removed is again what it was, with the same numbers; a layer that it
made is taken away. That is a new version, which can be rolled back in turn; the history keeps all. Where later batches
changed the same features nothing is done, unless --keep-later leaves those as they are. Versions that other programs made
can be rolled back too.";

/// The arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The store
    #[arg(value_name = "STORE")]
    store: String,
    /// The batch: the number of the version that it made
    #[arg(value_name = "BATCH")]
    batch: u64,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Leave features that were changed again later as they are
    #[arg(long)]
    keep_later: bool,
}

/// Rolls a batch back, and prints what that did.
///
/// # Errors
/// Where nobody agrees, there is no such version, later ones build on it, or the store refuses; nothing is changed then.
pub fn run(args: &RollbackArgs) -> Result<()> {
    let mut store = onemap_store::open(&args.store, OpenMode::Migrate)?;
    store.catch_up()?;
    let undone = store.batch(Version(args.batch))?;
    if !args.yes {
        ask(&undone)?;
    }
    let batch = Batch {
        who: user(),
        what: format!("rollback {}", undone.version),
    };
    let later = if args.keep_later { Later::Keep } else { Later::Refuse };
    let mut progress = Progress::to_stderr();
    let mut phase = String::new();
    interrupt::check()?;
    let done = store.roll_back(undone.version, &batch, later, &mut |step| {
        follow(&step, &mut phase, &mut progress)
    });
    interrupt::enter(Phase::Durable);
    progress.end();
    super::print(&told(&args.store, &undone, &done?));
    Ok(())
}

/// Shows what is to be undone, and asks whoever is at the terminal.
fn ask(undone: &RecordedBatch) -> Result<()> {
    let (what, who) = (one_line(&undone.what), one_line(&undone.who));
    let mut out = std::io::stderr();
    if !std::io::stdin().is_terminal() || !out.is_terminal() {
        return Err(Error::Usage(format!(
            "batch {} ({what}) is rolled back only where somebody at a terminal agrees, or with --yes",
            undone.version
        )));
    }
    let lost = |error| Error::io("the terminal".as_ref(), error);
    let mut text = format!("batch {}: {what}, by {who}\n", undone.version);
    for layer in &undone.layers {
        let c = layer.counts;
        text.push_str(&format!(
            "  {}: {} new are removed, {} changed and {} removed are as they were\n",
            layer.layer, c.inserted, c.updated, c.deleted
        ));
    }
    text.push_str("Roll it back? 是否回滚？ y: yes 是, n: no 否 [n] ");
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(lost)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(lost)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" | "是" => Ok(()),
        _ => Err(Error::Usage(format!(
            "batch {} stays: nothing was changed",
            undone.version
        ))),
    }
}

fn told(store: &str, undone: &RecordedBatch, done: &RolledBack) -> String {
    let mut text = String::new();
    for (layer, counts) in &done.layers {
        text.push_str(&format!(
            "{layer}: {} removed, {} as before, {} back\n",
            counts.deleted, counts.updated, counts.inserted
        ));
    }
    if done.kept > 0 {
        text.push_str(&format!("{} features stay as later batches made them\n", done.kept));
    }
    let (batch, version) = (undone.version, done.version);
    text.push_str(&if done.layers.is_empty() {
        format!("nothing to roll back; version {version} stays\n")
    } else {
        let store = without_password(store);
        format!("batch {batch} is rolled back by batch {version} (undo: onemap-import rollback {store} {version})\n")
    });
    text
}
