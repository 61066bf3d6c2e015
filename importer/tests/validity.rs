//! The verdict on validity, against GEOS: its own test cases (shared with JTS), and real files.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::shared;
use onemap_importer::quality::validity::{Fault, faults};
use onemap_importer::{geometry, ogr};
use onemap_model::Geometry;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Reads WKT, or WKB as hexadecimal digits; none where GDAL cannot, or where a ring is open.
fn read(text: &str) -> Option<Geometry> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_hex = text.len() > 10 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let parsed = if is_hex {
        gdal::vector::Geometry::from_wkb(&hex(&text)?).ok()?
    } else {
        gdal::vector::Geometry::from_wkt(&text).ok()?
    };
    let mut wkb = Vec::new();
    ogr::wkb(&parsed, &mut wkb).ok()?;
    let (geometry, was_open) = geometry::decode(&wkb).ok()?;
    (!was_open).then_some(geometry)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok())
        .collect()
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "xml") {
            files.push(path);
        }
    }
}

/// The text between two marks, and what follows.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<(&'a str, &'a str)> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to)
}

/// All geometries that an XML file asks the validity of, with the answer.
fn asked(text: &str) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    for case in text.split("<case>").skip(1) {
        let mut rest = case;
        while let Some((op, after)) = between(rest, "<op", "</op>") {
            rest = after;
            let (attributes, answer) = op.split_once('>').unwrap();
            if !attributes.contains("\"isValid\"") {
                continue;
            }
            let name = if attributes.to_lowercase().contains("arg1=\"b\"") {
                "b"
            } else {
                "a"
            };
            if let Some((geometry, _)) = between(case, &format!("<{name}>"), &format!("</{name}>"))
                && let Ok(answer) = answer.trim().parse()
            {
                all.push((geometry.to_owned(), answer));
            }
        }
    }
    all
}

#[test]
fn the_verdict_is_that_of_geos_own_tests() {
    let Some(shared) = shared("the_verdict_is_that_of_geos_own_tests") else {
        return;
    };
    onemap_importer::setup::gdal();
    let dir = tempfile::tempdir().unwrap();
    let archive = shared.join("nasty/geos_xmltester.tar.xz");
    let unpacked = Command::new("tar")
        .arg("-xJf")
        .arg(archive)
        .arg("-C")
        .arg(dir.path())
        .status();
    assert!(unpacked.unwrap().success());
    let mut files = Vec::new();
    collect(dir.path(), &mut files);
    files.sort();
    let (mut judged, mut unread, mut wrong) = (0, Vec::new(), Vec::new());
    for file in &files {
        let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
        for (number, (wkt, valid)) in asked(&text).into_iter().enumerate() {
            let name = format!("{} #{number}", file.file_name().unwrap().to_string_lossy());
            let Some(geometry) = read(&wkt) else {
                unread.push((name, valid));
                continue;
            };
            judged += 1;
            let found = faults(&geometry);
            if found.is_empty() != valid {
                let shown: String = wkt.trim().chars().take(300).collect();
                wrong.push(format!("{name}: expected {valid}, found {found:?}: {shown}"));
            }
        }
    }
    println!("{judged} judged, {} cannot be read: {unread:?}", unread.len());
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(judged > 400, "only {judged}");
}

/// Every geometry of the same tests, valid or not, asked of the GEOS that is linked here.
#[test]
fn the_verdict_is_that_of_the_linked_geos_on_every_geometry_of_its_tests() {
    let Some(shared) = shared("the_verdict_is_that_of_the_linked_geos_on_every_geometry_of_its_tests") else {
        return;
    };
    onemap_importer::setup::gdal();
    let dir = tempfile::tempdir().unwrap();
    let archive = shared.join("nasty/geos_xmltester.tar.xz");
    let unpacked = Command::new("tar")
        .arg("-xJf")
        .arg(archive)
        .arg("-C")
        .arg(dir.path())
        .status();
    assert!(unpacked.unwrap().success());
    let mut files = Vec::new();
    collect(dir.path(), &mut files);
    files.sort();
    let (mut judged, mut wrong) = (0, Vec::new());
    for file in &files {
        let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
        for mark in ["a", "b"] {
            let mut rest = text.as_str();
            while let Some((wkt, after)) = between(rest, &format!("<{mark}>"), &format!("</{mark}>")) {
                rest = after;
                let Some(geometry) = read(wkt) else { continue };
                judged += 1;
                let theirs = geos(&geometry);
                let found = faults(&geometry);
                if found.is_empty() != theirs.is_none() {
                    let shown: String = wkt.trim().chars().take(300).collect();
                    let name = file.file_name().unwrap().to_string_lossy();
                    wrong.push(format!("{name}: {theirs:?}, found {found:?}: {shown}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(judged > 1_500, "only {judged}");
}

/// What GEOS says against a geometry.
fn geos(geometry: &Geometry) -> Option<String> {
    let mut wkb = Vec::new();
    onemap_model::wkb::encode(geometry, onemap_model::GeometryType::Geometry, &mut wkb);
    ogr::invalidity(&wkb)
}

#[test]
fn the_verdict_and_the_place_are_those_of_geos_on_real_files() {
    let Some(shared) = shared("the_verdict_and_the_place_are_those_of_geos_on_real_files") else {
        return;
    };
    onemap_importer::setup::gdal();
    for (file, layer, expected) in [
        ("nishi_ku_parcels.gpkg.zip", "nishi_all", Some(62)),
        ("cn_tianditu.gpkg.zip", "", None),
        ("tokyo_wards_bldg.fgb", "", None),
        ("montevideo_core.gpkg.zip", "landuse", None),
    ] {
        let mut invalid = 0;
        for (id, geometry) in geometries(&shared.join("data").join(file), layer) {
            let (ours, theirs) = (faults(&geometry), geos(&geometry));
            assert_eq!(ours.is_empty(), theirs.is_none(), "{file} {id}: {ours:?} {theirs:?}");
            invalid += usize::from(theirs.is_some());
            let bbox = geometry.bbox();
            for Fault { at, .. } in ours {
                let place = onemap_model::Bbox::around([at]).unwrap();
                assert!(bbox.is_some_and(|bbox| bbox.contains(&place)), "{file} {id}: {at:?}");
            }
        }
        println!("{file}: {invalid} invalid");
        assert!(expected.is_none_or(|expected| expected == invalid), "{file}: {invalid}");
    }
}

/// All geometries of a file, or of one layer of it, with their number.
fn geometries(path: &Path, wanted: &str) -> Vec<(String, Geometry)> {
    let source = onemap_importer::source::Source::open(path.to_str().unwrap(), &Default::default()).unwrap();
    let mut all = Vec::new();
    for layer in source.layers().unwrap() {
        if !wanted.is_empty() && layer.name != wanted {
            continue;
        }
        let onemap_importer::source::Rows::Gdal(rows) = &layer.rows else {
            panic!("it is read by GDAL")
        };
        ogr::rewind_layer(rows);
        let mut wkb = Vec::new();
        while let Some(feature) = ogr::next_of_layer(rows) {
            if let Some(Ok(_)) = feature.wkb(&mut wkb)
                && let Ok((geometry, false)) = geometry::decode(&wkb)
            {
                all.push((format!("{} {}", layer.name, feature.fid()), geometry));
            }
        }
    }
    assert!(!all.is_empty(), "{}", path.display());
    all
}
