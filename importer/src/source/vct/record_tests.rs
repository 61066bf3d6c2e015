use super::*;
use crate::source::vct::head::head_of;

fn read(kind: Kind, head: &str, content: &str) -> Vec<std::result::Result<Record, String>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vct");
    std::fs::write(&path, format!("{content}\nLineEnd\n")).unwrap();
    let mut lines = Lines::open(&path, "a.vct").unwrap();
    let head = head_of(head).unwrap();
    let is_code = |code: &[u8]| code == b"2001";
    let mut records = Vec::new();
    loop {
        let mut reader = Reader::new(&mut lines, &head, Axes::EastNorth, &is_code);
        match reader.next(kind) {
            Ok(None) => return records,
            Ok(Some(record)) => records.push(Ok(record)),
            Err(Fault::Record(line, reason)) => records.push(Err(format!("line {line}: {reason}"))),
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn one(kind: Kind, head: &str, content: &str) -> Shape {
    let records = read(kind, head, content);
    assert_eq!(records.len(), 1, "{records:?}");
    records[0].as_ref().unwrap().shape.clone().unwrap()
}

fn flat(positions: &[Position]) -> Vec<[f64; 2]> {
    positions.iter().map(|p| [p[0], p[1]]).collect()
}

#[test]
fn points_are_read_with_a_count_and_without() {
    for content in [
        "7\n2001\nx\n1\n3,4\n0",
        "7\n2001\nx\n1\n1\n3,4\n0",
        "7\n2001\nx\n1\n3,4",
    ] {
        let Shape::Point(at) = one(Kind::Point, "", content) else {
            panic!("{content}")
        };
        assert_eq!(flat(&[at]), [[3.0, 4.0]], "{content}");
    }
    let Shape::Points(all) = one(Kind::Point, "", "7\n2001\nx\n4\n2\n3,4\n5,6\n0") else {
        panic!()
    };
    assert_eq!(all.len(), 2);
    assert!(matches!(
        one(Kind::Point, "", "7\n2001\nx\n3\n3,4\n5,6\n0"),
        Shape::Directed(..)
    ));
    let Shape::Point(at) = one(Kind::Point, "Dim:3", "7\n2001\nx\n1\n3,4,5\n0") else {
        panic!()
    };
    assert_eq!(at, [3.0, 4.0, 5.0]);
}

#[test]
fn lines_of_each_version_are_told_by_their_shape() {
    for content in ["7\n2001\nx\n1\n2\n3,4\n5,6\n", "7\n2001\nx\n1\n1\n11\n2\n3,4\n5,6\n0"] {
        let Shape::Line(pieces) = one(Kind::Line, "", content) else {
            panic!("{content}")
        };
        assert_eq!(flat(&pieces[0]), [[3.0, 4.0], [5.0, 6.0]], "{content}");
    }
    let Shape::Line(pieces) = one(
        Kind::Line,
        "",
        "7\n2001\nx\n1\n2\n11\n2\n0,0\n1,0\n12\n1,0\n2,1\n3,0\n0",
    ) else {
        panic!()
    };
    assert!(pieces.len() == 2 && pieces[1].len() > 20);
    assert!(matches!(
        one(Kind::Line, "", "7\n2001\nx\n3\n3\n0,0\n2,0\n1,1\n0"),
        Shape::Line(_)
    ));
    assert_eq!(
        one(Kind::Line, "", "7\n2001\nx\n100\n2\n1,-2\n0"),
        Shape::LineBy(vec![1, -2])
    );
    let topology = "7\n2001\nx\n1\n2\n3,4\n5,6\n1\n2\n3\n4\n8\n2001\nx\n1\n2\n3,4\n5,6\n1\n2\n3\n4\n";
    assert_eq!(read(Kind::Line, "Topo:2", topology).len(), 2);
}

#[test]
fn polygons_are_rings_or_lists_of_lines() {
    let square = "4\n0,0\n4,0\n4,4\n0,0";
    let of_2 = format!("7\n2001\nx\n1\n1,1\n2\n11\n{square}\n13\n1,1\n0.5\n0");
    let Shape::Rings(rings) = one(Kind::Polygon, "", &of_2) else {
        panic!()
    };
    assert!(rings.len() == 2 && rings[1].len() > 20);
    assert_eq!(
        one(Kind::Polygon, "", "7\n2001\nx\n100\n1,1\n21\n3\n1,0\n-2\n0"),
        Shape::RingsBy(vec![1, 0, -2])
    );
    assert_eq!(
        one(Kind::Polygon, "Topo:1", "7\n2001\nx\n1,1\n3\n1,0,-2\n"),
        Shape::RingsBy(vec![1, 0, -2])
    );
    let of_1 = format!("7\n2001\nx\n1,1\n{square}\n{square}\n0\n8\n2001\nx\n1,1\n{square}\n0");
    let records = read(Kind::Polygon, "Topo:0", &of_1);
    assert!(matches!(&records[0].as_ref().unwrap().shape, Ok(Shape::Rings(rings)) if rings.len() == 2));
    assert_eq!(records.len(), 2);
}

#[test]
fn annotations_have_a_text_and_an_angle() {
    let Shape::Text(text, places) = one(Kind::Annotation, "", "7\n2001\nx\n1\nred, blue\n3,4,45\n0") else {
        panic!()
    };
    assert_eq!((text.as_slice(), places[0].1), (&b"red, blue"[..], Some(45.0)));
    let of_1 = "7\n2001\nx\nSongti\n0\n400,0,F\n5\n0\n\n1\n3,4\n0";
    let Shape::Text(text, places) = one(Kind::Annotation, "", of_1) else {
        panic!()
    };
    assert!(text.is_empty() && places.len() == 1);
}

#[test]
fn a_broken_record_does_not_take_the_next_one_along() {
    for (broken, expected) in [
        (
            "7\n2001\nx\n1\n99999999999\n0,0\n",
            "line 5: \"99999999999\": a number of points",
        ),
        ("7\n2001\nx\n1\n3\n0,0\n1,1\n0\n", "line 8: \"0\": 2 coordinates"),
        ("7\n2001\nx\n1\n2\n0,0\nnan,1\n0\n", "line 7: \"nan,1\": coordinates"),
        ("7\n2001\nx\n1\n2\n0,0\n1,1e300\n0\n", "no coordinate"),
        ("abc\n2001\nx\n1\n0\n", "line 1: \"abc\": an identifier"),
        ("7\n2001\nx\n1\n-5\n0,0\n0\n", "\"-5\""),
    ] {
        let records = read(Kind::Line, "", &format!("{broken}8\n2001\nx\n1\n2\n3,4\n5,6\n0\n"));
        let said = records[0].as_ref().unwrap_err();
        assert!(said.contains(expected), "{broken:?}: {said}");
        assert!(
            records.last().unwrap().as_ref().is_ok_and(|record| record.id == 8),
            "{broken:?}: {records:?}"
        );
    }
    let cut = read(Kind::Line, "", "7\n2001\nx\n1\n2\n0,0");
    assert!(cut[0].as_ref().unwrap_err().contains("ends too early"));
}

#[test]
fn kinds_that_are_not_read_say_so_and_keep_their_record() {
    let spline = "7\n2001\nx\n1\n1\n16\n2\n0,0\n1,1\n3\n0\n8\n2001\nx\n1\n2\n3,4\n5,6\n0";
    let records = read(Kind::Line, "", spline);
    let reason = records[0].as_ref().unwrap().shape.as_ref().unwrap_err();
    assert!(reason.contains("B-spline"), "{reason}");
    assert_eq!(records[1].as_ref().unwrap().id, 8);
}
