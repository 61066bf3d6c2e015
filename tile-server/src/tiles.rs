//! Vector tiles, by OGC addresses and by XYZ.

use crate::app::App;
use crate::ask::{Answer, Ask, DependsOn, Freshness};
use crate::cache::Key;
use crate::filter::{Asked, Sieve};
use crate::layer_tiles::{State, composed};
use crate::negotiate::{self, Coding, Form};
use crate::pool::Waiting;
use crate::problem::{Problem, shorten};
use crate::published::ServedLayer;
use crate::representation::{self, Representation, Since, Tag};
use crate::selections::joined;
use crate::tile_matrix_sets;
use crate::tilejson;
use crate::view::{Selection, View};
use axum::extract::Path;
use onemap_atlas::{Drawn, FeatureView, composite, mlt};
use onemap_model::{Instant, TileCoord, TileMatrixSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant as Clock;
use xxhash_rust::xxh3::Xxh3;

/// Filters that are longer are asked anew for every tile: the cache remembers what it is asked for.
const MAX_KEPT_FILTER_BYTES: usize = 1024;

/// The media type of vector tiles.
pub(crate) const MVT: &str = "application/vnd.mapbox-vector-tile";

/// A tile as it is wanted.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    tile: TileCoord,
    form: Form,
    coding: Coding,
    depends: DependsOn,
}

/// `/collections/{layer}/tiles/{tms}/{z}/{row}/{col}`
pub(crate) async fn of_layer(
    ask: Ask,
    Path((layer, tms, z, row, col)): Path<(String, String, String, String, String)>,
) -> Answer {
    let form = ask.format(&["mvt", "mlt"])?.and_then(Form::parse);
    let view = ask.view_of_version().await?;
    // A list of layers is no layer, so commas get no further than here.
    view.layer(&layer)?;
    let selection = view.select(&layer)?;
    let tile = coordinate(tile_matrix_sets::parse(&tms)?, &z, &col, &row)?;
    answer(&ask, &view, selection, wanted(&ask, tile, form)?).await
}

/// `/tiles/{tms}/{z}/{row}/{col}?collections=a,b`
pub(crate) async fn of_dataset(ask: Ask, Path((tms, z, row, col)): Path<(String, String, String, String)>) -> Answer {
    let form = ask.format(&["mvt", "mlt"])?.and_then(Form::parse);
    let view = ask.view_of_version().await?;
    let selection = selected(&ask, &view)?;
    let tile = coordinate(tile_matrix_sets::parse(&tms)?, &z, &col, &row)?;
    answer(&ask, &view, selection, wanted(&ask, tile, form)?).await
}

/// `/xyz/{layer[,layer…]|basemap}/{z}/{x}/{y}[.mvt|.mlt]`
pub(crate) async fn xyz(ask: Ask, Path((layers, z, x, last)): Path<(String, String, String, String)>) -> Answer {
    let view = ask.view_of_version().await?;
    let selection = view.select(&layers)?;
    let named = last
        .rsplit_once('.')
        .and_then(|(y, name)| Some((y, Form::parse(name)?)));
    let (y, form) = named.map_or((last.as_str(), None), |(y, form)| (y, Some(form)));
    let tile = coordinate(TileMatrixSet::WebMercatorQuad, &z, &x, y)?;
    answer(&ask, &view, selection, wanted(&ask, tile, form)?).await
}

