//! Real GeoPackage stores, loaded and served.

use super::Running;
use onemap_model::{Crs, Feature, Layer};
use onemap_store::{Batch, LoadMode, OpenMode, Store};
use onemap_tile_server::Config;
use std::path::Path;

/// Loads layers into a new file.
pub fn make_store(path: &Path, layers: &[(Layer, Vec<Feature>)]) {
    let mut store = onemap_store::open(path.to_str().unwrap(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
    load(&mut *store, layers);
}

/// Loads layers into a store, as one version.
pub fn load(store: &mut dyn Store, layers: &[(Layer, Vec<Feature>)]) {
    let mut load = store.begin(&Batch::default()).unwrap();
    for (layer, features) in layers {
        load.start_layer(layer, LoadMode::Replace).unwrap();
        for feature in features {
            load.push(feature.row.clone()).unwrap();
        }
        load.finish_layer(layer.geometry_type).unwrap();
    }
    load.commit(&mut |_| ()).unwrap();
}

pub fn open(path: &Path) -> Box<dyn Store> {
    onemap_store::open(path.to_str().unwrap(), OpenMode::Existing).unwrap()
}

/// A server for a file, with these settings, ready.
pub fn serve_with(path: &Path, mut config: Config) -> Running {
    let store = path.to_str().unwrap().to_owned();
    config.store = store.clone();
    let server = Running::start(config, move || onemap_store::open(&store, OpenMode::Existing));
    server.wait_ready();
    server
}
