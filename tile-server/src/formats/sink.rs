//! Where forms are written to.

use std::io::{self, BufWriter, Write};

/// Takes what is written.
pub(crate) trait Sink: Write + Send {
    /// Takes a text, and leaves an empty one.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn take(&mut self, text: &mut String) -> io::Result<()> {
        self.write_all(text.as_bytes())?;
        text.clear();
        Ok(())
    }
}

impl Sink for Vec<u8> {
    /// The first text is taken as it is: a page is mostly one.
    fn take(&mut self, text: &mut String) -> io::Result<()> {
        if self.is_empty() {
            *self = std::mem::take(text).into_bytes();
        } else {
            self.extend_from_slice(text.as_bytes());
            text.clear();
        }
        Ok(())
    }
}

impl<W: Write + Send> Sink for BufWriter<W> {}
