//! VCT files: the three versions load like the same features from GeoJSON, and no damage to them breaks the reader.

#![allow(clippy::unwrap_used)]

use encoding_rs::GBK;
use onemap_model::Row;
use onemap_store::{At, OpenMode};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onemap-import"))
        .args(args)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The editions that differ in their shape.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
    Three,
}

const ALL: [Version; 3] = [Version::One, Version::Two, Version::Three];

/// East of the zone's middle, and north, of a corner at `x`, `y` metres from the city's.
fn at(x: f64, y: f64) -> (f64, f64) {
    (38_600_000.5 + x, 3_340_000.25 + y)
}

/// Writes a VCT file line by line.
struct Writer {
    version: Version,
    out: String,
}

impl Writer {
    fn line(&mut self, text: impl std::fmt::Display) {
        writeln!(self.out, "{text}\r").unwrap();
    }

    fn lines(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.line(line));
    }

    fn position(&mut self, (x, y): (f64, f64)) {
        // Version 1 has a surveyor's axes here: X points north.
        match self.version {
            Version::One => self.line(format!("{y},{x}")),
            _ => self.line(format!("{x},{y}")),
        }
    }

    fn begin(&mut self, id: u64, code: &str) {
        self.line(id);
        self.line(code);
        self.line("Unknown");
    }

    fn end(&mut self) {
        if self.version != Version::One {
            self.line(0);
        }
        self.line("");
    }

    fn a_point(&mut self, id: u64, code: &str, place: (f64, f64)) {
        self.begin(id, code);
        self.line(1);
        if self.version == Version::Three {
            self.line(1);
        }
        self.position(place);
        self.end();
    }

    fn a_line(&mut self, id: u64, code: &str, places: &[(f64, f64)]) {
        self.begin(id, code);
        self.line(1);
        if self.version != Version::One {
            self.lines(&["1", "11"]);
        }
        self.line(places.len());
        places.iter().for_each(|place| self.position(*place));
        self.end();
    }

    fn an_arc(&mut self, id: u64, code: &str, places: [(f64, f64); 3]) {
        self.begin(id, code);
        if self.version == Version::One {
            self.lines(&["2", "3"]);
        } else {
            self.lines(&["1", "1", "12"]);
        }
        places.iter().for_each(|place| self.position(*place));
        self.end();
    }

    fn a_polygon(&mut self, id: u64, code: &str, lines: &str, count: usize) {
        self.begin(id, code);
        if self.version != Version::One {
            self.line(100);
        }
        self.position(at(1.0, 1.0));
        if self.version != Version::One {
            self.line(21);
        }
        self.line(count);
        self.line(lines);
        self.end();
    }

    fn head(&mut self) {
        self.line("HeadBegin");
        match self.version {
            Version::One => self.lines(&[
                "Datamark: CNSDTF-VCT",
                "Version: 1.0",
                "Unit: M",
                "Dim: 2",
                "Topo: 1",
                "Coordinate: G",
                "Projection: 高斯-克吕格",
                "Spheroid: CGCS2000",
                "Parameters: 6378137,6356752.314",
                "Meridinan: 114",
                "Separator: ,",
            ]),
            version => {
                let is_two = version == Version::Two;
                self.line(if is_two { "Version: 2.0" } else { "Version: 3.0" });
                self.lines(&[
                    "Datamark: LANDUSE-VCT",
                    "CoordinateSystemType:P",
                    "Dim:2",
                    "XAxisDirection:E",
                    "YAxisDirection:N",
                    "XYUnit:M",
                    "Spheroid:CGCS2000,6378137.0,298.257222101",
                    "Projection:高斯-克吕格投影",
                    "Parameters:114,1,38500000,0,3,38",
                    "Offset:0,0",
                    "Separator:,",
                ]);
            }
        }
        self.lines(&["HeadEnd", ""]);
    }

    fn declarations(&mut self) {
        let colour = match self.version {
            Version::One => "255,",
            Version::Two => "0,128,255,",
            Version::Three => "",
        };
        self.line("FeatureCodeBegin");
        for (code, name, kind, table) in [
            ("6001", "宗地", "Polygon", "ZD"),
            ("6002", "界址点", "Point", "JZD"),
            ("6003", "道路中线", "Line", "DL"),
            ("6004", "宗地注记", "Annotation", "ZJ"),
        ] {
            self.line(format!("{code},{name},{kind},{colour}{table}"));
        }
        self.lines(&["FeatureCodeEnd", "", "TableStructureBegin"]);
        let end: &[&str] = if self.version == Version::Three { &["0"] } else { &[] };
        for table in [
            &[
                "ZD,5",
                "BSM,Integer,10",
                "ZDMC,Char,6",
                "MJ,Float,15,2",
                "DJRQ,Date,8",
                "GYF,Double",
            ][..],
            &["JZD,2", "BSM,Int4", "JZDH,Char,10"],
            &["DL,2", "BSM,Int4", "DLMC,Char,20"],
            &["ZJ,2", "BSM,Int4", "ZJNR,Char,20"],
        ] {
            self.lines(table);
            self.lines(end);
        }
        self.lines(&["TableStructureEnd", ""]);
    }

    fn geometries(&mut self) {
        self.line("PointBegin");
        self.a_point(11, "6002", at(0.0, 0.0));
        self.a_point(12, "6002", at(40.0, 0.0));
        self.lines(&["PointEnd", "LineBegin"]);
        // The border of two parcels, and between them one line that both have.
        self.a_line(
            101,
            "1099",
            &[at(40.0, 0.0), at(0.0, 0.0), at(0.0, 40.0), at(40.0, 40.0)],
        );
        self.a_line(102, "1099", &[at(40.0, 0.0), at(40.0, 40.0)]);
        self.a_line(
            103,
            "1099",
            &[at(40.0, 0.0), at(80.0, 0.0), at(80.0, 40.0), at(40.0, 40.0)],
        );
        // A hole in the first, and an island in the hole.
        self.a_line(
            104,
            "1099",
            &[
                at(10.0, 10.0),
                at(30.0, 10.0),
                at(30.0, 30.0),
                at(10.0, 30.0),
                at(10.0, 10.0),
            ],
        );
        self.a_line(
            105,
            "1099",
            &[at(15.0, 15.0), at(20.0, 15.0), at(20.0, 20.0), at(15.0, 15.0)],
        );
        self.a_line(21, "6003", &[at(0.0, -5.0), at(80.0, -5.0)]);
        self.an_arc(22, "6003", [at(80.0, -5.0), at(85.0, 0.0), at(80.0, 5.0)]);
        self.lines(&["LineEnd", "PolygonBegin"]);
        self.a_polygon(1, "6001", "-101,102,0,104,0,-105", 6);
        self.a_polygon(2, "6001", "103,-102", 2);
        self.lines(&["PolygonEnd", "AnnotationBegin"]);
        self.begin(31, "6004");
        if self.version == Version::One {
            self.lines(&["宋体", "0", "400,0,F", "3", "0", "铁山, 一号", "1"]);
            self.position(at(5.0, 5.0));
        } else {
            self.lines(&["1", "铁山, 一号"]);
            let (x, y) = at(5.0, 5.0);
            self.line(format!("{x},{y},30"));
        }
        self.end();
        self.lines(&["AnnotationEnd", ""]);
    }

    /// `gbk` replaces `@` by the first byte of a character alone: names that were cut at six bytes.
    fn attributes(&mut self) {
        // Version 3 has the identifier before the row, and again as its first field.
        let id = |id: u64| {
            if self.version == Version::One {
                String::new()
            } else {
                format!("{id},")
            }
        };
        let rows = [
            "ZD".to_owned(),
            format!("{}2,宗地乙@,1600.00,,", id(2)),
            format!("{}1,宗地甲@,1212.5,20200501,0.25", id(1)),
            "TableEnd".to_owned(),
            "JZD".to_owned(),
            format!("{}11,J1", id(11)),
            format!("{}12,J2", id(12)),
            "TableEnd".to_owned(),
            "DL".to_owned(),
            format!("{}21,黄石大道", id(21)),
            format!("{}22,湖滨路", id(22)),
            "TableEnd".to_owned(),
            "ZJ".to_owned(),
            format!("{}31,铁山", id(31)),
            "TableEnd".to_owned(),
        ];
        self.line("AttributeBegin");
        rows.iter().for_each(|row| self.line(row));
        self.line("AttributeEnd");
    }
}

