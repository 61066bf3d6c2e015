//! What the tests of tiles have in common: making features in tile units, and reading tiles with another's decoder.
#![allow(dead_code)] // Each test binary uses its own part.

pub mod answers;

use fast_mvt::{MvtReaderRef, MvtValue};
use geo::{Geometry as Geo, MultiLineString, MultiPoint, MultiPolygon};
use onemap_atlas::{LayerBuilder, LayerSnapshot};
use onemap_model::{
    Coord, Crs, Feature, Fid, Field, FieldType, Geometry, GeometryType, Instant, Layer, Name, Path, Polygon, Row,
    TileCoord, TileMatrixSet, Value, WorldPoint,
};
use std::collections::BTreeMap;

/// A tile in Huangshi.
pub fn huangshi(grid: TileMatrixSet, z: u8) -> TileCoord {
    grid.tile_at(z, Coord { x: 115.04, y: 30.2 }).unwrap()
}

/// Longitude and latitude of a place in units of a tile.
pub fn lonlat(tile: TileCoord, (x, y): (f64, f64)) -> Coord {
    let (corner, unit) = (tile.corner(), tile.size() / 4096.0);
    tile.grid().unproject(WorldPoint {
        x: corner.x + x * unit,
        y: corner.y + y * unit,
    })
}

/// A place in units of a tile.
pub fn units(tile: TileCoord, at: Coord) -> geo::Coord<f64> {
    let (corner, unit) = (tile.corner(), tile.size() / 4096.0);
    let world = tile.grid().project(at);
    geo::Coord {
        x: (world.x - corner.x) / unit,
        y: (world.y - corner.y) / unit,
    }
}

pub fn path(tile: TileCoord, line: &[(f64, f64)]) -> Path {
    Path::new(line.iter().map(|&at| lonlat(tile, at)).collect()).unwrap()
}

/// A polygon from rings in tile units, which are closed here.
pub fn polygon(tile: TileCoord, rings: &[Vec<(f64, f64)>]) -> Polygon {
    let closed = |ring: &Vec<(f64, f64)>| {
        let mut ring = ring.clone();
        ring.extend(ring.first().copied());
        path(tile, &ring)
    };
    Polygon {
        rings: rings.iter().map(closed).collect(),
    }
}

pub fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

pub fn now() -> Instant {
    instant("2024-05-01T00:00:00Z")
}

pub fn layer(name: &str, fields: &[(&str, FieldType)]) -> Layer {
    let field = |&(name, field_type): &(&str, FieldType)| Field {
        name: Name::new(name).unwrap(),
        title: name.into(),
        field_type,
    };
    let fields = fields.iter().map(field).collect();
    Layer::new(Name::new(name).unwrap(), GeometryType::Geometry, Crs::CGCS2000, fields).unwrap()
}

pub fn feature(fid: i64, geometry: Option<Geometry>, values: Vec<Value>) -> Feature {
    let row = Row {
        geometry,
        values,
        ..Row::default()
    };
    Feature {
        fid: Fid::new(fid).unwrap(),
        row,
    }
}

pub fn build(layer: Layer, features: impl IntoIterator<Item = Feature>) -> LayerSnapshot {
    let mut builder = LayerBuilder::new(layer);
    features.into_iter().for_each(|feature| builder.push(feature));
    builder.finish()
}

/// A layer of plain geometries, numbered from 1.
pub fn plain(geometries: impl IntoIterator<Item = Geometry>) -> LayerSnapshot {
    let features = (1..)
        .zip(geometries)
        .map(|(fid, geometry)| feature(fid, Some(geometry), vec![]));
    build(layer("plain", &[]), features)
}

pub fn render(layer: &LayerSnapshot, tile: TileCoord) -> Vec<u8> {
    let mut out = Vec::new();
    layer.tile(tile, now(), &mut out);
    out
}

#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    pub id: u64,
    pub tags: BTreeMap<String, MvtValue>,
    pub geometry: Geo<f64>,
}

