//! Repairs make sound what is broken, change nothing else, and refuse what is not theirs to decide.

use super::*;
use onemap_model::Path;
use proptest::prelude::*;

const ORIGIN: Coord = Coord { x: 115.0, y: 30.0 };

/// A path through places given in metres, closed where the last is the first.
fn path(points: &[(f64, f64)]) -> Path {
    let scale = Scale::at(ORIGIN.y);
    let at = |&(x, y): &(f64, f64)| Coord {
        x: ORIGIN.x + x / scale.x_m,
        y: ORIGIN.y + y / scale.y_m,
    };
    Path::new(points.iter().map(at).collect()).unwrap()
}

fn area(rings: &[&[(f64, f64)]]) -> Geometry {
    Geometry::Polygons(vec![Polygon {
        rings: rings.iter().map(|ring| path(ring)).collect(),
    }])
}

fn codes(told: &[Told]) -> Vec<&'static str> {
    told.iter().map(|told| told.code.as_str()).collect()
}

fn all() -> Rules {
    "all".parse().unwrap()
}

const SQUARE: [(f64, f64); 5] = [(0.0, 0.0), (90.0, 0.0), (90.0, 90.0), (0.0, 90.0), (0.0, 0.0)];

#[test]
fn what_is_sound_stays_as_it_is() {
    let hole = [(10.0, 10.0), (10.0, 20.0), (20.0, 20.0), (10.0, 10.0)];
    for sound in [
        area(&[&SQUARE]),
        area(&[&SQUARE, &hole]),
        Geometry::Lines(vec![path(&SQUARE[..3])]),
    ] {
        assert_eq!(all().apply(sound.clone()), (sound, vec![]));
    }
}

#[test]
fn each_rule_repairs_its_fault_and_no_other() {
    let repeated = [
        (0.0, 0.0),
        (90.0, 0.0),
        (90.0, 0.0),
        (90.0, 90.0),
        (0.0, 90.0),
        (0.0, 0.0),
    ];
    let spiked = [
        (0.0, 0.0),
        (90.0, 0.0),
        (90.0, 40.0),
        (120.0, 40.1),
        (90.0, 40.2),
        (90.0, 90.0),
        (0.0, 90.0),
        (0.0, 0.0),
    ];
    // Out and back by the same way: invalid, and a spike.
    let whisker = [
        (0.0, 0.0),
        (90.0, 0.0),
        (90.0, 40.0),
        (120.0, 40.0),
        (90.0, 40.0),
        (90.0, 90.0),
        (0.0, 90.0),
        (0.0, 0.0),
    ];
    // A small loop where the surveyor's line crosses itself.
    let looped = [
        (0.0, 0.0),
        (90.0, 0.0),
        (90.0, 90.0),
        (50.0, 90.0),
        (50.0, 90.3),
        (50.2, 89.8),
        (0.0, 90.0),
        (0.0, 0.0),
    ];
    for (broken, rule, code) in [
        (area(&[&repeated]), "vertices", "vertices-repaired"),
        (area(&[&spiked]), "spikes", "spike-repaired"),
        (area(&[&whisker]), "spikes", "spike-repaired"),
        (area(&[&looped]), "validity", "validity-repaired"),
    ] {
        let (repaired, told) = rule.parse::<Rules>().unwrap().apply(broken.clone());
        assert_eq!(codes(&told), [code], "{told:?}");
        assert!(
            validity::faults(&repaired).is_empty() && crate::quality::shape::faults(&repaired).is_empty(),
            "{rule}"
        );
        assert!(
            (area_m2(&repaired) - 8100.0).abs() < 81.0,
            "{rule}: {}",
            area_m2(&repaired)
        );
        assert_eq!(
            all().apply(repaired.clone()),
            (repaired, vec![]),
            "{rule}: a second time"
        );
        let others = Rule::ALL.into_iter().filter(|other| other.as_str() != rule).collect();
        let untouched = Rules(others).apply(broken.clone());
        let is_validity_of_whisker = rule == "spikes" && !validity::faults(&broken).is_empty();
        assert!(
            untouched.1.is_empty() || is_validity_of_whisker,
            "{rule}: {:?}",
            untouched.1
        );
    }
}

