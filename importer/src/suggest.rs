//! What an undeclared CRS may be, guessed from the range of the coordinates: said, never acted upon.

use onemap_model::Bbox;

/// A sentence for the user about coordinates in this box; none where nothing is known of such a range.
///
/// The ranges are those of the city (112.5–115.5°E, zone 38 of the 3-degree grid, and its neighbours).
pub fn suggestion(seen: &Bbox) -> Option<&'static str> {
    let x = |from: f64, to: f64| from <= seen.west() && seen.east() <= to;
    let y = |from: f64, to: f64| from <= seen.south() && seen.north() <= to;
    let northing = y(2.0e6, 6.0e6);
    if x(-180.0, 180.0) && y(-90.0, 90.0) {
        return Some(
            "these look like degrees: EPSG:4490 (CGCS2000) or EPSG:4326 (WGS 84), unless they come from a web map \
             (GCJ-02 and BD-09 lie hundreds of metres off)",
        );
    }
    if x(-90.0, 90.0) && y(-180.0, 180.0) {
        return Some("these look like degrees with latitude first: the axes are swapped in the file");
    }
    if is_swapped(seen) {
        return Some("x above 1 000 000 with y below it looks like swapped axes (northing first)");
    }
    if x(38.3e6, 38.7e6) && northing {
        return Some("this looks like EPSG:4526 (CGCS2000, 3-degree zone 38)");
    }
    if x(39.3e6, 39.7e6) && northing {
        return Some("this looks like EPSG:4527 (CGCS2000, 3-degree zone 39)");
    }
    if x(20.0e6, 20.8e6) && northing {
        return Some("this looks like EPSG:4498 (CGCS2000, 6-degree zone 20)");
    }
    if x(0.3e6, 0.7e6) && northing {
        return Some(
            "this looks like EPSG:4547 (CGCS2000, central meridian 114°E), but Xian 1980 and Beijing 1954 have the \
             same numbers: ask whoever made it",
        );
    }
    if x(8.0e6, 15.1e6) && y(0.3e6, 7.1e6) {
        return Some("this looks like EPSG:3857 (Web Mercator)");
    }
    None
}

/// Whether metres in a transverse Mercator zone without prefix have northing first: no easting there is so large.
pub fn is_swapped(seen: &Bbox) -> bool {
    seen.west() > 1.0e6 && seen.east() < 6.0e6 && seen.north() < 1.0e6 && seen.south() > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(range: [f64; 4], expected: &str) {
        let [west, south, east, north] = range;
        let said = suggestion(&Bbox::new(west, south, east, north).unwrap()).unwrap_or("nothing");
        assert!(said.contains(expected), "{range:?}: {said}");
    }

    #[test]
    fn the_ranges_of_the_city_are_known() {
        check([38.55e6, 3.26e6, 38.65e6, 3.35e6], "EPSG:4526");
        check([0.55e6, 3.26e6, 0.65e6, 3.35e6], "EPSG:4547");
        check([0.55e6, 3.26e6, 0.65e6, 3.35e6], "Xian 1980");
        check([20.2e6, 3.26e6, 20.4e6, 3.35e6], "EPSG:4498");
        check([3.26e6, 0.55e6, 3.35e6, 0.65e6], "swapped");
        check([114.5, 29.5, 115.5, 30.3], "EPSG:4490");
        check([29.5, 114.5, 30.3, 115.5], "latitude first");
        check([12.75e6, 3.43e6, 12.86e6, 3.53e6], "EPSG:3857");
        check([-20_613.0, -62_201.0, 2_950.0, 2_906.0], "nothing");
    }
}
