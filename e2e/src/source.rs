//! What a file holds, by `ogr2ogr`: a route into the data that owns no code with the importer.

use geo::{Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// A feature of a source.
#[derive(Debug, Clone)]
pub struct SourceFeature {
    /// The attributes in their order; what is unset in the source is missing.
    pub attributes: Vec<(String, Json)>,
    /// The geometry in longitude and latitude (EPSG:4326), single and multi as multi; none for null.
    pub geometry: Option<Geometry<f64>>,
}

impl SourceFeature {
    /// The value of this attribute, [`Json::Null`] where it is unset.
    pub fn value(&self, name: &str) -> &Json {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map_or(&Json::Null, |(_, value)| value)
    }
}

/// Reads one layer of `source` (anything that GDAL opens, `/vsizip/…` too) as EPSG:4326, with `options` for `ogr2ogr`.
///
/// # Panics
/// Where `ogr2ogr` fails, or writes what no GeoJSON writer should.
pub fn read(source: &str, layer: &str, options: &[&str]) -> Vec<SourceFeature> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source.json");
    let mut command = Command::new("ogr2ogr");
    command
        .args(["-f", "GeoJSON"])
        .arg(&path)
        .arg(source)
        .arg(layer)
        .args(["-t_srs", "EPSG:4326"]);
    // Without these the writer rounds to 15 decimals and turns rings by the right-hand rule.
    command
        .args(["-lco", "COORDINATE_PRECISION=17", "-lco", "RFC7946=NO"])
        .args(options);
    let output = command
        .stdout(Stdio::null())
        .output()
        .expect("ogr2ogr (package gdal-bin) starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    read_features(&path)
}

/// The writer gives every feature a line of its own, which keeps a large file from being held as a whole.
fn read_features(path: &Path) -> Vec<SourceFeature> {
    let file = BufReader::new(std::fs::File::open(path).unwrap());
    let lines = file
        .lines()
        .map(Result::unwrap)
        .filter(|line| line.starts_with("{ \"type\": \"Feature\""));
    let feature = |line: String| {
        let raw: RawFeature =
            serde_json::from_str(line.trim_end_matches(',')).unwrap_or_else(|e| panic!("{line}: {e}"));
        SourceFeature {
            attributes: raw.properties.0,
            geometry: raw.geometry.map(|geometry| geometry_of(&geometry)),
        }
    };
    lines.map(feature).collect()
}

#[derive(serde::Deserialize)]
struct RawFeature {
    properties: Ordered,
    geometry: Option<RawGeometry>,
}

#[derive(serde::Deserialize)]
struct RawGeometry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    coordinates: Json,
    #[serde(default)]
    geometries: Vec<RawGeometry>,
}

/// An object's members in the order they are written.
struct Ordered(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Ordered;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

fn geometry_of(raw: &RawGeometry) -> Geometry<f64> {
    let c = &raw.coordinates;
    match raw.kind.as_str() {
        "Point" => Geometry::MultiPoint(MultiPoint(vec![point(c)])),
        "MultiPoint" => Geometry::MultiPoint(MultiPoint(items(c).iter().map(point).collect())),
        "LineString" => Geometry::MultiLineString(MultiLineString(vec![path(c)])),
        "MultiLineString" => Geometry::MultiLineString(MultiLineString(items(c).iter().map(path).collect())),
        "Polygon" => Geometry::MultiPolygon(MultiPolygon(vec![polygon(c)])),
        "MultiPolygon" => Geometry::MultiPolygon(MultiPolygon(items(c).iter().map(polygon).collect())),
        "GeometryCollection" => Geometry::GeometryCollection(raw.geometries.iter().map(geometry_of).collect()),
        other => panic!("GeoJSON has no geometry of type {other:?}"),
    }
}

fn items(value: &Json) -> &[Json] {
    value
        .as_array()
        .map_or_else(|| panic!("{value} is no list"), Vec::as_slice)
}

fn point(value: &Json) -> Point<f64> {
    let at = |i: usize| items(value)[i].as_f64().unwrap();
    Point::new(at(0), at(1))
}

fn path(value: &Json) -> LineString<f64> {
    items(value).iter().map(|position| point(position).0).collect()
}

fn polygon(value: &Json) -> Polygon<f64> {
    let mut rings = items(value).iter().map(path);
    Polygon::new(rings.next().unwrap_or_else(|| LineString::new(vec![])), rings.collect())
}
