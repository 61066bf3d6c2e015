//! An open store, and whether it still is the one that its name leads to.

use onemap_store::{Result, Store};
use std::sync::Arc;

/// Opens the store, at the start and whenever it was lost.
pub(crate) type Opener = Arc<dyn Fn() -> Result<Box<dyn Store>> + Send + Sync>;

/// A connection of one's own to the store, opened when it is first needed and again whenever it was lost.
pub(crate) struct Connection {
    /// The store's name: a path, or `postgres://…`.
    name: String,
    opener: Opener,
    opened: Option<Opened>,
    openings: u64,
}

/// The open store, and which file it was when it was opened.
struct Opened {
    store: Box<dyn Store>,
    file: Option<FileIdentity>,
}

/// Device and inode.
type FileIdentity = (u64, u64);

impl Connection {
    /// A connection that is not open yet.
    pub(crate) fn new(name: &str, opener: Opener) -> Self {
        Self {
            name: name.to_owned(),
            opener,
            opened: None,
            openings: 0,
        }
    }

    /// The store, opened where it is not open, or where a file was put in the place of the old one: that is another
    /// file, though the old one can still be read.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(crate) fn store(&mut self) -> Result<&mut dyn Store> {
        let file = identity(&self.name);
        if self.opened.as_ref().is_none_or(|opened| opened.file != file) {
            self.opened = None;
            let store = (self.opener)()?;
            self.openings += 1;
            self.opened = Some(Opened { store, file });
        }
        let opened = self.opened.as_mut().expect("opened just now, or before");
        Ok(&mut *opened.store)
    }

    /// Lets go of the store; the next who asks opens it anew.
    pub(crate) fn close(&mut self) {
        self.opened = None;
    }

    /// How often the store was opened.
    pub(crate) fn openings(&self) -> u64 {
        self.openings
    }
}

/// What the store is, where it is a file.
fn identity(store: &str) -> Option<FileIdentity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(store).ok().map(|file| (file.dev(), file.ino()))
}
