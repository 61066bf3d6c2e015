//! Times changes of a layer of building footprints: `cargo run --release --example edits [FEATURES]`.
//!
//! Batches of 100 edits each, most of them moves across the city, until a twentieth of the layer has changed; merges of
//! the background run on a thread of their own, as in a server. Then tiles and queries of the changed layer beside those
//! of the same layer in one segment, and the merge of everything. Times of changes are by the clock, each the
//! fastest of three.
#![allow(clippy::print_stdout)]

mod city;

use city::{CENTER, Random, city, house, time};
use onemap_atlas::{LayerSnapshot, Merged, Query};
use onemap_model::{Change, Fid, Instant, Name, TileMatrixSet};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Clock};

/// Edits that are applied together.
const BATCH: i64 = 100;

/// A move, a removal or a new house.
fn edit(count: i64, next: &mut i64, random: &mut Random) -> Change {
    let number = random.between(1.0, count as f64) as i64;
    let (number, stays) = match random.between(0.0, 10.0) as i64 {
        0 => (number, false),
        1 => {
            *next += 1;
            (*next, true)
        }
        _ => (number, true),
    };
    Change {
        layer: Name::from_source("buildings"),
        fid: Fid::new(number).expect("numbers are positive"),
        old: None,
        new: stays.then(|| house(number, random)),
    }
}

/// Applies edits until there are `total`, and prints what batches cost.
fn apply(mut layer: LayerSnapshot, total: i64, random: &mut Random) -> LayerSnapshot {
    let (count, mut next) = (layer.len() as i64, layer.len() as i64);
    let (mut times, mut installs, mut merges) = (Vec::new(), Vec::new(), 0);
    let mut merging: Option<JoinHandle<Merged>> = None;
    for _ in 0..total / BATCH {
        let changes: Vec<Change> = (0..BATCH).map(|_| edit(count, &mut next, random)).collect();
        let (next, took) = fastest_of_three(|| layer.apply(&changes));
        layer = next;
        times.push(took);
        if let Some(done) = merging.take_if(|merging| merging.is_finished()) {
            let merged = done.join().expect("a merge does not panic");
            let (next, took) = fastest_of_three(|| layer.with_merged(merged.clone()));
            layer = next;
            installs.push(took);
        }
        if merging.is_none() {
            merging = layer.merge_due().map(|merge| std::thread::spawn(|| merge.run()));
            merges += usize::from(merging.is_some());
        }
    }
    let tenth = times.len() / 10;
    print_times("first tenth of the batches", times[..tenth].to_vec());
    print_times("last tenth of the batches", times[times.len() - tenth..].to_vec());
    print_times("all batches", times);
    print_times("installing merges", installs);
    println!("{merges} merges in the background");
    layer
}

/// What `work` makes, and the shortest time it took: other work on the machine counts less.
fn fastest_of_three<T>(work: impl Fn() -> T) -> (T, Duration) {
    let timed = || {
        let start = Clock::now();
        let made = work();
        (made, start.elapsed())
    };
    let [one, two, three] = [timed(), timed(), timed()];
    let (made, took) = three;
    (made, took.min(one.1).min(two.1))
}

fn print_times(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        times
            .get((times.len() as f64 * share) as usize)
            .or(times.last())
            .copied()
    };
    let [middle, p99, worst] = [0.5, 0.99, 1.0].map(|share| at(share).unwrap_or_default());
    println!(
        "{what}: p50 {middle:.2?}, p99 {p99:.2?}, worst {worst:.2?} of {}",
        times.len()
    );
}

/// Prints what tiles and queries cost in the changed layer and in the same in one segment.
fn compare(changed: &LayerSnapshot, whole: &LayerSnapshot) {
    let now = Instant::from_micros(0).expect("1970 is a year");
    for z in [16, 15, 14, 13, 12] {
        let tile = TileMatrixSet::WebMercatorQuad
            .tile_at(z, CENTER)
            .expect("the grid has these zooms");
        let query = Query {
            bbox: Some(tile.bbox()),
            at: None,
        };
        let [changed, whole] = [changed, whole].map(|layer| {
            let mut out = Vec::new();
            let (tile, _) = time(|| {
                out.clear();
                layer.tile(tile, now, &mut out);
            });
            let (query, _) = time(|| layer.features(&query).for_each(|_| ()));
            (out, tile, query)
        });
        assert_eq!(changed.0, whole.0, "the bytes do not depend on segments");
        println!(
            "{tile}: {:.1?} against {:.1?}; query {:.1?} against {:.1?}",
            changed.1, whole.1, changed.2, whole.2
        );
    }
    let [changed, whole] = [changed, whole].map(|layer| time(|| layer.features(&Query::default()).for_each(|_| ())).0);
    println!("all features: {changed:.1?} against {whole:.1?}");
}

fn main() {
    let count = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let layer = city(count).finish();
    let layer = apply(layer, count / 20, &mut Random(11));
    println!("{} features, {:?}", layer.len(), layer);
    let merge = layer.merge_all();
    let start = Clock::now();
    let merged = merge.run();
    println!("everything merged in {:.2?}", start.elapsed());
    let whole = layer.with_merged(merged);
    let per_feature = |layer: &LayerSnapshot| layer.memory().total() as f64 / layer.len() as f64;
    println!(
        "{:.1} bytes a feature against {:.1}",
        per_feature(&layer),
        per_feature(&whole)
    );
    compare(&layer, &whole);
}