/// A whole file in GBK, with the names of parcels cut in the middle of a character.
fn delivery(version: Version) -> Vec<u8> {
    let out = String::new();
    let mut writer = Writer { version, out };
    writer.head();
    writer.declarations();
    writer.geometries();
    writer.attributes();
    gbk(&writer.out)
}

fn gbk(text: &str) -> Vec<u8> {
    let mut bytes = GBK.encode(text).0.into_owned();
    bytes
        .iter_mut()
        .filter(|byte| **byte == b'@')
        .for_each(|byte| *byte = 0xd7);
    bytes
}

/// The same parcels, points and straight road as GeoJSON, in the same zone.
fn geojson(layer: &str) -> String {
    let ring = |corners: &[(f64, f64)]| {
        let all: Vec<String> = corners
            .iter()
            .map(|(x, y)| at(*x, *y))
            .map(|(x, y)| format!("[{x},{y}]"))
            .collect();
        format!("[{}]", all.join(","))
    };
    let features = match layer {
        "ZD" => {
            let shell = ring(&[(40.0, 40.0), (0.0, 40.0), (0.0, 0.0), (40.0, 0.0), (40.0, 40.0)]);
            let hole = ring(&[(10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0), (10.0, 10.0)]);
            let island = ring(&[(15.0, 15.0), (20.0, 20.0), (20.0, 15.0), (15.0, 15.0)]);
            let other = ring(&[(40.0, 0.0), (80.0, 0.0), (80.0, 40.0), (40.0, 40.0), (40.0, 0.0)]);
            vec![
                format!(
                    r#"{{"type":"Feature","properties":{{"BSM":1,"ZDMC":"宗地甲","MJ":1212.5,"DJRQ":"2020-05-01","GYF":0.25}},"geometry":{{"type":"MultiPolygon","coordinates":[[{shell},{hole}],[{island}]]}}}}"#
                ),
                format!(
                    r#"{{"type":"Feature","properties":{{"BSM":2,"ZDMC":"宗地乙","MJ":1600.0,"DJRQ":null,"GYF":null}},"geometry":{{"type":"Polygon","coordinates":[{other}]}}}}"#
                ),
            ]
        }
        _ => {
            let point = |id: u32, name: &str, (x, y): (f64, f64)| {
                format!(
                    r#"{{"type":"Feature","properties":{{"BSM":{id},"JZDH":"{name}"}},"geometry":{{"type":"Point","coordinates":[{x},{y}]}}}}"#
                )
            };
            vec![point(11, "J1", at(0.0, 0.0)), point(12, "J2", at(40.0, 0.0))]
        }
    };
    let crs = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4526"}}"#;
    format!(
        r#"{{"type":"FeatureCollection",{crs},"features":[{}]}}"#,
        features.join(",")
    )
}

