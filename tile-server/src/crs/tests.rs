//! Against PROJ 9.1: `gdaltransform -s_srs EPSG:4490 -t_srs EPSG:n -output_xy`.

use super::*;
use onemap_atlas::{LayerBuilder, LayerSnapshot, Scope};
use onemap_model::{Bbox, Feature, Fid, Geometry, GeometryType, Name, Path, Row};

/// Code, longitude, latitude, easting, northing.
#[rustfmt::skip]
const PROJ: &[(u32, f64, f64, f64, f64)] = &[
    (4526, 114.0, 30.0, 38500000.0, 3320113.39784502),
    (4526, 115.04, 30.2, 38600146.6444403, 3342741.4513977),
    (4526, 114.4, 29.4, 38538824.725331, 3253671.48329264),
    (4526, 115.7, 30.4, 38663376.6553412, 3365682.44802475),
    (4526, 112.5, 29.5, 38354541.9502898, 3265627.00704594),
    (4526, 108.0, 45.0, 38026918.9763175, 5002492.00214274),
    (4526, 120.0, 10.0, 39158976.4382734, 1111862.77795881),
    (4526, 114.0, 0.0, 38500000.0, 0.0),
    (4526, 114.0, -55.0, 38500000.0, -6097230.31299993),
    (4547, 114.0, 30.0, 500000.0, 3320113.39784502),
    (4547, 115.04, 30.2, 600146.644440281, 3342741.4513977),
    (4547, 115.483217, 29.512345, 643812.92494257, 3266974.74535066),
    (4547, 108.0, 60.0, 165506.534717472, 6669261.27653467),
    (4547, 120.0, -33.3, 1059222.24780554, -3702131.6607382),
    (4547, 130.0, 45.0, 1761379.18806682, 5111130.72453754),
    (4498, 115.04, 30.2, 20311248.9320617, 3343908.59336488),
    (4498, 117.0, 30.0, 20500000.0, 3320113.39784502),
    (4498, 123.0, 53.5, 20897940.9373279, 5947041.39777237),
    (4498, 111.0, 3.8, 19832322.8381663, 422511.78882725),
    (4498, 114.5, 29.9, 20258503.9965837, 3311655.63762211),
    (4491, 75.0, 39.0, 13500000.0, 4318503.98469153),
    (4491, 73.5, 39.5, 13370977.0252669, 4375088.52576389),
    (4491, 81.0, 45.0, 13973081.0236825, 5002492.00214274),
    (4512, 135.0, 48.4, 500000.0, 5362905.27985668),
    (4512, 129.0, 42.0, 2799.97369411093, 4669090.3783512),
    (4513, 75.0, 39.0, 25500000.0, 4318503.98469153),
    (4513, 76.49999, 37.0, 25633520.8621438, 4097562.94827574),
    (4533, 135.0, 48.4, 45500000.0, 5362905.27985668),
    (4534, 73.6, 39.2, 379062.748822185, 4341641.40633334),
    (4554, 134.7, 48.3, 477742.509975571, 5351829.07396693),
    (3857, 115.04, 30.2, 12806194.2208582, 3529283.97111381),
    (3857, -180.0, 85.05112877980659, -20037508.3427892, 20037508.3427892),
    (3857, 0.0, 0.0, 0.0, 0.0),
    (3857, 179.999, -60.0, 20037397.0232984, -8399737.88981836),
    (3857, 8.5, 89.0, 946215.671742825, 30240971.9583861),
];

fn crs(code: u32) -> OutCrs {
    OutCrs::of(Crs::epsg(code)).unwrap()
}

fn at(x: f64, y: f64) -> Coord {
    Coord { x, y }
}

/// In the authority's order.
fn project(crs: &OutCrs, lonlat: Coord) -> Option<Coord> {
    crs.east_north(lonlat).map(|there| crs.ordered(there))
}

#[test]
fn positions_are_within_a_hundredth_of_a_millimetre_of_proj() {
    for &(code, lon, lat, east, north) in PROJ {
        let got = crs(code).east_north(at(lon, lat)).unwrap();
        let off_m = (got.x - east).hypot(got.y - north);
        assert!(
            off_m < 1e-5,
            "EPSG:{code} ({lon}, {lat}): {got:?} is {off_m} m from ({east}, {north})"
        );
        let back = crs(code).unproject(crs(code).ordered(at(east, north))).unwrap();
        let off_deg = (back.x - lon).hypot(back.y - lat);
        assert!(off_deg < 1e-10, "EPSG:{code} ({lon}, {lat}): back at {back:?}");
    }
}

#[test]
fn there_and_back_is_where_one_was() {
    for crs in OutCrs::all() {
        for (lon, lat) in [(75.5, 0.0), (90.0, 89.9), (105.2, 30.0), (115.04, -30.2), (134.9, 66.0)] {
            let there = project(&crs, at(lon, lat)).unwrap();
            let back = crs.unproject(there).unwrap();
            assert!((back.x - lon).hypot(back.y - lat) < 1e-9, "{crs} {there:?} {back:?}");
        }
    }
}

