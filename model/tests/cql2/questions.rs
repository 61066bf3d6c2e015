//! Tables of cases: what a filter says of one house.

use super::{compile, house, layer, truth};
use onemap_model::Coord;
use onemap_model::cql2::{Expr, FUNCTIONS, FeatureOf, Filter};

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);
const UNKNOWN: Option<bool> = None;

fn check(cases: &[(&str, Option<bool>)]) {
    for (text, expected) in cases {
        assert_eq!(truth(text), *expected, "{text}");
    }
}

#[test]
fn scalars_are_compared_by_their_kind() {
    check(&[
        ("floors = 7.0", YES),
        ("floors > 6.9 AND floors < 7.1", YES),
        ("height = 20.5", YES),
        ("name = 'København'", YES),
        ("name < 'Kz'", NO),
        ("listed", YES),
        ("listed = (floors = 7)", YES),
        ("NOT listed OR TRUE", YES),
        ("id = '42'", YES),
        ("fid = 42", YES),
        ("built = '2020-05-01'", YES),
        ("built < DATE('2020-05-02')", YES),
        // 08:00 in Beijing on the first is midnight UTC; the day begins eight hours earlier.
        ("seen = TIMESTAMP('2020-05-01T00:00:00Z')", YES),
        ("seen > DATE('2020-05-01')", YES),
        ("seen < '2020-05-01T00:00:01Z'", YES),
        ("valid_from <= TIMESTAMP('2020-01-01T00:00:00Z')", YES),
        ("valid_to IS NULL", YES),
    ]);
}

#[test]
fn null_is_unknown_until_it_is_decided_otherwise() {
    check(&[
        ("nothing = 1", UNKNOWN),
        ("nothing <> 1", UNKNOWN),
        ("NOT nothing = 1", UNKNOWN),
        ("nothing IS NULL", YES),
        ("NOT nothing IS NULL", NO),
        ("nothing = 1 OR floors = 7", YES),
        ("nothing = 1 AND floors = 8", NO),
        ("nothing = 1 OR floors = 8", UNKNOWN),
        ("nothing IN (1, 2)", UNKNOWN),
        ("floors IN (1, nothing)", UNKNOWN),
        ("floors IN (7, nothing)", YES),
        ("floors NOT IN (1, nothing)", UNKNOWN),
        ("floors BETWEEN nothing AND 6", NO),
        ("floors BETWEEN nothing AND 8", UNKNOWN),
        ("no_text LIKE '%'", UNKNOWN),
        ("CASEI(no_text) = 'a'", UNKNOWN),
        ("nothing + 1 = 1", UNKNOWN),
        ("1 / 0 = 1", UNKNOWN),
        ("floors IN (7, 1 div 0)", YES),
        ("floors IN (1, 1 div 0)", UNKNOWN),
        ("T_AFTER(no_time, DATE('2020-01-01'))", UNKNOWN),
        ("T_INTERSECTS(INTERVAL(no_time, '..'), DATE('2020-01-01'))", UNKNOWN),
        ("A_CONTAINS(no_list, ('a', 'b'))", UNKNOWN),
        ("abs(nothing) = 1", UNKNOWN),
    ]);
}

#[test]
fn arithmetic_says_what_it_means() {
    check(&[
        ("floors + 1 = 8", YES),
        ("floors / 2 = 3.5", YES),
        ("floors div 2 = 3", YES),
        ("-7 div 2 = -3", YES),
        ("floors % 4 = 3", YES),
        ("-7 % 4 = -3", YES),
        ("2 ^ 10 = 1024", YES),
        ("-2 ^ 2 = 4", YES),
        ("2 ^ 0.5 > 1.414 AND 2 ^ -1 = 0.5", YES),
        ("2 + 3 * 4 ^ 2 = 50", YES),
        ("- floors = -7", YES),
        ("9223372036854775807 + 1 = 9223372036854775808", YES),
    ]);
}

