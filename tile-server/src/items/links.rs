//! The links of pages and of single features.

use super::page::Page;
use super::place::{AFTER, BEFORE, written};
use super::query::PageQuery;
use super::when::DATETIME;
use crate::ask::Ask;
use crate::formats::Format;
use crate::links::Link;
use crate::params::encode;
use crate::versions::VERSION;
use onemap_model::Fid;

/// What a link to another page sets anew.
const PLACES: [&str; 3] = [AFTER, BEFORE, "offset"];
/// What a link to something else of the same layer keeps.
const KEPT: [&str; 5] = [VERSION, DATETIME, "crs", "properties", "f"];
/// What a link to the same in another form keeps.
const KEPT_IN_OTHERS: [&str; 4] = [VERSION, DATETIME, "crs", "properties"];

/// The links of a page. Those to other pages name the version and the moment, so that nothing is there twice and nothing
/// is missing, whatever is written meanwhile.
pub(super) fn of_page(ask: &Ask, query: &PageQuery, page: &Page, format: Format) -> Vec<Link> {
    let media_type = format.content_type();
    let at = |query_part: String| match query_part.as_str() {
        "" => ask.url(&ask.path),
        query_part => ask.url(&format!("{}?{query_part}", ask.path)),
    };
    let mut links = vec![Link::new("self", at(ask.params.to_query()), media_type, "This page")];
    let version = query.layer.changed.to_string();
    let to = |name: &str, value: &str| {
        let moment = query.now.map(|now| now.to_string());
        let moment = moment.as_deref().map(|moment| (DATETIME, moment));
        let set: Vec<_> = [(VERSION, version.as_str())]
            .into_iter()
            .chain(moment)
            .chain([(name, value)])
            .collect();
        at(ask.params.edited(&PLACES, &set))
    };
    let place = |name: &str, fid: Fid| to(name, &written(fid, &query.epoch));
    if let Some((_, last)) = page.ends.filter(|_| page.after) {
        links.push(Link::new("next", place(AFTER, last), media_type, "The next page"));
    }
    match page.ends {
        Some((first, _)) if page.before => {
            links.push(Link::new("prev", place(BEFORE, first), media_type, "The page before"));
        }
        None if query.offset > 0 => {
            let before = query.offset.min(page.matched).saturating_sub(query.limit).to_string();
            links.push(Link::new("prev", to("offset", &before), media_type, "The page before"));
        }
        _ => {}
    }
    // Other forms have no place for them but the head of the answer, which has to be short.
    if matches!(format, Format::GeoJson | Format::Html) {
        let mut others = ask.url(&format!("{}?{}", ask.path, ask.params.edited(&["f"], &[])));
        others.push_str(if others.ends_with('?') { "f=" } else { "&f=" });
        links.extend(Format::negotiable().filter(|other| *other != format).map(|other| {
            let address = [&others, other.word()].concat();
            Link::new("alternate", address, other.content_type(), other.title())
        }));
    }
    links.push(collection(ask, query.layer.name()));
    links
}

/// The links of one feature, which is shown in a form and could be in another.
pub(super) fn of_item(ask: &Ask, layer: &str, id: &str, format: Format, other: Format) -> Vec<Link> {
    let own = format!("/collections/{}/items/{}", encode(layer), encode(id));
    let kept = ask.params.only(&KEPT);
    let query = if kept.is_empty() { kept } else { format!("?{kept}") };
    let versions = Link::new(
        "version-history",
        ask.url(&format!("{own}/versions")),
        "application/geo+json",
        "What it was",
    );
    let alternate = ask.params.only(&KEPT_IN_OTHERS);
    let mark = if alternate.is_empty() { "" } else { "&" };
    let alternate = ask.url(&format!("{own}?f={}{mark}{alternate}", other.word()));
    vec![
        Link::new(
            "self",
            ask.url(&format!("{own}{query}")),
            format.content_type(),
            "This feature",
        ),
        Link::new("alternate", alternate, other.content_type(), other.title()),
        collection(ask, layer),
        versions,
    ]
}

pub(super) fn collection(ask: &Ask, layer: &str) -> Link {
    let address = ask.url(&format!("/collections/{}", encode(layer)));
    Link::new("collection", address, "application/json", "The layer")
}
