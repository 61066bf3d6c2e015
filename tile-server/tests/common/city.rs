//! A small city at 115.04 E, 30.20 N: one layer of each kind, one of them hidden, one with parcels that were split.

use onemap_model::{
    Access, Coord, Crs, Feature, Fid, Field, FieldType, Geometry, GeometryType, Instant, Layer, Name, Path, Polygon,
    Row, TimeSpan, Value,
};

/// A tile (zoom, column, row) of Web Mercator in which the city lies.
pub const TILE: &str = "14/13427/6749";
/// How many points of interest there are.
pub const POIS: usize = 37;

/// All layers with their features, in the order of their names.
pub fn layers() -> Vec<(Layer, Vec<Feature>)> {
    let mut layers = vec![lineage(), pacific(), pois(), roads(), secret(), parcels()];
    layers.sort_by(|a, b| a.0.name().cmp(b.0.name()));
    layers
}

pub fn layer(name: &str, kind: GeometryType, access: Access, fields: &[(&str, FieldType)]) -> Layer {
    let field = |(name, field_type): &(&str, FieldType)| Field {
        name: Name::new(name).unwrap(),
        title: format!("Title of {name}"),
        field_type: *field_type,
    };
    let fields = fields.iter().map(field).collect();
    let mut layer = Layer::new(Name::new(name).unwrap(), kind, Crs::CGCS2000, fields).unwrap();
    layer.access = access;
    layer
}

pub fn feature(fid: i64, geometry: Option<Geometry>, values: Vec<Value>) -> Feature {
    let valid = TimeSpan::ALWAYS;
    Feature {
        fid: Fid::new(fid).unwrap(),
        row: Row {
            geometry,
            values,
            valid,
        },
    }
}

pub fn path(coords: &[(f64, f64)]) -> Path {
    Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap()
}

fn pois() -> (Layer, Vec<Feature>) {
    let fields = [
        ("code", FieldType::Text),
        ("name", FieldType::Text),
        ("stars", FieldType::Int),
    ];
    let layer = layer("pois", GeometryType::Point, Access::Public, &fields)
        .with_key("code")
        .unwrap();
    let one = |i: usize| {
        let geometry = Geometry::point(115.040_1 + i as f64 * 1e-4, 30.200_1).unwrap();
        let code = if i == 5 {
            "a/b 饭店?".to_owned()
        } else {
            format!("p{i}")
        };
        let values = vec![
            Value::text(code),
            Value::text(format!("第{i}饭店")),
            Value::Int(i as i64),
        ];
        feature(i as i64 + 1, Some(geometry), values)
    };
    (layer, (0..POIS).map(one).collect())
}

fn roads() -> (Layer, Vec<Feature>) {
    let fields = [
        ("name", FieldType::Text),
        ("width", FieldType::Float),
        ("built", FieldType::Date),
    ];
    let mut layer = layer("roads", GeometryType::MultiLineString, Access::Public, &fields);
    layer.basemap = true;
    layer.authority = Some("Roads & <Bridges>".into());
    let geometry = Geometry::Lines(vec![path(&[(115.03, 30.19), (115.05, 30.21)])]);
    let built = Value::Date(onemap_model::Date::parse("1999-12-31").unwrap());
    let values = vec![Value::text("人民路"), Value::float(12.0).unwrap(), built];
    let nowhere = vec![Value::text("planned"), Value::Null, Value::Null];
    (
        layer,
        vec![feature(1, Some(geometry), values), feature(2, None, nowhere)],
    )
}

fn secret() -> (Layer, Vec<Feature>) {
    let layer = layer(
        "secret",
        GeometryType::Point,
        Access::Restricted,
        &[("what", FieldType::Text)],
    );
    let geometry = Geometry::point(115.0415, 30.2005).unwrap();
    (layer, vec![feature(1, Some(geometry), vec![Value::text("bunker")])])
}

fn lineage() -> (Layer, Vec<Feature>) {
    let layer = layer(
        "lineage",
        GeometryType::None,
        Access::Public,
        &[("parent", FieldType::Text)],
    );
    (layer, vec![feature(1, None, vec![Value::text("A")])])
}

/// One point on each side of the antimeridian, and one on it.
fn pacific() -> (Layer, Vec<Feature>) {
    let layer = layer("pacific", GeometryType::Point, Access::Public, &[]);
    let at = |fid: i64, x: f64| feature(fid, Some(Geometry::point(x, 0.0).unwrap()), vec![]);
    (layer, vec![at(1, 179.5), at(2, -179.5), at(3, 180.0), at(4, 0.0)])
}

/// A square that was split into two in 2020, and one that will come in 2999.
fn parcels() -> (Layer, Vec<Feature>) {
    let fields = [("zddm", FieldType::Text), ("area", FieldType::Float)];
    let mut layer = layer("宗地", GeometryType::MultiPolygon, Access::Public, &fields)
        .with_key("zddm")
        .unwrap();
    layer.basemap = true;
    let split = Instant::parse("2020-01-01T00:00:00+08:00").unwrap();
    let one = |fid: i64, code: &str, west: f64, east: f64, from, to| {
        let mut parcel = feature(fid, Some(square(west, east)), vec![Value::text(code), Value::Null]);
        parcel.row.valid = TimeSpan::new(from, to).unwrap();
        parcel
    };
    let future = Instant::parse("2999-01-01T00:00:00Z").unwrap();
    let parcels = vec![
        one(1, "old", 115.041, 115.043, None, Some(split)),
        one(2, "west", 115.041, 115.042, Some(split), None),
        one(3, "east", 115.042, 115.043, Some(split), None),
        one(4, "future", 115.044, 115.045, Some(future), None),
    ];
    (layer, parcels)
}

/// A square with its ring clockwise, as Shapefiles have it.
pub fn square(west: f64, east: f64) -> Geometry {
    let (south, north) = (30.201, 30.202);
    let ring = path(&[
        (west, south),
        (west, north),
        (east, north),
        (east, south),
        (west, south),
    ]);
    Geometry::Polygons(vec![Polygon { rings: vec![ring] }])
}

/// A title that wants to be markup.
pub const HOSTILE: &str = "</title><script>alert('x')</script><img src=x onerror=\"alert(1)\">";

/// One public layer whose titles and values want to be markup.
pub fn hostile() -> Vec<(Layer, Vec<Feature>)> {
    let mut layer = layer("h", GeometryType::Point, Access::Public, &[("what", FieldType::Text)]);
    layer.title = HOSTILE.to_owned();
    layer.authority = Some(HOSTILE.to_owned());
    let field = Field {
        name: Name::new("what").unwrap(),
        title: HOSTILE.to_owned(),
        field_type: FieldType::Text,
    };
    let mut marked = Layer::new(layer.name().clone(), layer.geometry_type, layer.crs, vec![field]).unwrap();
    (marked.title, marked.authority, marked.access) = (layer.title, layer.authority, layer.access);
    let point = Geometry::point(115.04, 30.2).unwrap();
    vec![(marked, vec![feature(1, Some(point), vec![Value::text(HOSTILE)])])]
}
