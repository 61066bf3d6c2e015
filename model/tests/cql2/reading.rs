//! What is read, what is refused, and where the fault is said to be.

use super::compile;
use onemap_model::cql2::{Expr, MAX_CHARS, MAX_DEPTH};
use std::time::{Duration, Instant};

/// The filter is refused at this character, counted from 1, with a message that says this.
fn refused(text: &str, at: usize, says: &str) {
    let error = compile(text).map(|_| ()).expect_err(text);
    let message = error.to_string();
    assert!(message.contains(says), "{text}: {message}");
    assert!(
        message.starts_with(&format!("filter, character {at}:")),
        "{text}: {message}"
    );
}

#[test]
fn a_fault_is_named_with_its_place() {
    refused("", 1, "found the end");
    refused("floors >", 9, "found the end");
    refused("floors = = 3", 10, "\"=\"");
    refused("floors = 3 4", 12, "\"4\"");
    refused("floors = 3 = 4", 12, "\"=\"");
    refused("2 ^ 3 ^ 2 = 1", 7, "\"^\"");
    refused("(floors = 3", 12, "closing bracket");
    refused("name = 'abc", 8, "never closed");
    refused("name = \"abc", 8, "never closed");
    refused("floors = 3abc", 10, "no number");
    refused("floors = 1e999", 10, "no number");
    refused("floors NOT 3", 12, "LIKE, BETWEEN or IN");
    refused("floors IN ()", 13, "an empty list");
    refused("floors IS 3", 11, "NULL");
    refused("名称 = 地", 1, "no property \"名称\"");
    refused(
        "name = '地' AND floor = 1",
        16,
        "there is no property \"floor\"; there are name, floors",
    );
    refused("NAME = 'a'", 1, "no property");
    refused("floors ; 3", 8, "';'");
    refused("built = DATE('2020-02-30')", 14, "2020-02-30");
    refused("seen = TIMESTAMP('yesterday')", 18, "yesterday");
    refused("built = DATE(2020)", 14, "single quotes");
    refused("S_INTERSECTS(geom, POINT(1))", 26, "2 numbers");
    refused("S_INTERSECTS(geom, POINT(1 2 3 4))", 26, "2 numbers");
    refused("S_INTERSECTS(geom, LINESTRING(1 2))", 30, "two positions");
    refused("S_INTERSECTS(geom, POLYGON((0 0, 1 0, 1 1, 0 1)))", 27, "is open");
    refused("S_INTERSECTS(geom, BBOX(0, 5, 1, 4))", 20, "south below its north");
    refused("S_INTERSECTS(geom, BBOX(0, 1, 2))", 20, "4 numbers");
    refused("S_INTERSECTS(geom)", 1, "two arguments, got 1");
}

#[test]
fn a_wrong_type_is_named_with_its_place() {
    refused(
        "floors = 'three'",
        10,
        "\"floors\" (a number) cannot be compared with the text \"three\"",
    );
    refused("name > 3", 8, "cannot be compared");
    refused("listed = 1", 10, "cannot be compared");
    refused("geom = 3", 1, "the geometry stands where a value must");
    refused("tags = tags", 8, "cannot be compared");
    refused("photo = photo", 9, "cannot be compared");
    refused("floors LIKE 'a%'", 1, "a text must");
    refused("name LIKE no_text", 11, "text literal");
    refused(
        "floors",
        1,
        "the property \"floors\" (a number) stands where a condition must",
    );
    refused("3", 1, "a condition must");
    refused("name + 1 = 2", 1, "a number must");
    refused("CASEI(floors) = 'a'", 7, "a text must");
    refused("S_INTERSECTS(name, POINT(1 2))", 14, "a geometry must");
    refused(
        "S_WITHIN(geom, buffer(geom, 10))",
        16,
        "no function \"buffer\"; there are abs",
    );
    refused("T_AFTER(floors, DATE('2020-01-01'))", 9, "a date or time must");
    refused("A_CONTAINS(name, ('a', 'b'))", 12, "a list must");
    refused("foo(floors) = 1", 1, "there is no function \"foo\"");
    refused("abs(name) = 1", 5, "a number must");
    refused("abs(floors, 1) = 1", 1, "abs takes one argument, got 2");
    refused("built = 'soon'", 9, "soon");
}

