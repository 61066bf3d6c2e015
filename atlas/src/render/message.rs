//! A layer as it is written (MVT 2.1, clause 4.1).

use super::frame::{EXTENT, Point};
use super::mvt::{Commands, GeomType, bytes_len, put_bytes, put_bytes_head, put_number, put_varint, varint_len};
use super::tags::Tags;
use crate::generalise::Areas;
use crate::hits::Hit;
use crate::segment::Segment;
use onemap_model::{Fid, Layer};

/// The field of a tile that is a layer.
const LAYER: u8 = 3;
/// Bytes that tag and length of a layer take, unless it is small or very large.
const USUAL_HEAD: usize = 4;

/// A layer on its way into a tile.
pub(super) struct LayerMessage<'a, 'o> {
    tags: Tags<'a>,
    /// Ends with version, name, and the features so far; before these, room for the layer's head.
    out: &'o mut Vec<u8>,
    /// Where the layer begins in `out`.
    start: usize,
    has_features: bool,
    pairs: Vec<u8>,
}

impl<'a, 'o> LayerMessage<'a, 'o> {
    /// Begins a layer of at most so many features, without the fields `omitted`, at the end of `out`.
    pub fn new(
        layer: &'a Layer,
        segments: impl Iterator<Item = &'a Segment>,
        features: usize,
        omitted: &[usize],
        out: &'o mut Vec<u8>,
    ) -> Self {
        Self::named(layer.name().as_str(), layer, segments, features, omitted, out)
    }

    /// As [`LayerMessage::new`], under a name of its own.
    pub fn named(
        name: &str,
        layer: &'a Layer,
        segments: impl Iterator<Item = &'a Segment>,
        features: usize,
        omitted: &[usize],
        out: &'o mut Vec<u8>,
    ) -> Self {
        let start = out.len();
        out.resize(start + USUAL_HEAD, 0);
        put_number(15, 2, out);
        put_bytes(1, name.as_bytes(), out);
        Self {
            tags: Tags::new(layer, segments, features, omitted),
            out,
            start,
            has_features: false,
            pairs: Vec::new(),
        }
    }

    /// Adds a feature.
    pub fn put_feature(&mut self, hit: Hit, fid: Fid, geom_type: GeomType, commands: &[u8]) {
        self.pairs.clear();
        self.tags.put(hit, &mut self.pairs);
        let len = 1 + varint_len(fid.get()) + bytes_len(self.pairs.len()) + 2 + bytes_len(commands.len());
        let out = &mut *self.out;
        out.reserve(bytes_len(len));
        put_bytes_head(2, len, out);
        put_number(1, fid.get(), out);
        put_bytes(2, &self.pairs, out);
        put_number(3, geom_type as u64, out);
        put_bytes(4, commands, out);
        self.has_features = true;
    }

    /// The bytes that it has so far; what is appended in the end is more.
    pub fn len(&self) -> usize {
        self.out.len() - self.start + self.tags.len_of_values()
    }

    /// Draws areas that stand for many features: one feature without number, with what those have in common.
    pub fn put_areas(&mut self, areas: &Areas<'_>) {
        if areas.loops.is_empty() {
            return;
        }
        let mut commands = Commands::new();
        for ring in areas.loops.iter().flatten() {
            commands.ring(ring.iter().map(|&[x, y]| Point { x, y }));
        }
        let mut feature = Vec::new();
        self.pairs.clear();
        if let Some((field, value)) = areas.value {
            self.tags.put_value(field, value, &mut self.pairs);
        }
        if !self.pairs.is_empty() {
            put_bytes(2, &self.pairs, &mut feature);
        }
        put_number(3, GeomType::Polygon as u64, &mut feature);
        put_bytes(4, commands.bytes(), &mut feature);
        put_bytes(2, &feature, self.out);
        self.has_features = true;
    }

    /// Ends the layer; takes it away where it has no features.
    pub fn finish(self) {
        let Self { tags, out, start, .. } = self;
        if !self.has_features {
            out.truncate(start);
            return;
        }
        tags.finish(out);
        put_number(5, EXTENT as u64, out);
        let len = out.len() - start - USUAL_HEAD;
        let mut head = vec![LAYER << 3 | 2];
        put_varint(len as u64, &mut head);
        if head.len() == USUAL_HEAD {
            out[start..start + USUAL_HEAD].copy_from_slice(&head);
        } else {
            out.splice(start..start + USUAL_HEAD, head);
        }
    }
}
