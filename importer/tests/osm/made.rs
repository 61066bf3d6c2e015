//! Files that were written for it.

use crate::write::{Block, Way, Writer, number};
use crate::{definition, rows_of, try_rows_of};
use onemap_importer::definition::Definition;
use onemap_model::{Coord, Geometry, Row, Value};
use std::path::PathBuf;

fn layer(geometry: &str, rules: &str) -> Definition {
    let text = format!(
        r#"
name = "things"
title = {{ zh = "物", en = "Things" }}
geometry = "{geometry}"
key = "id"
fields = [
    {{ name = "id", type = "text", title = {{ zh = "编号", en = "Id" }} }},
    {{ name = "name", type = "text", title = {{ zh = "名称", en = "Name" }} }},
    {{ name = "class", type = "text", title = {{ zh = "类别", en = "Class" }} }},
    {{ name = "floors", type = "int", title = {{ zh = "层数", en = "Floors" }} }},
    {{ name = "height_m", type = "float", title = {{ zh = "高度", en = "Height" }} }},
]

[osm]
{rules}
fields = {{ id = ["@id"], name = ["name:zh", "name"], floors = ["levels"], height_m = ["height"] }}
"#
    );
    definition(&text)
}

fn roads() -> Definition {
    let rules = r#"
from = ["lines"]
choose = [{ tag = "highway", values = ["trunk"], set = { class = "first" } }, { tag = "highway" }]"#;
    layer("MultiLineString", rules)
}

fn areas() -> Definition {
    layer("MultiPolygon", "from = [\"areas\"]\nchoose = [{ tag = \"building\" }]")
}

fn points() -> Definition {
    layer(
        "Point",
        "from = [\"points\"]\nchoose = [{ tag = \"shop\", values = [\"bakery\", \"tea\"] }]",
    )
}

struct File {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    fn of(bytes: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.osm.pbf");
        std::fs::write(&path, bytes).unwrap();
        Self { _dir: dir, path }
    }

    fn rows(&self, definition: &Definition) -> Vec<Row> {
        rows_of(&self.path, definition).0
    }
}

/// A square of four nodes from `id` on.
fn square(block: &mut Block, id: i64, x: i64, y: i64, size: i64) -> [i64; 5] {
    for (at, (dx, dy)) in [(0, 0), (size, 0), (size, size), (0, size)].into_iter().enumerate() {
        block.node(id + at as i64, x + dx, y + dy, &[]);
    }
    [id, id + 1, id + 2, id + 3, id]
}

fn texts(row: &Row) -> Vec<String> {
    row.values.iter().map(ToString::to_string).collect()
}

#[test]
fn tags_become_values_however_the_file_is_written() {
    for way in [Way::Dense, Way::Plain] {
        let mut block = Block::default();
        block
            .node(
                -7,
                1_150_400_001,
                302_000_009,
                &[("shop", "tea"), ("name", "Tea"), ("name:zh", "茶")],
            )
            .node(2, 0, 0, &[("shop", "shoes")])
            .node(
                3,
                -1_800_000_000,
                -900_000_000,
                &[("shop", "bakery"), ("levels", "2.0"), ("height", "10 ft")],
            )
            .node(4, 5, 5, &[])
            .deleted_node(5, 5, 5, &[("shop", "tea")])
            .node(6, 5, 5, &[("shop", "tea"), ("levels", "many")]);
        let mut writer = Writer::new(way);
        writer.block(&block);
        let file = File::of(&writer.bytes());
        let (rows, findings) = rows_of(&file.path, &points());
        let ids: Vec<String> = rows.iter().map(|row| row.values[0].to_string()).collect();
        assert_eq!(ids, ["n-7", "n3", "n6"], "{way:?}");
        assert_eq!(texts(&rows[0])[1], "茶");
        let at = rows[0].geometry.as_ref().unwrap().coords().next().unwrap();
        assert_eq!((at.x, at.y), (115.0400001, 30.2000009), "{way:?}");
        let at = rows[1].geometry.as_ref().unwrap().coords().next().unwrap();
        assert_eq!((at.x, at.y), (-180.0, -90.0));
        assert_eq!(rows[1].values[2], Value::Int(2));
        assert!(matches!(rows[1].values[3], Value::Float(height) if (height.get() - 3.048).abs() < 1e-9));
        let told: Vec<String> = findings.kept().iter().map(|f| f.message.clone()).collect();
        assert!(told.iter().any(|message| message.contains("\"many\"")), "{told:?}");
    }
}

#[test]
fn ways_are_lines_and_areas_as_definitions_and_tags_say() {
    let mut block = Block::default();
    let ring = square(&mut block, 1, 0, 0, 1000);
    block
        .way(10, &[1, 2], &[("highway", "trunk")])
        .way(11, &ring, &[("highway", "service")])
        .way(12, &ring, &[("highway", "service"), ("area", "yes")])
        .way(13, &ring, &[("building", "yes")])
        .way(14, &ring, &[("building", "yes"), ("area", "no")])
        .way(15, &[1, 2, 3], &[("building", "yes")])
        .way(16, &[4, 3, 2, 1, 4], &[("building", "no")])
        .way(17, &[1], &[("highway", "trunk")])
        .way(18, &[1, 99], &[("highway", "trunk")])
        .way(19, &[1, 2], &[("highway", "no")]);
    let mut writer = Writer::new(Way::Dense);
    writer.block(&block);
    let file = File::of(&writer.bytes());
    let (lines, findings) = rows_of(&file.path, &roads());
    let ids: Vec<Vec<String>> = lines.iter().map(texts).collect();
    assert_eq!(
        ids.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(),
        ["w10", "w11"]
    );
    assert!(lines.iter().all(|row| matches!(row.geometry, Some(Geometry::Lines(_)))));
    let set_aside: Vec<String> = findings
        .kept()
        .iter()
        .map(|f| format!("{:?} {}", f.feature, f.message))
        .collect();
    assert!(set_aside.iter().any(|text| text.contains("w17")), "{set_aside:?}");
    assert!(
        set_aside
            .iter()
            .any(|text| text.contains("w18") && text.contains("node 99")),
        "{set_aside:?}"
    );
    let found = file.rows(&areas());
    assert_eq!(
        found.iter().map(|row| texts(row)[0].clone()).collect::<Vec<_>>(),
        ["w13"]
    );
}