#[test]
fn spikes_that_cutting_a_hole_leaves_go_too() {
    let shell = [(28.0, 0.0), (28.0, 0.0), (28.0, 20.0), (13.0, 0.0), (28.0, 0.0)];
    let hole = [
        (27.0, 6.0),
        (24.0, 18.0),
        (24.0, 16.0),
        (0.0, 19.0),
        (22.0, 16.0),
        (23.0, 21.0),
        (27.0, 6.0),
    ];
    let (repaired, told) = all().apply(area(&[&shell, &hole]));
    assert!(crate::quality::shape::faults(&repaired).is_empty(), "{told:?}");
    assert_eq!(all().apply(repaired.clone()), (repaired, vec![]), "a second time");
}

#[test]
fn what_would_change_the_land_is_refused_and_stays() {
    let bow_tie = [(0.0, 0.0), (90.0, 90.0), (90.0, 0.0), (0.0, 80.0), (0.0, 0.0)];
    let far_hole = [(200.0, 10.0), (200.0, 50.0), (240.0, 50.0), (200.0, 10.0)];
    let flat = [(0.0, 0.0), (90.0, 0.0), (30.0, 0.0), (0.0, 0.0)];
    for broken in [area(&[&bow_tie]), area(&[&SQUARE, &far_hole]), area(&[&flat])] {
        let (kept, told) = "validity".parse::<Rules>().unwrap().apply(broken.clone());
        assert_eq!((kept, codes(&told)), (broken, vec!["repair-refused"]), "{told:?}");
    }
}

#[test]
fn heights_go_with_their_vertices() {
    let flat = path(&[(0.0, 0.0), (90.0, 0.0), (90.0, 0.0), (90.0, 90.0), (0.0, 0.0)]);
    let high = Path::with_z(flat.coords().to_vec(), vec![1.0, 2.0, 2.5, 3.0, 1.0]).unwrap();
    let (repaired, _) = all().apply(Geometry::Polygons(vec![Polygon { rings: vec![high] }]));
    assert_eq!(repaired.paths().next().unwrap().z(), [1.0, 2.0, 3.0, 1.0]);
}

#[test]
fn rules_are_named_and_what_is_none_is_told() {
    assert_eq!(
        "spikes, vertices".parse(),
        Ok(Rules([Rule::Vertices, Rule::Spikes].into()))
    );
    let error = "spikes,holes".parse::<Rules>().unwrap_err();
    assert!(error.contains("\"holes\"") && error.contains("validity"), "{error}");
    assert!("".parse::<Rules>().is_err() && Rules::default().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is thrown at it: no panic, no worse geometry, about the same area, and nothing to do the second time but
    /// to refuse again.
    #[test]
    fn no_repair_makes_anything_worse(
        rings in prop::collection::vec(prop::collection::vec((0..30_i32, 0..30_i32), 1..14), 1..4),
    ) {
        let ring = |points: &Vec<(i32, i32)>| {
            let mut ring: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
            ring.push(ring[0]);
            path(&ring)
        };
        let broken = Geometry::Polygons(vec![Polygon { rings: rings.iter().map(ring).collect() }]);
        let before = (validity::faults(&broken).len(), area_m2(&broken));
        let (repaired, told) = all().apply(broken.clone());
        if told.iter().all(|told| told.code == FindingCode::RepairRefused) {
            prop_assert_eq!(&repaired, &broken);
        }
        if before.0 == 0 || codes(&told).contains(&"validity-repaired") {
            prop_assert!(validity::faults(&repaired).is_empty(), "{told:?}");
        }
        let most = (before.1.abs() * MOST_AREA_CHANGE).max(NO_AREA_M2) * 3.0;
        prop_assert!((area_m2(&repaired) - before.1).abs() <= most + 1e-6, "{told:?}");
        let (again, second) = all().apply(repaired.clone());
        prop_assert_eq!(again, repaired);
        prop_assert!(second.iter().all(|told| told.code == FindingCode::RepairRefused), "{second:?}");
    }
}
