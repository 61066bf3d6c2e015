//! `/collections/{layer}/items` and one item (OGC API Features, part 1).

use crate::ask::{Answer, Ask, DependsOn, Freshness, header};
use crate::boxes::Boxes;
use crate::equals::and_fields;
use crate::filter::{Asked, Sieve};
use crate::formats::{Foot, Format, Shown, geojson, html};
use crate::links::Link;
use crate::negotiate::Coding;
use crate::parameter::{self, Kind, Parameter};
use crate::params::encode;
use crate::pool::Waiting;
use crate::problem::{Problem, shorten};
use crate::published::ServedLayer;
use crate::representation::Representation;
use crate::versions::VERSION;
use axum::extract::Path;
use axum::http::HeaderName;
use axum::http::header::LINK;
use onemap_atlas::{FeatureView, LayerSnapshot, Query};
use onemap_model::{Bbox, Fid, Instant, Layer};
use serde_json::{Value, json};
use std::iter::Peekable;

/// The parameters of `/items`.
#[rustfmt::skip]
pub(crate) const PARAMS: &[Parameter] = &[
    parameter::BBOX,
    Parameter::new(
        "limit",
        Kind::Whole { min: 1, max: Some(MAX_LIMIT), default: Some(DEFAULT_LIMIT) },
        "How many features at most; a larger number counts as the largest",
    ),
    parameter::OFFSET,
    parameter::FILTERED,
    parameter::FILTERED_LANG,
    parameter::FILTERED_CRS,
    parameter::AS_OF,
    parameter::format(&FORMATS),
];

/// The parameters of `/items/{id}`.
pub(crate) const ITEM_PARAMS: &[Parameter] = &[parameter::AS_OF, parameter::format(&FORMATS)];

const GEOJSON: &str = "application/geo+json";
const FORMATS: [&str; 3] = ["json", "geojson", "html"];
const DEFAULT_LIMIT: u64 = 10;
const MAX_LIMIT: u64 = 10_000;
/// A filter stands in every link, and may be long.
const MAX_LINK_HEADER_BYTES: usize = 8 << 10;
/// A page ends early where it would grow beyond this; its `next` link goes on from there.
const MAX_PAGE_BYTES: u64 = 8 << 20;

/// What a page is asked for.
struct PageQuery {
    boxes: Option<Boxes>,
    filter: Option<Asked>,
    offset: u64,
    limit: u64,
    now: Instant,
    format: Format,
}

/// How many features there are, and how many of them on the page.
struct Page {
    matched: u64,
    returned: u64,
}

/// Answers with a page of a layer's features.
pub(crate) async fn items(ask: Ask, Path(name): Path<String>) -> Answer {
    let view = ask.view_of_version().await?;
    let layer = view.layer(&name)?.clone();
    let format = Format::of(&ask)?;
    let query = PageQuery::read(&ask, layer.definition(), view.now(), format)?;
    let (coding, asked) = (ask.coding()?, ask.clone());
    let audience = view.audience_of([&layer]);
    let work = move |waiting: &Waiting<'_>| {
        let links = |page: &Page| page_links(&asked, layer.name(), &query, page);
        let (page, bytes, links) = Page::read(&layer, &query, waiting, links)?;
        let made = Representation::new(query.format.content_type(), bytes, coding);
        Ok((made, links, (page.matched, page.returned)))
    };
    let (made, links, (matched, returned)) = ask.app.pool.run(work).await?;
    let mut response = ask.deliver(&made, audience, Freshness::Revalidate, DependsOn::LinksAndType);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("ogc-numbermatched"), matched.into());
    headers.insert(HeaderName::from_static("ogc-numberreturned"), returned.into());
    let links = Link::header(&links);
    // Clients refuse heads that are too long; the links are in the answer itself, too.
    if links.len() <= MAX_LINK_HEADER_BYTES {
        headers.insert(LINK, header(&links));
    }
    Ok(response)
}

/// Answers with the feature of a public id that is valid now.
pub(crate) async fn item(ask: Ask, Path((name, id)): Path<(String, String)>) -> Answer {
    let view = ask.view_of_version().await?;
    let layer = view.layer(&name)?.clone();
    let format = Format::of(&ask)?;
    let (now, coding, asked) = (view.now(), ask.coding()?, ask.clone());
    let audience = view.audience_of([&layer]);
    let work = move |_: &Waiting<'_>| {
        let found = layer.snapshot.by_public_id(&id);
        let missing = || Problem::not_found(format!("layer {name:?} has no feature {:?} now", shorten(&id)));
        let feature = found
            .iter()
            .find(|feature| feature.valid().contains(now))
            .ok_or_else(missing)?;
        let links = item_links(&asked, layer.name(), &id);
        let shown = Shown::all(layer.definition());
        let out = match format {
            Format::Html => html::one(&shown, feature, &links),
            _ => geojson::one(shown, feature, &links)?,
        };
        let media_type = if format == Format::Html {
            format.content_type()
        } else {
            GEOJSON
        };
        Ok(Representation::new(media_type, out.into_bytes(), coding))
    };
    let made = ask.app.pool.run(work).await?;
    Ok(ask.deliver(&made, audience, Freshness::Revalidate, DependsOn::LinksAndType))
}

