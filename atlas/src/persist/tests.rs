//! What comes back from a file is what was written; whatever is wrong with a file, nothing panics.

use super::*;
use crate::{LayerBuilder, Query};
use onemap_model::{
    Change, Coord, Crs, Date, Feature, Fid, Field, FieldType, Geometry, GeometryType, Name, Path, Polygon, Row,
    TileMatrixSet, TimeSpan, Value,
};
use proptest::prelude::*;
use std::io::Read as _;

fn layer() -> Layer {
    let types = [
        ("code", FieldType::Text),
        ("floors", FieldType::Int),
        ("height", FieldType::Float),
        ("built", FieldType::Date),
        ("seen", FieldType::DateTime),
        ("blob", FieldType::Bytes),
        ("listed", FieldType::Bool),
        ("tags", FieldType::Array),
    ];
    let field = |(name, field_type): (&str, FieldType)| Field {
        name: Name::new(name).unwrap(),
        title: name.to_owned(),
        field_type,
    };
    let fields = types.map(field).to_vec();
    let layer = Layer::new(
        Name::new("things").unwrap(),
        GeometryType::Geometry,
        Crs::epsg(4490),
        fields,
    );
    layer.unwrap().with_key("code").unwrap()
}

fn path(points: &[(f64, f64)]) -> Path {
    Path::new(points.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap()
}

fn geometry(kind: u8, x: f64, y: f64) -> Option<Geometry> {
    let d = 0.0005;
    let ring = path(&[(x, y), (x + d, y), (x + d, y + d), (x, y + d), (x, y)]);
    let line = path(&[(x, y), (x + d, y + d), (x + 2.0 * d, y)]);
    let high = Path::with_z(line.coords().to_vec(), vec![1.0, f64::NAN, 3.0]).unwrap();
    let polygon = Geometry::Polygons(vec![Polygon { rings: vec![ring] }]);
    match kind {
        0 => None,
        1 => Geometry::point(x, y).ok(),
        2 => Some(Geometry::Lines(vec![line, high])),
        3 => Some(Geometry::Collection(vec![
            polygon,
            Geometry::Collection(vec![Geometry::point(x, y).unwrap()]),
        ])),
        4 => Geometry::point(x + 100.0, 89.0).ok(),
        _ => Some(polygon),
    }
}

fn feature(fid: i64, seed: u32) -> Feature {
    let part = |shift: u32| (seed >> shift) % 256;
    let (x, y) = (115.0 + f64::from(part(0)) / 5e3, 30.2 + f64::from(part(8)) / 5e3);
    let instant = |n: u32| Instant::from_micros(1_700_000_000_000_000 + i64::from(n) * 86_400_000_000).unwrap();
    let or_null = |value: Value, bit: u32| if seed >> bit & 7 == 7 { Value::Null } else { value };
    let values = vec![
        or_null(Value::text(format!("黄石{}", seed % 5000)), 1),
        or_null(Value::Int(i64::from(part(3)) * 1000), 2),
        or_null(Value::float(f64::from(part(5)) / 3.0).unwrap(), 3),
        or_null(Value::Date(Date::new(2000 + part(2) as i16 % 30, 2, 28).unwrap()), 4),
        or_null(Value::DateTime(instant(part(9))), 5),
        or_null(Value::Bytes(vec![part(1) as u8; part(2) as usize % 4].into()), 6),
        or_null(Value::Bool(seed & 1 == 1), 7),
        Value::Array(vec![Value::Int(i64::from(part(4))), Value::text("a"), Value::Null].into()),
    ];
    let valid = match part(6) % 4 {
        0 => TimeSpan::new(Some(instant(part(7) % 3)), Some(instant(900))).unwrap(),
        _ => TimeSpan::ALWAYS,
    };
    let row = Row {
        geometry: geometry(part(11) as u8 % 9, x, y),
        values,
        valid,
    };
    let fid = Fid::new(fid).unwrap();
    Feature { fid, row }
}

fn change(fid: i64, seed: Option<u32>) -> Change {
    Change {
        layer: Name::new("things").unwrap(),
        fid: Fid::new(fid).unwrap(),
        old: None,
        new: seed.map(|seed| feature(fid, seed)),
    }
}

fn build(seeds: &[u32]) -> LayerSnapshot {
    let mut builder = LayerBuilder::new(layer());
    (1..)
        .zip(seeds)
        .for_each(|(fid, &seed)| builder.push(feature(fid, seed)));
    builder.finish().with_budget(20_000)
}

fn mark() -> Mark {
    Mark {
        epoch: Epoch::new("0197c1b2-aaaa").unwrap(),
        version: Version(7),
        committed: Some(Instant::from_micros(5).unwrap()),
    }
}

fn written(layers: &[&LayerSnapshot]) -> File {
    let file = tempfile::tempfile().unwrap();
    let layers: Vec<_> = layers.iter().map(|&layer| (layer, Version(3))).collect();
    let size = write(&file, &mark(), &layers).unwrap();
    assert_eq!(size, file.metadata().unwrap().len());
    file
}

fn bytes_of(mut file: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<LayerSnapshot, Refused> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let opened = open(&file)?;
    let mut layers = opened.layers(&[layer()])?;
    Ok(layers.remove(0).0.with_budget(20_000))
}

/// All that a layer answers: tiles, features, public ids.
fn answers(layer: &LayerSnapshot) -> Vec<String> {
    let now = Instant::from_micros(1_700_000_100_000_000).unwrap();
    let mut answers = Vec::new();
    for (z, x, y) in [
        (0, 0, 0),
        (10, 839, 421),
        (12, 3356, 1686),
        (12, 3357, 1687),
        (15, 26849, 13498),
    ] {
        let mut tile = Vec::new();
        let grid = TileMatrixSet::WebMercatorQuad;
        let drawn = layer.tile(grid.tile(z, x, y).unwrap(), now, &mut tile);
        answers.push(format!("{drawn:?} {tile:?}"));
    }
    let mut features: Vec<_> = layer
        .features(&Query::default())
        .map(|view| view.to_feature())
        .collect();
    features.sort_by_key(|feature| feature.fid);
    let ids = (0..5000).step_by(97).map(|n| format!("黄石{n}"));
    answers.extend(ids.map(|id| {
        format!(
            "{:?}",
            layer.by_public_id(&id).iter().map(|f| f.fid()).collect::<Vec<_>>()
        )
    }));
    answers.extend(
        features
            .iter()
            .map(|feature| format!("{feature:?} {}", layer.by_fid(feature.fid).is_some())),
    );
    answers.push(format!(
        "{:?} {:?} {}",
        layer.bbox(),
        layer.next_boundary(now),
        layer.count_at(now)
    ));
    answers
}

fn seeds(most: usize) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_file_answers_as_what_was_written_and_so_it_does_after_edits(
        first in seeds(600),
        early in prop::collection::vec((1..700_i64, any::<Option<u32>>()), 0..40),
        late in prop::collection::vec((1..700_i64, any::<Option<u32>>()), 0..40),
    ) {
        let changes = |edits: &[(i64, Option<u32>)]| -> Vec<Change> {
            edits.iter().map(|&(fid, seed)| change(fid, seed)).collect()
        };
        let built = build(&first).apply(&changes(&early));
        let back = read(&bytes_of(&written(&[&built]))).unwrap();
        prop_assert_eq!(answers(&built), answers(&back));
        let late = changes(&late);
        let (built, back) = (built.apply(&late), back.apply(&late));
        prop_assert_eq!(answers(&built), answers(&back));
        // Merged, a layer no longer reaches where only features were that are gone.
        let merge = |layer: &LayerSnapshot| layer.with_merged(layer.merge_all().run());
        prop_assert_eq!(answers(&merge(&built)), answers(&merge(&back)));
        // What was read can be written again, and the same bytes come of it.
        let again = bytes_of(&written(&[&back]));
        prop_assert_eq!(answers(&read(&again).unwrap()), answers(&back));
    }

    #[test]
    fn a_damaged_file_is_refused(first in seeds(60), place in any::<prop::sample::Index>(), bit in 0..8) {
        let sound = bytes_of(&written(&[&build(&first)]));
        let at = place.index(sound.len());
        let mut flipped = sound.clone();
        flipped[at] ^= 1_u8 << bit;
        // Between arrays there are bytes that mean nothing.
        match read(&flipped) {
            Ok(layer) => prop_assert_eq!(answers(&layer), answers(&read(&sound).unwrap())),
            Err(Refused::Damaged(_) | Refused::NotASnapshot | Refused::OtherLayout | Refused::OtherLayers(_)) => (),
            Err(other) => prop_assert!(false, "{other}"),
        }
        prop_assert!(read(&sound[..at]).is_err(), "cut off at {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whoever can make the sums right again still cannot make it read or write where it must not, or panic.
    #[test]
    fn a_forged_file_is_refused_or_harmless(
        first in seeds(40),
        words in prop::collection::vec((any::<prop::sample::Index>(), forged()), 1..4),
        are_bytes in any::<bool>(),
    ) {
        let mut bytes = bytes_of(&written(&[&build(&first)]));
        let table = u64::from_ne_bytes(bytes[24..32].try_into().unwrap()) as usize;
        let (start, end) = (table, bytes.len() - 8);
        for (place, word) in words {
            let at = start + place.index(end - start);
            let at = if are_bytes { at } else { start + (at - start) / 8 * 8 };
            bytes[at..at + 8].copy_from_slice(&word.to_ne_bytes());
        }
        let sum = xxh3_64(&bytes[table..]);
        bytes[40..48].copy_from_slice(&sum.to_ne_bytes());
        let sum = xxh3_64(&bytes[..56]);
        bytes[56..64].copy_from_slice(&sum.to_ne_bytes());
        if let Ok(layer) = read(&bytes) {
            answers(&layer);
        }
    }
}

fn forged() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..70_u64,
        any::<u64>(),
        Just(u64::MAX),
        Just(1 << 53),
        Just(u64::MAX - 7)
    ]
}

