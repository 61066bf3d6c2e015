//! When features were true: a code for each into the few spans there are.

use super::packed::Packed;
use onemap_model::{Instant, TimeSpan};
use std::collections::HashMap;

/// Collects spans in the order of arrival.
#[derive(Debug, Default)]
pub(crate) struct TimesBuilder {
    codes: Vec<u32>,
    spans: Vec<TimeSpan>,
    known: HashMap<TimeSpan, u32>,
}

/// Spans by position.
#[derive(Debug)]
pub(crate) struct Times {
    /// Costs nothing where all features have the same span.
    codes: Packed,
    spans: Vec<TimeSpan>,
    /// Every beginning and end, ascending, each once.
    boundaries: Vec<Instant>,
}

impl TimesBuilder {
    /// Adds a span.
    pub fn push(&mut self, span: TimeSpan) {
        let spans = &mut self.spans;
        let code = *self.known.entry(span).or_insert_with(|| {
            spans.push(span);
            spans.len() as u32 - 1
        });
        self.codes.push(code);
    }

    /// Packs the spans in the order of the positions in `order`.
    pub fn finish(self, order: &[u32]) -> Times {
        let ends = |span: &TimeSpan| [span.from(), span.to()];
        let mut boundaries: Vec<Instant> = self.spans.iter().flat_map(ends).flatten().collect();
        boundaries.sort_unstable();
        boundaries.dedup();
        boundaries.shrink_to_fit();
        Times {
            codes: Packed::pack(order.iter().map(|&at| i64::from(self.codes[at as usize]))),
            spans: self.spans,
            boundaries,
        }
    }
}

impl Times {
    /// The span at `at`.
    #[inline]
    pub fn get(&self, at: usize) -> TimeSpan {
        self.spans[self.codes.get(at) as usize]
    }

    /// The first beginning or end after `after`.
    pub fn next_boundary(&self, after: Instant) -> Option<Instant> {
        let at = self.boundaries.partition_point(|&boundary| boundary <= after);
        self.boundaries.get(at).copied()
    }

    /// Whether features differ in when they are true.
    pub fn vary(&self) -> bool {
        !self.boundaries.is_empty()
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.codes.bytes()
            + self.spans.capacity() * size_of::<TimeSpan>()
            + self.boundaries.capacity() * size_of::<Instant>()
    }
}
