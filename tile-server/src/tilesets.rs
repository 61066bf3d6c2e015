//! What tilesets there are (OGC API Tiles, part 1, clauses 8 to 10).

use crate::ask::{Answer, Ask};
use crate::collections::{CRS84, REL_TILESETS};
use crate::links::Link;
use crate::params::encode;
use crate::tile_matrix_sets::{self, REL_SCHEME, without_nulls};
use crate::tilejson::{bounds, zooms};
use crate::tiles::{self, MVT};
use crate::view::{Audience, Selection};
use axum::extract::Path;
use onemap_model::{Bbox, Coord, Dimension, TileMatrixSet};
use serde_json::{Value, json};

/// `/collections/{layer}/tiles`
pub(crate) async fn list_of_layer(ask: Ask, Path(layer): Path<String>) -> Answer {
    let view = ask.view()?;
    view.layer(&layer)?;
    list(&ask, &view.select(&layer)?, &Place::of_layer(&layer))
}

/// `/tiles?collections=a,b`
pub(crate) async fn list_of_dataset(ask: Ask) -> Answer {
    let view = ask.view()?;
    list(&ask, &tiles::selected(&ask, &view)?, &Place::of_dataset(&ask))
}

/// `/collections/{layer}/tiles/{tms}`
pub(crate) async fn of_layer(ask: Ask, Path((layer, tms)): Path<(String, String)>) -> Answer {
    let view = ask.view()?;
    view.layer(&layer)?;
    let grid = tile_matrix_sets::parse(&tms)?;
    one(&ask, &view.select(&layer)?, grid, &Place::of_layer(&layer))
}

/// `/tiles/{tms}?collections=a,b`
pub(crate) async fn of_dataset(ask: Ask, Path(tms): Path<String>) -> Answer {
    let view = ask.view()?;
    let grid = tile_matrix_sets::parse(&tms)?;
    one(&ask, &tiles::selected(&ask, &view)?, grid, &Place::of_dataset(&ask))
}

/// Where a group of tilesets lives: the path before the grid, the parameters behind everything, the pages above.
struct Place {
    path: String,
    query: String,
    trail: Vec<(String, &'static str)>,
}

impl Place {
    fn of_layer(layer: &str) -> Self {
        Self {
            path: format!("/collections/{}/tiles", encode(layer)),
            query: String::new(),
            trail: vec![
                ("collections".to_owned(), "图层 · Layers"),
                (format!("collections/{}", encode(layer)), "图层 · Layer"),
            ],
        }
    }

    fn of_dataset(ask: &Ask) -> Self {
        let query = ask
            .params
            .get("collections")
            .map(|list| format!("?collections={}", encode(list)));
        Self {
            path: "/tiles".to_owned(),
            query: query.unwrap_or_default(),
            trail: vec![],
        }
    }

    fn address(&self, ask: &Ask, below: &str) -> String {
        ask.url(&format!("{}{below}{}", self.path, self.query))
    }
}

fn list(ask: &Ask, selection: &Selection, place: &Place) -> Answer {
    let tilesets: Vec<_> = TileMatrixSet::ALL
        .map(|grid| summary(ask, selection, grid, place))
        .into();
    let links = ask.own_links("application/json");
    let body = json!({"tilesets": tilesets, "links": links.iter().map(Link::to_json).collect::<Vec<_>>()});
    let title = format!("{} · 瓦片集 · Tilesets", selection.name);
    ask.shown(&title, &place.trail, &body, Audience::of(&selection.layers))
}

fn one(ask: &Ask, selection: &Selection, grid: TileMatrixSet, place: &Place) -> Answer {
    let (min, max) = zooms(selection);
    let bounds = bounds(selection);
    let mut body = summary(ask, selection, grid, place);
    body["layers"] = selection
        .layers
        .iter()
        .map(|layer| {
            let definition = layer.snapshot.layer();
            let dimension = definition.geometry_type.dimension().map(|dimension| match dimension {
                Dimension::Point => 0,
                Dimension::Line => 1,
                Dimension::Area => 2,
            });
            let own = json!({
                "id": layer.name(), "title": definition.title, "dataType": "vector", "geometryDimension": dimension,
                "minTileMatrix": definition.zoom.min().max(grid.min_zoom()).to_string(),
                "maxTileMatrix": definition.zoom.max().to_string(),
            });
            without_nulls(own)
        })
        .collect();
    body["boundingBox"] = json!({
        "lowerLeft": [bounds.west(), bounds.south()], "upperRight": [bounds.east(), bounds.north()], "crs": CRS84,
    });
    body["tileMatrixSetLimits"] = (min.max(grid.min_zoom())..=max)
        .filter_map(|z| limits(grid, z, bounds))
        .collect::<Vec<_>>()
        .into();
    let title = format!("{} · {grid}", selection.name);
    let mut trail = place.trail.clone();
    trail.push((place.path.trim_start_matches('/').to_owned(), "瓦片集 · Tilesets"));
    ask.shown(&title, &trail, &body, Audience::of(&selection.layers))
}

fn summary(ask: &Ask, selection: &Selection, grid: TileMatrixSet, place: &Place) -> Value {
    let template = place.address(ask, &format!("/{grid}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"));
    let mut tiles = Link::new("item", template, MVT, "The tiles").to_json();
    tiles["templated"] = true.into();
    let own = Link::new(
        "self",
        place.address(ask, &format!("/{grid}")),
        "application/json",
        "This tileset",
    );
    let scheme = Link::new(
        REL_SCHEME,
        tile_matrix_sets::address(ask, grid),
        "application/json",
        "The grid",
    );
    let all = Link::new(REL_TILESETS, place.address(ask, ""), "application/json", "All tilesets");
    without_nulls(json!({
        "title": format!("{} in {grid}", selection.name),
        "dataType": "vector",
        "crs": grid.crs().uri(),
        "tileMatrixSetId": grid.as_str(),
        "tileMatrixSetURI": tile_matrix_sets::uri(grid)
            .map_or_else(|| tile_matrix_sets::address(ask, grid), str::to_owned),
        "links": [own.to_json(), scheme.to_json(), all.to_json(), tiles],
    }))
}

/// The rows and columns of a zoom in which there can be anything.
fn limits(grid: TileMatrixSet, z: u8, bounds: Bbox) -> Option<Value> {
    let corner = |x, y| grid.tile_at(z, Coord { x, y }).ok();
    let first = corner(bounds.west(), bounds.north())?;
    let last = corner(bounds.east(), bounds.south())?;
    Some(json!({
        "tileMatrix": z.to_string(),
        "minTileRow": first.row(), "maxTileRow": last.row(),
        "minTileCol": first.col(), "maxTileCol": last.col(),
    }))
}
