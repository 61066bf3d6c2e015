//! Every shape is valid, lies where it should, and houses stand on their parcels.

use super::{City, SIZES, rows, text};
use crate::sample::frame;
use geo::{Area, Contains, Validation};
use onemap_model::{Geometry, Polygon, Row};
use std::collections::HashMap;

const LAYERS: [&str; 8] = [
    "districts",
    "water",
    "roads",
    "parcels",
    "buildings",
    "pois",
    "addresses",
    "parcel_lineage",
];

fn to_geo(polygon: &Polygon) -> geo::Polygon {
    let mut rings = polygon
        .rings
        .iter()
        .map(|ring| ring.coords().iter().map(|c| (c.x, c.y)).collect::<geo::LineString>());
    let outer = rings.next().unwrap();
    geo::Polygon::new(outer, rings.collect())
}

fn polygons(row: &Row) -> Vec<geo::Polygon> {
    let Some(Geometry::Polygons(polygons)) = &row.geometry else {
        panic!("not polygons")
    };
    polygons.iter().map(to_geo).collect()
}

#[test]
fn everything_lies_in_the_sanity_box() {
    for size in SIZES {
        let city = City::new(size).unwrap();
        for layer in LAYERS {
            for row in rows(&city, layer) {
                let Some(geometry) = &row.geometry else { continue };
                assert!(
                    frame::sanity_box().contains(&geometry.bbox().unwrap()),
                    "{layer} {:?}",
                    row.values[0]
                );
            }
        }
    }
}

#[test]
fn the_greatest_city_lies_in_the_sanity_box_with_valid_districts_and_river() {
    let city = City::new(2_000_000).unwrap();
    let districts = rows(&city, "districts");
    let mut water = Vec::new();
    city.features("water", &mut |row| {
        water.push(row);
        if water.len() < 2 {
            std::ops::ControlFlow::Continue(())
        } else {
            std::ops::ControlFlow::Break(())
        }
    })
    .unwrap();
    for row in districts.iter().chain(&water) {
        assert!(frame::sanity_box().contains(&row.geometry.as_ref().unwrap().bbox().unwrap()));
        for polygon in polygons(row) {
            polygon
                .check_validation()
                .unwrap_or_else(|error| panic!("{}: {error}", text(row, 1)));
        }
    }
    for quarter in &city.plan.quarters {
        for side in super::super::lattice::sides(quarter.a, quarter.b) {
            for p in city.plan.lattice.stretch(side) {
                assert!(
                    frame::sanity_box().contains_point(frame::to_degrees(p)),
                    "quarter {}",
                    quarter.rank
                );
            }
        }
    }
}

#[test]
fn all_polygons_are_valid_closed_and_wound_outward() {
    for size in SIZES {
        let city = City::new(size).unwrap();
        for layer in ["districts", "water", "parcels", "buildings"] {
            for row in rows(&city, layer) {
                for polygon in polygons(&row) {
                    polygon
                        .check_validation()
                        .unwrap_or_else(|error| panic!("N {size} {layer} {}: {error}", text(&row, 0)));
                    assert!(polygon.signed_area() > 0.0, "{layer} {}", text(&row, 0));
                }
            }
        }
    }
}

#[test]
fn buildings_stand_on_their_own_parcel_of_today() {
    for size in SIZES {
        let city = City::new(size).unwrap();
        let parcels: HashMap<String, geo::Polygon> = rows(&city, "parcels")
            .iter()
            .filter(|row| row.valid.to().is_none())
            .map(|row| (text(row, 0).to_owned(), polygons(row).remove(0)))
            .collect();
        let buildings = rows(&city, "buildings");
        assert!(buildings.len() as u64 > size / 2, "{} buildings", buildings.len());
        let courts = buildings
            .iter()
            .filter(|row| !polygons(row)[0].interiors().is_empty())
            .count();
        assert!(courts > 0, "no courtyards");
        for row in &buildings {
            let parcel = &parcels[text(row, 5)];
            assert!(parcel.contains(&polygons(row)[0]), "N {size}: {}", text(row, 0));
        }
    }
}

#[test]
fn parcels_keep_off_the_water_and_addresses_and_pois_lie_on_parcels() {
    let city = City::new(3_333).unwrap();
    let today: Vec<Row> = rows(&city, "parcels")
        .into_iter()
        .filter(|row| row.valid.to().is_none())
        .collect();
    let water: Vec<geo::Polygon> = rows(&city, "water").iter().flat_map(polygons).collect();
    for row in &today {
        let parcel = &polygons(row)[0];
        assert!(
            !water.iter().any(|water| geo::Intersects::intersects(water, parcel)),
            "{}",
            text(row, 0)
        );
    }
    let by_code: HashMap<&str, geo::Polygon> = today
        .iter()
        .map(|row| (text(row, 0), polygons(row).remove(0)))
        .collect();
    for row in rows(&city, "addresses") {
        let at = row.geometry.as_ref().unwrap().coords().next().unwrap();
        assert!(
            by_code[text(&row, 4)].contains(&geo::Point::new(at.x, at.y)),
            "{}",
            text(&row, 3)
        );
    }
}

#[test]
fn houses_on_a_parcel_do_not_overlap() {
    let city = City::new(3_333).unwrap();
    let mut by_parcel: HashMap<String, Vec<geo::Polygon>> = HashMap::new();
    for row in rows(&city, "buildings") {
        by_parcel
            .entry(text(&row, 5).to_owned())
            .or_default()
            .extend(polygons(&row));
    }
    assert!(by_parcel.values().any(|houses| houses.len() > 2));
    for (code, houses) in by_parcel {
        for (i, house) in houses.iter().enumerate() {
            assert!(
                !houses[i + 1..]
                    .iter()
                    .any(|other| geo::Intersects::intersects(house, other)),
                "{code}"
            );
        }
    }
}
