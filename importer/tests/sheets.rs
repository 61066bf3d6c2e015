//! Spreadsheets: sheets become layers, as if each had been saved as CSV.

#![allow(clippy::unwrap_used)]

use onemap_store::{At, OpenMode};
use std::io::Write as _;
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

/// Writes a spreadsheet of one sheet whose rows are given as the XML of their cells.
fn spreadsheet(path: &Path, sheet: &str, rows: &[&str]) {
    let rows: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(at, cells)| format!("<row r=\"{}\">{cells}</row>", at + 1))
        .collect();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let parts = [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{package}/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"r1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"r1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"{office}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"{sheet}\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        // Style 1 is a day.
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(
                "<worksheet xmlns=\"{main}\"><sheetData>{}</sheetData></worksheet>",
                rows.concat()
            ),
        ),
    ];
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, content) in parts {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{content}").as_bytes())
            .unwrap();
    }
    zip.finish().unwrap();
}

fn words(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("<c t=\"inlineStr\"><is><t>{word}</t></is></c>"))
        .collect()
}

#[test]
fn a_sheet_with_a_title_becomes_a_layer_of_points() {
    let dir = tempfile::tempdir().unwrap();
    let [file, store] = ["兴趣点.xlsx", "city.gpkg"].map(|name| dir.path().join(name));
    let row = |code: &str, x: f64, y: f64, day: u32| {
        format!(
            "{}<c><v>{x}</v></c><c><v>{y}</v></c><c s=\"1\"><v>{day}</v></c><c><v>12</v></c>",
            words(&[code])
        )
    };
    spreadsheet(
        &file,
        "医院 一览",
        &[
            &words(&["黄石市医院一览表"]),
            "",
            &words(&["编码", "经度", "纬度", "valid_from", "床位"]),
            &row("007", 115.04, 30.2, 43952),
            &row("a \"b\", c", 115.05, 30.21, 43953),
        ],
    );
    let (file, to) = (file.to_str().unwrap(), store.to_str().unwrap());
    let output = run(&["load", file, "--crs", "EPSG:4490", "--to", to]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        said.contains("2 loaded") && said.contains("Point") && said.contains("title-left-out"),
        "{said}"
    );
    let mut store = onemap_store::open(to, OpenMode::Existing).unwrap();
    let mut reading = store.read(At::Now).unwrap();
    let state = reading.layers().unwrap().remove(0);
    assert_eq!(
        (state.layer.name().as_str(), state.layer.title.as_str()),
        ("医院_一览", "医院 一览")
    );
    let fields: Vec<String> = state
        .layer
        .fields()
        .iter()
        .map(|f| format!("{} {}", f.name, f.field_type))
        .collect();
    assert_eq!(fields, ["编码 text", "经度 float", "纬度 float", "床位 int"]);
    let mut features = Vec::new();
    let mut keep = |feature| {
        features.push(feature);
        std::ops::ControlFlow::Continue(())
    };
    reading.features(state.layer.name(), &mut keep).unwrap();
    features.sort_by_key(|feature: &onemap_model::Feature| feature.row.values[0].to_string());
    assert_eq!(features[0].row.values[0].to_string(), "007");
    assert_eq!(features[1].row.values[0].to_string(), "a \"b\", c");
    // Day 43952 of a spreadsheet is 2020-05-01, which begins at 16:00 of the day before in UTC.
    assert_eq!(
        features[0].row.valid.from().unwrap().to_string(),
        "2020-04-30T16:00:00.000Z"
    );
}

#[test]
fn a_number_that_lost_its_digits_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("codes.xlsx");
    let code = "<c><v>4.2020200100101001e18</v></c>";
    spreadsheet(
        &file,
        "宗地",
        &[&words(&["序号", "宗地代码"]), &format!("<c><v>1</v></c>{code}")],
    );
    let output = run(&["check", file.to_str().unwrap()]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("sheet \"宗地\", cell B2") && said.contains("make the column text"),
        "{said}"
    );
}

#[test]
fn what_gdal_wrote_as_a_spreadsheet_reads_like_the_table_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let [csv, xlsx] = ["t.csv", "t.xlsx"].map(|name| dir.path().join(name));
    std::fs::write(
        &csv,
        "name,lon,lat,n,day\n甲,115.1,30.1,1,2020-05-01\n,115.2,30.2,,\n丙,115.3,30.3,3,2021-01-31\n",
    )
    .unwrap();
    let [csv, xlsx] = [&csv, &xlsx].map(|path| path.to_str().unwrap());
    let made = Command::new("ogr2ogr")
        .args(["-f", "XLSX", xlsx, csv, "-oo", "AUTODETECT_TYPE=YES"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let digest = |file: &str, store: &str| {
        let store = dir.path().join(store);
        let to = store.to_str().unwrap();
        let loaded = run(&["load", file, "--crs", "EPSG:4490", "--layer", "t", "--to", to]);
        assert!(loaded.status.success(), "{}", text(&loaded.stderr));
        let mut store = onemap_store::open(to, OpenMode::Existing).unwrap();
        let mut reading = store.read(At::Now).unwrap();
        let state = reading.layers().unwrap().remove(0);
        let mut rows = Vec::new();
        let mut keep = |feature: onemap_model::Feature| {
            rows.push(feature.row);
            std::ops::ControlFlow::Continue(())
        };
        reading.features(state.layer.name(), &mut keep).unwrap();
        (state.layer.fields().to_vec(), rows)
    };
    assert_eq!(digest(xlsx, "a.gpkg"), digest(csv, "b.gpkg"));
}
