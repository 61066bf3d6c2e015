//! Renders the part of a tile that one layer makes.

use super::draw::{Pen, geom_types};
use super::frame::{Point, Projected, Stored, search_box};
use super::message::LayerMessage;
use super::mvt::GeomType;
use crate::data::shapes::Kind;
use crate::hits::Hit;
use crate::segment::Segment;
use crate::{FeatureView, LayerSnapshot};
use onemap_model::{Instant, TileCoord};

/// Appends what `is_wanted` of the layer to `out`; nothing where nothing is drawn.
pub(crate) fn layer(
    layer: &LayerSnapshot,
    tile: TileCoord,
    now: Instant,
    mut is_wanted: impl FnMut(&FeatureView<'_>) -> bool,
    out: &mut Vec<u8>,
) {
    let mut hits = layer.hits(&search_box(tile), Some(now));
    hits.retain(|hit| {
        is_wanted(&FeatureView::new(
            &layer.segments[hit.segment as usize].segment,
            hit.slot,
        ))
    });
    if hits.is_empty() {
        return;
    }
    let segments = layer.segments.iter().map(|live| &*live.segment);
    let sources: Vec<Source<'_>> = segments.clone().map(|segment| Source::new(segment, tile)).collect();
    let mut pen = Pen::new();
    let mut message = LayerMessage::new(layer.layer(), segments, hits.len(), out);
    for hit in hits {
        sources[hit.segment as usize].draw(&mut pen, hit, &mut message);
    }
    message.finish();
}

/// A segment whose features are drawn.
struct Source<'a> {
    segment: &'a Segment,
    zoom: u8,
    stored: Option<Stored<'a>>,
    projected: Projected<'a>,
}

impl<'a> Source<'a> {
    fn new(segment: &'a Segment, tile: TileCoord) -> Self {
        Self {
            segment,
            zoom: tile.z(),
            stored: Stored::new(segment.shapes.world(), tile),
            projected: Projected::new(segment.shapes.coords(), tile),
        }
    }

    /// Draws one of its features.
    fn draw(&self, pen: &mut Pen, hit: Hit, message: &mut LayerMessage<'_, '_>) {
        let (shapes, at) = (&self.segment.shapes, hit.slot as usize);
        let stored = self.stored.as_ref().filter(|_| !shapes.is_wide(at));
        let corners = stored.map(|stored| stored.corners(self.segment.tree.entry(at)));
        if corners.is_some_and(|corners| shrinks_to_nothing(shapes.kind(at), corners)) {
            return;
        }
        let is_inside = corners.is_some_and(|corners| corners.into_iter().all(Point::is_drawn));
        let stored = stored.filter(|stored| is_inside || stored.can_be_cut());
        if let Some(stored) = stored.filter(|_| is_inside && shapes.is_clear(at, self.zoom)) {
            let commands = pen.draw_clear(shapes, at, stored);
            return message.put_feature(hit, self.segment.fid(hit.slot), GeomType::Polygon, commands);
        }
        for &wanted in geom_types(shapes.kind(at)) {
            let drawn = match stored {
                Some(stored) => pen.draw(shapes, at, wanted, stored),
                None => pen.draw(shapes, at, wanted, &self.projected),
            };
            if let Some(commands) = drawn {
                message.put_feature(hit, self.segment.fid(hit.slot), wanted, commands);
            }
        }
    }
}

/// Whether nothing of a line or an area is left when its box is rounded: seen without a look at its vertices.
fn shrinks_to_nothing(kind: Kind, [min, max]: [Point; 2]) -> bool {
    match kind {
        Kind::Polygons => min.x == max.x || min.y == max.y,
        Kind::Lines => min == max,
        Kind::Points | Kind::Collection | Kind::Null => false,
    }
}