#[test]
fn texts_fit_patterns() {
    check(&[
        ("name LIKE 'K_benhavn'", YES),
        ("name LIKE 'k%'", NO),
        ("name NOT LIKE '%x%'", YES),
        ("CASEI(name) LIKE CASEI('KØB%')", YES),
        ("ACCENTI(name) LIKE 'Kob%'", YES),
        ("CASEI(ACCENTI(name)) = CASEI(ACCENTI('KOBENHAVN'))", YES),
        ("'100%' LIKE '100\\%'", YES),
        ("'1000' LIKE '100\\%'", NO),
        ("name LIKE CASEI('FOO%')", NO),
    ]);
}

#[test]
fn lists_are_sets() {
    check(&[
        ("A_CONTAINS(tags, ('a', 'b'))", YES),
        ("A_CONTAINS(tags, ('a', 'z'))", NO),
        ("A_CONTAINS(tags, ('b'))", YES),
        ("A_CONTAINS(tags, ())", YES),
        ("A_CONTAINEDBY(tags, ('a', 'b', 3.0, 'c'))", YES),
        ("A_CONTAINEDBY(tags, ('a', 'b'))", NO),
        ("A_CONTAINEDBY((), tags)", YES),
        ("A_EQUALS(tags, (3, 'b', 'a', 'a'))", YES),
        ("A_EQUALS(tags, ('a', 'b'))", NO),
        ("A_EQUALS(('a', 'b', 3), tags)", YES),
        ("A_EQUALS((), ())", YES),
        ("A_OVERLAPS(tags, ('z', 3))", YES),
        ("A_OVERLAPS(tags, ('3', 'A'))", NO),
        ("A_OVERLAPS(tags, ())", NO),
        ("A_OVERLAPS(tags, (name, floors - 4))", YES),
        ("A_CONTAINS((name, floors), (7))", YES),
        ("A_EQUALS((1, TRUE, DATE('2020-05-01')), (built, listed, 1))", YES),
        ("A_OVERLAPS((built), (TIMESTAMP('2020-04-30T16:00:00Z')))", NO),
        ("A_CONTAINS(((1, 2), (3)), ((3)))", YES),
        ("A_CONTAINS(((1, 2), (3)), ((2, 1)))", NO),
        ("A_OVERLAPS((nothing), (nothing))", NO),
        ("A_CONTAINS((1 + 1, 3), (2))", YES),
        ("NOT A_CONTAINS(tags, ('a'))", NO),
    ]);
}

#[test]
fn functions_of_our_own_do_what_their_summary_says() {
    check(&[
        ("abs(0 - floors) = 7", YES),
        ("abs(-1.5) = 1.5", YES),
        ("ceil(height) = 21", YES),
        ("floor(height) = 20", YES),
        ("floor(-0.5) = -1", YES),
        ("round(height) = 21", YES),
        ("round(-0.5) = -1", YES),
        ("sqrt(49) = floors", YES),
        ("sqrt(-1) = 0", UNKNOWN),
        ("lower(name) = 'københavn'", YES),
        ("upper(name) = 'KØBENHAVN'", YES),
        ("trim('  a ') = 'a'", YES),
        ("length(name) = 9", YES),
        ("concat(name, '!') = 'København!'", YES),
        ("year(built) = 2020 AND month(built) = 5 AND day(built) = 1", YES),
        // Half past midnight in Beijing is still the day before in Greenwich.
        ("day(TIMESTAMP('2020-04-30T16:30:00Z')) = 1", YES),
        ("cardinality(tags) = 3", YES),
        ("cardinality((1, 2)) = 2", YES),
        ("LENGTH(upper('ß')) = 2", YES),
    ]);
    let known: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
    let said = "abs ceil floor round sqrt lower upper trim length concat year month day cardinality";
    assert_eq!(known.join(" "), said, "a new function needs a case here");
}

