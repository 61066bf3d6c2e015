//! Counts, codes, time and names; and that the same city comes out again.

use super::super::parcels::moment;
use super::{City, SIZES, rows, text};
use crate::sample::{LayerFingerprint, SampleError};
use onemap_model::{Geometry, Row, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

/// The city of 1 000 parcels. A change here is a change of the sample city for everybody who compares with it.
const GOLDEN: &str = "531fe29f448cfc0b08019b2122085c0a44e3751749dd2cd710df5b73fbc68fad";

fn float(row: &Row, field: usize) -> f64 {
    match row.values[field] {
        Value::Float(number) => number.get(),
        ref other => panic!("{other:?} is no float"),
    }
}

#[test]
fn a_city_has_exactly_the_parcels_asked_for() {
    for size in [1_000, 1_001, 1_777, 4_999, 12_000, 30_001] {
        let city = City::new(size).unwrap();
        let today = rows(&city, "parcels")
            .iter()
            .filter(|row| row.valid.to().is_none())
            .count();
        assert_eq!(today as u64, size);
    }
}

#[test]
fn impossible_sizes_are_refused_by_name() {
    for size in [0, 999, 2_000_001, u64::MAX] {
        let error = City::new(size).unwrap_err();
        assert!(matches!(error, SampleError::Parcels(n) if n == size));
        assert!(error.to_string().contains(&size.to_string()));
    }
}

#[test]
fn the_same_number_gives_the_same_city_for_ever() {
    let first = City::new(1_000).unwrap().fingerprint().unwrap();
    assert_eq!(first, City::new(1_000).unwrap().fingerprint().unwrap());
    assert_eq!(first.to_string(), GOLDEN);
    assert_ne!(first, City::new(1_001).unwrap().fingerprint().unwrap());
}

#[test]
fn the_fingerprint_sees_every_part_of_a_row() {
    let city = City::new(1_000).unwrap();
    let layer = city
        .layers()
        .iter()
        .find(|layer| layer.name().as_str() == "parcels")
        .unwrap();
    let original = rows(&city, "parcels").swap_remove(0);
    let print = |row: &Row| {
        let mut running = LayerFingerprint::new(layer);
        running.add(row);
        running.finish()
    };
    let mut others = vec![original.clone(); 4];
    others[0].geometry = None;
    others[1].values[0] = Value::Null;
    others[2].valid = onemap_model::TimeSpan::ALWAYS;
    others[3].values.swap(0, 1);
    assert!(others.iter().all(|other| print(other) != print(&original)));
}

#[test]
fn rows_fit_their_layers_and_keys_are_unique() {
    for size in SIZES {
        let city = City::new(size).unwrap();
        for layer in city.layers() {
            let mut keys = HashSet::new();
            let all = rows(&city, layer.name().as_str());
            for row in &all {
                assert_eq!(row.values.len(), layer.fields().len(), "{}", layer.name());
                for (value, field) in row.values.iter().zip(layer.fields()) {
                    assert!(
                        value.fits(field.field_type),
                        "{}.{}: {value:?}",
                        layer.name(),
                        field.name
                    );
                }
                let dimension = row.geometry.as_ref().and_then(Geometry::dimension);
                assert_eq!(dimension, layer.geometry_type.dimension(), "{}", layer.name());
                assert!(
                    keys.insert(row.values[layer.key().unwrap()].to_string()),
                    "{} {:?}",
                    layer.name(),
                    row.values
                );
            }
            let (estimate, count) = (city.estimate(layer.name().as_str()) as f64, all.len() as f64);
            assert!(
                (0.4..2.5).contains(&(estimate / count)),
                "{}: {count} and not about {estimate}",
                layer.name()
            );
        }
    }
}

#[test]
fn breaking_off_stops_at_once() {
    let city = City::new(1_000).unwrap();
    for layer in city.layers() {
        let mut seen = 0;
        city.features(layer.name().as_str(), &mut |_| {
            seen += 1;
            if seen == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
        assert_eq!(seen, 2, "{}", layer.name());
    }
    let unknown = city.features("trees", &mut |_| ControlFlow::Continue(()));
    assert!(matches!(unknown, Err(SampleError::UnknownLayer(name)) if name == "trees"));
}

/// `^\d{12}[GJZ][ABCDEFGHSXWY]\d{5}([FLQW]\d{8})?$` with the rules between the parts.
fn is_code(code: &str) -> bool {
    let b = code.as_bytes();
    let digits = |range: std::ops::Range<usize>| b[range].iter().all(u8::is_ascii_digit);
    (b.len() == 19 || b.len() == 28)
        && digits(0..12)
        && b"GJZ".contains(&b[12])
        && b"ABCDEFGHSXWY".contains(&b[13])
        && digits(14..19)
        && &code[14..19] != "00000"
        && (!b"AC".contains(&b[13]) || b[12] == b'J')
        && (b.len() == 19
            || (b"FLQW".contains(&b[19]) && digits(20..28) && (b[19] != b'W' || &code[20..] == "00000000")))
}

#[test]
fn codes_are_valid_and_begin_with_their_district() {
    for size in SIZES {
        let city = City::new(size).unwrap();
        let districts: HashSet<String> = rows(&city, "districts")
            .iter()
            .map(|row| text(row, 0).to_owned())
            .collect();
        let mut begun = HashSet::new();
        for row in rows(&city, "parcels") {
            let (parcel, unit) = (text(&row, 0), text(&row, 1));
            assert!(
                is_code(parcel) && is_code(unit) && parcel.len() == 19 && unit.len() == 28,
                "{parcel} {unit}"
            );
            assert!(unit.starts_with(parcel) && districts.contains(&parcel[..6]));
            begun.insert(parcel[..6].to_owned());
        }
        assert!(begun.len() >= 5, "parcels in {begun:?} only");
    }
}

#[test]
fn parcels_lie_in_the_district_that_their_code_names() {
    use geo::{Centroid, Contains};
    let city = City::new(12_000).unwrap();
    let shape = |row: &Row| -> geo::Polygon {
        let ring = row.geometry.as_ref().unwrap().coords().map(|c| (c.x, c.y)).collect();
        geo::Polygon::new(ring, vec![])
    };
    let districts: HashMap<String, geo::Polygon> = rows(&city, "districts")
        .iter()
        .map(|row| (text(row, 0).to_owned(), shape(row)))
        .collect();
    for row in rows(&city, "parcels") {
        let middle = shape(&row).centroid().unwrap();
        assert!(districts[&text(&row, 0)[..6]].contains(&middle), "{}", text(&row, 0));
    }
}

#[test]
fn lineage_joins_parents_to_children_in_time_and_area() {
    for size in SIZES {
        let city = City::new(size).unwrap();
        let parcels: HashMap<String, Row> = rows(&city, "parcels")
            .into_iter()
            .map(|row| (text(&row, 0).to_owned(), row))
            .collect();
        let mut cases: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in rows(&city, "parcel_lineage") {
            cases.entry(text(&row, 5).to_owned()).or_default().push(row);
        }
        let mut ended = HashSet::new();
        let mut words = HashSet::new();
        for (case, rows) in &cases {
            let side = |field: usize| {
                rows.iter()
                    .map(|row| text(row, field).to_owned())
                    .collect::<HashSet<_>>()
            };
            let (parents, children) = (side(1), side(2));
            let word = text(&rows[0], 3);
            words.insert(word.to_owned());
            match word {
                "split" => assert!(parents.len() == 1 && children.len() > 1, "{case}"),
                _ => assert!(parents.len() > 1 && children.len() == 1, "{case}"),
            }
            let Value::Date(day) = rows[0].values[4] else {
                panic!("no date")
            };
            for code in &parents {
                assert_eq!(parcels[code].valid.to(), Some(day.start(480)), "{case}: {code}");
            }
            for code in &children {
                assert_eq!(parcels[code].valid.from(), Some(day.start(480)), "{case}: {code}");
            }
            let area = |codes: &HashSet<String>| codes.iter().map(|code| float(&parcels[code], 5)).sum::<f64>();
            let moved: f64 = rows.iter().map(|row| float(row, 6)).sum();
            assert!(
                (area(&parents) - area(&children)).abs() < 0.06,
                "{case}: {} and {}",
                area(&parents),
                area(&children)
            );
            assert!((moved - area(&children)).abs() < 0.06, "{case}");
            ended.extend(parents);
        }
        assert_eq!(words.len(), 2, "N {size}: {words:?}");
        let gone = parcels.values().filter(|row| row.valid.to().is_some()).count();
        assert_eq!(gone, ended.len(), "N {size}: parcels end without a case");
        assert!(
            gone as f64 / size as f64 > 0.02,
            "N {size}: only {gone} parcels of the past"
        );
        assert!(parcels.values().all(|row| row.valid.from() >= Some(moment(0))));
    }
}

#[test]
fn registered_areas_are_of_a_citys_size() {
    let city = City::new(12_000).unwrap();
    let mut urban: Vec<f64> = rows(&city, "parcels")
        .iter()
        .filter(|row| text(row, 2).starts_with("07") || text(row, 2).starts_with("05"))
        .map(|row| float(row, 5))
        .collect();
    urban.sort_by(f64::total_cmp);
    let at = |share: f64| urban[(urban.len() as f64 * share) as usize];
    assert!(
        at(0.02) > 150.0 && at(0.98) < 6_000.0,
        "2 %: {} m², 98 %: {} m²",
        at(0.02),
        at(0.98)
    );
    assert!((350.0..1_500.0).contains(&at(0.5)), "median {} m²", at(0.5));
    assert!(urban[0] > 40.0, "the least is {} m²", urban[0]);
}