/// The rows of a layer in the order of their first value, and its title.
fn rows(store: &str, layer: &str) -> (String, Vec<Row>) {
    let mut store = onemap_store::open(store, OpenMode::Existing).unwrap();
    let mut reading = store.read(At::Now).unwrap();
    let state = reading
        .layers()
        .unwrap()
        .into_iter()
        .find(|state| state.layer.name().as_str() == layer)
        .unwrap();
    let mut rows = Vec::new();
    let mut keep = |feature: onemap_model::Feature| {
        rows.push(feature.row);
        std::ops::ControlFlow::Continue(())
    };
    reading.features(state.layer.name(), &mut keep).unwrap();
    rows.sort_by_key(|row| row.values[0].to_string());
    (state.layer.title.clone(), rows)
}

fn load(dir: &Path, file: &str, content: &[u8], more: &[&str]) -> (Output, String) {
    let path = dir.join(file);
    std::fs::write(&path, content).unwrap();
    let store = dir.join(format!("{file}.gpkg")).to_str().unwrap().to_owned();
    let args = [&["load", path.to_str().unwrap(), "--to", &store], more].concat();
    (run(&args), store)
}

fn loaded(dir: &Path, file: &str, content: &[u8]) -> (String, String) {
    let (output, store) = load(dir, file, content, &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    (text(&output.stdout), store)
}

#[test]
fn every_version_loads_like_the_same_features_from_geojson() {
    let dir = tempfile::tempdir().unwrap();
    let expected = ["ZD", "JZD"].map(|layer| {
        let (_, store) = loaded(dir.path(), &format!("{layer}.geojson"), geojson(layer).as_bytes());
        rows(&store, layer).1
    });
    for version in ALL {
        let (said, store) = loaded(dir.path(), &format!("{version:?}.vct"), &delivery(version));
        assert!(
            said.contains("encoding-detected") && said.contains("EPSG:4526"),
            "{version:?}: {said}"
        );
        // Shells, holes and islands that were mixed up would be warned of.
        assert!(
            !said.contains("warning") && !said.contains("nested"),
            "{version:?}: {said}"
        );
        let (title, parcels) = rows(&store, "ZD");
        assert_eq!(title, "宗地");
        let points = rows(&store, "JZD").1;
        for (found, expected) in [parcels, points].iter().zip(&expected) {
            let values = |rows: &[Row]| rows.iter().map(|row| row.values.clone()).collect::<Vec<_>>();
            assert_eq!(values(found), values(expected), "{version:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    is_same(found, expected),
                    "{version:?}: {:?} {:?}",
                    found.geometry,
                    expected.geometry
                );
            }
        }
        let (_, roads) = rows(&store, "DL");
        assert_eq!(roads[0].values[1].to_string(), "黄石大道");
        let corners = |row: &Row| row.geometry.as_ref().unwrap().coords().count();
        assert!(corners(&roads[0]) == 2 && corners(&roads[1]) > 70, "{version:?}");
        let (_, notes) = rows(&store, "ZJ");
        let values: Vec<String> = notes[0].values.iter().map(ToString::to_string).collect();
        assert_eq!(values[..3], ["31", "铁山", "铁山, 一号"], "{version:?}");
    }
}

