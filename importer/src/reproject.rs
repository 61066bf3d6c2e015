//! Turning coordinates to the store's system.
//!
//! A projected system whose datum is taken as equal to the store's (see [`crate::datum`]) is only unprojected, to its
//! own geographic system. Everything else goes through PROJ, which may not resort to "ballpark" operations: those
//! leave the datum shift out, up to hundreds of metres, without saying so.

use crate::crs::Horizontal;
use crate::datum::{Kinship, is_same, kinship};
use crate::local::LocalSystem;
use crate::webmap::WebMap;
use gdal::spatial_ref::{CoordTransform, CoordTransformOptions};
use onemap_model::{Coord, Crs, Geometry, Path, Polygon};
use std::borrow::Cow;
use std::sync::Arc;

/// How far outside ±180 and ±90 degrees rounding may carry a coordinate, in degrees: a tenth of a metre.
const ROUNDING_DEGREES: f64 = 1e-6;

/// From so far east or west of a zone's middle on, in metres, a coordinate is no place in that zone.
const FAR_M: f64 = 2.0e6;

/// The way from one system to the store's.
pub struct Reprojector {
    transform: Option<CoordTransform>,
    /// The easting of the middle of the zone, where the source is in a transverse Mercator zone in metres.
    zone_m: Option<f64>,
    /// The web map whose shift is taken away first.
    web: Option<WebMap>,
    /// The local system whose plane is turned first.
    local: Option<Arc<LocalSystem>>,
    /// Why two systems were taken as equal that are not the same; none where they are.
    pub equivalence: Option<String>,
}

/// A coordinate that has no place in the store's system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutOfRange(
    /// The coordinate as the source has it.
    pub Coord,
);

impl Reprojector {
    /// The way from `source` to `target`, which is geographic in degrees.
    ///
    /// # Errors
    /// A sentence where there is none that keeps the datum apart.
    pub fn new(source: &Horizontal, target: Crs) -> Result<Self, String> {
        let mut way = Self::without_zone(source, target)?;
        way.zone_m = source.false_easting_m();
        Ok(way)
    }

    /// The way from the shifted coordinates of a web map.
    ///
    /// # Errors
    /// None where `target` is geographic in degrees.
    pub fn of_web_map(web: WebMap, target: Crs) -> Result<Self, String> {
        let mut way = Self::without_zone(&Horizontal::of_code(target)?, target)?;
        way.web = Some(web);
        Ok(way)
    }

    /// The way from a local system.
    ///
    /// # Errors
    /// A sentence, which names the system and none of its parameters, where PROJ finds no way.
    pub fn of_local(local: &Arc<LocalSystem>, target: Crs) -> Result<Self, String> {
        let mut way = match local.shifts_datum() {
            false => Self::without_zone(local.base(), target)?,
            true => {
                let store = Horizontal::of_code(target)?;
                if kinship(&store.datum()) != Kinship::Equal {
                    return Err(format!(
                        "{} leads to WGS 84, which is not taken as equal to {target}",
                        local.label()
                    ));
                }
                let wgs84 = Horizontal::of_code(Crs::WGS84)?;
                let way = exact(local.base(), &wgs84);
                let none = || format!("PROJ finds no way from {}: its parameters are not sound", local.label());
                Self::with(Some(way.ok_or_else(none)?), None)
            }
        };
        way.equivalence = None;
        way.local = Some(Arc::clone(local));
        Ok(way)
    }

    fn with(transform: Option<CoordTransform>, equivalence: Option<String>) -> Self {
        Self {
            transform,
            zone_m: None,
            web: None,
            local: None,
            equivalence,
        }
    }

