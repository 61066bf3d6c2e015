//! GeoJSON features one after the other: as a text sequence (RFC 8142), or a line each.

use super::Sink;
use super::gathered::Gathered;
use super::geojson::Features;
use super::{FeatureWriter, Foot, Note, Shown, WriteError};
use onemap_model::cql2::Subject;

/// What stands between features, beside a line feed after each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// A record separator before each: `application/geo+json-seq`.
    Record,
    /// Nothing.
    Line,
}

/// Writes features one after the other.
pub(super) struct Sequence<'a> {
    out: Gathered<'a>,
    features: Features<'a>,
    separator: Separator,
}

impl<'a> Sequence<'a> {
    /// Begins a sequence.
    pub fn new(sink: &'a mut dyn Sink, shown: Shown<'a>, separator: Separator) -> Self {
        Self {
            out: Gathered::new(sink),
            features: Features::new(shown),
            separator,
        }
    }
}

impl FeatureWriter for Sequence<'_> {
    fn feature(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError> {
        if self.separator == Separator::Record {
            self.out.text.push('\u{1e}');
        }
        self.features.write(&mut self.out.text, feature, distance_m)?;
        self.out.text.push('\n');
        self.out.pass_on()
    }

    fn size(&self) -> u64 {
        self.out.size()
    }

    fn finish(self: Box<Self>, _: &Foot<'_>) -> Result<Vec<Note>, WriteError> {
        self.out.finish()?;
        Ok(Vec::new())
    }
}