/// Whether two geometries have the same corners, wherever their rings begin and whichever way round they go.
fn is_same(one: &Row, other: &Row) -> bool {
    let corners = |row: &Row| {
        let mut all: Vec<_> = row
            .geometry
            .as_ref()
            .unwrap()
            .coords()
            .map(|c| (c.x.to_bits(), c.y.to_bits()))
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let parts = |row: &Row| row.geometry.as_ref().unwrap().dimension();
    corners(one) == corners(other) && parts(one) == parts(other)
}

#[test]
fn a_zip_with_a_name_in_gbk_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("delivery.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.start_file("aaaa.VCT", zip::write::SimpleFileOptions::default())
        .unwrap();
    std::io::Write::write_all(&mut zip, &delivery(Version::Three)).unwrap();
    zip.finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    for at in 0..bytes.len() - 8 {
        if &bytes[at..at + 8] == b"aaaa.VCT" {
            bytes[at..at + 4].copy_from_slice(b"\xd7\xda\xb5\xd8");
        }
    }
    let (output, store) = load(dir.path(), "delivery2.zip", &bytes, &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(rows(&store, "ZD").1.len(), 2);
}

fn changed(version: Version, from: &str, to: &str) -> Vec<u8> {
    let whole = delivery(version);
    let (from, to) = (gbk(from), gbk(to));
    let at = whole.windows(from.len()).position(|window| window == from).unwrap();
    [&whole[..at], &to, &whole[at + from.len()..]].concat()
}

#[test]
fn a_head_that_is_silent_or_wrong_declares_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (from, to, why) in [
        ("Spheroid:CGCS2000,6378137.0,298.257222101", "", "no spheroid"),
        ("Parameters:114,1,38500000", "Parameters:114,1,500000", "false easting"),
        ("Parameters:114,1,38500000,0,3,38", "Parameters:111,1,0,0,3,37", "111°"),
    ] {
        let content = changed(Version::Three, from, to);
        let (output, _) = load(dir.path(), "a.vct", &content, &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("--crs") && said.contains(why) && said.contains("EPSG:4526"),
            "{said}"
        );
        let (output, _) = load(dir.path(), "b.vct", &content, &["--crs", "EPSG:4526"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        std::fs::remove_file(dir.path().join("b.vct.gpkg")).unwrap();
    }
    let xian = changed(
        Version::Three,
        "CGCS2000,6378137.0,298.257222101",
        "IAG75,6378140,298.257",
    );
    let (output, _) = load(dir.path(), "c.vct", &xian, &[]);
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("EPSG:2362"), "{said}");
}

#[test]
fn the_order_of_axes_is_taken_from_the_head_or_told() {
    let dir = tempfile::tempdir().unwrap();
    let silent = changed(Version::One, "Coordinate: G", "Comment: none");
    let (said, store) = loaded(dir.path(), "silent.vct", &silent);
    assert!(said.contains("axes-assumed"), "{said}");
    let (_, whole) = loaded(dir.path(), "whole.vct", &delivery(Version::One));
    assert_eq!(rows(&store, "ZD"), rows(&whole, "ZD"));
    let wrong = changed(Version::One, "Coordinate: G", "Coordinate: M");
    let (output, _) = load(dir.path(), "wrong.vct", &wrong, &["--crs", "EPSG:4526"]);
    let said = text(&output.stderr);
    assert!(
        output.status.code() == Some(1) && said.contains("contradicts"),
        "{said}"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_rest_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    for (from, to, code, lines) in [
        ("2,2,宗地乙@,1600.00,,", "2,2,宗地乙@,1600.00", "row-unreadable", 1),
        ("20200501", "20200231", "value-out-of-range", 1),
        ("103,-102", "103,-999", "geometry-unread", 1),
        ("103,-102", "103,102", "geometry-unread", 1),
        ("2,2,宗地乙@,1600.00,,\r\n", "", "attributes-missing", 1),
        ("22,22,", "77,22,", "attributes-missing", 1),
        ("1\r\n1\r\n12\r\n", "1\r\n1\r\n16\r\n", "geometry-unread", 1),
        (
            "LineEnd\r\nPolygonBegin",
            "LineEnd\r\nSolidBegin\r\n1\r\nSolidEnd\r\nPolygonBegin",
            "row-unreadable",
            1,
        ),
        ("12\r\n6002", "11\r\n6002", "key-duplicate", 1),
        ("12\r\n6002", "12\r\n9999", "row-unreadable", 1),
    ] {
        let content = changed(Version::Two, from, to);
        let report = dir.path().join("report.json");
        let path = dir.path().join("a.vct");
        std::fs::write(&path, &content).unwrap();
        let output = run(&["check", path.to_str().unwrap(), "--report", report.to_str().unwrap()]);
        let said = text(&output.stderr);
        assert!(output.status.success(), "{to}: {said}");
        let report = std::fs::read_to_string(&report).unwrap();
        let found = report.matches(&format!("\"{code}\"")).count();
        assert!(found >= lines && report.contains("line "), "{from} -> {to}: {report}");
    }
}

#[test]
fn a_file_cut_anywhere_is_refused_or_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.vct");
    let whole = delivery(Version::Three);
    for at in (0..whole.len()).step_by(97) {
        std::fs::write(&path, &whole[..at]).unwrap();
        let output = run(&["check", path.to_str().unwrap()]);
        let said = text(&output.stderr);
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 1)), "{at}: {code:?} {said}");
        if code == Some(1) {
            let what = ["line ", "no features", "--crs"].iter().any(|word| said.contains(word));
            assert!(what && said.lines().count() == 1, "{at}: {said}");
        }
    }
}

