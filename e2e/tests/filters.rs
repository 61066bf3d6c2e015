//! Filters in memory against PostGIS: the same random filters on the same real layers accept the same features.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

#[path = "filters/pairs.rs"]
mod pairs;

use onemap_atlas::{LayerBuilder, LayerSnapshot, Scope};
use onemap_e2e::programs::import;
use onemap_e2e::rng::Rng;
use onemap_e2e::shared::shared;
use onemap_model::cql2::{Expr, FeatureOf, Filter};
use onemap_model::{Feature, Layer};
use onemap_store::{At, OpenMode};
use onemap_testing::{Cluster, Database};
use pairs::{Pair, Pairs};
use std::ops::ControlFlow;

/// Filters for each layer.
const FILTERS: usize = 300;

/// The layers of a database with their features.
fn read(url: &str) -> Vec<(Layer, Vec<Feature>)> {
    let mut store = onemap_store::open(url, OpenMode::Existing).unwrap();
    let mut reading = store.read(At::Now).unwrap();
    let layers = reading.layers().unwrap();
    let features = layers.into_iter().map(|state| {
        let mut features = Vec::new();
        reading
            .features(state.layer.name(), &mut |feature| {
                features.push(feature);
                ControlFlow::Continue(())
            })
            .unwrap();
        (state.layer, features)
    });
    features.collect()
}

/// The numbers of the features that PostGIS finds, for each of the filters.
fn in_sql(database: &Database<'_>, layer: &Layer, filters: &[Pair]) -> Vec<Vec<i64>> {
    let one = |filter: &Pair| {
        format!(
            "SELECT coalesce(string_agg(fid::text, ' ' ORDER BY fid), '') FROM \"{}\" WHERE {};",
            layer.name(),
            filter.sql
        )
    };
    let answer = database.psql(&filters.iter().map(one).collect::<Vec<_>>().join("\n"));
    let mut found: Vec<Vec<i64>> = answer
        .split('\n')
        .map(|line| line.split_whitespace().map(|fid| fid.parse().unwrap()).collect())
        .collect();
    // The last lines may be empty, and are trimmed.
    found.resize(filters.len(), Vec::new());
    found
}

fn by_row(layer: &Layer, features: &[Feature], filter: &Filter) -> Vec<i64> {
    let accepted = features.iter().filter(|one| filter.accepts(&FeatureOf(layer, one)));
    let mut fids: Vec<i64> = accepted.map(|feature| feature.fid.as_i64()).collect();
    fids.sort_unstable();
    fids
}

fn by_column(snapshot: &LayerSnapshot, filter: &Filter) -> Vec<i64> {
    let mut fids = Vec::new();
    let scope = Scope {
        bbox: None,
        near: filter.bbox_hint(),
        when: &|_| true,
    };
    let mut each = |feature: onemap_atlas::FeatureView<'_>| fids.push(feature.fid().as_i64());
    snapshot.sift(scope, Some(filter), &mut || ControlFlow::Continue(()), &mut each);
    fids.sort_unstable();
    fids
}

#[test]
fn memory_and_postgis_agree_on_random_filters_over_real_layers() {
    let test = "memory_and_postgis_agree_on_random_filters_over_real_layers";
    let (Some(shared), Some(cluster)) = (shared(test), Cluster::shared()) else {
        return;
    };
    let database = cluster.fresh_database();
    let url = database.url();
    for source in [
        "cql2/ne110m4cql2.gpkg",
        "data/huangshi_tianditu.geojson",
        "data/hubei_gbk_shp.zip",
    ] {
        let path = shared.join(source);
        import(&["load", path.to_str().unwrap(), "--to", &url]).succeeded();
    }
    let mut wrong = Vec::new();
    for (layer, features) in read(&url) {
        let name = layer.name().to_string();
        // GEOS answers for valid geometries only.
        database.psql(&format!("DELETE FROM \"{name}\" WHERE NOT ST_IsValid(geom)"));
        let valid = database.psql(&format!("SELECT fid FROM \"{name}\""));
        let valid: Vec<i64> = valid.lines().map(|fid| fid.parse().unwrap()).collect();
        let features: Vec<Feature> = features
            .into_iter()
            .filter(|feature| valid.contains(&feature.fid.as_i64()))
            .collect();
        assert!(features.len() > 3, "{name} has too few features to say anything");
        let srid = database.psql(&format!("SELECT ST_SRID(geom) FROM \"{name}\" LIMIT 1"));
        let mut builder = LayerBuilder::new(layer.clone());
        features.iter().cloned().for_each(|feature| builder.push(feature));
        let snapshot = builder.finish();
        let mut pairs = Pairs {
            layer: &layer,
            features: &features,
            srid: srid.trim().parse().unwrap(),
            rng: Rng::new(name.len() as u64),
        };
        let filters: Vec<Pair> = (0..FILTERS).map(|_| pairs.condition(3)).collect();
        let (mut some, found) = (0, in_sql(&database, &layer, &filters));
        for (filter, in_sql) in filters.iter().zip(found) {
            let expr = Expr::from_text(&filter.cql).unwrap_or_else(|error| panic!("{}: {error}", filter.cql));
            let compiled = Filter::compile(&expr, &layer).unwrap_or_else(|error| panic!("{}: {error}", filter.cql));
            let (row, column) = (by_row(&layer, &features, &compiled), by_column(&snapshot, &compiled));
            some += usize::from(!row.is_empty() && row.len() < features.len());
            if row != in_sql || column != row {
                wrong.push(format!(
                    "{name}: {}\n  {}\n  by row {row:?}\n  by column {column:?}\n  in SQL {in_sql:?}",
                    filter.cql, filter.sql
                ));
            }
        }
        assert!(some > FILTERS / 12, "{name}: only {some} filters tell features apart");
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(8)].join("\n")
    );
}
