//! Text on its way to a sink: gathered to larger pieces, and counted.

use super::Sink;
use super::WriteError;

/// What is gathered before it goes to the sink.
const ENOUGH_BYTES: usize = 64 << 10;

/// Text on its way to a sink.
pub(super) struct Gathered<'a> {
    sink: &'a mut dyn Sink,
    /// What is written next, at its end.
    pub text: String,
    written: u64,
}

impl<'a> Gathered<'a> {
    /// Begins with nothing.
    pub fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            sink,
            // Room for what is passed on at once, and the feature that makes it enough.
            text: String::with_capacity(ENOUGH_BYTES + (ENOUGH_BYTES >> 3)),
            written: 0,
        }
    }

    /// Passes on what there is, where it is enough.
    ///
    /// # Errors
    /// Where the sink fails.
    pub fn pass_on(&mut self) -> Result<(), WriteError> {
        if self.text.len() >= ENOUGH_BYTES {
            self.pass()?;
        }
        Ok(())
    }

    /// How much was written, in bytes.
    pub fn size(&self) -> u64 {
        self.written + self.text.len() as u64
    }

    /// Passes on the rest.
    ///
    /// # Errors
    /// Where the sink fails.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.pass()
    }

    fn pass(&mut self) -> Result<(), WriteError> {
        self.written += self.text.len() as u64;
        self.sink.take(&mut self.text)?;
        Ok(())
    }
}