#[test]
fn every_temporal_relation_holds_where_allen_says() {
    // Two intervals for each of the thirteen relations, and which of the fifteen predicates hold.
    let pairs = [
        (
            "'2000-01-01','2000-01-02'",
            "'2000-01-04','2000-01-05'",
            "before disjoint",
        ),
        (
            "'2000-01-01','2000-01-04'",
            "'2000-01-04','2000-01-05'",
            "meets intersects",
        ),
        (
            "'2000-01-01','2000-01-04'",
            "'2000-01-03','2000-01-05'",
            "overlaps intersects",
        ),
        (
            "'2000-01-01','2000-01-05'",
            "'2000-01-03','2000-01-05'",
            "finishedBy intersects",
        ),
        (
            "'2000-01-01','2000-01-05'",
            "'2000-01-02','2000-01-04'",
            "contains intersects",
        ),
        (
            "'2000-01-01','2000-01-03'",
            "'2000-01-01','2000-01-05'",
            "starts intersects",
        ),
        (
            "'2000-01-01','2000-01-05'",
            "'2000-01-01','2000-01-05'",
            "equals intersects",
        ),
        (
            "'2000-01-01','2000-01-05'",
            "'2000-01-01','2000-01-03'",
            "startedBy intersects",
        ),
        (
            "'2000-01-02','2000-01-04'",
            "'2000-01-01','2000-01-05'",
            "during intersects",
        ),
        (
            "'2000-01-03','2000-01-05'",
            "'2000-01-01','2000-01-05'",
            "finishes intersects",
        ),
        (
            "'2000-01-03','2000-01-05'",
            "'2000-01-01','2000-01-04'",
            "overlappedBy intersects",
        ),
        (
            "'2000-01-04','2000-01-05'",
            "'2000-01-01','2000-01-04'",
            "metBy intersects",
        ),
        (
            "'2000-01-04','2000-01-05'",
            "'2000-01-01','2000-01-02'",
            "after disjoint",
        ),
    ];
    let all = "after before contains disjoint during equals finishedBy finishes intersects meets metBy overlappedBy \
               overlaps startedBy starts";
    for (a, b, holding) in pairs {
        for predicate in all.split_whitespace() {
            let expected = Some(holding.split(' ').any(|one| one == predicate));
            assert_eq!(
                truth(&format!("T_{predicate}(INTERVAL({a}), INTERVAL({b}))")),
                expected,
                "{predicate} {a} {b}"
            );
        }
    }
}

#[test]
fn days_cover_all_their_moments_and_open_ends_reach_everywhere() {
    check(&[
        ("T_INTERSECTS(seen, DATE('2020-05-01'))", YES),
        ("T_DURING(seen, DATE('2020-05-01'))", YES),
        ("T_AFTER(seen, DATE('2020-05-01'))", NO),
        ("T_BEFORE(seen, DATE('2020-05-02'))", YES),
        // The last moment of the day in Beijing.
        (
            "T_INTERSECTS(DATE('2020-05-01'), TIMESTAMP('2020-05-01T15:59:59.999999Z'))",
            YES,
        ),
        (
            "T_INTERSECTS(DATE('2020-05-01'), TIMESTAMP('2020-05-01T16:00:00Z'))",
            NO,
        ),
        ("T_EQUALS(built, DATE('2020-05-01'))", YES),
        ("T_EQUALS(built, INTERVAL('2020-05-01', '2020-05-01'))", YES),
        ("T_INTERSECTS(seen, INTERVAL('..', '..'))", YES),
        ("T_AFTER(seen, INTERVAL('..', '2020-04-30'))", YES),
        ("T_BEFORE(seen, INTERVAL('2020-05-02', '..'))", YES),
        ("T_EQUALS(INTERVAL('..', '..'), INTERVAL('..', '..'))", YES),
        ("T_INTERSECTS(INTERVAL(built, '..'), seen)", YES),
        ("T_MEETS(INTERVAL('2005-01-10', built), INTERVAL(built, '..'))", YES),
        // Valid time without an end is open, not unknown.
        ("T_INTERSECTS(INTERVAL(valid_from, valid_to), DATE('2999-01-01'))", YES),
        ("T_AFTER(seen, '2020-04-30')", YES),
    ]);
}

