//! What a store holds after a load, compared with what `ogr2ogr` reads from the same source.

use crate::attributes;
use crate::source::SourceFeature;
use geo::{Coord, CoordsIter, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use onemap_model::{Feature, Layer, Name};
use onemap_store::{At, ContentDigest, OpenMode};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

/// How far a coordinate may be from the oracle's, in degrees.
pub const TOLERANCE_DEGREES: f64 = 1e-7;

/// A layer with all its features.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its definition.
    pub layer: Layer,
    /// Its features, of all valid times.
    pub features: Vec<Feature>,
}

/// Reads a layer of a store.
///
/// # Panics
/// Where there is none, or the store cannot be read.
pub fn read(store: &Path, layer: &str) -> Loaded {
    let mut store = onemap_store::open(store.to_str().unwrap(), OpenMode::Existing).unwrap();
    let mut reading = store.read(At::Now).unwrap();
    let layers = reading.layers().unwrap();
    let found = layers.iter().find(|state| state.layer.name().as_str() == layer);
    let state = found.unwrap_or_else(|| panic!("no layer {layer:?} among {:?}", names(&layers)));
    let mut features = Vec::new();
    let name = Name::new(layer).unwrap();
    let all = reading.features(&name, &mut |feature| {
        features.push(feature);
        ControlFlow::Continue(())
    });
    all.unwrap();
    assert_eq!(
        features.len() as u64,
        state.features,
        "the count of {layer} that the store gives"
    );
    Loaded {
        layer: state.layer.clone(),
        features,
    }
}

/// What a layer contains, whatever its order, numbers and times of recording; none where there is no such layer.
///
/// # Panics
/// Where the store is not sound: it does not open, or its parts do not agree.
pub fn digest(store: &Path, layer: &str) -> Option<ContentDigest> {
    let mut store = onemap_store::open(store.to_str().unwrap(), OpenMode::Existing).unwrap();
    assert_eq!(
        store.verify().unwrap(),
        Vec::<String>::new(),
        "the store's parts do not agree"
    );
    let mut reading = store.read(At::Now).unwrap();
    let name = Name::new(layer).unwrap();
    let there = reading
        .layers()
        .unwrap()
        .iter()
        .any(|state| *state.layer.name() == name);
    there.then(|| onemap_store::content_digest(reading.as_mut(), &name).unwrap())
}

fn names(layers: &[onemap_store::LayerState]) -> Vec<&str> {
    layers.iter().map(|state| state.layer.name().as_str()).collect()
}

/// Every row of the source is in the store with the same attributes and geometry, and no other row is.
///
/// Rows are matched by all of their attributes, then by geometry: no order and no key is taken for granted. A field
/// that the source never sets must be null, but for the key, which an importer may make.
///
/// # Panics
/// Where they differ, with the first row that does and what comes nearest to it.
pub fn assert_same(loaded: &Loaded, source: &[SourceFeature]) {
    let name = loaded.layer.name();
    assert_eq!(loaded.features.len(), source.len(), "rows of {name}");
    let fields = fields_of_source(&loaded.layer, source);
    for at in (0..fields.len()).filter(|&at| fields[at].is_none() && loaded.layer.key() != Some(at)) {
        let set = loaded.features.iter().find(|feature| !feature.row.values[at].is_null());
        assert!(
            set.is_none(),
            "{:?} is set in {set:?}, and never in the source",
            loaded.layer.fields()[at].name
        );
    }
    let mut by_attributes: HashMap<String, Vec<&SourceFeature>> = HashMap::new();
    for feature in source {
        by_attributes
            .entry(key_of_source(&loaded.layer, &fields, feature))
            .or_default()
            .push(feature);
    }
    for feature in &loaded.features {
        let key = key_of_store(&fields, feature);
        let Some(same) = by_attributes.get_mut(&key).filter(|same| !same.is_empty()) else {
            let nearest = nearest_key(&by_attributes, &key);
            panic!(
                "{name} {}: no row of the source has these attributes:\n{key}\nnearest:\n{nearest}",
                feature.fid
            );
        };
        let geometry = feature.row.geometry.as_ref().map(of_store);
        let away = |source: &SourceFeature| apart(geometry.as_ref(), source.geometry.as_ref());
        let (at, distance) = same
            .iter()
            .map(|source| away(source))
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap();
        let wrong = || format!("{geometry:?}\nsource: {:?}", same[at].geometry);
        assert!(
            distance <= TOLERANCE_DEGREES,
            "{name} {} is {distance} degrees off: {}",
            feature.fid,
            wrong()
        );
        same.swap_remove(at);
    }
}