    fn without_zone(source: &Horizontal, target: Crs) -> Result<Self, String> {
        let store = Horizontal::of_code(target)?;
        let own = geographic(source)?;
        let (from, to) = (kinship(&own.datum()), kinship(&store.datum()));
        if own.code().is_some() && own.code() == store.code() || is_same(&own.datum(), &store.datum()) {
            return Ok(Self::with(unproject(source, &store)?, None));
        }
        match (from, to) {
            (Kinship::Equal, Kinship::Equal) => {
                let said = format!("{} is taken as equal to {target}: less than a metre apart", own.label());
                Ok(Self::with(unproject(source, &own)?, Some(said)))
            }
            (Kinship::Secret, _) | (_, Kinship::Secret) => Err(format!(
                "{} to {target} needs the 4 or 7 parameters of your survey office, and none are public: put them into a \
                 file for --local-systems, and name it by --crs local:NAME",
                source.label()
            )),
            _ => Self::through_proj(source, &store),
        }
    }

    fn through_proj(source: &Horizontal, store: &Horizontal) -> Result<Self, String> {
        if let Some(direct) = exact(source, store) {
            return Ok(Self::with(Some(direct), None));
        }
        let wgs84 = Horizontal::of_code(Crs::WGS84)?;
        let hop = (kinship(&store.datum()) == Kinship::Equal)
            .then(|| exact(source, &wgs84))
            .flatten();
        let refused = || {
            let (from, to) = (source.label(), store.label());
            format!(
                "PROJ knows only a ballpark way from {from} to {to}, up to hundreds of metres off: transform it first"
            )
        };
        let said = format!(
            "EPSG:4326 is taken as equal to {}: less than a metre apart",
            store.label()
        );
        Ok(Self::with(Some(hop.ok_or_else(refused)?), Some(said)))
    }

