//! 300 random tiles of a running server, against a brute-force clip of the source as `ogr2ogr` reads it.
//!
//! The whole chain is in it: file, importer, store, snapshot, rendering, HTTP; and none of our code on the other side.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use geo::{BoundingRect, CoordsIter, Intersects, Rect};
use onemap_e2e::attributes::{self, Said};
use onemap_e2e::brute::{self, Grid, Judgement, Tile};
use onemap_e2e::loaded::{self, Loaded};
use onemap_e2e::mvt::{self, TileFeature, TileLayer};
use onemap_e2e::programs::{Serving, load};
use onemap_e2e::rng::Rng;
use onemap_e2e::shared::shared;
use onemap_e2e::source::{self, SourceFeature};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A layer that is served, and its source.
struct Case {
    layer: &'static str,
    key: &'static str,
    loaded: Loaded,
    source: Vec<SourceFeature>,
    bounds: Vec<Option<Rect<f64>>>,
    serving: Serving,
    _folder: tempfile::TempDir,
}

/// What was seen in all tiles of a layer.
#[derive(Default)]
struct Tally {
    tiles: usize,
    crossed: usize,
    judgements: HashMap<Judgement, usize>,
    /// The features whose source is invalid, which are compared by samples only.
    sampled: BTreeSet<String>,
    wrong: Vec<String>,
}

#[test]
fn building_tiles_equal_the_brute_force_clip() {
    let test = "building_tiles_equal_the_brute_force_clip";
    let Some(case) = Case::new(test, "astana.gpkg.zip", "buildings", "osm_id") else {
        return;
    };
    let tally = case.compare(100, 1);
    assert!(
        tally.crossed >= 60,
        "only {} tiles are crossed by buildings that reach over an edge",
        tally.crossed
    );
}

#[test]
fn road_tiles_equal_the_brute_force_clip() {
    let test = "road_tiles_equal_the_brute_force_clip";
    let Some(case) = Case::new(test, "montevideo_core.gpkg.zip", "roads", "osm_id") else {
        return;
    };
    let tally = case.compare(100, 2);
    assert!(
        tally.crossed >= 80,
        "only {} tiles are crossed by roads that reach over an edge",
        tally.crossed
    );
}

#[test]
fn poi_tiles_equal_the_brute_force_clip() {
    let test = "poi_tiles_equal_the_brute_force_clip";
    let Some(case) = Case::new(test, "montevideo_core.gpkg.zip", "pois", "osm_id") else {
        return;
    };
    case.compare(100, 3);
}

/// Parcels as a land registry has them: some of them invalid.
#[test]
fn parcel_tiles_equal_the_brute_force_clip_and_invalid_parcels_agree_by_samples() {
    let test = "parcel_tiles_equal_the_brute_force_clip_and_invalid_parcels_agree_by_samples";
    let Some(case) = Case::new(test, "nishi_ku_parcels.gpkg.zip", "joetsu", "筆ID") else {
        return;
    };
    let tally = case.compare(40, 4);
    assert!(!tally.sampled.is_empty(), "some parcels of the source are invalid");
}

impl Case {
    fn new(test: &str, file: &str, layer: &'static str, key: &'static str) -> Option<Self> {
        let file = shared(test)?.join("data").join(file);
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("city.gpkg");
        load(&file, &store, &["--source-layer", layer, "--key", key]);
        let source = source::read(&format!("/vsizip/{}", file.display()), layer, &[]);
        let bounds = source
            .iter()
            .map(|f| f.geometry.as_ref().and_then(BoundingRect::bounding_rect))
            .collect();
        let loaded = loaded::read(&store, layer);
        // What is drawn over a budget is not what brute force cuts.
        let serving = Serving::start(&store, &["--tile-kb", "1000000"]);
        Some(Self {
            layer,
            key,
            loaded,
            source,
            bounds,
            serving,
            _folder: folder,
        })
    }

    /// Compares so many different tiles that are not empty, chosen by `seed`.
    fn compare(&self, tiles: usize, seed: u64) -> Tally {
        let (mut rng, mut tally, mut seen) = (Rng::new(seed), Tally::default(), HashSet::new());
        while tally.tiles < tiles {
            let tile = self.choose(&mut rng);
            if seen.insert(tile) {
                self.compare_tile(tile, &mut tally);
            }
            assert!(seen.len() < 3 * tiles, "most of the tiles are empty");
        }
        eprintln!(
            "{}: {} tiles, {} crossed, {:?}",
            self.layer, tally.tiles, tally.crossed, tally.judgements
        );
        let wrong = tally.wrong.len();
        assert!(
            wrong == 0,
            "{wrong} do not agree, among them:\n{}",
            tally.wrong[..wrong.min(12)].join("\n")
        );
        assert!(
            tally.judgements[&Judgement::Equal] > tiles,
            "too little was compared: {:?}",
            tally.judgements
        );
        tally
    }