/// The source's attribute for each field of the layer. Every attribute of the source must have its field.
fn fields_of_source(layer: &Layer, source: &[SourceFeature]) -> Vec<Option<String>> {
    let mut names: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (name, _) in source.iter().flat_map(|feature| &feature.attributes) {
        if seen.insert(name) {
            names.push(name);
        }
    }
    let mut fields = vec![None; layer.fields().len()];
    for name in names {
        let titled = layer.fields().iter().position(|field| field.title == name);
        let at = titled.or_else(|| layer.field_index(Name::from_source(name).as_str()));
        let at = at.unwrap_or_else(|| panic!("the source's field {name:?} is not among {:?}", layer.fields()));
        assert!(
            fields[at].is_none(),
            "two fields of the source are {:?}",
            layer.fields()[at]
        );
        fields[at] = Some(name.to_owned());
    }
    fields
}

fn key_of_source(layer: &Layer, fields: &[Option<String>], feature: &SourceFeature) -> String {
    let offset = i64::from(layer.utc_offset_minutes);
    let said = layer.fields().iter().zip(fields).filter_map(|(field, source)| {
        let json = feature.value(source.as_ref()?);
        Some(attributes::of_json(json, field.field_type, offset).unwrap_or_default())
    });
    said.collect::<Vec<_>>().join("\u{1f}")
}

fn key_of_store(fields: &[Option<String>], feature: &Feature) -> String {
    let of_source = feature
        .row
        .values
        .iter()
        .zip(fields)
        .filter(|(_, source)| source.is_some());
    let said = of_source.map(|(value, _)| attributes::of_store(value).unwrap_or_default());
    said.collect::<Vec<_>>().join("\u{1f}")
}

/// The key that begins like `key` for longest.
fn nearest_key(keys: &HashMap<String, Vec<&SourceFeature>>, key: &str) -> String {
    let alike = |other: &String| other.chars().zip(key.chars()).take_while(|(a, b)| a == b).count();
    let left = keys.iter().filter(|(_, rows)| !rows.is_empty());
    left.max_by_key(|(other, _)| alike(other))
        .map(|(other, _)| other.clone())
        .unwrap_or_default()
}

/// A store's geometry in the form of the oracle's.
pub fn of_store(geometry: &onemap_model::Geometry) -> Geometry<f64> {
    use onemap_model::Geometry as Stored;
    let path = |path: &onemap_model::Path| {
        path.coords()
            .iter()
            .map(|c| Coord { x: c.x, y: c.y })
            .collect::<LineString<f64>>()
    };
    match geometry {
        Stored::Points(points) => Geometry::MultiPoint(MultiPoint(path(points).0.into_iter().map(Point).collect())),
        Stored::Lines(lines) => Geometry::MultiLineString(MultiLineString(lines.iter().map(path).collect())),
        Stored::Polygons(polygons) => {
            let polygon = |polygon: &onemap_model::Polygon| {
                let mut rings = polygon.rings.iter().map(path);
                Polygon::new(rings.next().unwrap_or_else(|| LineString::new(vec![])), rings.collect())
            };
            Geometry::MultiPolygon(MultiPolygon(polygons.iter().map(polygon).collect()))
        }
        Stored::Collection(parts) => Geometry::GeometryCollection(parts.iter().map(of_store).collect()),
    }
}

/// The greatest difference of any coordinate, position by position; infinite where the parts differ in number or kind.
pub fn apart(a: Option<&Geometry<f64>>, b: Option<&Geometry<f64>>) -> f64 {
    match (a, b) {
        (None, None) => 0.0,
        (Some(a), Some(b)) if shape(a) == shape(b) => {
            let differences = a
                .coords_iter()
                .zip(b.coords_iter())
                .map(|(a, b)| (a.x - b.x).abs().max((a.y - b.y).abs()));
            differences.fold(0.0, f64::max)
        }
        _ => f64::INFINITY,
    }
}

