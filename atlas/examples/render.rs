//! Times cold tiles and queries of a layer of building footprints: `cargo run --release --example render [FEATURES]`.
//!
//! The same work as in the project's first measurements, so that numbers can be compared. One thread, nothing cached.
#![allow(clippy::print_stdout)]

mod city;

use city::{CENTER, city, time};
use onemap_atlas::{LayerSnapshot, Query};
use onemap_model::{Bbox, Instant, TileCoord, TileMatrixSet};
use std::time::Instant as Clock;

fn time_tile(layer: &LayerSnapshot, tile: TileCoord, now: Instant) {
    let at = Query {
        bbox: Some(tile.bbox()),
        at: None,
    };
    let features = layer.features(&at).count();
    let mut out = Vec::new();
    let (fastest, middle) = time(|| {
        out.clear();
        layer.tile(tile, now, &mut out);
    });
    let (query, _) = time(|| layer.features(&at).for_each(|_| ()));
    println!(
        "{tile}: {features} features, {} bytes, {fastest:.1?} to {middle:.1?}; query {query:.1?}",
        out.len()
    );
}

fn main() {
    let count = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let builder = city(count);
    let start = Clock::now();
    let layer = builder.finish();
    println!("sorted and packed in {:.2?}", start.elapsed());
    let memory = layer.memory();
    println!(
        "{:.1} bytes a feature: {memory:?}",
        memory.total() as f64 / count as f64
    );
    let now = Instant::from_micros(0).expect("1970 is a year");
    for grid in TileMatrixSet::ALL {
        for z in [16, 15, 14, 13, 12, 11, 10, 9, 8] {
            time_tile(&layer, grid.tile_at(z, CENTER).expect("the grid has these zooms"), now);
        }
    }
    let bbox = Bbox::new(115.0, 30.2, 115.001, 30.201).expect("a box");
    let (id, _) = time(|| drop(layer.by_public_id("b0500000")));
    let small = Query {
        bbox: Some(bbox),
        at: None,
    };
    let (small, _) = time(|| layer.features(&small).for_each(|_| ()));
    println!("by id {id:.1?}; box of 100 m {small:.1?}");
}
