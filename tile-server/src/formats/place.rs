//! Geometries where they are wanted: in the coordinate system and axis order of the answer.

use super::WriteError;
use crate::crs::{OutCrs, Unit};
use onemap_model::cql2::Subject;
use onemap_model::{Coord, Fid, Geometry, Path, Polygon};
use std::borrow::Cow;

/// The geometry of a feature in `crs`, easting or longitude first; none where it is null. Heights stay as they are.
///
/// # Errors
/// [`WriteError::NoPlace`].
pub(super) fn placed<'f>(feature: &'f dyn Subject, crs: &OutCrs) -> Result<Option<Cow<'f, Geometry>>, WriteError> {
    let geometry = feature.geometry();
    geometry
        .map(|geometry| in_crs(geometry, crs, feature.fid()))
        .transpose()
}

/// As [`placed`]; what has to be made first is made in `room`.
///
/// # Errors
/// [`WriteError::NoPlace`].
pub(super) fn placed_in<'f>(
    feature: &'f dyn Subject,
    crs: &OutCrs,
    room: &'f mut Geometry,
) -> Result<Option<Cow<'f, Geometry>>, WriteError> {
    let geometry = feature.geometry_in(room).map(Cow::Borrowed);
    geometry
        .map(|geometry| in_crs(geometry, crs, feature.fid()))
        .transpose()
}

fn in_crs<'f>(geometry: Cow<'f, Geometry>, crs: &OutCrs, fid: Fid) -> Result<Cow<'f, Geometry>, WriteError> {
    match crs.unit() {
        Unit::Degree => Ok(geometry),
        _ => projected(&geometry, crs, fid).map(Cow::Owned),
    }
}

fn projected(geometry: &Geometry, crs: &OutCrs, fid: Fid) -> Result<Geometry, WriteError> {
    let path = |path: &Path| project_path(path, crs, fid);
    Ok(match geometry {
        Geometry::Points(points) => Geometry::Points(path(points)?),
        Geometry::Lines(lines) => Geometry::Lines(lines.iter().map(path).collect::<Result<_, _>>()?),
        Geometry::Polygons(polygons) => {
            let polygon = |polygon: &Polygon| {
                let rings = polygon.rings.iter().map(path).collect::<Result<_, _>>()?;
                Ok::<_, WriteError>(Polygon { rings })
            };
            Geometry::Polygons(polygons.iter().map(polygon).collect::<Result<_, _>>()?)
        }
        Geometry::Collection(parts) => {
            let parts = parts.iter().map(|part| projected(part, crs, fid));
            Geometry::Collection(parts.collect::<Result<_, _>>()?)
        }
    })
}

fn project_path(path: &Path, crs: &OutCrs, fid: Fid) -> Result<Path, WriteError> {
    let place = |&at: &Coord| {
        let there = crs.east_north(at).filter(|to| to.x.is_finite() && to.y.is_finite());
        there.map(|to| crs.rounded(to)).ok_or_else(|| WriteError::NoPlace {
            fid: fid.get(),
            lon: at.x,
            lat: at.y,
            crs: crs.to_string(),
        })
    };
    let coords = path.coords().iter().map(place).collect::<Result<Vec<_>, _>>()?;
    Ok(Path::with_z(coords, path.z().to_vec()).expect("every number is finite, and there are as many as before"))
}
