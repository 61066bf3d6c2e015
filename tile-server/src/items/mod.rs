//! `/collections/{layer}/items` and one item (OGC API Features, parts 1, 2, 3 and 5).
//!
//! - `params`, `query`: what is asked, checked against the layer (`when`, `order`, `fields`, `place`);
//! - `selection`, `top`: the features that answer it, in their order;
//! - `counts`: how many there are, counted once;
//! - `page`, `links`: the answer;
//! - `versions`: the states of one feature;
//! - `download`: all of them in one streamed answer;
//! - `pins`: layers as they were, for the pages that links lead to.

mod counts;
mod download;
mod fields;
mod links;
mod order;
mod page;
mod params;
mod pins;
mod place;
mod query;
mod selection;
mod sortables;
mod top;
mod versions;
mod when;

use crate::ask::{Answer, Ask, DependsOn, Freshness, header};
use crate::formats::{Format, geojson, html};
use crate::links::Link;
use crate::pool::Waiting;
use crate::problem::{Problem, shorten};
use crate::representation::Representation;
use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, LINK};
use axum::http::{HeaderMap, HeaderName};
use page::Page;
use query::Look;
use serde_json::{Value, json};

pub(crate) use counts::Counts;
pub(crate) use download::{MOST_DOWNLOADS, download};
pub(crate) use params::{AT, DOWNLOAD_PARAMS, ITEM_PARAMS, PARAMS, VERSIONS_PARAMS};
pub(crate) use pins::Pins;
pub(crate) use query::{PageQuery, whole};
pub(crate) use selection::Selection;
pub(crate) use sortables::{REL_SORTABLES, sortables};
pub(crate) use versions::versions;

/// A filter stands in every link, and may be long.
const MAX_LINK_HEADER_BYTES: usize = 8 << 10;
/// A page ends early where it would grow beyond this; its `next` link goes on from there.
const MAX_PAGE_BYTES: u64 = 8 << 20;
const CONTENT_CRS: HeaderName = HeaderName::from_static("content-crs");

/// Answers with a page of a layer's features.
pub(crate) async fn items(ask: Ask, Path(name): Path<String>) -> Answer {
    let format = Format::of(&ask)?;
    let view = pins::view(&ask, &name).await?;
    let layer = view.layer(&name)?.clone();
    let audience = view.audience_of([&layer]);
    let query = PageQuery::read(&ask, layer, view.epoch(), view.now())?;
    let content_crs = query.look.crs.content_crs();
    let (coding, asked) = (ask.coding()?, ask.clone());
    let is_made_here = ask.app.pool.is_busy() && !format.is_file() && query.is_light();
    let work = move |waiting: &Waiting<'_>| {
        let links = |page: &Page| links::of_page(&asked, &query, page, format);
        let (page, bytes, links) = Page::write(&query, &asked.app.counts, format, waiting, links)?;
        if page.before || page.after {
            asked.app.pins.keep(&query.epoch, &query.layer);
        }
        let made = Representation::new(format.content_type(), bytes, coding);
        Ok((made, links, page))
    };
    // Little questions do not queue behind large ones.
    let (made, links, page) = match is_made_here {
        true => ask.app.pool.run_here(work)?,
        false => ask.app.pool.run(work).await?,
    };
    let mut response = ask.deliver(&made, audience, Freshness::Revalidate, DependsOn::LinksAndType);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("ogc-numbermatched"), page.matched.into());
    headers.insert(HeaderName::from_static("ogc-numberreturned"), page.returned.into());
    headers.insert(CONTENT_CRS, header(&content_crs));
    if format.is_file() {
        headers.insert(CONTENT_DISPOSITION, download::disposition(&name, format));
    }
    put_links(headers, &links);
    Ok(response)
}

fn put_links(headers: &mut HeaderMap, links: &[Link]) {
    let links = Link::header(links);
    // Clients refuse heads that are too long; the links are in the answer itself, too.
    if links.len() <= MAX_LINK_HEADER_BYTES {
        headers.insert(LINK, header(&links));
    }
}

/// Answers with the feature of a public id that is true at the time asked for: the last one, where several are.
pub(crate) async fn item(ask: Ask, Path((name, id)): Path<(String, String)>) -> Answer {
    let format = Format::of(&ask)?;
    let view = pins::view(&ask, &name).await?;
    let layer = view.layer(&name)?.clone();
    let look = Look::read(&ask, layer.definition())?;
    let when = query::when(&ask, layer.definition(), view.now())?;
    let content_crs = look.crs.content_crs();
    let (coding, asked) = (ask.coding()?, ask.clone());
    let audience = view.audience_of([&layer]);
    let work = move |_: &Waiting<'_>| {
        let found = layer.snapshot.by_public_id(&id);
        let found = found.iter().filter(|feature| when.meets(feature.valid()));
        let feature = found.max_by_key(|feature| (feature.valid().from(), feature.fid()));
        let missing = || {
            let (id, time) = (shorten(&id), asked.params.get(when::DATETIME));
            let time = time.map_or("now".to_owned(), |time| format!("at {:?}", shorten(time)));
            Problem::not_found(format!("layer {name:?} has no feature {id:?} {time}"))
        };
        let feature = feature.ok_or_else(missing)?;
        let shown = look.of(layer.definition());
        // One feature comes as GeoJSON, whatever else a page of them could be.
        let (form, other) = match format {
            Format::Html => (Format::Html, Format::GeoJson),
            _ => (Format::GeoJson, Format::Html),
        };
        let links = links::of_item(&asked, layer.name(), &id, form, other);
        let out = match form {
            Format::Html => html::one(&shown, feature, &links),
            _ => geojson::one(shown, feature, &links)?,
        };
        Ok(Representation::new(form.content_type(), out.into_bytes(), coding))
    };
    let made = ask.app.pool.run(work).await?;
    let mut response = ask.deliver(&made, audience, Freshness::Revalidate, DependsOn::LinksAndType);
    response.headers_mut().insert(CONTENT_CRS, header(&content_crs));
    Ok(response)
}

/// What `/api` says of a page.
pub(crate) fn page_schema() -> Value {
    json!({"type": "object", "required": ["type", "features"], "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        "numberMatched": {"type": "integer"}, "numberReturned": {"type": "integer"},
        "links": {"type": "array", "items": {"type": "object"}}}})
}