/// All layers of a tile, checked for what MVT 2.1 demands of every tile.
pub fn decode(tile: &[u8]) -> Vec<(String, Vec<Decoded>)> {
    let reader = MvtReaderRef::new(tile).unwrap();
    let mut layers: Vec<(String, Vec<Decoded>)> = Vec::new();
    for layer in reader.layers() {
        assert_eq!((layer.version(), layer.extent()), (2, 4096));
        assert!(
            layers.iter().all(|(name, _)| name != layer.name()),
            "{} twice",
            layer.name()
        );
        let values: Vec<String> = layer.values().map(|value| format!("{value:?}")).collect();
        let distinct = |all: Vec<String>| all.iter().collect::<std::collections::HashSet<_>>().len() == all.len();
        assert!(distinct(values), "a value stands twice");
        assert!(
            distinct(layer.keys().iter().map(|&key| key.to_owned()).collect()),
            "a key stands twice"
        );
        let decode_one = |feature: fast_mvt::MvtFeatureRef<'_>| {
            check_commands(feature.geometry_commands(), feature.geom_type_value().unwrap());
            let owned = feature.to_feature().unwrap();
            let tags = feature.properties_vec().unwrap();
            let tags = tags
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.into_owned()));
            Decoded {
                id: feature.id().unwrap_or_default(),
                tags: tags.collect(),
                geometry: multi(geo::MapCoords::map_coords(&owned.geometry, |at: geo::Coord<i32>| {
                    geo::Coord {
                        x: f64::from(at.x),
                        y: f64::from(at.y),
                    }
                })),
            }
        };
        let features: Vec<Decoded> = layer.features().map(decode_one).collect();
        assert!(!features.is_empty(), "a layer without features");
        // Labels come in the order in which a map should place them.
        assert!(layer.name().ends_with("_label") || features.is_sorted_by_key(|feature| feature.id));
        layers.push((layer.name().to_owned(), features));
    }
    layers
}

/// The features of a tile that has one layer, or none.
pub fn decode_one(tile: &[u8]) -> Vec<Decoded> {
    let mut layers = decode(tile);
    assert!(layers.len() <= 1);
    layers.pop().map(|(_, features)| features).unwrap_or_default()
}

fn multi(geometry: Geo<f64>) -> Geo<f64> {
    match geometry {
        Geo::Point(one) => Geo::MultiPoint(MultiPoint(vec![one])),
        Geo::LineString(one) => Geo::MultiLineString(MultiLineString(vec![one])),
        Geo::Polygon(one) => Geo::MultiPolygon(MultiPolygon(vec![one])),
        multi => multi,
    }
}

/// Reads the commands by hand: what decoders forgive must not be there (MVT 2.1, clause 4.3).
fn check_commands(commands: &[u32], geom_type: i32) {
    let (mut at, mut cursor) = (0, (0_i64, 0_i64));
    let mut rings = 0;
    let mut next = |count: usize, at: &mut usize| -> Vec<(i64, i64)> {
        let unzigzag = |n: u32| i64::from(n >> 1) ^ -i64::from(n & 1);
        (0..count)
            .map(|_| {
                cursor = (
                    cursor.0 + unzigzag(commands[*at]),
                    cursor.1 + unzigzag(commands[*at + 1]),
                );
                *at += 2;
                assert!(
                    (-64..=4160).contains(&cursor.0) && (-64..=4160).contains(&cursor.1),
                    "{cursor:?}"
                );
                cursor
            })
            .collect()
    };
    while at < commands.len() {
        let (command, count) = (commands[at] & 7, (commands[at] >> 3) as usize);
        at += 1;
        assert_eq!(command, 1, "a part begins with MoveTo");
        let mut part = next(count, &mut at);
        if geom_type == 1 {
            assert!(count > 0 && at == commands.len(), "points are one MoveTo");
            return;
        }
        assert_eq!(count, 1);
        let (command, count) = (commands[at] & 7, (commands[at] >> 3) as usize);
        at += 1;
        assert!(command == 2 && count >= geom_type as usize - 1, "{command} {count}");
        part.extend(next(count, &mut at));
        if geom_type == 3 {
            assert_eq!(commands[at], 15, "a ring is closed");
            at += 1;
            part.extend_from_within(..1);
            let area: i64 = part.windows(2).map(|p| p[0].0 * p[1].1 - p[1].0 * p[0].1).sum();
            assert!(area != 0 && (rings > 0 || area > 0), "the first ring is an outer one");
            rings += 1;
        }
        assert!(part.windows(2).all(|pair| pair[0] != pair[1]), "a position is repeated");
    }
}
