//! When features were true: a code for each into the few spans there are.

use super::packed::Packed;
use onemap_model::{Instant, TimeSpan};
use std::collections::HashMap;
use std::ops::Range;

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
    pub(super) codes: Packed,
    pub(super) spans: Vec<TimeSpan>,
    /// How many features have each span.
    counts: Vec<u32>,
    /// Every beginning and end of a span, ascending, with the code of the span.
    boundaries: Vec<(Instant, u32)>,
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
        let codes = Packed::pack(order.iter().map(|&at| i64::from(self.codes[at as usize])));
        Times::new(codes, self.spans, order.len())
    }
}

impl Times {
    /// Spans of `count` features by their codes, all of which are places in `spans`.
    pub(super) fn new(codes: Packed, spans: Vec<TimeSpan>, count: usize) -> Times {
        let mut counts = vec![0; spans.len()];
        (0..count).for_each(|at| counts[codes.get(at) as usize] += 1);
        let ends = |(code, span): (u32, &TimeSpan)| [(span.from(), code), (span.to(), code)];
        let ends = (0..).zip(&spans).flat_map(ends);
        let mut boundaries: Vec<_> = ends.filter_map(|(end, code)| Some((end?, code))).collect();
        boundaries.sort_unstable();
        boundaries.shrink_to_fit();
        Times {
            codes,
            spans,
            counts,
            boundaries,
        }
    }
}

impl Times {
    /// The span at `at`.
    #[inline]
    pub fn get(&self, at: usize) -> TimeSpan {
        self.spans[self.code(at) as usize]
    }

    /// The code of the span at `at`.
    #[inline]
    pub fn code(&self, at: usize) -> u32 {
        self.codes.get(at) as u32
    }

    /// How many at the positions in `run` have a span whose code is a place of true in `wanted`.
    pub fn count_wanted(&self, run: Range<usize>, wanted: &[bool]) -> usize {
        self.codes.count_wanted(run, wanted)
    }

    /// The spans there are, each with its code and how many features have it.
    pub fn spans(&self) -> impl Iterator<Item = (u32, TimeSpan, usize)> {
        let counted = (0..).zip(&self.spans).zip(&self.counts);
        counted.map(|((code, &span), &count)| (code, span, count as usize))
    }

    /// How many different spans there are.
    pub fn span_count(&self) -> usize {
        self.spans.len()
    }

    /// The first beginning or end after `after` of a span that is `wanted`, by its code and how many features have it.
    pub fn next_boundary(&self, after: Instant, wanted: impl Fn(u32, usize) -> bool) -> Option<Instant> {
        let at = self.boundaries.partition_point(|&(boundary, _)| boundary <= after);
        let is_wanted = |&&(_, code): &&(Instant, u32)| wanted(code, self.counts[code as usize] as usize);
        self.boundaries[at..]
            .iter()
            .find(is_wanted)
            .map(|&(boundary, _)| boundary)
    }

    /// Whether there are features that are not always true.
    pub fn vary(&self) -> bool {
        !self.boundaries.is_empty()
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.codes.bytes()
            + self.spans.capacity() * size_of::<TimeSpan>()
            + self.counts.capacity() * size_of::<u32>()
            + self.boundaries.capacity() * size_of::<(Instant, u32)>()
    }
}