#[test]
fn what_is_of_another_kind_is_refused_with_its_reason() {
    let check = |bytes: &[u8], expected: &str| {
        let refused = read(bytes).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    };
    let sound = bytes_of(&written(&[&build(&[1, 2, 3])]));
    check(b"", "no snapshot");
    check(&[b"SQLite format 3\0".as_slice(), &[0; 100]].concat(), "no snapshot");
    let with = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        bytes
    };
    check(&with(8), "another release");
    check(&with(16), "another release");
    check(&with(30), "sum of its header");
    check(&with(64), "sum of the array at byte");
    check(&with(sound.len() - 1), "sum of its table");
    check(&sound[..sound.len() - 1], "cut off");
    let two = written(&[&build(&[1]), &build(&[2])]);
    check(&bytes_of(&two), "2, not 1");
    let mut other = layer();
    other.title = "別".into();
    let refused = open(&written(&[&build(&[1])])).unwrap().layers(&[other]);
    assert!(refused.unwrap_err().to_string().contains("defined otherwise"));
}

#[test]
fn the_mark_and_the_versions_come_back_and_no_array_is_on_the_heap() {
    let seeds: Vec<u32> = (1..3000_u32).map(|n| n.wrapping_mul(2_654_435_761)).collect();
    let built = build(&seeds);
    let file = written(&[&built]);
    let opened = open(&file).unwrap();
    assert_eq!(*opened.mark(), mark());
    let layers = opened.layers(&[layer()]).unwrap();
    assert_eq!(layers[0].1, Version(3));
    let (heap, mapped) = (built.memory(), layers[0].0.memory());
    assert_eq!((mapped.coordinates, mapped.projected, mapped.tree > 200), (0, 0, false));
    assert!(heap.coordinates > 0);
}
