//! Invalid polygons made valid by GEOS.

use crate::geometry;
use crate::quality::measure::Scale;
use crate::quality::shape::SLIVER_M;
use crate::quality::validity::open_ring;
use crate::{messages, ogr};
use gdal::cpl::CslStringList;
use onemap_model::{Geometry, GeometryType, Polygon, wkb};

/// The polygons of a geometry, valid, and nothing else.
///
/// GEOS's method `structure`: every ring is made valid by itself, then holes are cut from shells; what has no area is
/// left out, and so are slivers that come of it. Rings that have no area of their own are left out before, for GEOS takes none.
///
/// # Errors
/// Why that cannot be, in words.
pub(super) fn made_valid(geometry: &Geometry) -> Result<Geometry, String> {
    let Geometry::Polygons(polygons) = geometry else {
        return Err("只修复面 / only polygons are repaired".to_owned());
    };
    let polygons: Vec<Polygon> = polygons.iter().filter_map(with_area).collect();
    if polygons.is_empty() {
        return Err("没有面积 / it has no area".to_owned());
    }
    let mut bytes = Vec::new();
    wkb::encode(
        &Geometry::Polygons(polygons.clone()),
        GeometryType::MultiPolygon,
        &mut bytes,
    );
    let repaired = by_geos(&mut bytes);
    // What GEOS said is no news of the next row.
    let said = messages::take_line();
    messages::forget();
    let repaired = repaired.map_err(|reason| said.unwrap_or(reason))?;
    let mut repaired = areas(repaired);
    if repaired.len() > polygons.len() {
        // What a line cut off where it crossed itself is no land.
        repaired.retain(|part| !is_sliver(part));
    }
    match repaired {
        polygons if polygons.is_empty() => Err("没有面积 / it has no area".to_owned()),
        polygons => Ok(Geometry::Polygons(polygons)),
    }
}

/// The polygon without rings that have no area; none where its shell has none.
fn with_area(polygon: &Polygon) -> Option<Polygon> {
    let has_area = |ring: &onemap_model::Path| {
        let mut distinct: Vec<_> = open_ring(ring)
            .iter()
            .map(|at| (at.x.to_bits(), at.y.to_bits()))
            .collect();
        distinct.sort_unstable();
        distinct.dedup();
        distinct.len() >= 3
    };
    let shell = polygon.rings.first().filter(|shell| has_area(shell))?;
    let holes = polygon.rings[1..].iter().filter(|hole| has_area(hole));
    Some(Polygon {
        rings: std::iter::once(shell).chain(holes).cloned().collect(),
    })
}

fn is_sliver(part: &Polygon) -> bool {
    let shell = part.rings.first().map(|shell| shell.coords()).unwrap_or_default();
    let latitude = shell.first().map_or(0.0, |at| at.y);
    Scale::at(latitude).ring(shell).width_m() < SLIVER_M
}

fn by_geos(bytes: &mut Vec<u8>) -> Result<Geometry, String> {
    let words = |error: gdal::errors::GdalError| error.to_string();
    let mut options = CslStringList::new();
    options.set_name_value("METHOD", "STRUCTURE").map_err(words)?;
    options.set_name_value("KEEP_COLLAPSED", "NO").map_err(words)?;
    let broken = gdal::vector::Geometry::from_wkb(bytes).map_err(words)?;
    let repaired = broken.make_valid(&options).map_err(words)?;
    ogr::wkb(&repaired, bytes)?;
    let (decoded, _) = geometry::decode(bytes).map_err(|error| error.to_string())?;
    Ok(decoded)
}

fn areas(geometry: Geometry) -> Vec<Polygon> {
    match geometry {
        Geometry::Polygons(polygons) => polygons,
        Geometry::Collection(parts) => parts.into_iter().flat_map(areas).collect(),
        Geometry::Points(_) | Geometry::Lines(_) => Vec::new(),
    }
}
