//! Local systems of cities and the old national datums, by the 4 or 7 parameters of a survey office, which are secret:
//! they come from a file at run time, and nothing here prints, logs or keeps them. A system is known by its name alone.
//!
//! Four parameters turn a plane into another: `E' = dx + k (cos t · E − sin t · N)`, `N' = dy + k (sin t · E + cos t · N)`,
//! around an origin where one is given. Seven turn one datum into another (EPSG methods 9606 position vector, 9607
//! coordinate frame; EPSG Guidance Note 7-2), at height 0 on the ellipsoid. Datums are turned by PROJ.

use crate::crs::Horizontal;
use crate::datum::{Kinship, kinship};
use gdal::spatial_ref::SpatialRef;
use onemap_model::{Bbox, Coord, Crs, Name};
use serde::Deserialize;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A file of systems has so many bytes at most.
const MOST_BYTES: u64 = 1 << 20;
/// Where the text of a system lies in the documentation.
const SEE: &str = "see docs/local-systems.md";

/// A system that only its survey office knows.
pub struct LocalSystem {
    name: Name,
    /// Outside of this the parameters mean nothing: in the plane of the files, metres (degrees for a geographic datum).
    bounds: Bbox,
    plane: Option<Plane>,
    /// What the plane's coordinates, or those of the files, are in; with the way to WGS 84 where they need one.
    base: Horizontal,
    /// The system that files of it may declare, where it is one with a code.
    declares: Option<Horizontal>,
    shifts_datum: bool,
}

/// A plane similarity, as a matrix.
struct Plane {
    along: f64,
    across: f64,
    origin: Coord,
    to: Coord,
}

impl fmt::Debug for LocalSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalSystem").field(&self.name.as_str()).finish()
    }
}

impl LocalSystem {
    /// What it is called: `local:` and its name.
    pub fn label(&self) -> String {
        format!("local:{}", self.name)
    }

    /// What its coordinates are in once the plane is turned; with the way to WGS 84 where the datum is another.
    pub fn base(&self) -> &Horizontal {
        &self.base
    }

    /// Whether the datum is turned too: the base then leads to WGS 84.
    pub fn shifts_datum(&self) -> bool {
        self.shifts_datum
    }

    /// Whether a file that declares this may be read as this system.
    pub fn is_declared_by(&self, declared: &Horizontal) -> bool {
        self.declares.as_ref().is_some_and(|own| own.is_same(declared))
    }

    /// The coordinate in the base; none where the parameters mean nothing there.
    pub fn to_base(&self, p: Coord) -> Option<Coord> {
        let plane = self.bounds.contains_point(p).then_some(&self.plane)?;
        Some(plane.as_ref().map_or(p, |plane| plane.turned(p)))
    }
}

