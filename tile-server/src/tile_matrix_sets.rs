//! The tile grids (OGC 17-083r4).

use crate::ask::{Answer, Ask};
use crate::links::Link;
use crate::problem::{Problem, shorten};
use crate::view::Audience;
use axum::extract::Path;
use onemap_model::TileMatrixSet;
use serde_json::{Value, json};

/// The relation of a link to a tile grid.
pub(crate) const REL_SCHEME: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme";

/// Answers with the grids there are.
pub(crate) async fn tile_matrix_sets(ask: Ask) -> Answer {
    let describe = |grid: TileMatrixSet| {
        // OGC's test suite looks for `item`, the standard's examples have `self`.
        let link = |rel| Link::new(rel, address(&ask, grid), "application/json", "The definition").to_json();
        let links = [link("self"), link("item")];
        json!({"id": grid.as_str(), "title": title(grid), "uri": uri(grid), "crs": grid.crs().uri(), "links": links})
    };
    let body = json!({
        "tileMatrixSets": TileMatrixSet::ALL.map(|grid| without_nulls(describe(grid))),
        "links": ask.own_links("application/json").iter().map(Link::to_json).collect::<Vec<_>>(),
    });
    ask.shown("瓦片格网 · Tile grids", &[], &body, Audience::Everybody)
}

/// Answers with the definition of one grid.
pub(crate) async fn tile_matrix_set(ask: Ask, Path(name): Path<String>) -> Answer {
    let grid = parse(&name)?;
    let axes = match grid {
        TileMatrixSet::WebMercatorQuad => ["X", "Y"],
        TileMatrixSet::Cgcs2000Quad => ["Lat", "Lon"],
    };
    let body = json!({
        "id": grid.as_str(),
        "title": title(grid),
        "uri": uri(grid),
        "crs": grid.crs().uri(),
        "orderedAxes": axes,
        "wellKnownScaleSet": well_known(grid),
        "tileMatrices": (grid.min_zoom()..=grid.max_zoom()).map(|z| matrix(grid, z)).collect::<Vec<_>>(),
    });
    let trail = [("tileMatrixSets".to_owned(), "瓦片格网 · Tile grids")];
    ask.shown(title(grid), &trail, &without_nulls(body), Audience::Everybody)
}

/// The grid of this name.
///
/// # Errors
/// 404 naming the grids there are.
pub(crate) fn parse(name: &str) -> Result<TileMatrixSet, Problem> {
    TileMatrixSet::parse(name).ok_or_else(|| {
        let known = TileMatrixSet::ALL.map(TileMatrixSet::as_str).join(", ");
        Problem::not_found(format!(
            "there is no tile matrix set {:?}: expected {known}",
            shorten(name)
        ))
    })
}

/// The address of a grid's definition.
pub(crate) fn address(ask: &Ask, grid: TileMatrixSet) -> String {
    ask.url(&format!("/tileMatrixSets/{grid}"))
}

/// The registered name, where there is one.
pub(crate) fn uri(grid: TileMatrixSet) -> Option<&'static str> {
    match grid {
        TileMatrixSet::WebMercatorQuad => Some("http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"),
        TileMatrixSet::Cgcs2000Quad => None,
    }
}

fn well_known(grid: TileMatrixSet) -> Option<&'static str> {
    match grid {
        TileMatrixSet::WebMercatorQuad => Some("http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"),
        TileMatrixSet::Cgcs2000Quad => None,
    }
}

fn title(grid: TileMatrixSet) -> &'static str {
    match grid {
        TileMatrixSet::WebMercatorQuad => "Web Mercator (天地图 w)",
        TileMatrixSet::Cgcs2000Quad => "CGCS2000 degrees (天地图 c)",
    }
}

/// One zoom. The corner is written in the axis order of the system: for EPSG:4490 latitude first.
fn matrix(grid: TileMatrixSet, z: u8) -> Value {
    let origin = grid.origin();
    let corner = match grid {
        TileMatrixSet::WebMercatorQuad => [origin.x, origin.y],
        TileMatrixSet::Cgcs2000Quad => [origin.y, origin.x],
    };
    json!({
        "id": z.to_string(),
        "scaleDenominator": grid.scale_denominator(z),
        "cellSize": grid.cell_size(z),
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": corner,
        "tileWidth": 256,
        "tileHeight": 256,
        "matrixWidth": grid.matrix_width(z),
        "matrixHeight": grid.matrix_height(z),
    })
}

/// The object without its members that are null.
pub(crate) fn without_nulls(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    object
}
