//! How geometries stand to each other, against the cases that GEOS and JTS hold themselves to.
//!
//! A case gives two geometries and the nine intersections of their interiors, boundaries and exteriors (DE-9IM). From
//! these follows what each of CQL2's eight spatial functions says.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use onemap_e2e::shared::shared;
use onemap_model::cql2::{Expr, FeatureOf, Filter};
use onemap_model::{Crs, Feature, Fid, GeometryType, Layer, Name, Row};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files on relations of valid geometries. Those on collections of overlapping parts and on broken polygons promise what
/// GEOS makes of them; we promise an answer.
const FILES: [&str; 15] = [
    "general/TestRelateAA.xml",
    "general/TestRelateLA.xml",
    "general/TestRelateLL.xml",
    "general/TestRelatePA.xml",
    "general/TestRelatePL.xml",
    "general/TestRelatePP.xml",
    "validate/TestRelateAA-big.xml",
    "validate/TestRelateAA.xml",
    "validate/TestRelateAC.xml",
    "validate/TestRelateLA.xml",
    "validate/TestRelateLC.xml",
    "validate/TestRelateLL.xml",
    "validate/TestRelatePA.xml",
    "validate/TestRelatePL.xml",
    "validate/TestRelatePP.xml",
];

/// Two geometries and their nine intersections.
struct Case {
    a: String,
    b: String,
    matrix: Vec<u8>,
}

fn unpack(shared: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive = shared.join("nasty/geos_xmltester.tar.xz");
    let unpacked = Command::new("tar")
        .arg("-xf")
        .arg(archive)
        .arg("-C")
        .arg(folder.path())
        .status();
    assert!(
        unpacked.is_ok_and(|status| status.success()),
        "tar with xz (package xz-utils) unpacks the cases"
    );
    folder
}

/// What stands between `<tag…>` and `</tag>`, each time.
fn elements<'t>(text: &'t str, tag: &str) -> Vec<(&'t str, &'t str)> {
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    let mut found = Vec::new();
    for part in text.split(&open).skip(1) {
        let Some((attributes, rest)) = part.split_once('>') else {
            continue;
        };
        // `<a` also begins `<arg`.
        if !attributes.is_empty() && !attributes.starts_with(char::is_whitespace) {
            continue;
        }
        if let Some((content, _)) = rest.split_once(&close) {
            found.push((attributes, content.trim()));
        }
    }
    found
}

fn cases(file: &PathBuf) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut cases = Vec::new();
    for (_, case) in elements(&text, "case") {
        let geometry = |tag: &str| elements(case, tag).first().map(|(_, wkt)| wkt.to_string());
        let (Some(a), Some(b)) = (geometry("a"), geometry("b")) else {
            continue;
        };
        for (attributes, expected) in elements(case, "op") {
            let matrix = attributes
                .split("arg3=")
                .nth(1)
                .and_then(|rest| rest.split(['"', '\'']).nth(1));
            let in_order = attributes.find("arg1=\"A\"").is_some() || attributes.find("arg1='A'").is_some();
            let is_relate = attributes.contains("\"relate\"") || attributes.contains("'relate'");
            if let Some(matrix) = matrix.filter(|_| is_relate && in_order && expected == "true") {
                let matrix = matrix.as_bytes().to_vec();
                cases.push(Case {
                    a: a.clone(),
                    b: b.clone(),
                    matrix,
                });
            }
        }
    }
    cases
}

/// What the nine intersections say of each function; none where it depends on more than they tell.
fn expected(matrix: &[u8], dimensions: (u8, u8)) -> [(&'static str, bool); 8] {
    let is = |at: usize| matrix[at] != b'F';
    let meets = is(0) || is(1) || is(3) || is(4);
    let within = is(0) && !is(2) && !is(5);
    let contains = is(0) && !is(6) && !is(7);
    let (a, b) = dimensions;
    let crosses = match a.cmp(&b) {
        std::cmp::Ordering::Less => is(0) && is(2),
        std::cmp::Ordering::Greater => is(0) && is(6),
        std::cmp::Ordering::Equal => a == 1 && matrix[0] == b'0',
    };
    let overlaps = a == b && matrix[0] == b'0' + a && is(2) && is(6);
    [
        ("INTERSECTS", meets),
        ("DISJOINT", !meets),
        ("EQUALS", within && contains),
        ("TOUCHES", !is(0) && meets),
        ("WITHIN", within),
        ("CONTAINS", contains),
        ("CROSSES", crosses),
        ("OVERLAPS", overlaps),
    ]
}

fn dimension(wkt: &str) -> u8 {
    match wkt.to_ascii_uppercase() {
        area if area.contains("POLYGON") => 2,
        line if line.contains("LINE") => 1,
        _ => 0,
    }
}

/// What a filter says that names nothing of its row.
fn holds(layer: &Layer, function: &str, a: &str, b: &str) -> Result<bool, String> {
    let filter = format!("S_{function}({a}, {b})");
    let expr = Expr::from_text(&filter).map_err(|error| error.to_string())?;
    let filter = Filter::compile(&expr, layer).map_err(|error| error.to_string())?;
    let feature = Feature {
        fid: Fid::new(1).unwrap(),
        row: Row::default(),
    };
    Ok(filter.accepts(&FeatureOf(layer, &feature)))
}

#[test]
fn the_cases_of_geos_come_out_as_geos_says() {
    let Some(shared) = shared("the_cases_of_geos_come_out_as_geos_says") else {
        return;
    };
    let folder = unpack(&shared);
    let layer = Layer::new(Name::new("a").unwrap(), GeometryType::Geometry, Crs::CGCS2000, vec![]).unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for file in FILES {
        let found = cases(&folder.path().join("geos_xmltester").join(file));
        assert!(!found.is_empty(), "{file} has no cases");
        for Case { a, b, matrix } in found {
            let dimensions = (dimension(&a), dimension(&b));
            // The cases on lines write rings (LINEARRING), which CQL2 has no word for.
            let is_known = |wkt: &str| !wkt.contains("LINEARRING") && !wkt.to_ascii_uppercase().contains("EMPTY");
            if !is_known(&a) || !is_known(&b) {
                continue;
            }
            seen += 1;
            for (function, says) in expected(&matrix, dimensions) {
                let answers = [(&a, &b, function), (&b, &a, mirrored(function))];
                for (one, other, function) in answers {
                    let told = holds(&layer, function, one, other);
                    if told != Ok(says) {
                        wrong.push(format!(
                            "{file}: S_{function}({one}, {other}): expected {says}, got {told:?}"
                        ));
                    }
                }
            }
        }
    }
    assert!(seen > 500, "only {seen} cases were compared");
    assert!(
        wrong.is_empty(),
        "{} answers are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn mirrored(function: &'static str) -> &'static str {
    match function {
        "WITHIN" => "CONTAINS",
        "CONTAINS" => "WITHIN",
        same => same,
    }
}
