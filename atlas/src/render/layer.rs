//! Renders the part of a tile that one layer makes.

use super::draw::{Pen, geom_types};
use super::frame::{Point, Projected, Stored, search_box};
use super::message::LayerMessage;
use super::mvt::GeomType;
use crate::data::shapes::Kind;
use crate::generalise::{Areas, Choice, telling_apart};
use crate::hits::Hit;
use crate::segment::Segment;
use crate::{Drawn, FeatureView, LayerSnapshot};
use onemap_model::{GeometryType, Instant, TileCoord};

/// No feature costs fewer bytes: where there are so many that even these are too many, drawing all is not tried.
const MIN_FEATURE_BYTES: usize = 12;

/// Labels have at most this part of a layer's bytes.
const LABEL_SHARE: usize = 4;

/// Appends what `is_wanted` of the layer to `out`, at most `budget` bytes; nothing where nothing is drawn.
pub(crate) fn layer(
    layer: &LayerSnapshot,
    budget: usize,
    tile: TileCoord,
    now: Instant,
    mut is_wanted: impl FnMut(&FeatureView<'_>) -> bool,
    out: &mut Vec<u8>,
) -> Drawn {
    let mut hits = layer.hits_as_found(&search_box(tile), Some(now));
    hits.retain(|hit| {
        is_wanted(&FeatureView::new(
            &layer.segments[hit.segment as usize].segment,
            hit.slot,
        ))
    });
    if hits.is_empty() {
        return Drawn::default();
    }
    if layer.layer().generalise.label.is_empty() {
        return features(layer, budget, tile, hits, out);
    }
    let mut labels = Vec::new();
    let labelled = super::labels::labels(layer, budget / LABEL_SHARE, tile, &hits, &mut labels);
    let drawn = features(layer, budget - labels.len(), tile, hits, out);
    out.extend(labels);
    Drawn {
        met: drawn.met + labelled.met,
        left_out: drawn.left_out + labelled.left_out,
        ..drawn
    }
}

/// Appends features, at most `budget` bytes of them.
fn features(layer: &LayerSnapshot, budget: usize, tile: TileCoord, hits: Vec<Hit>, out: &mut Vec<u8>) -> Drawn {
    let met = hits.len();
    let sources: Vec<Source<'_>> = segments(layer).map(|segment| Source::new(segment, tile)).collect();
    let draw = |hits: Vec<Hit>, areas: &[Areas<'_>], omitted: &[usize]| {
        draw(layer, budget, &sources, layer.in_order(hits), areas, omitted)
    };
    if met <= budget / MIN_FEATURE_BYTES
        && let Some(message) = draw(hits.clone(), &[], &[])
    {
        out.extend(message);
        return Drawn {
            met,
            ..Drawn::default()
        };
    }
    let omitted = match layer.layer().geometry_type {
        GeometryType::MultiPolygon => telling_apart(layer, &hits),
        _ => Vec::new(),
    };
    let drawn = |shown: usize| Drawn {
        met,
        left_out: met - shown,
        abridged: if omitted.is_empty() { 0 } else { shown },
    };
    if !omitted.is_empty()
        && met <= budget / MIN_FEATURE_BYTES
        && let Some(message) = draw(hits.clone(), &[], &omitted)
    {
        out.extend(message);
        return drawn(met);
    }
    let mut choice = Choice::new(layer, budget, tile, &hits);
    while choice.next_level() {
        let shown = choice.shown();
        let count = shown.len();
        if shown.len() <= budget / MIN_FEATURE_BYTES
            && let Some(message) = draw(shown, &choice.areas(), &omitted)
        {
            out.extend(message);
            return drawn(count);
        }
    }
    drawn(0)
}

fn segments(layer: &LayerSnapshot) -> impl Iterator<Item = &Segment> {
    layer.segments.iter().map(|live| &*live.segment)
}

/// The layer's part of the tile; none where it is more than the budget.
fn draw(
    layer: &LayerSnapshot,
    budget: usize,
    sources: &[Source<'_>],
    hits: Vec<Hit>,
    areas: &[Areas<'_>],
    omitted: &[usize],
) -> Option<Vec<u8>> {
    let mut pen = Pen::new();
    let mut bytes = Vec::new();
    let mut message = LayerMessage::new(layer.layer(), segments(layer), hits.len(), omitted, &mut bytes);
    areas.iter().for_each(|areas| message.put_areas(areas));
    for hit in hits {
        sources[hit.segment as usize].draw(&mut pen, hit, &mut message);
        if message.len() > budget {
            return None;
        }
    }
    message.finish();
    (bytes.len() <= budget).then_some(bytes)
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