#[test]
fn geometries_are_compared_wherever_they_stand() {
    check(&[
        ("S_INTERSECTS(geom, POINT(1 2))", YES),
        ("S_INTERSECTS(geometry, POINT(1 3))", NO),
        ("S_EQUALS(POINT(1 2), geom)", YES),
        ("S_WITHIN(geom, BBOX(0, 0, 2, 3))", YES),
        ("S_CONTAINS(geom, BBOX(0, 0, 2, 3))", NO),
        ("S_CONTAINS(BBOX(0, 0, 2, 3), geom)", YES),
        ("S_WITHIN(geom, BBOX(1, 0, 2, 3))", NO),
        ("S_TOUCHES(geom, BBOX(1, 0, 2, 3))", YES),
        ("S_INTERSECTS(geom, BBOX(170, -10, -170, 10))", NO),
        ("S_INTERSECTS(geom, BBOX(170, -10, 1, 10))", YES),
        ("S_INTERSECTS(geom, BBOX(0, 0, 100, 2, 3, 200))", YES),
        ("S_INTERSECTS(geom, BBOX(1, 2, 1, 2))", YES),
        ("S_DISJOINT(geom, POINT EMPTY)", YES),
        ("S_INTERSECTS(geom, POLYGON EMPTY)", NO),
        ("S_EQUALS(geom, geom)", YES),
        ("S_CROSSES(LINESTRING(0 0, 2 2), LINESTRING(0 2, 2 0))", YES),
        ("S_OVERLAPS(BBOX(0, 0, 2, 2), BBOX(1, 1, 3, 3))", YES),
        ("geom IS NULL", NO),
        ("POINT(1 2) IS NULL", NO),
    ]);
}

#[test]
fn a_hint_is_where_all_that_is_accepted_must_be() {
    let hint = |text: &str| compile(text).unwrap().bbox_hint().map(|bbox| bbox.to_array());
    let near = Some([0.0, 0.0, 2.0, 3.0]);
    assert_eq!(hint("S_INTERSECTS(geom, BBOX(0, 0, 2, 3))"), near);
    assert_eq!(hint("floors = 3 AND S_WITHIN(geom, BBOX(0, 0, 2, 3))"), near);
    assert_eq!(hint("NOT S_DISJOINT(geom, BBOX(0, 0, 2, 3))"), near);
    assert_eq!(hint("NOT (floors = 3 OR S_DISJOINT(BBOX(0, 0, 2, 3), geom))"), near);
    assert_eq!(
        hint("S_TOUCHES(geom, BBOX(-90, -90, 90, 90)) AND S_CONTAINS(geom, BBOX(0, 0, 2, 3))"),
        near
    );
    assert_eq!(
        hint("S_INTERSECTS(geom, POINT(0 0)) OR S_EQUALS(geom, POINT(2 3))"),
        near
    );
    assert_eq!(hint("floors = 3 OR S_WITHIN(geom, BBOX(0, 0, 2, 3))"), None);
    assert_eq!(hint("S_DISJOINT(geom, BBOX(0, 0, 2, 3))"), None);
    assert_eq!(hint("NOT S_WITHIN(geom, BBOX(0, 0, 2, 3))"), None);
}

