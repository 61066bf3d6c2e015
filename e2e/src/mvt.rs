//! Decodes tiles strictly, as Mapbox Vector Tile 2.1 writes them, with a library that owns no code with the encoder.
//!
//! The library (`fast-mvt`) reads the bytes, the attributes and the geometries. It is lenient where decoders should
//! be; what a good *encoder* must not write is refused here, from its raw command and tag streams.

use fast_mvt::proto::GeomType;
use fast_mvt::{MvtFeatureRef, MvtLayerRef, MvtReaderRef, MvtValue, MvtValueRef};
use geo::{Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

/// One layer of a tile.
#[derive(Debug, Clone, PartialEq)]
pub struct TileLayer {
    /// Its name.
    pub name: String,
    /// The version of the specification that it claims.
    pub version: u32,
    /// Units a tile.
    pub extent: u32,
    /// Its features in their order.
    pub features: Vec<TileFeature>,
}

/// One feature of a tile.
#[derive(Debug, Clone, PartialEq)]
pub struct TileFeature {
    /// Its number.
    pub id: Option<u64>,
    /// Its attributes.
    pub attributes: BTreeMap<String, MvtValue>,
    /// Its geometry in units, y downwards, as a multi-geometry; none where the type is `UNKNOWN`.
    pub geometry: Option<Geometry<f64>>,
}

/// Decodes a tile.
///
/// # Errors
/// What is wrong with it, in words.
pub fn decode(bytes: &[u8]) -> Result<Vec<TileLayer>, String> {
    let reader = MvtReaderRef::new(bytes).map_err(|error| error.to_string())?;
    let mut names = HashSet::new();
    reader
        .layers()
        .map(|layer| {
            if !names.insert(layer.name().to_owned()) {
                return Err(format!("two layers are called {:?}", layer.name()));
            }
            decode_layer(layer).map_err(|error| format!("layer {:?}: {error}", layer.name()))
        })
        .collect()
}

fn decode_layer(layer: MvtLayerRef<'_>) -> Result<TileLayer, String> {
    if !(1..=2).contains(&layer.version()) {
        return Err(format!(
            "version {} is no version of the specification",
            layer.version()
        ));
    }
    if layer.extent() == 0 {
        return Err("an extent of 0".into());
    }
    if layer.values().any(|value| matches!(value, MvtValueRef::Null)) {
        return Err("a value of no known type".into());
    }
    let features = layer.features().enumerate();
    let features =
        features.map(|(at, feature)| decode_feature(feature).map_err(|error| format!("feature {at}: {error}")));
    Ok(TileLayer {
        name: layer.name().to_owned(),
        version: layer.version(),
        extent: layer.extent(),
        features: features.collect::<Result<_, _>>()?,
    })
}

fn decode_feature(feature: MvtFeatureRef<'_>) -> Result<TileFeature, String> {
    let mut attributes = BTreeMap::new();
    for property in feature.properties() {
        let (key, value) = property.map_err(|error| error.to_string())?;
        if attributes.insert(key.to_owned(), value.into_owned()).is_some() {
            return Err(format!("the attribute {key:?} twice"));
        }
    }
    let kind = feature.geom_type().ok_or("no geometry type")?;
    if feature.geometry_commands().is_empty() {
        return Err("no geometry".into());
    }
    check_commands(kind, feature.geometry_commands())?;
    let geometry = match kind {
        GeomType::Unknown => None,
        _ => Some(multi(feature.geometry().map_err(|error| error.to_string())?)),
    };
    if let Some(Geometry::MultiPolygon(polygons)) = &geometry {
        check_winding(polygons)?;
    }
    Ok(TileFeature {
        id: feature.id(),
        attributes,
        geometry,
    })
}

/// The grammar of clause 4.3.4: which commands follow which, with which counts.
fn check_commands(kind: GeomType, commands: &[u32]) -> Result<(), String> {
    let mut rest = commands;
    match kind {
        GeomType::Unknown => return Ok(()),
        GeomType::Point => drop(take(&mut rest, MOVE_TO, 1..=usize::MAX)?),
        GeomType::Linestring => {
            while !rest.is_empty() {
                take_path(&mut rest, 1)?;
            }
        }
        GeomType::Polygon => {
            while !rest.is_empty() {
                take_path(&mut rest, 2)?;
                take(&mut rest, CLOSE_PATH, 1..=1)?;
            }
        }
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(format!("{} words after the last command", rest.len()))
    }
}

fn take_path(rest: &mut &[u32], least_steps: usize) -> Result<(), String> {
    take(rest, MOVE_TO, 1..=1)?;
    let steps = take(rest, LINE_TO, least_steps..=usize::MAX)?;
    let stands_still = steps.chunks(2).any(|step| step == [0, 0]);
    if stands_still {
        Err("a line to where it is already".into())
    } else {
        Ok(())
    }
}

/// Takes one command, which must be `due` with a count in `counts`; gives its parameters.
fn take<'a>(rest: &mut &'a [u32], due: u32, counts: RangeInclusive<usize>) -> Result<&'a [u32], String> {
    let (&word, after) = rest.split_first().ok_or("the commands end too early")?;
    let (command, count) = (word & 7, (word >> 3) as usize);
    if command != due || !counts.contains(&count) {
        return Err(format!("command {command} × {count} where {due} × {counts:?} was due"));
    }
    let words = if command == CLOSE_PATH { 0 } else { count * 2 };
    let parameters = after.get(..words).ok_or("fewer parameters than the count says")?;
    *rest = &after[words..];
    Ok(parameters)
}

