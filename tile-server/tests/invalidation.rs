//! What an edit does to kept tiles: those it touches are never met again, all others stay.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::http::Reply;
use common::random::Random;
use common::{Running, city, config, gpkg};
use onemap_atlas::{LayerBuilder, composite};
use onemap_model::{
    Access, Bbox, Coord, Feature, Fid, FieldType, Geometry, GeometryType, Instant, Name, Row, TileCoord, TileMatrixSet,
    TimeSpan, Value, Version, ZoomRange,
};
use onemap_store::{At, Edit, Reading, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The layers that are edited.
const POINTS: &str = "points";
const LINES: &str = "lines";
/// What tiles are asked of.
const SELECTIONS: [&[&str]; 3] = [&[POINTS], &[LINES], &[LINES, POINTS]];

fn layers() -> Vec<(onemap_model::Layer, Vec<Feature>)> {
    let fields = [("name", FieldType::Text)];
    let points = city::layer(POINTS, GeometryType::Point, Access::Public, &fields);
    let mut lines = city::layer(LINES, GeometryType::MultiLineString, Access::Public, &fields);
    lines.zoom = ZoomRange::new(3, 17).unwrap();
    let mut random = Random::new(1);
    let mut features = |make: fn(&mut Random) -> Geometry| -> Vec<_> {
        let one = |fid| city::feature(fid, Some(make(&mut random)), vec![Value::text(format!("old {fid}"))]);
        (1..=30).map(one).collect()
    };
    vec![(lines, features(line)), (points, features(point))]
}

fn point(random: &mut Random) -> Geometry {
    let at = place(random);
    Geometry::point(at.x, at.y).unwrap()
}

/// A place in the city, sometimes at the edges of the world.
fn place(random: &mut Random) -> Coord {
    let (x, y) = match random.below(12) {
        0 => (180.0, random.between(-80.0, 80.0)),
        1 => (-180.0, random.between(-90.0, 90.0)),
        2 => (random.between(-180.0, 180.0), random.between(-90.0, 90.0)),
        _ => (random.between(115.03, 115.05), random.between(30.19, 30.21)),
    };
    Coord { x, y }
}

fn line(random: &mut Random) -> Geometry {
    let from = place(random);
    let reach = if random.below(6) == 0 { 5.0 } else { 0.004 };
    let near = |at: f64, random: &mut Random, limit: f64| (at + random.between(-reach, reach)).clamp(-limit, limit);
    let to = (near(from.x, random, 180.0), near(from.y, random, 90.0));
    Geometry::Lines(vec![city::path(&[(from.x, from.y), to])])
}

/// Tiles of both grids, of all zooms, in and around the city and at the edges of the world.
fn tiles(random: &mut Random) -> Vec<TileCoord> {
    let mut tiles = BTreeMap::new();
    for grid in TileMatrixSet::ALL {
        for z in grid.min_zoom()..=grid.max_zoom() {
            for _ in 0..2 {
                let tile = grid.tile_at(z, place(random));
                // Beyond the grid's edge there is none.
                tiles.extend(tile.map(|tile| ((grid.as_str(), z, tile.col(), tile.row()), tile)));
            }
        }
    }
    tiles.into_values().collect()
}

fn address(layers: &[&str], tile: TileCoord, min_version: Version) -> String {
    let (grid, z, row, col) = (tile.grid(), tile.z(), tile.row(), tile.col());
    let layers = layers.join(",");
    format!("/tiles/{grid}/{z}/{row}/{col}?collections={layers}&min-version={min_version}")
}

fn misses(server: &Running) -> u64 {
    metric(server, "onemap_cache_misses_total")
}

fn metric(server: &Running, name: &str) -> u64 {
    let text = server.get("/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().parse().unwrap()
}

/// What the store holds, built afresh.
fn brute(store: &mut dyn Store) -> BTreeMap<String, onemap_atlas::LayerSnapshot> {
    let mut reading = store.read(At::Now).unwrap();
    let states = reading.layers().unwrap();
    let build = |reading: &mut dyn Reading, layer: &onemap_model::Layer| {
        let mut builder = LayerBuilder::new(layer.clone());
        let each = &mut |feature| {
            builder.push(feature);
            ControlFlow::Continue(())
        };
        reading.features(layer.name(), each).unwrap();
        builder.finish()
    };
    states
        .into_iter()
        .map(|state| (state.layer.name().to_string(), build(&mut *reading, &state.layer)))
        .collect()
}

/// One edit, and the boxes of what it touches, by layer.
fn edit(random: &mut Random, store: &mut dyn Store) -> (Vec<Edit>, Vec<(&'static str, Bbox)>) {
    let (mut edits, mut touched) = (Vec::new(), Vec::new());
    let mut used = BTreeSet::new();
    for _ in 0..1 + random.below(3) {
        let layer = if random.below(2) == 0 { POINTS } else { LINES };
        let geometry = if layer == POINTS { point(random) } else { line(random) };
        let name = Name::new(layer).unwrap();
        let fid = Fid::new(1 + random.below(40) as i64).unwrap();
        let old = store.read(At::Now).unwrap().feature(&name, fid).unwrap();
        if !used.insert((layer, fid)) {
            continue;
        }
        let (choice, value) = (random.below(5), format!("new {}", random.number()));
        let row = |geometry| Row {
            geometry,
            values: vec![Value::text(value)],
            valid: TimeSpan::ALWAYS,
        };
        let mut touches = |geometry: &Option<Geometry>| {
            let bbox = geometry.as_ref().and_then(Geometry::bbox);
            touched.extend(bbox.map(|bbox| (layer, bbox)));
        };
        let layer = name;
        edits.push(match (choice, old) {
            (_, None) | (0, _) => {
                let row = row(Some(geometry));
                touches(&row.geometry);
                Edit::Insert { layer, row }
            }
            (1, Some(old)) => {
                touches(&old.row.geometry);
                Edit::Delete { layer, fid }
            }
            (2, Some(old)) => {
                touches(&old.row.geometry);
                Edit::Update {
                    layer,
                    fid,
                    row: row(None),
                }
            }
            (3, Some(old)) => {
                touches(&old.row.geometry);
                Edit::Update {
                    layer,
                    fid,
                    row: row(old.row.geometry),
                }
            }
            (_, Some(old)) => {
                touches(&old.row.geometry);
                let row = row(Some(geometry));
                touches(&row.geometry);
                Edit::Update { layer, fid, row }
            }
        });
    }
    (edits, touched)
}

fn serve(path: &Path, settings: &str) -> Running {
    gpkg::serve_with(path, config(settings))
}

#[test]
fn after_any_edit_a_kept_tile_is_a_fresh_one_and_untouched_ones_are_still_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("city.gpkg");
    gpkg::make_store(&path, &layers());
    let (cached, bare) = (serve(&path, ""), serve(&path, "cache_mb = 0"));
    let mut store = gpkg::open(&path);
    let mut random = Random::new(20_261_123);
    let tiles = tiles(&mut random);
    let mut expected_misses = misses(&cached);
    let mut touched: Option<Vec<(&str, Bbox)>> = None;
    let mut removed = metric(&cached, "onemap_cache_invalidated_total");
    for round in 0..25 {
        let version = store.catch_up().unwrap();
        let fresh = brute(&mut *store);
        let now = Instant::parse("2026-01-01T00:00:00Z").unwrap();
        for &tile in &tiles {
            for layers in SELECTIONS {
                let mut bytes = Vec::new();
                composite::tile(layers.iter().map(|layer| &fresh[*layer]), tile, now, &mut bytes);
                let kept = cached.get_when_there(&address(layers, tile, version));
                assert_eq!(kept.body, bytes, "round {round}: {layers:?} {tile:?}");
                let is_touched = touched.as_ref().is_none_or(|touched| {
                    let meets = |(layer, bbox): &(&str, Bbox)| {
                        let zoom = fresh[*layer].layer().zoom;
                        let range = tile.grid().tiles_touching(tile.z(), bbox);
                        let shows = zoom.contains(tile.z()) || (zoom.min() > 15 && tile.z() == 15);
                        layers.contains(layer) && shows && range.is_some_and(|range| range.contains(tile))
                    };
                    touched.iter().any(meets)
                });
                expected_misses += u64::from(is_touched);
            }
        }
        assert_eq!(
            misses(&cached),
            expected_misses,
            "round {round}: exactly the touched tiles were rendered again"
        );
        // The one without a cache now and then: it renders everything each time.
        for &tile in tiles.iter().skip(round % 7).step_by(7) {
            let (kept, fresh) = (
                cached.get_when_there(&address(SELECTIONS[2], tile, version)),
                bare.get_when_there(&address(SELECTIONS[2], tile, version)),
            );
            // The version in the tag is that of the rendering; the content's hash is before it.
            let hash = |reply: &Reply| reply.header("etag").unwrap()[..33].to_owned();
            assert_eq!((&kept.body, hash(&kept)), (&fresh.body, hash(&fresh)));
        }
        let (edits, boxes) = edit(&mut random, &mut *store);
        store.edit(&edits).unwrap();
        touched = Some(boxes);
    }
    removed = metric(&cached, "onemap_cache_invalidated_total") - removed;
    assert!(removed > 0);
    assert_eq!(
        metric(&cached, "onemap_store_layers_read_whole_total"),
        2,
        "everything else was applied"
    );
}

#[test]
fn under_a_storm_of_edits_and_readers_nobody_sees_an_older_tile_than_asked_for() {
    let (server, memory) = common::serve_city("");
    let path = format!("/xyz/pois/{}", city::TILE);
    let (version, done) = (AtomicU64::new(1), AtomicBool::new(false));
    memory.change("pois", |features| {
        features[0].row.values[1] = Value::text("edit 000002")
    });
    version.store(2, Ordering::SeqCst);
    let seen = |text: &str| -> u64 {
        let at = text.find("edit ").unwrap() + 5;
        text[at..at + 6].parse().unwrap()
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let least = version.load(Ordering::SeqCst);
                    let reply = server.get_when_there(&format!("{path}?min-version={least}"));
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    let got = seen(&reply.text());
                    assert!(got >= least, "asked for {least}, got {got}");
                }
            });
        }
        for n in 3..300 {
            let at = memory.change("pois", |features| {
                features[0].row.values[1] = Value::text(format!("edit {n:06}"))
            });
            assert_eq!(at.0, n);
            version.store(n, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(seen(&server.get(&path).text()), 299);
}

#[test]
fn the_tag_of_an_untouched_tile_is_good_without_rendering() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("city.gpkg");
    gpkg::make_store(&path, &layers());
    let server = serve(&path, "cache_mb = 0");
    let mut store = gpkg::open(&path);
    let name = Name::new(POINTS).unwrap();
    let row = |x: f64| Row {
        geometry: Some(Geometry::point(x, 30.2).unwrap()),
        values: vec![Value::text("here")],
        valid: TimeSpan::ALWAYS,
    };
    let version = store
        .edit(&[Edit::Insert {
            layer: name.clone(),
            row: row(100.0),
        }])
        .unwrap();
    let grid = TileMatrixSet::WebMercatorQuad;
    let here = grid.tile_at(14, Coord { x: 100.0, y: 30.2 }).unwrap();
    let there = grid.tile_at(14, Coord { x: 101.0, y: 30.2 }).unwrap();
    let ask = |tile: TileCoord, version: Version, tag: &str, coding: &str| {
        let request = server.request(&address(&[POINTS], tile, version));
        request
            .header("If-None-Match", tag)
            .header("Accept-Encoding", coding)
            .send()
    };
    let tag = |tile, coding| ask(tile, version, "", coding).header("etag").unwrap().to_owned();
    let (first, zipped, empty) = (tag(here, "identity"), tag(here, "gzip"), tag(there, "gzip"));
    assert_ne!(first, zipped);
    let rendered = misses(&server);
    for tile in [
        (here, &first, "identity"),
        (here, &zipped, "gzip"),
        (there, &empty, "gzip"),
        (there, &empty, "identity"),
    ] {
        let reply = ask(tile.0, version, tile.1, tile.2);
        assert_eq!((reply.status, reply.header("etag")), (304, Some(tile.1.as_str())));
    }
    // Elsewhere in the same layer: the tag is as good as it was.
    let version = store
        .edit(&[Edit::Insert {
            layer: name.clone(),
            row: row(101.0),
        }])
        .unwrap();
    assert_eq!(ask(here, version, &first, "identity").status, 304);
    assert_eq!(misses(&server), rendered, "nothing was rendered");
    assert_eq!(metric(&server, "onemap_tiles_unchanged_by_tag_total"), 5);
    // Of the other coding, of another server's making, of a version to come: it has to be looked at.
    assert_eq!(ask(here, version, &zipped, "identity").status, 200);
    let (hash, rest) = first.split_at(33);
    let future = format!("{hash}{}-999999\"", &rest[..rest.rfind('-').unwrap()]);
    assert_eq!(
        ask(here, version, &future, "identity").status,
        304,
        "its content is the same"
    );
    assert_eq!(misses(&server), rendered + 2);
    assert_eq!(ask(there, version, &empty, "identity").status, 200, "it was touched");
    let wrong = first.replace(hash, &format!("\"{}", "0".repeat(32)));
    assert_eq!(
        ask(here, version, &wrong, "identity").status,
        304,
        "whatever it was at that version, it is still that"
    );
}