    /// A tile at z12 to z18 that holds a random position of a random feature.
    fn choose(&self, rng: &mut Rng) -> Tile {
        let geometry = self.source[rng.below(self.source.len())].geometry.as_ref().unwrap();
        let at = geometry.coords_iter().nth(rng.below(geometry.coords_count())).unwrap();
        let grid = Grid::ALL[rng.below(2)];
        grid.tile_at(12 + rng.below(7) as u8, at)
    }

    fn compare_tile(&self, tile: Tile, tally: &mut Tally) {
        let mut found = self.fetch(tile);
        tally.tiles += usize::from(!found.is_empty());
        let mut crossed = false;
        for index in self.candidates(tile) {
            let source = &self.source[index];
            let key = self.key_of(source);
            let projected = tile.project(source.geometry.as_ref().unwrap());
            let feature = found.remove(&key);
            if let Some(feature) = &feature {
                self.check_attributes(source, feature, tally, tile);
                crossed |= reaches_over(&projected);
            }
            let drawn = feature
                .as_ref()
                .map(|feature| feature.geometry.as_ref().expect("our tiles know their types"));
            match brute::judge(&projected, drawn) {
                Ok(judgement) => {
                    if judgement == Judgement::Sampled {
                        tally.sampled.insert(key);
                    }
                    *tally.judgements.entry(judgement).or_default() += 1;
                }
                Err(error) => tally.wrong.push(format!("{} {key}: {error}", tile.url(self.layer))),
            }
        }
        tally.crossed += usize::from(crossed);
        for key in found.keys() {
            tally
                .wrong
                .push(format!("{} {key}: it is far from this tile", tile.url(self.layer)));
        }
    }

    fn key_of(&self, source: &SourceFeature) -> String {
        let key = source.value(self.key);
        key.as_str().map_or_else(|| key.to_string(), ToOwned::to_owned)
    }

    /// The features of a tile by their public id.
    fn fetch(&self, tile: Tile) -> HashMap<String, TileFeature> {
        let url = tile.url(self.layer);
        let answer = self.serving.get(&url);
        if answer.status == 204 {
            return HashMap::new();
        }
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        let layers = mvt::decode(&answer.body).unwrap_or_else(|error| panic!("{url}: {error}"));
        let [layer] = <[TileLayer; 1]>::try_from(layers).unwrap_or_else(|all| panic!("{url}: {} layers", all.len()));
        assert_eq!(
            (layer.name.as_str(), layer.version, layer.extent),
            (self.layer, 2, 4096),
            "{url}"
        );
        let mut ids = HashSet::new();
        let by_key = layer.features.into_iter().map(|feature| {
            assert!(
                feature.id.is_some_and(|id| ids.insert(id)),
                "{url}: no id, or one twice: {:?}",
                feature.id
            );
            let fast_mvt::MvtValue::String(key) = feature.attributes["id"].clone() else {
                panic!("{url}: the public id is no text");
            };
            (key, feature)
        });
        let features: Vec<_> = by_key.collect();
        let count = features.len();
        let features: HashMap<_, _> = features.into_iter().collect();
        assert_eq!(features.len(), count, "{url}: a feature stands twice");
        features
    }

    /// The features whose box, in units, comes near the clip box.
    fn candidates(&self, tile: Tile) -> Vec<usize> {
        let margin = brute::BUFFER + 2.0 * brute::TOLERANCE;
        let area = Rect::new((-margin, -margin), (brute::EXTENT + margin, brute::EXTENT + margin));
        let near = |bounds: &Rect<f64>| {
            let bounds = tile.project(&bounds.to_polygon().into()).bounding_rect();
            bounds.is_some_and(|bounds| bounds.intersects(&area))
        };
        let all = self.bounds.iter().enumerate();
        all.filter(|(_, bounds)| bounds.as_ref().is_some_and(near))
            .map(|(index, _)| index)
            .collect()
    }

    /// Every value that is not null is in the tile, under its field's name and in its field's type; nothing else is.
    fn check_attributes(&self, source: &SourceFeature, feature: &TileFeature, tally: &mut Tally, tile: Tile) {
        let mut expected: BTreeMap<&str, Said> = BTreeMap::new();
        let mut found: BTreeMap<&str, Said> = BTreeMap::new();
        for field in self.loaded.layer.fields() {
            let name = field.name.as_str();
            let said = attributes::of_json(source.value(&field.title), field.field_type, 480);
            if said.is_some() {
                expected.insert(name, said);
            }
            if let Some(value) = feature.attributes.get(name) {
                found.insert(name, attributes::of_tile(value, field.field_type));
            }
        }
        let known = found.len() + 1;
        if expected != found || feature.attributes.len() != known {
            let all = &feature.attributes;
            tally.wrong.push(format!(
                "{}: the tile says {all:?}, the source {expected:?}",
                tile.url(self.layer)
            ));
        }
    }
}

/// Whether a geometry lies both inside and outside the tile itself.
fn reaches_over(geometry: &geo::Geometry<f64>) -> bool {
    let inside = |c: geo::Coord<f64>| (0.0..=brute::EXTENT).contains(&c.x) && (0.0..=brute::EXTENT).contains(&c.y);
    geometry.coords_iter().any(inside) && !geometry.coords_iter().all(inside)
}