/// Outer rings have positive area (y downwards), the holes after them negative; none has no area.
fn check_winding(polygons: &MultiPolygon<f64>) -> Result<(), String> {
    for polygon in polygons {
        if twice_area(polygon.exterior()) <= 0.0 {
            return Err(format!(
                "an outer ring wound like a hole, or without area: {:?}",
                polygon.exterior()
            ));
        }
        if let Some(hole) = polygon.interiors().iter().find(|hole| twice_area(hole) >= 0.0) {
            return Err(format!("a hole without area: {hole:?}"));
        }
    }
    Ok(())
}

fn twice_area(ring: &LineString<f64>) -> f64 {
    ring.lines()
        .map(|line| line.start.x * line.end.y - line.end.x * line.start.y)
        .sum()
}

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

/// Single and multi as one, with coordinates that computations take.
fn multi(geometry: Geometry<i32>) -> Geometry<f64> {
    let path = |line: &LineString<i32>| {
        line.0
            .iter()
            .map(|c| (f64::from(c.x), f64::from(c.y)))
            .collect::<LineString<f64>>()
    };
    let point = |p: &Point<i32>| Point::new(f64::from(p.x()), f64::from(p.y()));
    let polygon = |p: &Polygon<i32>| Polygon::new(path(p.exterior()), p.interiors().iter().map(path).collect());
    match geometry {
        Geometry::Point(one) => Geometry::MultiPoint(MultiPoint(vec![point(&one)])),
        Geometry::MultiPoint(many) => Geometry::MultiPoint(MultiPoint(many.iter().map(point).collect())),
        Geometry::LineString(one) => Geometry::MultiLineString(MultiLineString(vec![path(&one)])),
        Geometry::MultiLineString(many) => Geometry::MultiLineString(MultiLineString(many.iter().map(path).collect())),
        Geometry::Polygon(one) => Geometry::MultiPolygon(MultiPolygon(vec![polygon(&one)])),
        Geometry::MultiPolygon(many) => Geometry::MultiPolygon(MultiPolygon(many.iter().map(polygon).collect())),
        other => unreachable!("a tile has points, lines and polygons only, not {other:?}"),
    }
}