#[test]
fn near_is_measured_in_metres_on_the_ellipsoid() {
    // A minute of arc south of the house (1, 2) is 1 842.9 m away, one west of it 1 854.3 m; PostGIS says the same.
    check(&[
        ("S_DWITHIN(geom, POINT(1 1.983333333), 1844)", YES),
        ("S_DWITHIN(geom, POINT(1 1.983333333), 1842)", NO),
        ("s_dwithin(POINT(0.983333333 2), geom, 1854.4)", YES),
        ("S_DWITHIN(POINT(0.983333333 2), geom, 1854.2)", NO),
        ("S_DWITHIN(geom, POINT(1 2), 0)", YES),
        ("S_DWITHIN(geom, BBOX(0, 0, 3, 3), 0)", YES),
        ("S_DWITHIN(geom, LINESTRING(0 1, 2 1), 2 * 60000)", YES),
        ("S_DWITHIN(geom, LINESTRING(0 1, 2 1), 110000)", NO),
        ("S_DWITHIN(geom, POINT(-179 -2), 1e9)", YES),
        ("S_DWITHIN(geom, POINT EMPTY, 1e9)", NO),
        ("NOT S_DWITHIN(geom, POINT(9 9), 10) AND floors = 7", YES),
        ("S_DWITHIN(geom, POINT(9 9), 10) = listed", NO),
    ]);
    let refused = |text: &str, expected: &str| {
        let error = compile(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    };
    refused("S_DWITHIN(geom, POINT(1 2))", "three arguments");
    refused(
        "S_DWITHIN(geom, POINT(1 2), -5)",
        "the distance -5 stands where one of 0 m or more must",
    );
    refused("S_DWITHIN(geom, POINT(1 2), floors)", "a number of metres");
    refused("S_DWITHIN(geom, POINT(1 2), 'far')", "far");
    refused("S_DWITHIN(geom, geom, 5)", "the layer's geometry once more");
    refused(
        "S_DWITHIN(POINT(1 2), POINT(1 2), 5)",
        "a second geometry of the filter",
    );
    let long: Vec<String> = (0..1001).map(|i| format!("{i} 1")).collect();
    refused(
        &format!("S_DWITHIN(geom, LINESTRING({}), 5)", long.join(",")),
        "a geometry of 1001 positions",
    );
    refused("nonsense(geom)", "s_dwithin");
}

#[test]
fn what_is_near_is_looked_for_nearby() {
    let hint = |text: &str| compile(text).unwrap().bbox_hint();
    let near = hint("floors = 7 AND S_DWITHIN(geom, POINT(1 2), 1000)").unwrap();
    assert!(
        near.contains_point(Coord { x: 1.008, y: 2.008 }) && near.east() < 1.01 && near.north() < 2.01,
        "{near:?}"
    );
    assert_eq!(hint("NOT S_DWITHIN(geom, POINT(1 2), 1000)"), None);
    assert_eq!(hint("S_DWITHIN(geom, POINT(180 2), 1000)"), None);
}

#[test]
fn a_filter_in_another_system_is_transformed_wherever_its_geometries_stand() {
    // Latitude before longitude, as EPSG:4326 has it.
    let mut swapped = |c: Coord| Some(Coord { x: c.y, y: c.x });
    let mut check = |text: &str, expected: Option<bool>| {
        let expr = Expr::from_text(text).unwrap().transformed(&mut swapped).unwrap();
        let filter = Filter::compile(&expr, &layer()).unwrap();
        assert_eq!(filter.truth(&FeatureOf(&layer(), &house())), expected, "{text}");
    };
    check("S_EQUALS(geom, POINT(2 1))", YES);
    check(
        "(S_EQUALS(geom, POINT(2 1))) = (NOT S_INTERSECTS(geom, LINESTRING(2 1, 3 3)))",
        NO,
    );
    check("floors = 7 AND S_WITHIN(geom, BBOX(1.5, 0.5, 2.5, 1.5))", YES);
    let outside = Expr::from_text("floors = 7 AND S_INTERSECTS(geom, POINT(9 9))").unwrap();
    let error = outside.transformed(&mut |_| None).unwrap_err().to_string();
    assert_eq!(error, "filter, character 35: (9, 9) has no place in the layer's system");
}
