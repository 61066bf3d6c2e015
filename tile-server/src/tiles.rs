//! Vector tiles, by OGC addresses and by XYZ.

use crate::ask::{Answer, Ask, DependsOn, Freshness};
use crate::cache::Key;
use crate::pool::Waiting;
use crate::problem::{Problem, shorten};
use crate::representation::Representation;
use crate::tile_matrix_sets;
use crate::tilejson;
use crate::view::{Audience, Selection, View};
use axum::extract::Path;
use onemap_model::{TileCoord, TileMatrixSet};

/// The media type of vector tiles.
pub(crate) const MVT: &str = "application/vnd.mapbox-vector-tile";

/// `/collections/{layer}/tiles/{tms}/{z}/{row}/{col}`
pub(crate) async fn of_layer(
    ask: Ask,
    Path((layer, tms, z, row, col)): Path<(String, String, String, String, String)>,
) -> Answer {
    ask.format(&["mvt"])?;
    let view = ask.view()?;
    // A list of layers is no layer, so commas get no further than here.
    view.layer(&layer)?;
    let selection = view.select(&layer)?;
    let tile = coordinate(tile_matrix_sets::parse(&tms)?, &z, &col, &row)?;
    answer(&ask, &view, selection, tile).await
}

/// `/tiles/{tms}/{z}/{row}/{col}?collections=a,b`
pub(crate) async fn of_dataset(ask: Ask, Path((tms, z, row, col)): Path<(String, String, String, String)>) -> Answer {
    ask.format(&["mvt"])?;
    let view = ask.view()?;
    let selection = selected(&ask, &view)?;
    let tile = coordinate(tile_matrix_sets::parse(&tms)?, &z, &col, &row)?;
    answer(&ask, &view, selection, tile).await
}

/// `/xyz/{layer[,layer…]|basemap}/{z}/{x}/{y}[.mvt]`
pub(crate) async fn xyz(ask: Ask, Path((layers, z, x, last)): Path<(String, String, String, String)>) -> Answer {
    let view = ask.view()?;
    let selection = view.select(&layers)?;
    let y = last.strip_suffix(".mvt").unwrap_or(&last);
    let tile = coordinate(TileMatrixSet::WebMercatorQuad, &z, &x, y)?;
    answer(&ask, &view, selection, tile).await
}

/// `/xyz/{…}.json`
pub(crate) async fn xyz_json(ask: Ask, Path(last): Path<String>) -> Answer {
    let Some(layers) = last.strip_suffix(".json") else {
        return Err(Problem::not_found(
            "expected /xyz/{layers}.json or /xyz/{layers}/{z}/{x}/{y}",
        ));
    };
    let view = ask.view()?;
    tilejson::answer(&ask, &view.select(layers)?)
}

/// The layers of `collections=a,b`; the basemap where it is absent.
///
/// # Errors
/// 404 where one of them is not there.
pub(crate) fn selected(ask: &Ask, view: &View) -> Result<Selection, Problem> {
    view.select(ask.params.get("collections").unwrap_or("basemap"))
}

fn coordinate(grid: TileMatrixSet, z: &str, col: &str, row: &str) -> Result<TileCoord, Problem> {
    let number = |name: &str, text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let wrong = || Problem::bad_request(format!("{name}: {:?} is no whole number", shorten(text)));
        // More digits than a number holds are still a number, only far outside of every grid.
        digits.then(|| text.parse().unwrap_or(u64::MAX)).ok_or_else(wrong)
    };
    let (z, col, row) = (number("zoom", z)?, number("column", col)?, number("row", row)?);
    grid.tile(z, col, row)
        .map_err(|error| Problem::not_found(error.to_string()))
}

async fn answer(ask: &Ask, view: &View, selection: Selection, tile: TileCoord) -> Answer {
    let coding = ask.coding()?;
    let audience = Audience::of(&selection.layers);
    let key = Key::Tile {
        layers: selection.layers.iter().map(|layer| layer.generation).collect(),
        tile,
        coding,
    };
    let now = view.now();
    let render = ask.app.pool.run(move |waiting: &Waiting<'_>| {
        let mut bytes = Vec::new();
        for layer in &selection.layers {
            if waiting.is_over() {
                break;
            }
            layer.snapshot.tile(tile, now, &mut bytes);
        }
        Ok(Representation::new(MVT, bytes, coding))
    });
    let made = ask.app.cache.get(key, render).await?;
    Ok(ask.deliver(&made, audience, Freshness::Revalidate, DependsOn::Coding))
}
