//! Renders the part of a tile that one layer makes.

use super::draw::{Pen, geom_types};
use super::frame::{EXTENT, Point, Projected, Stored, search_box};
use super::mvt::{GeomType, put_bytes, put_number};
use super::tags::Tags;
use crate::data::shapes::Kind;
use crate::layer::Parts;
use onemap_model::{Instant, TileCoord};

/// Appends the layer to `out`; nothing where nothing is drawn.
pub(crate) fn layer(parts: &Parts, tile: TileCoord, now: Instant, out: &mut Vec<u8>) {
    let slots = find(parts, tile, now);
    if slots.is_empty() {
        return;
    }
    let stored = Stored::new(parts.shapes.world(), tile);
    let projected = Projected::new(parts.shapes.coords(), tile);
    let mut pen = Pen::new();
    let mut message = LayerMessage::new(parts, slots.len());
    for slot in slots {
        let (shapes, at) = (&parts.shapes, slot as usize);
        let stored = stored.as_ref().filter(|_| !shapes.is_wide(at));
        let corners = stored.map(|stored| stored.corners(parts.tree.entry(at)));
        if corners.is_some_and(|corners| shrinks_to_nothing(shapes.kind(at), corners)) {
            continue;
        }
        let is_inside = corners.is_some_and(|corners| corners.into_iter().all(Point::is_drawn));
        let stored = stored.filter(|stored| is_inside || stored.can_be_cut());
        for &wanted in geom_types(shapes.kind(at)) {
            let drawn = match stored {
                Some(stored) => pen.draw(shapes, at, wanted, stored),
                None => pen.draw(shapes, at, wanted, &projected),
            };
            if let Some(commands) = drawn {
                message.put_feature(slot, wanted, commands);
            }
        }
    }
    message.finish(out);
}

/// Slots of what may be drawn, in the order in which it is: by feature number.
fn find(parts: &Parts, tile: TileCoord, now: Instant) -> Vec<u32> {
    let mut slots = Vec::new();
    parts.tree.search(&search_box(tile), &mut slots);
    if parts.times.vary() {
        slots.retain(|&slot| parts.times.get(slot as usize).contains(now));
    }
    parts.sort_by_fid(&mut slots);
    slots
}

/// Whether nothing of a line or an area is left when its box is rounded: seen without a look at its vertices.
fn shrinks_to_nothing(kind: Kind, [min, max]: [Point; 2]) -> bool {
    match kind {
        Kind::Polygons => min.x == max.x || min.y == max.y,
        Kind::Lines => min == max,
        Kind::Points | Kind::Collection | Kind::Null => false,
    }
}

/// A layer as it is written (MVT 2.1, clause 4.1).
struct LayerMessage<'a> {
    parts: &'a Parts,
    tags: Tags<'a>,
    /// Version, name, and the features so far.
    body: Vec<u8>,
    has_features: bool,
    /// Working space.
    feature: Vec<u8>,
    pairs: Vec<u8>,
}

impl<'a> LayerMessage<'a> {
    fn new(parts: &'a Parts, features: usize) -> Self {
        let mut body = Vec::new();
        put_number(15, 2, &mut body);
        put_bytes(1, parts.layer.name().as_str().as_bytes(), &mut body);
        Self {
            parts,
            tags: Tags::new(parts, features),
            body,
            has_features: false,
            feature: Vec::new(),
            pairs: Vec::new(),
        }
    }

    fn put_feature(&mut self, slot: u32, geom_type: GeomType, commands: &[u8]) {
        self.feature.clear();
        self.pairs.clear();
        self.tags.put(slot, &mut self.pairs);
        put_number(1, self.parts.fid(slot).get(), &mut self.feature);
        put_bytes(2, &self.pairs, &mut self.feature);
        put_number(3, geom_type as u64, &mut self.feature);
        put_bytes(4, commands, &mut self.feature);
        put_bytes(2, &self.feature, &mut self.body);
        self.has_features = true;
    }

    /// Appends the layer as field 3 of the tile; nothing where it has no features.
    fn finish(mut self, out: &mut Vec<u8>) {
        if self.has_features {
            self.tags.finish(&mut self.body);
            put_number(5, EXTENT as u64, &mut self.body);
            put_bytes(3, &self.body, out);
        }
    }
}