    /// The same geometry in the store's system, heights untouched.
    ///
    /// # Errors
    /// [`OutOfRange`] with the first coordinate that has no place there; the geometry is lost then.
    pub fn apply(&self, geometry: Geometry) -> Result<Geometry, OutOfRange> {
        Ok(match geometry {
            Geometry::Points(path) => Geometry::Points(self.path(&path)?),
            Geometry::Lines(paths) => Geometry::Lines(self.paths(&paths)?),
            Geometry::Polygons(polygons) => {
                let turned = polygons.iter().map(|p| {
                    Ok(Polygon {
                        rings: self.paths(&p.rings)?,
                    })
                });
                Geometry::Polygons(turned.collect::<Result<_, OutOfRange>>()?)
            }
            Geometry::Collection(parts) => Geometry::Collection(
                parts
                    .into_iter()
                    .map(|part| self.apply(part))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }

    fn paths(&self, paths: &[Path]) -> Result<Vec<Path>, OutOfRange> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    fn path(&self, path: &Path) -> Result<Path, OutOfRange> {
        if let Some(stranger) = self.zone_m.and_then(|zone_m| stranger(zone_m, path.coords())) {
            return Err(OutOfRange(stranger));
        }
        let own: Cow<'_, [Coord]> = match &self.local {
            None => Cow::Borrowed(path.coords()),
            Some(local) => {
                let turned = path.coords().iter().map(|p| local.to_base(*p).ok_or(OutOfRange(*p)));
                Cow::Owned(turned.collect::<Result<_, _>>()?)
            }
        };
        let coords = match (&self.transform, self.web) {
            (_, Some(web)) => path.coords().iter().map(|p| web.unshifted(*p)).collect(),
            (None, None) => own.into_owned(),
            (Some(transform), None) => turn(transform, &own),
        };
        match coords.iter().position(|c| !is_on_earth(c)) {
            Some(bad) => Err(OutOfRange(path.coords()[bad])),
            None => Ok(Path::with_z(coords, path.z().to_vec()).expect("finite, and as many heights as before")),
        }
    }
}

/// A coordinate that cannot be meant in a zone in metres whose middle has this easting: far away from it, or one of
/// numbers all of which look like degrees. PROJ would find a place for both, at the equator or in another ocean.
fn stranger(zone_m: f64, coords: &[Coord]) -> Option<Coord> {
    let far = |p: &&Coord| (p.x - zone_m).abs() > FAR_M;
    let like_degrees = |p: &Coord| p.x.abs() <= 180.0 && p.y.abs() <= 90.0;
    let first = coords.first()?;
    match zone_m.abs() > 1000.0 && coords.iter().all(like_degrees) {
        true => Some(*first),
        false => coords.iter().find(far).copied(),
    }
}

/// Whether longitude and latitude are; not for NaN and infinite ones.
fn is_on_earth(c: &Coord) -> bool {
    c.x.abs() <= 180.0 + ROUNDING_DEGREES && c.y.abs() <= 90.0 + ROUNDING_DEGREES
}

fn turn(transform: &CoordTransform, coords: &[Coord]) -> Vec<Coord> {
    let mut x: Vec<f64> = coords.iter().map(|c| c.x).collect();
    let mut y: Vec<f64> = coords.iter().map(|c| c.y).collect();
    // Where single coordinates fail they come out infinite, and are found by their range; the rest is right.
    if transform.transform_coords(&mut x, &mut y, &mut []).is_err() {
        crate::messages::forget();
    }
    x.into_iter().zip(y).map(|(x, y)| Coord { x, y }).collect()
}

/// The geographic system that `source` is, or is a projection of.
fn geographic(source: &Horizontal) -> Result<Horizontal, String> {
    let unknown = || format!("{} has no geographic system that it is a projection of", source.label());
    let own = source.srs().geog_cs().map_err(|_| unknown())?;
    Horizontal::of(own)?.ok_or_else(unknown)
}

/// The way from `source` to a geographic system on the same datum; none where nothing is to be done.
fn unproject(source: &Horizontal, geographic: &Horizontal) -> Result<Option<CoordTransform>, String> {
    if source.srs().is_geographic() && is_plain(source) {
        return Ok(None);
    }
    let target = if is_plain(geographic) {
        geographic.clone()
    } else {
        Horizontal::of_code(Crs::WGS84)?
    };
    let way = exact(source, &target);
    way.map(Some)
        .ok_or_else(|| format!("PROJ cannot turn {} to {}", source.label(), target.label()))
}

/// Whether its units are degrees east of Greenwich.
fn is_plain(system: &Horizontal) -> bool {
    let degrees = (system.srs().angular_units() - 1f64.to_radians()).abs() < 1e-12;
    let meridian = system
        .srs()
        .get_attr_value("PRIMEM", 1)
        .ok()
        .flatten()
        .and_then(|v| v.parse::<f64>().ok());
    degrees && meridian.is_none_or(|longitude| longitude == 0.0)
}

/// PROJ's operation, where it has one that is no ballpark, proved on a point of the source's own area.
fn exact(source: &Horizontal, target: &Horizontal) -> Option<CoordTransform> {
    let mut options = CoordTransformOptions::new().ok()?;
    options.set_ballpark_allowed(false).ok()?;
    let transform = CoordTransform::new_with_options(source.srs(), target.srs(), &options).ok();
    let works = transform.filter(|transform| proves(transform, source));
    crate::messages::forget();
    works
}

fn proves(transform: &CoordTransform, source: &Horizontal) -> bool {
    let Some(area) = source.srs().area_of_use() else {
        return true;
    };
    let longitude = (area.west_lon_degree + area.east_lon_degree) / 2.0;
    let latitude = (area.south_lat_degree + area.north_lat_degree) / 2.0;
    let probe = Coord {
        x: longitude,
        y: latitude,
    };
    let Ok(own) = geographic(source) else { return false };
    let start = match CoordTransform::new(own.srs(), source.srs()) {
        Ok(forth) if source.srs().is_projected() => turn(&forth, &[probe]),
        _ => vec![probe],
    };
    turn(transform, &start).iter().all(is_on_earth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(from: u32, to: u32) -> Result<Reprojector, String> {
        Reprojector::new(&Horizontal::of_code(Crs::epsg(from)).unwrap(), Crs::epsg(to))
    }

    fn check(from: u32, at: (f64, f64), expected: (f64, f64)) {
        let point = way(from, 4490)
            .unwrap()
            .apply(Geometry::point(at.0, at.1).unwrap())
            .unwrap();
        let got = point.coords().next().unwrap();
        assert!(
            (got.x - expected.0).abs() < 1e-8 && (got.y - expected.1).abs() < 1e-8,
            "{from}: {got:?}"
        );
    }

    #[test]
    fn the_citys_projections_lead_to_longitude_and_latitude() {
        // From gdaltransform of the same point.
        check(4547, (600_146.644_440_281, 3_342_741.451_397_7), (115.04, 30.2));
        check(4526, (38_600_146.644_440_28, 3_342_741.451_397_7), (115.04, 30.2));
        check(3857, (12_806_194.220_858_2, 3_529_283.971_113_81), (115.04, 30.2));
    }

    #[test]
    fn equal_datums_are_not_shifted_and_said_once() {
        let same = way(4326, 4490).unwrap();
        assert!(same.transform.is_none() && same.equivalence.is_some());
        assert!(way(4490, 4490).unwrap().equivalence.is_none());
        assert!(way(4547, 4490).unwrap().equivalence.is_none());
        assert!(way(3857, 4490).unwrap().equivalence.unwrap().contains("EPSG:4326"));
        assert!(way(32650, 4326).unwrap().equivalence.is_none());
    }

    #[test]
    fn the_old_chinese_systems_are_refused_with_the_reason() {
        for code in [4610, 4214, 2383, 2362, 2435, 2414] {
            let error = way(code, 4490).err().unwrap();
            assert!(
                error.contains("parameters") && error.contains(&format!("EPSG:{code}")),
                "{error}"
            );
        }
    }

    #[test]
    fn other_datums_go_through_proj_or_are_refused_but_never_by_ballpark() {
        // Pulkovo 1942 has public parameters to WGS 84; an unknown ellipsoid has none.
        let pulkovo = way(4284, 4326)
            .unwrap()
            .apply(Geometry::point(60.0, 55.0).unwrap())
            .unwrap();
        let moved = pulkovo.coords().next().unwrap();
        assert!(
            (moved.x - 60.0).abs() > 1e-5 && (moved.x - 60.0).abs() < 0.01,
            "{moved:?}"
        );
    }

    #[test]
    fn what_is_not_on_earth_is_told_with_the_sources_own_coordinate() {
        let far = Geometry::point(-20_613.157, -62_201.829).unwrap();
        let bad = way(4326, 4490).unwrap().apply(far).unwrap_err();
        assert_eq!(
            bad.0,
            Coord {
                x: -20_613.157,
                y: -62_201.829
            }
        );
        let beyond = Geometry::point(1e12, 1e12).unwrap();
        assert!(way(4547, 4490).unwrap().apply(beyond).is_err());
    }

    #[test]
    fn what_cannot_be_meant_in_a_zone_is_told_though_it_has_a_place_in_it() {
        let way = way(4547, 4490).unwrap();
        // Degrees, a prefixed easting, northing first.
        for (x, y) in [(115.04, 30.2), (38_600_146.6, 3_342_741.4), (3_342_741.4, 600_146.6)] {
            let told = way.apply(Geometry::point(x, y).unwrap());
            assert_eq!(told.unwrap_err().0, Coord { x, y });
        }
        // The corner of a national grid in a neighbour's zone is far, but can be meant.
        assert!(way.apply(Geometry::point(1_400_000.0, 3_342_741.4).unwrap()).is_ok());
    }

    #[test]
    fn the_shift_of_a_web_map_is_taken_away() {
        let shown = WebMap::Bd09.shifted(Coord { x: 115.04, y: 30.2 });
        let way = Reprojector::of_web_map(WebMap::Bd09, Crs::CGCS2000).unwrap();
        let turned = way.apply(Geometry::point(shown.x, shown.y).unwrap()).unwrap();
        let got = turned.coords().next().unwrap();
        assert!((got.x - 115.04).abs() < 1e-8 && (got.y - 30.2).abs() < 1e-8, "{got:?}");
    }

    #[test]
    fn heights_stay() {
        let path = Path::with_z(vec![Coord { x: 114.0, y: 30.0 }], vec![7.5]).unwrap();
        let turned = way(4326, 4490).unwrap().apply(Geometry::Lines(vec![path])).unwrap();
        assert_eq!(turned.paths().next().unwrap().z(), [7.5]);
    }
}
