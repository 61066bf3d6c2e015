//! The multipolygons of OSM's own test data, each with the area that it should be.

use crate::common::shared;
use crate::write::{Block, Way, Writer};
use crate::{definition, rows_of};
use gdal::vector::Geometry as Drawn;
use onemap_importer::definition::Definition;
use onemap_model::wkb;
use regex::Regex;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const AREAS: &str = r#"
name = "areas"
title = { zh = "面", en = "Areas" }
geometry = "MultiPolygon"
key = "id"
fields = [{ name = "id", type = "text", title = { zh = "编号", en = "Id" } }]

[osm]
from = ["areas"]
choose = [{ tag = "test:id" }]
fields = { id = ["@id"] }
"#;

/// Cases whose expected area is another reading of the same lines than ours, with the reason.
const OTHERWISE: [(&str, &str); 2] = [
    (
        "771",
        "a vertex of one ring lies on an edge of the other: valid by OGC Simple Features, which asks for no common node",
    ),
    ("773", "the same, of two holes"),
];

#[test]
fn areas_are_those_of_osms_own_test_data() {
    let Some(shared) = shared("areas_are_those_of_osms_own_test_data") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let unpack = Command::new("tar")
        .arg("-xJf")
        .arg(shared.join("nasty/osm_testdata.tar.xz"))
        .arg("-C")
        .arg(dir.path())
        .status();
    assert!(unpack.unwrap().success());
    let definition = definition(AREAS);
    let (mut wrong, mut judged) = (Vec::new(), 0);
    for case in cases(dir.path()) {
        let said: Json = serde_json::from_str(&std::fs::read_to_string(case.join("test.json")).unwrap()).unwrap();
        let Some(areas) = said.get("areas").and_then(Json::as_object) else {
            continue;
        };
        let pbf = dir.path().join("case.osm.pbf");
        convert(&case.join("data.osm")).save(&pbf);
        let found = found(&pbf, &definition);
        judged += 1;
        let verdicts: Vec<String> = areas.values().filter_map(|variant| differs(variant, &found)).collect();
        let name = case.file_name().unwrap().to_str().unwrap();
        // The variants are what readers of different manners may make of it; one of them is enough.
        if verdicts.len() == areas.len() && !OTHERWISE.iter().any(|(other, _)| *other == name) {
            wrong.push(format!("{name} {}: {}", said["description"], verdicts.join(" / ")));
        }
    }
    assert!(
        judged > 90 && wrong.is_empty(),
        "{} of {judged}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let grid = folder.join("osm_testdata/grid/data");
    let list = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let mut all: Vec<PathBuf> = list(&grid).iter().flat_map(|section| list(section)).collect();
    all.retain(|case| case.join("test.json").exists());
    all.sort();
    all
}

/// What was found: for each id a drawing, and whether something is wrong with it.
type Found = BTreeMap<String, (Drawn, bool)>;

fn found(pbf: &Path, definition: &Definition) -> Found {
    let (rows, findings) = rows_of(pbf, definition);
    let told: Vec<&str> = findings
        .kept()
        .iter()
        .filter_map(|finding| finding.feature.as_deref())
        .collect();
    let one = |row: onemap_model::Row| {
        let id = row.values[0].to_string();
        let mut bytes = Vec::new();
        wkb::encode(
            row.geometry.as_ref().unwrap(),
            onemap_model::GeometryType::MultiPolygon,
            &mut bytes,
        );
        let is_wrong = told.contains(&id.as_str());
        (id, (Drawn::from_wkb(&bytes).unwrap(), is_wrong))
    };
    rows.into_iter().map(one).collect()
}

/// How what was found differs from a variant; none where it does not.
fn differs(variant: &Json, found: &Found) -> Option<String> {
    variant.as_array().unwrap().iter().find_map(|area| {
        let letter = &area["from_type"].as_str().unwrap()[..1];
        let id = format!("{letter}{}", area["from_id"]);
        let expected = area["wkt"].as_str().unwrap();
        match (found.get(&id), expected) {
            (None, "INVALID") | (Some((_, true)), "INVALID") => None,
            (Some((drawn, _)), "INVALID") => Some(format!("{id} is invalid, found {}", drawn.wkt().unwrap())),
            (None, _) => Some(format!("{id} is not found")),
            (Some((drawn, _)), _) => {
                let area = Drawn::from_wkt(expected).unwrap();
                let beyond = area.difference(drawn).map_or(f64::NAN, |rest| rest.area());
                let short = drawn.difference(&area).map_or(f64::NAN, |rest| rest.area());
                let same = beyond + short < 1e-12 && (area.area() - drawn.area()).abs() < 1e-12;
                (!same).then(|| format!("{id} is {}, found {}", expected, drawn.wkt().unwrap()))
            }
        }
    })
}

/// The elements of a file in XML, as those of the test data are written: one a line, or with children, one a line each.
fn convert(path: &Path) -> Writer {
    let text = std::fs::read_to_string(path).unwrap();
    let element = Regex::new(r#"(?s)<(node|way|relation) ([^>]*?)(/>|>(.*?)</(?:node|way|relation)>)"#).unwrap();
    let child = Regex::new(r#"<(nd|tag|member) ([^>]*?)/>"#).unwrap();
    let attribute = Regex::new(r#"([a-z:]+)=["']([^"']*)["']"#).unwrap();
    let attributes = |text: &str| -> BTreeMap<String, String> {
        let all = attribute.captures_iter(text);
        all.map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
    };
    let (mut writer, mut block) = (Writer::new(Way::Dense), Block::default());
    for found in element.captures_iter(&text) {
        let own = attributes(&found[2]);
        let id = own["id"].parse().unwrap();
        let (mut refs, mut tags, mut members) = (Vec::new(), Vec::new(), Vec::new());
        for child in child.captures_iter(found.get(4).map_or("", |body| body.as_str())) {
            let said = attributes(&child[2]);
            match &child[1] {
                "nd" => refs.push(said["ref"].parse().unwrap()),
                "tag" => tags.push((said["k"].clone(), said["v"].clone())),
                _ => {
                    let kind = ["node", "way", "relation"]
                        .iter()
                        .position(|kind| *kind == said["type"]);
                    members.push((kind.unwrap() as u64, said["ref"].parse().unwrap(), ""));
                }
            }
        }
        let tags: Vec<(&str, &str)> = tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let tenths = |name: &str| (own[name].parse::<f64>().unwrap() * 1e7).round() as i64;
        match &found[1] {
            "node" => block.node(id, tenths("lon"), tenths("lat"), &tags),
            "way" => block.way(id, &refs, &tags),
            _ => block.relation(id, &members, &tags),
        };
    }
    writer.block(&block);
    writer
}