impl PageQuery {
    fn read(ask: &Ask, layer: &Layer, now: Instant, format: Format) -> Result<Self, Problem> {
        let limit = whole(ask, "limit")?.unwrap_or(DEFAULT_LIMIT);
        if limit == 0 {
            return Err(Problem::bad_request(format!(
                "limit: 0 is too few: expected 1 to {MAX_LIMIT}"
            )));
        }
        Ok(Self {
            boxes: ask.params.get("bbox").map(Boxes::parse).transpose()?,
            filter: and_fields(Asked::read(&ask.params)?, &ask.params, layer, PARAMS)?,
            format,
            offset: whole(ask, "offset")?.unwrap_or(0),
            // The standard's wish: a limit beyond the largest gives the largest, not an error.
            limit: limit.min(MAX_LIMIT),
            now,
        })
    }
}

fn whole(ask: &Ask, name: &str) -> Result<Option<u64>, Problem> {
    let read = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        let wrong = || Problem::bad_request(format!("{name}: {:?} is no whole number", shorten(text)));
        number.ok_or_else(wrong)
    };
    ask.params.get(name).map(read).transpose()
}

impl Page {
    /// Writes a page. It has no `timeStamp`, which is optional: equal pages have equal bytes and one strong tag; when it
    /// was made is in the `Date` header.
    fn read(
        layer: &ServedLayer,
        query: &PageQuery,
        waiting: &Waiting<'_>,
        links: impl FnOnce(&Page) -> Vec<Link>,
    ) -> Result<(Self, Vec<u8>, Vec<Link>), Problem> {
        let sieve = Sieve::new(query.filter.as_ref(), layer)?;
        let mut page = Page {
            matched: 0,
            returned: 0,
        };
        let mut bytes = Vec::new();
        let mut writer = query.format.writer(&mut bytes, Shown::all(layer.definition()))?;
        let last = query.offset.saturating_add(query.limit);
        let mut open = true;
        for feature in matching(&layer.snapshot, query, sieve.near()).take_while(|_| sieve.goes_on(waiting)) {
            if !sieve.lets_pass(&feature) {
                continue;
            }
            let at = page.matched;
            page.matched += 1;
            if open && (query.offset..last).contains(&at) {
                writer.feature(&feature, None)?;
                page.returned += 1;
                open = writer.size() < MAX_PAGE_BYTES;
            }
        }
        sieve.finish()?;
        let links = links(&page);
        let matched = Some(page.matched);
        writer.finish(&Foot { matched, links: &links })?;
        Ok((page, bytes, links))
    }
}

/// The features of a query in the order of their numbers, each once; the filter is still to be asked.
fn matching<'a>(
    snapshot: &'a LayerSnapshot,
    query: &PageQuery,
    near: Option<Bbox>,
) -> Box<dyn Iterator<Item = FeatureView<'a>> + 'a> {
    let part = |bbox| {
        let at = Some(query.now);
        snapshot.features_near(&Query { bbox, at }, near)
    };
    match query.boxes.as_ref().map(|boxes| boxes.0.as_slice()) {
        Some([one]) => Box::new(part(Some(*one))),
        Some([west, east]) => Box::new(merged(part(Some(*west)), part(Some(*east)))),
        _ => Box::new(part(None)),
    }
}

/// Two runs in ascending order of feature numbers as one; a feature in both comes once.
fn merged<'a>(
    a: impl Iterator<Item = FeatureView<'a>> + 'a,
    b: impl Iterator<Item = FeatureView<'a>> + 'a,
) -> impl Iterator<Item = FeatureView<'a>> + 'a {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || {
        let (left, right) = (next_fid(&mut a), next_fid(&mut b));
        if left.is_some() && left == right {
            b.next();
        }
        match (left, right) {
            (Some(left), Some(right)) if right < left => b.next(),
            (None, _) => b.next(),
            _ => a.next(),
        }
    })
}

fn next_fid<'a>(features: &mut Peekable<impl Iterator<Item = FeatureView<'a>>>) -> Option<Fid> {
    features.peek().map(FeatureView::fid)
}

fn page_links(ask: &Ask, layer: &str, query: &PageQuery, page: &Page) -> Vec<Link> {
    let to = |offset: u64| {
        ask.url(&format!(
            "{}?{}",
            ask.path,
            ask.params.with("offset", &offset.to_string())
        ))
    };
    let mut links = vec![Link::new("self", to(query.offset), GEOJSON, "This page")];
    let after = query.offset.saturating_add(page.returned);
    if page.returned > 0 && after < page.matched {
        links.push(Link::new("next", to(after), GEOJSON, "The next page"));
    }
    if query.offset > 0 {
        let before = query.offset.saturating_sub(query.limit);
        links.push(Link::new("prev", to(before), GEOJSON, "The page before"));
    }
    let collection = ask.url(&format!("/collections/{}", encode(layer)));
    links.push(Link::new("collection", collection, "application/json", "The layer"));
    links
}

fn item_links(ask: &Ask, layer: &str, id: &str) -> Vec<Link> {
    let collection = ask.url(&format!("/collections/{}", encode(layer)));
    let version = ask
        .params
        .get(VERSION)
        .map(|version| format!("?{VERSION}={}", encode(version)));
    let version = version.unwrap_or_default();
    vec![
        Link::new(
            "self",
            format!("{collection}/items/{}{version}", encode(id)),
            GEOJSON,
            "This feature",
        ),
        Link::new("collection", collection, "application/json", "The layer"),
    ]
}

/// What `/api` says of a page.
pub(crate) fn page_schema() -> Value {
    json!({"type": "object", "required": ["type", "features"], "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        "numberMatched": {"type": "integer"}, "numberReturned": {"type": "integer"},
        "links": {"type": "array", "items": {"type": "object"}}}})
}
