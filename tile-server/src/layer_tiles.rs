//! Tiles of several layers from those of each: what several combinations, forms and codings of a tile have in common is
//! rendered once, and an edit to one layer leaves what is known of the others.

use crate::app::App;
use crate::cache::Key;
use crate::negotiate::Coding;
use crate::pool::Waiting;
use crate::published::ServedLayer;
use crate::representation::Representation;
use crate::selections::joined;
use onemap_atlas::{Drawn, composite};
use onemap_model::{Instant, TileCoord};
use std::slice;
use std::sync::Arc;

/// The state that a tile is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    /// The number of its publication.
    pub sequence: u64,
    /// Its moment.
    pub now: Instant,
}

/// The tile of these layers, one after the other, before any coding.
pub(crate) fn composed(
    app: &App,
    layers: &[ServedLayer],
    tile: TileCoord,
    state: State,
    waiting: &Waiting<'_>,
) -> (Vec<u8>, Drawn) {
    let mut bytes = Vec::new();
    let mut all_own = true;
    let snapshots = || layers.iter().map(|layer| &*layer.snapshot);
    let budget = composite::budget(snapshots());
    let drawn = composite::of_parts(layers.len(), budget, &mut bytes, |at, most, bytes| {
        let layer = &layers[at];
        if waiting.is_over() {
            return Drawn::default();
        }
        if most < layer.snapshot.budget() {
            return layer.snapshot.tile_within(most, tile, state.now, |_| true, bytes);
        }
        let (drawn, source) = append(app, layer, tile, state, bytes);
        all_own &= source == Source::Own;
        drawn
    });
    // What was found may be newer than the state that was asked for, where that has been succeeded meanwhile.
    if all_own || is_newest(app, layers, tile, state) {
        return (bytes, drawn);
    }
    bytes.clear();
    let drawn = composite::tile(snapshots(), tile, state.now, &mut bytes);
    (bytes, drawn)
}

/// Where a layer's part is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// It was rendered of the state that was asked for.
    Own,
    /// It was there.
    Kept,
}

/// Appends the layer.
fn append(app: &App, layer: &ServedLayer, tile: TileCoord, state: State, bytes: &mut Vec<u8>) -> (Drawn, Source) {
    let key = Key::Tile {
        selection: app.selections.id(&joined(slice::from_ref(layer))),
        tile,
        coding: Coding::Identity,
    };
    if let Some(found) = app.layer_tiles.find(&key) {
        bytes.extend_from_slice(&found.bytes);
        return (found.drawn, Source::Kept);
    }
    let start = bytes.len();
    let drawn = layer.snapshot.tile(tile, state.now, bytes);
    let own = Arc::new(Representation::part(bytes[start..].to_vec(), drawn));
    app.touches
        .keep_if_good(state.sequence, [layer.name()], tile, || app.layer_tiles.keep(key, own));
    (drawn, Source::Own)
}

fn is_newest(app: &App, layers: &[ServedLayer], tile: TileCoord, state: State) -> bool {
    let mut is_newest = false;
    let names = layers.iter().map(ServedLayer::name);
    app.touches
        .keep_if_good(state.sequence, names, tile, || is_newest = true);
    is_newest
}