/// Kinds and counts of all parts.
fn shape(geometry: &Geometry<f64>) -> Vec<usize> {
    match geometry {
        Geometry::MultiPoint(points) => vec![0, points.0.len()],
        Geometry::MultiLineString(lines) => [1].into_iter().chain(lines.iter().map(|line| line.0.len())).collect(),
        Geometry::MultiPolygon(polygons) => {
            let rings = |p: &Polygon<f64>| {
                let holes = p.interiors().iter().map(|ring| ring.0.len());
                [usize::MAX, p.exterior().0.len()]
                    .into_iter()
                    .chain(holes)
                    .collect::<Vec<_>>()
            };
            [2].into_iter().chain(polygons.iter().flat_map(rings)).collect()
        }
        Geometry::GeometryCollection(parts) => [3].into_iter().chain(parts.iter().flat_map(shape)).collect(),
        other => panic!("multi-geometries only, not {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Crs, Feature, Fid, Field, FieldType, GeometryType, Row, Value};

    fn loaded(rows: &[(&str, f64)]) -> Loaded {
        let name = |text: &str| Name::new(text).unwrap();
        let field = Field {
            name: name("a_b"),
            title: "a b".into(),
            field_type: FieldType::Text,
        };
        let layer = Layer::new(name("l"), GeometryType::Point, Crs::WGS84, vec![field]).unwrap();
        let feature = |(at, &(text, x)): (usize, &(&str, f64))| Feature {
            fid: Fid::new(at as i64 + 1).unwrap(),
            row: Row {
                geometry: Some(onemap_model::Geometry::point(x, 1.0).unwrap()),
                values: vec![Value::text(text)],
                ..Row::default()
            },
        };
        Loaded {
            layer,
            features: rows.iter().enumerate().map(feature).collect(),
        }
    }

    fn source(rows: &[(&str, f64)]) -> Vec<SourceFeature> {
        let feature = |&(text, x): &(&str, f64)| SourceFeature {
            attributes: vec![("a b".to_owned(), text.into())],
            geometry: Some(Geometry::MultiPoint(MultiPoint(vec![Point::new(x, 1.0)]))),
        };
        rows.iter().map(feature).collect()
    }

    fn agree(a: &[(&str, f64)], b: &[(&str, f64)]) -> bool {
        std::panic::catch_unwind(|| assert_same(&loaded(a), &source(b))).is_ok()
    }

    #[test]
    fn rows_agree_in_any_order_and_as_often_as_they_come() {
        assert!(agree(
            &[("x", 1.0), ("x", 2.0), ("y", 1.0)],
            &[("y", 1.0), ("x", 2.0), ("x", 1.000_000_05)]
        ));
        assert!(!agree(&[("x", 1.0), ("x", 1.0)], &[("x", 1.0), ("x", 2.0)]));
        assert!(!agree(&[("x", 1.0)], &[("x", 1.0), ("x", 1.0)]));
    }

    #[test]
    fn another_text_or_place_does_not_agree() {
        assert!(!agree(&[("x", 1.0)], &[("y", 1.0)]));
        assert!(!agree(&[("x", 1.0)], &[("x", 1.000_000_2)]));
    }

    #[test]
    fn parts_of_another_number_are_infinitely_far() {
        let line = |count: i32| LineString::from((0..count).map(|i| (f64::from(i), 0.0)).collect::<Vec<_>>());
        let lines = |all: &[i32]| Geometry::MultiLineString(MultiLineString(all.iter().map(|&n| line(n)).collect()));
        assert_eq!(apart(Some(&lines(&[2, 3])), Some(&lines(&[2, 3]))), 0.0);
        assert_eq!(apart(Some(&lines(&[2, 3])), Some(&lines(&[3, 2]))), f64::INFINITY);
        assert_eq!(apart(Some(&lines(&[2])), None), f64::INFINITY);
    }
}