#[test]
fn axes_are_in_the_authoritys_order() {
    let (lon, lat) = (115.04, 30.2);
    let check = |text: &str, expected: Coord| {
        let got = project(&OutCrs::parse(text).unwrap(), at(lon, lat)).unwrap();
        assert!((got.x - expected.x).hypot(got.y - expected.y) < 1e-5, "{text}: {got:?}");
    };
    check(CRS84, at(lon, lat));
    check("EPSG:4490", at(lat, lon));
    check("http://www.opengis.net/def/crs/EPSG/0/4326", at(lat, lon));
    check("[EPSG:3857]", at(12_806_194.220_858_2, 3_529_283.971_113_81));
    check("[EPSG:4547]", at(3_342_741.451_397_7, 600_146.644_440_281));
    check(
        "urn:ogc:def:crs:EPSG::4526",
        at(3_342_741.451_397_7, 38_600_146.644_440_3),
    );
}

#[test]
fn every_system_is_found_by_its_names_and_no_other_is() {
    assert_eq!(OutCrs::all().count(), 1 + 3 + 64);
    for crs in OutCrs::all() {
        assert_eq!(OutCrs::parse(&crs.uri()), Some(crs));
        assert_eq!(OutCrs::parse(&crs.uri().replace("http:", "https:")), Some(crs));
        assert_eq!(OutCrs::parse(&crs.to_string()), Some(crs));
        assert_eq!(OutCrs::parse(&format!("[{crs}]")), Some(crs));
        assert_eq!(crs.content_crs(), format!("<{}>", crs.uri()));
    }
    for bad in [
        "",
        "4490",
        "EPSG:",
        "EPSG:4555",
        "EPSG:2383",
        "EPSG:+4490",
        "[EPSG:4490",
        "EPSG:4490 x",
        "CRS85",
    ] {
        assert_eq!(OutCrs::parse(bad), None, "{bad}");
    }
}

#[test]
fn what_is_no_place_gives_none_and_a_pole_is_far_but_finite() {
    assert_eq!(project(&crs(4547), at(114.0 + 90.0, 0.0)), None);
    assert_eq!(crs(4547).unproject(at(0.0, 1e9)), None);
    assert_eq!(crs(4547).unproject(at(f64::MAX, f64::MAX)), None);
    assert!(project(&crs(4547), at(114.0, 90.0)).unwrap().x < 10_001_966.0);
    let pole = project(&crs(3857), at(0.0, -90.0)).unwrap();
    assert!(pole.y < -8.0e7 && pole.y.is_finite());
}

/// A layer of one line.
fn line(from: Coord, to: Coord) -> LayerSnapshot {
    let name = Name::new("lines").unwrap();
    let layer = Layer::new(name, GeometryType::MultiLineString, Crs::CGCS2000, vec![]).unwrap();
    let mut builder = LayerBuilder::new(layer);
    let row = Row {
        geometry: Some(Geometry::Lines(vec![Path::new(vec![from, to]).unwrap()])),
        ..Row::default()
    };
    builder.push(Feature {
        fid: Fid::new(1).unwrap(),
        row,
    });
    builder.finish()
}

#[test]
fn a_window_finds_long_edges_where_they_truly_are() {
    let crs = crs(4547);
    for turn in 0..60_u32 {
        let part = |many: u32| f64::from(turn * many % 60) / 60.0;
        let from = at(111.5 + 5.0 * part(7), 29.0 + 2.0 * part(13));
        let to = at(from.x + 1.5 * (part(11) - 0.5), from.y + 1.2 * (part(17) - 0.5));
        if from == to {
            continue;
        }
        let layer = line(from, to);
        let on = |part: f64| {
            let lonlat = at(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part);
            crs.east_north(lonlat).unwrap()
        };
        let (middle, next) = (on(part(29)), on(part(29) + 1e-6));
        let length = (next.x - middle.x).hypot(next.y - middle.y).max(1e-9);
        let (aside_x, aside_y) = (-(next.y - middle.y) / length, (next.x - middle.x) / length);
        let check = |aside_m: f64, expected: bool| {
            let (x, y) = (middle.x + aside_x * aside_m, middle.y + aside_y * aside_m);
            let bbox = Bbox::new(x - 0.1, y - 0.1, x + 0.1, y + 0.1).unwrap();
            let window = Window::new(crs, bbox, layer.layer());
            let scope = Scope {
                bbox: None,
                near: window.near(),
                when: &|_| true,
            };
            let found = layer.features_in(scope).any(|feature| window.touches(&feature));
            assert_eq!(found, expected, "{from:?} to {to:?}, {aside_m} m aside");
        };
        check(0.0, true);
        check(0.09, true);
        check(-0.2, false);
        check(0.2, false);
    }
}
