//! Times cold tiles and queries of a layer of building footprints: `cargo run --release --example render [FEATURES]`.
//!
//! The same work as in the project's first measurements, so that numbers can be compared. One thread, nothing cached.
#![allow(clippy::print_stdout)]

mod city;

use city::{CENTER, Random, city, processor_time, time};
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

/// Tiles all over the city, each rendered once: what is in no cache of the processor yet.
fn time_cold(layer: &LayerSnapshot, z: u8, now: Instant) {
    let middle = TileMatrixSet::WebMercatorQuad
        .tile_at(z, CENTER)
        .expect("the grid has this zoom");
    let across = 1_i64 << (z - 10);
    let mut random = Random(u64::from(z));
    let mut near = |at: u32| (i64::from(at) + random.between(0.0, across as f64) as i64 - across / 2) as u64;
    let count = 400.min(across * across);
    let mut tile = |_| TileMatrixSet::WebMercatorQuad.tile(z.into(), near(middle.col()), near(middle.row()));
    let tiles: Vec<TileCoord> = (0..count).map(|n| tile(n).expect("it is near the middle")).collect();
    let (start, mut bytes) = (processor_time(), 0);
    for tile in tiles {
        let mut out = Vec::new();
        layer.tile(tile, now, &mut out);
        bytes += out.len();
    }
    let each = (processor_time() - start) / count as u32;
    println!(
        "z{z}, {count} tiles here and there: {each:.1?} and {} bytes each",
        bytes / count as usize
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
    [16, 15, 14].into_iter().for_each(|z| time_cold(&layer, z, now));
    let bbox = Bbox::new(115.0, 30.2, 115.001, 30.201).expect("a box");
    let (id, _) = time(|| drop(layer.by_public_id("b0500000")));
    let small = Query {
        bbox: Some(bbox),
        at: None,
    };
    let (small, _) = time(|| layer.features(&small).for_each(|_| ()));
    println!("by id {id:.1?}; box of 100 m {small:.1?}");
}
