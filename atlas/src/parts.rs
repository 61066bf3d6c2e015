//! What versions of a layer share, so that whoever keeps several knows what they cost together.

use crate::LayerSnapshot;
use crate::live::Live;
use std::sync::Arc;

/// A part of a layer that several versions of it may share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartId(usize);

impl LayerSnapshot {
    /// The large parts of which the layer is made, each with its bytes in memory. Equal ids are the same part, as long as
    /// a version that has it is kept.
    pub fn parts(&self) -> impl Iterator<Item = (PartId, usize)> {
        let part = |live: &Live| {
            let memory = live.segment.memory();
            (PartId(Arc::as_ptr(&live.segment) as usize), memory.total())
        };
        self.segments.iter().map(part)
    }
}