#[test]
fn relations_become_areas_with_holes_and_what_is_missing_is_named() {
    let mut block = Block::default();
    let shell = square(&mut block, 1, 0, 0, 1000);
    let hole = square(&mut block, 11, 200, 200, 100);
    block
        .way(100, &shell[..3], &[])
        .way(101, &[1, 4, 3], &[])
        .way(102, &hole, &[])
        .relation(
            1,
            &[(1, 100, "outer"), (1, 102, "outer"), (0, 1, "label"), (1, 101, "")],
            &[("type", "multipolygon"), ("building", "yes")],
        )
        .relation(2, &[(1, 100, "outer")], &[("type", "boundary"), ("building", "yes")])
        .relation(3, &[(1, 7, "outer")], &[("type", "multipolygon"), ("building", "yes")])
        .relation(4, &[], &[("type", "multipolygon"), ("building", "yes")])
        .relation(5, &[(1, 102, "outer")], &[("type", "site"), ("building", "yes")]);
    let mut writer = Writer::new(Way::Plain);
    writer.block(&block);
    let file = File::of(&writer.bytes());
    let (rows, findings) = rows_of(&file.path, &areas());
    assert_eq!(rows.len(), 1);
    let Some(Geometry::Polygons(polygons)) = &rows[0].geometry else {
        panic!("{rows:?}")
    };
    assert_eq!((polygons.len(), polygons[0].rings.len()), (1, 2));
    assert_eq!(polygons[0].rings[0].coords()[0], Coord { x: 0.0, y: 0.0 });
    let told = |id: &str| {
        let found = findings
            .kept()
            .iter()
            .find(|finding| finding.feature.as_deref() == Some(id));
        found.map_or(String::new(), |finding| finding.message.clone())
    };
    assert!(told("r2").contains("not closed"), "{}", told("r2"));
    assert!(told("r3").contains("way 7"), "{}", told("r3"));
    assert!(told("r4").contains("no border"), "{}", told("r4"));
}

#[test]
fn the_order_of_elements_and_blocks_does_not_matter() {
    let parts = |order: &[usize]| {
        let mut blocks = [Block::default(), Block::default(), Block::default()];
        let ring = square(&mut blocks[0], 1, 0, 0, 1000);
        blocks[1].way(5, &ring, &[]).way(6, &ring, &[("building", "yes")]);
        blocks[2].relation(9, &[(1, 5, "outer")], &[("type", "multipolygon"), ("building", "yes")]);
        let mut writer = Writer::new(Way::Dense);
        order.iter().for_each(|at| writer.block(&blocks[*at]));
        File::of(&writer.bytes()).rows(&areas())
    };
    let sorted = parts(&[0, 1, 2]);
    assert_eq!(sorted.len(), 2);
    for order in [[2, 1, 0], [1, 0, 2], [2, 0, 1]] {
        assert_eq!(parts(&order), sorted);
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_the_place() {
    let refused = |bytes: &[u8]| try_rows_of(&File::of(bytes).path, &points()).unwrap_err().to_string();
    let mut block = Block::default();
    block.node(1, 0, 0, &[("shop", "tea")]);
    let mut good = Writer::new(Way::Dense);
    good.block(&block);
    let good = good.bytes();
    assert!(try_rows_of(&File::of(&good).path, &points()).is_ok());
    let said = refused(&good[..good.len() - 1]);
    assert!(said.contains("cut off"), "{said}");
    let said = refused(&Writer::asking_for(Way::Dense, &["HistoricalInformation"]).bytes());
    assert!(said.contains("history"), "{said}");
    let said = refused(&Writer::asking_for(Way::Dense, &["LocationsOnWays"]).bytes());
    assert!(said.contains("LocationsOnWays"), "{said}");
    let mut bomb = Writer::new(Way::Dense);
    let mut blob = Vec::new();
    number(2, 1 << 40, &mut blob);
    crate::write::bytes(3, &[0x78, 0x9c, 3, 0], &mut blob);
    bomb.raw_blob("OSMData", &blob);
    let said = refused(&bomb.bytes());
    assert!(said.contains("damaged"), "{said}");
    let said = refused(b"<?xml version='1.0'?><osm version='0.6'></osm>");
    assert!(
        said.contains("osmium cat") || said.contains("cannot be opened"),
        "{said}"
    );
}

#[test]
fn flipped_and_cut_bytes_give_an_answer() {
    let mut block = Block::default();
    let ring = square(&mut block, 1, 0, 0, 1000);
    block
        .node(9, 5, 5, &[("shop", "tea"), ("name", "n")])
        .way(5, &ring, &[("building", "yes")])
        .relation(9, &[(1, 5, "outer")], &[("type", "multipolygon"), ("building", "yes")]);
    let mut writer = Writer::new(Way::Plain);
    writer.block(&block);
    let good = writer.bytes();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        let layer = if at % 3 == 0 { points() } else { areas() };
        let _ = try_rows_of(&File::of(&bad).path, &layer);
        if at % 16 == 0 {
            let _ = try_rows_of(&File::of(&good[..at]).path, &layer);
        }
    }
}