/// The tile in the form that the address names, or else the client accepts.
fn wanted(ask: &Ask, tile: TileCoord, form: Option<Form>) -> Result<Wanted, Problem> {
    let accepted = || {
        if negotiate::prefers_mlt(&ask.headers) {
            Form::Mlt
        } else {
            Form::Mvt
        }
    };
    Ok(Wanted {
        tile,
        form: form.unwrap_or_else(accepted),
        coding: ask.coding()?,
        depends: if form.is_some() {
            DependsOn::Coding
        } else {
            DependsOn::CodingAndType
        },
    })
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

/// Answers with a tile: 304 without looking at it where the client's tag is known to be good still, else from the cache,
/// else rendered, where anything is there.
async fn answer(ask: &Ask, view: &View, selection: Selection, wanted: Wanted) -> Answer {
    let Wanted { tile, coding, .. } = wanted;
    let audience = view.audience_of(&selection.layers);
    let filter = Asked::read(&ask.params)?;
    let of_filter = filter.as_ref().map(Asked::canonical).unwrap_or_default();
    let deliver = |made: &Representation| ask.deliver(made, audience, Freshness::Revalidate, wanted.depends);
    if view.is_past() || of_filter.len() > MAX_KEPT_FILTER_BYTES {
        let render = render(ask, view, &selection, filter, wanted, None);
        return Ok(deliver(&ask.app.pool.run(render).await?));
    }
    // What changes in a layer changes what any filter leaves of it, and its other form: to the cache it is one more
    // selection of the layer. No name and no filter begins with a dot.
    let form = if wanted.form == Form::Mlt { ".mlt" } else { "" };
    let names = joined(&selection.layers) + form + &of_filter;
    let since = Since {
        scope: scope(&ask.app, view, &selection, &names),
        version: selection.layers.iter().map(|layer| layer.changed.0).max().unwrap_or(0),
    };
    if let Some(tag) = still_good(ask, view, &selection, tile, coding, since.scope) {
        ask.app.metrics.unchanged.fetch_add(1, Ordering::Relaxed);
        return Ok(ask.unchanged(&tag, audience, Freshness::Revalidate, wanted.depends));
    }
    let key = Key::Tile {
        selection: ask.app.selections.id(&names),
        tile,
        coding,
    };
    let is_whole = filter.is_none();
    let render = render(ask, view, &selection, filter, wanted, Some(since));
    let make = async {
        if is_whole && is_empty(&selection.layers, tile) {
            return Ok(Representation::tagged(MVT, Vec::new(), coding, Some(since)));
        }
        ask.app.pool.run(render).await
    };
    let keep = |keep: &mut dyn FnMut()| {
        let touches = &ask.app.touches;
        touches.keep_if_good(view.sequence(), selection.names(), tile, keep);
    };
    Ok(deliver(&*ask.app.cache.get_if(key, make, keep).await?))
}

/// Whether nothing can be in the tile, which a look at the boxes of features tells.
fn is_empty(layers: &[ServedLayer], tile: TileCoord) -> bool {
    let shows = |layer: &ServedLayer| layer.definition().zoom.contains(tile.z()) && layer.snapshot.reaches(tile);
    !layers.iter().any(shows)
}

/// The work of rendering a tile. What is of no version is kept nowhere.
fn render(
    ask: &Ask,
    view: &View,
    selection: &Selection,
    filter: Option<Asked>,
    wanted: Wanted,
    since: Option<Since>,
) -> impl FnOnce(&Waiting<'_>) -> Result<Representation, Problem> + use<> {
    let (app, layers) = (Arc::clone(&ask.app), selection.layers.clone());
    let (now, sequence) = (view.now(), view.sequence());
    let Wanted { tile, form, coding, .. } = wanted;
    let is_shared = since.is_some() && filter.is_none() && layers.len() > 1;
    move |waiting| {
        let begun = Clock::now();
        let (bytes, drawn) = if is_shared {
            composed(&app, &layers, tile, State { sequence, now }, waiting)
        } else {
            rendered(&layers, filter.as_ref(), tile, now, waiting)?
        };
        app.metrics.rendered.note(begun.elapsed());
        let begun = Clock::now();
        let bytes = match form {
            Form::Mvt => bytes,
            Form::Mlt => mlt(&bytes).ok_or_else(Problem::fault)?,
        };
        let made = Representation::tagged(form.media_type(), bytes, coding, since).with_drawn(drawn);
        app.metrics.coded.note(begun.elapsed());
        Ok(made)
    }
}

/// What of the layers goes through the filter, one layer after the other.
fn rendered(
    layers: &[ServedLayer],
    filter: Option<&Asked>,
    tile: TileCoord,
    now: Instant,
    waiting: &Waiting<'_>,
) -> Result<(Vec<u8>, Drawn), Problem> {
    let mut bytes = Vec::new();
    let mut failed = None;
    let budget = composite::budget(layers.iter().map(|layer| &*layer.snapshot));
    let part = |at: usize, most: usize, bytes: &mut Vec<u8>| -> Result<Drawn, Problem> {
        let layer = &layers[at];
        let sieve = Sieve::new(filter, layer)?;
        let passes = |feature: &FeatureView<'_>| sieve.goes_on(waiting) && sieve.lets_pass(feature);
        let drawn = layer.snapshot.tile_within(most, tile, now, passes, bytes);
        sieve.finish()?;
        Ok(drawn)
    };
    let drawn = composite::of_parts(layers.len(), budget, &mut bytes, |at, most, bytes| {
        if failed.is_some() || waiting.is_over() {
            return Drawn::default();
        }
        part(at, most, bytes).unwrap_or_else(|problem| {
            failed = Some(problem);
            Drawn::default()
        })
    });
    match failed {
        Some(problem) => Err(problem),
        None => Ok((bytes, drawn)),
    }
}

/// What two tags must have in common for their versions to be comparable.
fn scope(app: &App, view: &View, selection: &Selection, names: &str) -> u64 {
    let mut of = Xxh3::new();
    of.update(env!("CARGO_PKG_VERSION").as_bytes());
    of.update(view.epoch().as_str().as_bytes());
    of.update(b"\n");
    of.update(names.as_bytes());
    of.update(&(app.config.tile_bytes as u64).to_le_bytes());
    // Time passes without a version: only who saw it pass can say what was before.
    if selection.layers.iter().any(ServedLayer::is_timed) {
        of.update(&app.nonce.to_le_bytes());
    }
    of.digest()
}

/// The client's tag, where nothing in the tile was touched since the version that it names.
fn still_good(
    ask: &Ask,
    view: &View,
    selection: &Selection,
    tile: TileCoord,
    coding: Coding,
    scope: u64,
) -> Option<String> {
    let lines = ask.if_none_match();
    let is_good = |tag: &Tag| {
        let since = tag
            .since
            .filter(|since| since.scope == scope && since.version <= view.version().0);
        (tag.coding == coding || tag.is_of_nothing())
            && since.is_some_and(|since| ask.app.touches.is_good_since(since.version, selection.names(), tile))
    };
    let mut tags = lines.iter().flat_map(|line| representation::tags(line));
    tags.find(|(_, tag)| is_good(tag)).map(|(text, _)| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Sees;
    use crate::config::RawConfig;
    use crate::published::{Published, now};
    use onemap_atlas::LayerBuilder;
    use onemap_model::{
        Access, Change, Coord, Crs, Epoch, Feature, Fid, Geometry, GeometryType, Layer, Name, Row, TimeSpan, Version,
    };

    const PLACE: Coord = Coord { x: 115.04, y: 30.2 };

    /// An app that serves one layer with one point, at version 1.
    fn app() -> Arc<App> {
        let opener: crate::opened::Opener = Arc::new(|| Err(onemap_store::Error::Busy { store: "x".into() }));
        let config = RawConfig::default().check("nowhere".into()).unwrap();
        let app = App::new(config, "127.0.0.1:1".parse().unwrap(), serde_json::Value::Null, &opener).unwrap();
        let mut layer = Layer::new(Name::new("a").unwrap(), GeometryType::Point, Crs::CGCS2000, vec![]).unwrap();
        layer.access = Access::Public;
        let mut builder = LayerBuilder::new(layer);
        builder.push(feature(PLACE));
        let now = now();
        let served = ServedLayer::new(builder.finish(), Version(1), now);
        let epoch = Epoch::new("test-epoch").unwrap();
        app.publish_anew(Published::new(epoch, Version(1), now, vec![served], 1));
        app
    }

    fn feature(at: Coord) -> Feature {
        let row = Row {
            geometry: Some(Geometry::point(at.x, at.y).unwrap()),
            values: vec![],
            valid: TimeSpan::ALWAYS,
        };
        Feature {
            fid: Fid::new(1).unwrap(),
            row,
        }
    }

    /// Moves the point, as the next version.
    fn edit(app: &App, to: Coord) {
        let before = app.published.load_full().unwrap();
        let mut next = before.at(now());
        let change = Change {
            layer: Name::new("a").unwrap(),
            fid: Fid::new(1).unwrap(),
            old: None,
            new: Some(feature(to)),
        };
        let version = before.version().next();
        let (after, tiles) = before.layers[0].changed(&[change], version, next.published.now());
        next.published = Published::new(before.epoch().clone(), version, now(), vec![after], before.sequence + 1);
        next.touched.push(crate::published::TouchedLayer {
            name: "a".into(),
            tiles,
            version,
        });
        app.publish(next);
    }

    /// Gets a tile as `answer` does; the rendering is done at once, but given only when `gate` lets it.
    async fn get(app: &App, tile: TileCoord, gate: impl Future<Output = ()>) -> (Arc<Representation>, u64) {
        let view = View::new(app.published.load_full().unwrap(), Sees::Everything);
        let selection = view.select("a").unwrap();
        let key = Key::Tile {
            selection: app.selections.id(&joined(&selection.layers)),
            tile,
            coding: Coding::Identity,
        };
        let (layers, now) = (selection.layers.clone(), view.now());
        let work = app.pool.run(move |waiting: &Waiting<'_>| {
            let (bytes, drawn) = rendered(&layers, None, tile, now, waiting)?;
            Ok(Representation::new(MVT, bytes, Coding::Identity).with_drawn(drawn))
        });
        let render = async {
            let made = work.await;
            gate.await;
            made
        };
        let keep = |keep: &mut dyn FnMut()| {
            app.touches.keep_if_good(view.sequence(), selection.names(), tile, keep);
        };
        let made = app.cache.get_if(key, render, keep).await.unwrap();
        (made, app.cache.counts().made)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_rendered_while_an_edit_is_published_is_never_kept() {
        let tile = TileMatrixSet::WebMercatorQuad.tile_at(14, PLACE).unwrap();
        let near = Coord {
            x: PLACE.x + 1e-3,
            ..PLACE
        };
        let far = Coord {
            x: PLACE.x + 9.0,
            ..PLACE
        };
        let app = app();
        let (open, opened) = tokio::sync::oneshot::channel::<()>();
        let slow = get(&app, tile, async { drop(opened.await) });
        let mut slow = std::pin::pin!(slow);
        tokio::select! {
            biased;
            _ = &mut slow => panic!("it is held up"),
            () = tokio::time::sleep(std::time::Duration::from_millis(50)) => (),
        }
        edit(&app, near);
        // Whoever sees the new version renders it, and does not get what is still being rendered.
        let (fresh, made) = get(&app, tile, async {}).await;
        assert_eq!(made, 2);
        open.send(()).unwrap();
        let (old, _) = slow.await;
        assert_ne!(old.etag, fresh.etag);
        let (kept, made) = get(&app, tile, async {}).await;
        assert_eq!((&kept.etag, made), (&fresh.etag, 2));
        // The same where the place in the cache was taken only after the edit had swept it.
        let stale = View::new(app.published.load_full().unwrap(), Sees::Everything);
        edit(&app, far);
        let mut kept = false;
        app.touches.keep_if_good(stale.sequence(), ["a"], tile, || kept = true);
        assert!(!kept);
        let (empty, made) = get(&app, tile, async {}).await;
        assert!(empty.bytes.is_empty() && made == 3);
    }
}