#[test]
fn json_is_refused_with_its_place_too() {
    let refused = |json: &str, at: usize, says: &str| {
        let error = Expr::from_json(json).expect_err(json);
        let message = error.to_string();
        assert!(message.contains(says), "{json}: {message}");
        assert!(
            message.starts_with(&format!("filter, character {at}:")),
            "{json}: {message}"
        );
    };
    refused("", 1, "ends where a value");
    refused("{\"op\":\"=\"", 10, "no JSON");
    refused("{\"op\":\"=\"}", 1, "\"args\"");
    refused("{\"op\":\"=\",\"args\":[1]}", 18, "two arguments, got 1");
    refused("{\"op\":\"and\",\"args\":[true]}", 20, "two arguments or more");
    refused("{\"op\":\"a b\",\"args\":[]}", 7, "operator or function");
    refused("{\"op\":\"date\",\"args\":[]}", 7, "operator or function");
    refused("{\"op\":7,\"args\":[]}", 7, "name of an operator");
    refused("null", 1, "an expression");
    refused("{\"what\":1}", 1, "\"op\", \"property\"");
    refused("{\"date\":\"2020-13-01\"}", 9, "2020-13-01");
    refused("{\"type\":\"Circle\",\"coordinates\":[]}", 9, "type of a geometry");
    refused("{\"type\":\"Point\",\"coordinates\":[[1,2]]}", 32, "a coordinate");
    refused("[1,]", 4, "expected a value");
    refused("\"\\ud800\"", 8, "surrogate");
    refused("01", 2, "after the end");
    refused("true x", 6, "after the end");
}

#[test]
fn what_has_no_bound_is_refused_at_once() {
    let size = 43 * 1024;
    let repeat = |open: &str, middle: &str, close: &str| {
        let times = size / (open.len() + close.len());
        open.repeat(times) + middle + &close.repeat(times)
    };
    let texts = [
        repeat("(", "floors=1", ")"),
        repeat("(", "", ""),
        repeat("NOT ", "listed", ""),
        repeat("-", "1 = floors", ""),
        repeat("+", "1 = floors", ""),
        repeat("CASEI(", "name", ")"),
        repeat("(floors=1 AND ", "listed", ")"),
        repeat("floors = 1 + ", "1", ""),
        repeat("", "1", "+1") + " = floors",
        repeat("A_EQUALS(tags, (", "1", "))"),
        "S_INTERSECTS(geom, ".to_owned() + &repeat("GEOMETRYCOLLECTION(", "POINT(1 2)", ")"),
        "a=1 OR ".repeat(size / 7) + "a=1",
        "floors IN (".to_owned() + &"1,".repeat(size / 2) + "1)",
        " ".repeat(MAX_CHARS + 1),
    ];
    for text in &texts {
        let start = Instant::now();
        let _ = compile(text).map(|_| ()).expect_err(&text[..40]);
        assert!(start.elapsed() < Duration::from_secs(1), "{}", &text[..40]);
    }
    let jsons = [
        repeat("[", "1", "]"),
        repeat("{\"op\":\"not\",\"args\":[", "true", "]}"),
        repeat("{\"a\":", "1", "}"),
        "[".to_owned() + &"1,".repeat(size / 2) + "1]",
    ];
    for json in &jsons {
        let start = Instant::now();
        let _ = Expr::from_json(json).expect_err(&json[..40]);
        assert!(start.elapsed() < Duration::from_secs(1), "{}", &json[..40]);
    }
}

#[test]
fn the_deepest_filter_that_is_read_can_be_asked_and_written() {
    let text = "NOT ".repeat(usize::from(MAX_DEPTH) - 2) + "listed";
    let expr = Expr::from_text(&text).unwrap();
    assert_eq!(Expr::from_json(&expr.to_json()).unwrap(), expr);
    assert_eq!(super::truth(&text), Some(true));
}

#[test]
fn numbers_names_and_texts_are_read_as_the_grammar_says() {
    let same = |a: &str, b: &str| assert_eq!(Expr::from_text(a).unwrap(), Expr::from_text(b).unwrap(), "{a}");
    same("a = -1", "a=(-1)");
    same("a = +1.50e1", "a = 15.0");
    same("a = .5", "a = 0.5");
    same("a AND b OR c AND NOT d", "(a AND b) OR (c AND (NOT d))");
    same("NOT a = b", "NOT (a = b)");
    same("a + b * c ^ d - e", "(a + (b * (c ^ d))) - e");
    same("- a * 2", "(-1 * a) * 2");
    same("a NOT IN (1)", "NOT (a IN (1))");
    same("a not between 1 and 2 and b", "(NOT (a BETWEEN 1 AND 2)) AND b");
    same("\"a\" is not null", "NOT a IS NULL");
    same("s_within(a, point z (1 2 3))", "S_WITHIN(a, POINT(1 2 3))");
    same(
        "S_WITHIN(a, MULTIPOINT(1 2, 3 4))",
        "S_WITHIN(a, MULTIPOINT((1 2), (3 4)))",
    );
    same("t_metby(a, b)", "T_METBY(a, b)");
    same("name = 'it''s'", "name = 'it\\'s'");
    assert_ne!(Expr::from_text("a = 1").unwrap(), Expr::from_text("a = 1.0").unwrap());
    assert_ne!(
        Expr::from_text("(a OR b) OR c").unwrap(),
        Expr::from_text("a OR b OR c").unwrap()
    );
    for name in ["date", "point", "start", "end", "eo:cloud_cover", "a.b", "名称"] {
        let expr = Expr::from_text(&format!("{name} = 1")).unwrap();
        assert_eq!(Expr::from_text(&expr.to_text().unwrap()).unwrap(), expr, "{name}");
    }
}