#[test]
fn a_few_bytes_do_not_grow_to_gigabytes() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer {
        version: Version::Three,
        out: String::new(),
    };
    writer.head();
    writer.declarations();
    writer.line("LineBegin");
    // Large circles of three points.
    for id in 1..5000 {
        writer.begin(id, "6003");
        writer.lines(&["1", "1", "12"]);
        for place in [at(0.0, 0.0), at(300_000.0, 300_000.0), at(600_000.0, 0.0)] {
            writer.position(place);
        }
        writer.end();
    }
    writer.line("LineEnd");
    let (output, _) = load(dir.path(), "a.vct", &gbk(&writer.out), &[]);
    let said = text(&output.stderr);
    assert!(
        output.status.code() == Some(1) && said.contains("its size allows"),
        "{said}"
    );
    let endless = [&delivery(Version::Three)[..], &vec![b'7'; 3 << 20]].concat();
    let (output, _) = load(dir.path(), "b.vct", &endless, &[]);
    let said = text(&output.stderr);
    assert!(
        output.status.code() == Some(1) && said.contains("longer than"),
        "{said}"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 200, failure_persistence: None, ..Default::default() })]
    #[test]
    fn flipped_bytes_and_lost_lines_never_break_the_reader(
        version in 0..3_usize,
        flips in proptest::collection::vec((0..100_000_usize, proptest::prelude::any::<u8>()), 0..8),
        lost in proptest::collection::vec(0..1000_usize, 0..3),
    ) {
        let whole = delivery(ALL[version]);
        let mut lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        for at in lost {
            lines.remove(at % lines.len());
        }
        let mut bytes = lines.concat();
        let count = bytes.len();
        for (at, byte) in flips {
            bytes[at % count] = byte;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.vct");
        std::fs::write(&path, &bytes).unwrap();
        match onemap_importer::source::Source::open(path.to_str().unwrap(), &Default::default()) {
            Ok(source) => proptest::prop_assert!(!source.layers().unwrap().is_empty()),
            Err(error) => proptest::prop_assert!(!error.is_fault(), "{error}"),
        }
    }
}