impl Plane {
    fn turned(&self, p: Coord) -> Coord {
        let (x, y) = (p.x - self.origin.x, p.y - self.origin.y);
        Coord {
            x: self.to.x + self.along * x - self.across * y,
            y: self.to.y + self.across * x + self.along * y,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    system: Vec<RawSystem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSystem {
    name: String,
    bounds: [f64; 4],
    plane: Option<RawPlane>,
    datum: Option<RawDatum>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlane {
    to: u32,
    dx_m: f64,
    dy_m: f64,
    rotation_arcsec: Option<f64>,
    rotation_rad: Option<f64>,
    scale_ppm: f64,
    origin: Option<[f64; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatum {
    from: Option<u32>,
    projection: Option<RawProjection>,
    dx_m: f64,
    dy_m: f64,
    dz_m: f64,
    rx_arcsec: f64,
    ry_arcsec: f64,
    rz_arcsec: f64,
    scale_ppm: f64,
    convention: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProjection {
    semi_major_m: f64,
    inverse_flattening: f64,
    central_meridian: f64,
    latitude_of_origin: f64,
    scale: f64,
    false_easting_m: f64,
    false_northing_m: f64,
}

/// The system of that name in the file at `path`.
///
/// # Errors
/// A sentence where others than its owner may read the file, where it says no systems, or not this one. Never with a value
/// out of the file.
pub fn read(path: &Path, name: &str) -> Result<Arc<LocalSystem>, String> {
    let shown = path.display();
    must_be_private(path).map_err(|reason| format!("{shown}: {reason}"))?;
    let text = std::fs::read_to_string(path).map_err(|e| format!("{shown}: {}", e.kind()))?;
    let raw: RawFile = toml::from_str(&text).map_err(|error| format!("{shown}: {}", without_values(&text, &error)))?;
    let names: Vec<&str> = raw.system.iter().map(|system| system.name.as_str()).collect();
    let wanted: Vec<&RawSystem> = raw.system.iter().filter(|system| system.name == name).collect();
    match wanted[..] {
        [system] => system
            .checked()
            .map(Arc::new)
            .map_err(|reason| format!("{shown}: {name}: {reason}")),
        [] => Err(format!(
            "{shown}: there is no system {name:?}; there are: {}",
            names.join(", ")
        )),
        _ => Err(format!("{shown}: there are several systems {name:?}")),
    }
}

/// Whether nobody but its owner can read or write a file.
fn must_be_private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let file = std::fs::metadata(path).map_err(|e| e.kind().to_string())?;
    if !file.is_file() || file.len() > MOST_BYTES {
        return Err("it is no file of local systems".to_owned());
    }
    match file.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => Err("others than its owner may read or change it, and it holds secrets: `chmod 600` it first".to_owned()),
    }
}

/// What is wrong with a file, without anything that it says but names of keys.
fn without_values(text: &str, error: &toml::de::Error) -> String {
    let line = error
        .span()
        .map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = error.message();
    let of_keys = ["unknown field", "missing field", "duplicate key"];
    let what = match of_keys.iter().any(|start| message.starts_with(start)) {
        true => message,
        false => "it cannot be read",
    };
    format!("line {line}: {what}; {SEE}")
}

impl RawSystem {
    fn checked(&self) -> Result<LocalSystem, String> {
        let name = Name::new(&self.name).map_err(|_| "its name is no name".to_owned())?;
        let [west, south, east, north] = self.bounds;
        let bounds = Bbox::new(west, south, east, north).map_err(|_| wrong("bounds", "west, south, east, north"))?;
        let plane = self.plane.as_ref().map(RawPlane::checked).transpose()?;
        let to = self
            .plane
            .as_ref()
            .map(|plane| system("plane.to", plane.to))
            .transpose()?;
        let label = format!("local:{name}");
        let (base, declares) = match (&self.datum, to) {
            (None, None) => return Err(format!("it has neither plane nor datum; {SEE}")),
            (None, Some(to)) => {
                if kinship(&to.datum()) != Kinship::Equal || !to.srs().is_projected() {
                    return Err(wrong(
                        "plane.to",
                        "a projection of CGCS2000, or [system.datum] beside it",
                    ));
                }
                (to, None)
            }
            (Some(datum), to) => {
                let source = datum.source()?;
                if let (Some(to), Some(source)) = (&to, &source)
                    && !to.is_same(source)
                {
                    return Err(wrong("datum.from", "what plane.to says"));
                }
                let from = source.as_ref().or(to.as_ref());
                let base = datum.shifted(from, &label)?;
                let declares = source.filter(|_| self.plane.is_none());
                (base, declares)
            }
        };
        Ok(LocalSystem {
            name,
            bounds,
            plane,
            base: base.labelled(label),
            declares,
            shifts_datum: self.datum.is_some(),
        })
    }
}

impl RawPlane {
    fn checked(&self) -> Result<Plane, String> {
        let angle = match (self.rotation_arcsec, self.rotation_rad) {
            (Some(seconds), None) => (seconds / 3600.0).to_radians(),
            (None, Some(radians)) => radians,
            _ => return Err(wrong("plane.rotation", "rotation_arcsec or rotation_rad, one of them")),
        };
        within(
            "plane.rotation",
            angle,
            std::f64::consts::PI,
            "no more than half a turn",
        )?;
        within("plane.scale_ppm", self.scale_ppm, 1000.0, "-1000 to 1000")?;
        within("plane.dx_m", self.dx_m, 1e8, "metres")?;
        within("plane.dy_m", self.dy_m, 1e8, "metres")?;
        let [x, y] = self.origin.unwrap_or_default();
        within("plane.origin", x.abs().max(y.abs()), 1e8, "metres")?;
        let scale = 1.0 + self.scale_ppm * 1e-6;
        let (sin, cos) = angle.sin_cos();
        Ok(Plane {
            along: scale * cos,
            across: scale * sin,
            origin: Coord { x, y },
            to: Coord {
                x: x + self.dx_m,
                y: y + self.dy_m,
            },
        })
    }
}

impl RawDatum {
    /// The system with a code that coordinates are in; none where they are in a projection of its own.
    fn source(&self) -> Result<Option<Horizontal>, String> {
        match (self.from, &self.projection) {
            (Some(code), None) => system("datum.from", code).map(Some),
            (None, Some(_)) => Ok(None),
            _ => Err(wrong("datum", "from or projection, one of them")),
        }
    }

    /// The system with the way to WGS 84.
    fn shifted(&self, from: Option<&Horizontal>, label: &str) -> Result<Horizontal, String> {
        // PROJ's `towgs84` turns as position vectors are.
        let sign = match self.convention.as_str() {
            "position-vector" => 1.0,
            "coordinate-frame" => -1.0,
            _ => return Err(wrong("datum.convention", "position-vector or coordinate-frame")),
        };
        for (key, metres) in [("dx_m", self.dx_m), ("dy_m", self.dy_m), ("dz_m", self.dz_m)] {
            within(&format!("datum.{key}"), metres, 10_000.0, "-10000 to 10000")?;
        }
        let turns = [
            ("rx_arcsec", self.rx_arcsec),
            ("ry_arcsec", self.ry_arcsec),
            ("rz_arcsec", self.rz_arcsec),
        ];
        for (key, seconds) in turns {
            within(&format!("datum.{key}"), seconds, 100.0, "-100 to 100")?;
        }
        within("datum.scale_ppm", self.scale_ppm, 1000.0, "-1000 to 1000")?;
        let own = match (&self.projection, from) {
            (Some(projection), _) => projection.words()?,
            (None, Some(from)) => words_of(from)?,
            (None, None) => return Err(wrong("datum", "from or projection, one of them")),
        };
        let shift = [
            self.dx_m,
            self.dy_m,
            self.dz_m,
            sign * self.rx_arcsec,
            sign * self.ry_arcsec,
            sign * self.rz_arcsec,
            self.scale_ppm,
        ];
        let shift: Vec<String> = shift.iter().map(f64::to_string).collect();
        of_words(&format!("{own} +towgs84={} +no_defs", shift.join(",")), label)
    }
}

impl RawProjection {
    fn words(&self) -> Result<String, String> {
        let Self {
            semi_major_m: a,
            inverse_flattening: rf,
            central_meridian,
            latitude_of_origin,
            scale,
            false_easting_m,
            false_northing_m,
        } = self;
        within(
            "datum.projection.semi_major_m",
            a - 6_378_000.0,
            1_000.0,
            "6377000 to 6379000",
        )?;
        within("datum.projection.inverse_flattening", rf - 298.0, 2.0, "296 to 300")?;
        within(
            "datum.projection.central_meridian",
            *central_meridian,
            180.0,
            "-180 to 180",
        )?;
        within(
            "datum.projection.latitude_of_origin",
            *latitude_of_origin,
            90.0,
            "-90 to 90",
        )?;
        within("datum.projection.scale", scale - 1.0, 0.01, "0.99 to 1.01")?;
        within("datum.projection.false_easting_m", *false_easting_m, 1e8, "metres")?;
        within("datum.projection.false_northing_m", *false_northing_m, 1e8, "metres")?;
        Ok(format!(
            "+proj=tmerc +lat_0={latitude_of_origin} +lon_0={central_meridian} +k={scale} +x_0={false_easting_m} \
             +y_0={false_northing_m} +a={a} +rf={rf} +units=m"
        ))
    }
}

fn wrong(key: &str, expected: &str) -> String {
    format!("{key}: expected {expected}; {SEE}")
}

fn within(key: &str, value: f64, most: f64, expected: &str) -> Result<(), String> {
    match value.abs() <= most {
        true => Ok(()),
        false => Err(wrong(key, expected)),
    }
}

fn system(key: &str, code: u32) -> Result<Horizontal, String> {
    Horizontal::of_code(Crs::epsg(code)).map_err(|_| wrong(key, "the EPSG code of a geographic or projected system"))
}

/// The words by which PROJ knows a system, without its datum.
fn words_of(system: &Horizontal) -> Result<String, String> {
    let words = system
        .srs()
        .to_proj4()
        .map_err(|_| wrong("datum.from", "a system that PROJ knows"));
    crate::messages::forget();
    let is_own = |word: &&str| {
        !["+no_defs", "+type", "+towgs84", "+datum", "+nadgrids"]
            .iter()
            .any(|start| word.starts_with(start))
    };
    Ok(words?.split_whitespace().filter(is_own).collect::<Vec<_>>().join(" "))
}

fn of_words(words: &str, label: &str) -> Result<Horizontal, String> {
    crate::setup::gdal();
    let srs = SpatialRef::from_proj4(words);
    // What PROJ says of them may repeat them.
    crate::messages::forget();
    let of = srs.ok().and_then(|srs| Horizontal::plain(srs, label));
    of.ok_or_else(|| wrong("datum", "parameters that PROJ can work with"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reproject::Reprojector;
    use onemap_model::Geometry;

    type Vector = [f64; 3];

    /// The 7 parameters by the formula of EPSG Guidance Note 7-2, 4.3.3: method 9606 where `sign` is 1, 9607 where it is -1.
    fn helmert(p: Vector, shift: Vector, turns_arcsec: Vector, ppm: f64, sign: f64) -> Vector {
        let [rx, ry, rz] = turns_arcsec.map(|seconds| sign * (seconds / 3600.0).to_radians());
        let m = 1.0 + ppm * 1e-6;
        let [x, y, z] = p;
        [
            shift[0] + m * (x - rz * y + ry * z),
            shift[1] + m * (rz * x + y - rx * z),
            shift[2] + m * (-ry * x + rx * y + z),
        ]
    }

    fn geocentric(lon: f64, lat: f64, a: f64, rf: f64) -> Vector {
        let e2 = (2.0 - 1.0 / rf) / rf;
        let ((sin, cos), (sin_l, cos_l)) = (lat.to_radians().sin_cos(), lon.to_radians().sin_cos());
        let n = a / (1.0 - e2 * sin * sin).sqrt();
        [n * cos * cos_l, n * cos * sin_l, n * (1.0 - e2) * sin]
    }

    /// Longitude and latitude, by iteration.
    fn geodetic([x, y, z]: Vector, a: f64, rf: f64) -> (f64, f64) {
        let e2 = (2.0 - 1.0 / rf) / rf;
        let p = x.hypot(y);
        let mut lat = (z / (p * (1.0 - e2))).atan();
        for _ in 0..20 {
            let n = a / (1.0 - e2 * lat.sin() * lat.sin()).sqrt();
            lat = ((z + e2 * n * lat.sin()) / p).atan();
        }
        (y.atan2(x).to_degrees(), lat.to_degrees())
    }

    const SHIFT: Vector = [-12.5, 104.25, 37.75];
    const TURNS: Vector = [1.25, -2.5, 3.75];
    const PPM: f64 = -4.5;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("systems.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        (dir, path)
    }

    fn way(text: &str) -> Reprojector {
        let (_dir, path) = file(text);
        Reprojector::of_local(&read(&path, "city").unwrap(), Crs::CGCS2000).unwrap()
    }

    fn turned(way: &Reprojector, x: f64, y: f64) -> (f64, f64) {
        let turned = way.apply(Geometry::point(x, y).unwrap()).unwrap();
        let p = turned.coords().next().unwrap();
        (p.x, p.y)
    }

    fn apart_m(a: (f64, f64), b: (f64, f64)) -> f64 {
        let east = (a.0 - b.0) * 111_320.0 * a.1.to_radians().cos();
        east.hypot((a.1 - b.1) * 110_850.0)
    }

    fn datum(from: &str, sign: f64, convention: &str) -> String {
        let ([dx, dy, dz], [rx, ry, rz]) = (SHIFT, TURNS.map(|turn| sign * turn));
        format!(
            "[[system]]\nname = \"city\"\nbounds = [-1e9, -1e9, 1e9, 1e9]\n[system.datum]\n{from}\ndx_m = {dx:?}\ndy_m = {dy:?}\n\
             dz_m = {dz:?}\nrx_arcsec = {rx:?}\nry_arcsec = {ry:?}\nrz_arcsec = {rz:?}\nscale_ppm = {PPM:?}\n\
             convention = \"{convention}\"\n"
        )
    }

    #[test]
    fn the_formula_of_these_tests_is_that_of_the_guidance_note() {
        let (wgs72, expected) = (
            [3_657_660.66, 255_768.55, 5_201_382.11],
            [3_657_660.78, 255_778.43, 5_201_387.75],
        );
        for (turn, sign) in [(0.554, 1.0), (-0.554, -1.0)] {
            let found = helmert(wgs72, [0.0, 0.0, 4.5], [0.0, 0.0, turn], 0.219, sign);
            let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.01);
            assert!(near, "{found:?}");
        }
    }

    #[test]
    fn seven_parameters_give_what_the_formula_gives_in_both_conventions() {
        let own = "projection = { semi_major_m = 6378140.0, inverse_flattening = 298.257, central_meridian = 114.0, \
                   latitude_of_origin = 0.0, scale = 1.0, false_easting_m = 500000.0, false_northing_m = 0.0 }";
        let project = |lon: f64, lat: f64| {
            crate::setup::gdal();
            let [from, to] = [4610, 2383].map(|code| Horizontal::of_code(Crs::epsg(code)).unwrap());
            let forth = gdal::spatial_ref::CoordTransform::new(from.srs(), to.srs()).unwrap();
            let (mut x, mut y) = ([lon], [lat]);
            forth.transform_coords(&mut x, &mut y, &mut []).unwrap();
            (x[0], y[0])
        };
        for (lon, lat) in [(115.04, 30.2), (113.1, 29.5), (114.9, 31.0)] {
            let from = geocentric(lon, lat, 6_378_140.0, 298.257);
            let to = helmert(from, SHIFT, TURNS, PPM, 1.0);
            let expected = geodetic(to, 6_378_137.0, 298.257_222_101);
            let plane = project(lon, lat);
            for (text, at) in [
                (datum("from = 4610", 1.0, "position-vector"), (lon, lat)),
                (datum("from = 4610", -1.0, "coordinate-frame"), (lon, lat)),
                (datum("from = 2383", 1.0, "position-vector"), plane),
                (datum(own, 1.0, "position-vector"), plane),
            ] {
                let found = turned(&way(&text), at.0, at.1);
                assert!(apart_m(found, expected) < 0.001, "{text} {found:?} {expected:?}");
            }
            let other = turned(&way(&datum("from = 4610", 1.0, "coordinate-frame")), lon, lat);
            assert!(apart_m(other, expected) > 1.0);
        }
    }

    #[test]
    fn four_parameters_turn_the_plane() {
        let text = |rotation: &str| {
            format!(
                "[[system]]\nname = \"city\"\nbounds = [0, 0, 100000, 100000]\n[system.plane]\nto = 4547\ndx_m = 550000.0\n\
                 dy_m = 3300000.0\n{rotation}\nscale_ppm = 12.0\n"
            )
        };
        let seconds: f64 = 1234.5;
        let (sin, cos) = (seconds / 3600.0).to_radians().sin_cos();
        let k = 1.0 + 12e-6;
        let (x, y) = (50_000.0, 40_000.0);
        let (east, north) = (
            550_000.0 + k * (cos * x - sin * y),
            3_300_000.0 + k * (sin * x + cos * y),
        );
        let direct = Reprojector::new(&Horizontal::of_code(Crs::epsg(4547)).unwrap(), Crs::CGCS2000).unwrap();
        let expected = turned(&direct, east, north);
        let radians = (seconds / 3600.0).to_radians();
        for rotation in [
            format!("rotation_arcsec = {seconds:?}"),
            format!("rotation_rad = {radians:?}"),
        ] {
            let way = way(&text(&rotation));
            assert!(apart_m(turned(&way, x, y), expected) < 1e-4);
            let outside = Geometry::point(100_001.0, 5.0).unwrap();
            assert_eq!(way.apply(outside).unwrap_err().0, Coord { x: 100_001.0, y: 5.0 });
        }
    }

    #[test]
    fn both_together_turn_the_plane_first() {
        let plane =
            "[system.plane]\nto = 2383\ndx_m = 500000.0\ndy_m = 3300000.0\nrotation_arcsec = 0.0\nscale_ppm = 0.0\n";
        let both = way(&format!("{}{plane}", datum("from = 2383", 1.0, "position-vector")));
        let one = way(&datum("from = 2383", 1.0, "position-vector"));
        let (local, whole) = (turned(&both, 60_000.0, 40_000.0), turned(&one, 560_000.0, 3_340_000.0));
        assert!(apart_m(local, whole) < 1e-5);
    }

    #[test]
    fn what_is_wrong_is_named_and_no_value_is_told() {
        let good = datum("from = 2383", 1.0, "position-vector");
        for (from, to, expected) in [
            ("dx_m", "dx", "unknown field `dx`"),
            ("dz_m = 37.75", "", "missing field `dz_m`"),
            ("dz_m = 37.75", "dz_m = \"37.75\"", "line 8"),
            ("dz_m = 37.75", "dz_m = 37.75 37.75", "line 8"),
            ("dz_m = 37.75", "dz_m = 37750.0", "datum.dz_m"),
            ("dz_m = 37.75", "dz_m = nan", "datum.dz_m"),
            ("rx_arcsec = 1.25", "rx_arcsec = 125.5", "datum.rx_arcsec"),
            ("scale_ppm = -4.5", "scale_ppm = 4500.5", "datum.scale_ppm"),
            ("position-vector", "bursa-wolf", "datum.convention"),
            ("from = 2383", "", "datum"),
            ("from = 2383", "from = 4978", "datum.from"),
            ("bounds = [-1e9, -1e9, 1e9, 1e9]", "bounds = [5, 5, 1, 1]", "bounds"),
            ("name = \"city\"", "name = \"town\"", "there are: town"),
        ] {
            assert!(good.contains(from), "{from}");
            let (_dir, path) = file(&good.replace(from, to));
            let error = read(&path, "city").unwrap_err();
            assert!(
                error.contains(expected) && error.contains("systems.toml"),
                "{from} -> {to}: {error}"
            );
            for secret in ["37.75", "37750", "125.5", "104.25", "4500.5", "12.5", "2.5"] {
                assert!(!error.contains(secret), "{error}");
            }
        }
        let (_dir, path) = file(&good);
        let shown = format!("{:?}", read(&path, "city").unwrap());
        assert_eq!(shown, "LocalSystem(\"city\")");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (dir, path) = file(&datum("from = 2383", 1.0, "position-vector"));
        let link = dir.path().join("link.toml");
        symlink(&path, &link).unwrap();
        assert!(read(&link, "city").is_ok());
        for mode in [0o644, 0o640, 0o602] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            for path in [&path, &link] {
                assert!(read(path, "city").unwrap_err().contains("chmod 600"));
            }
        }
        assert!(
            read(&dir.path().join("none.toml"), "city")
                .unwrap_err()
                .contains("none.toml")
        );
        assert!(read(dir.path(), "city").unwrap_err().contains("no file"));
    }
}
