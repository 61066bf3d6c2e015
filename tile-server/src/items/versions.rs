//! `/collections/{layer}/items/{id}/versions`: what a feature is at its other times, and what was recorded of it before.
//!
//! Each state has the interval in which it is true in the city (`time`), and the versions, with their times, from which to
//! which the store said so (`recorded`). The latest recorded come first.

use super::links::collection;
use super::pins;
use super::query::Look;
use super::when::When;
use super::{CONTENT_CRS, put_links};
use crate::ask::{Answer, Ask, DependsOn, Freshness, header};
use crate::client::Sees;
use crate::formats::{Format, geojson};
use crate::links::Link;
use crate::params::encode;
use crate::pool::Waiting;
use crate::problem::{Problem, shorten};
use crate::published::ServedLayer;
use crate::representation::Representation;
use crate::versions::VERSION;
use axum::extract::Path;
use onemap_model::cql2::FeatureOf;
use onemap_model::{Access, Fid, Name, Version};
use onemap_store::{At, RecordedState, Stamp, Store};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(super) const DEFAULT_STATES: u64 = 10;
/// Each may need a look at what could be seen then.
pub(super) const MAX_STATES: u64 = 100;
/// More features than share a public id in any sound layer.
const MAX_FEATURES: usize = 200;
/// Where a page goes on.
pub(super) const AFTER: &str = "after";

/// Answers with the states of a feature.
pub(crate) async fn versions(ask: Ask, Path((name, id)): Path<(String, String)>) -> Answer {
    ask.format(&super::params::FORMATS)?;
    let view = pins::view(&ask, &name).await?;
    let layer = view.layer(&name)?.clone();
    let look = Look::read(&ask, layer.definition())?;
    let limit = super::query::whole(&ask, "limit")?.unwrap_or(DEFAULT_STATES);
    let limit = limit.clamp(1, MAX_STATES) as usize;
    let after = ask.params.get(AFTER).map(Place::parse).transpose()?;
    let fids = numbers(&layer, &id)?;
    let (definition, sees) = (layer.definition().name().clone(), ask.client.sees);
    let epoch = view.epoch().clone();
    let read = move |store: &mut dyn Store| {
        if *store.epoch() != epoch {
            // It was put in another's place, which the follower has not seen yet.
            let store = "the store".to_owned();
            return Err(onemap_store::Error::Busy { store });
        }
        read(store, &definition, &fids, after, limit, sees)
    };
    let (states, next) = ask.app.history.run(read).await?;
    let audience = view.audience_of([&layer]);
    let (coding, asked) = (ask.coding()?, ask.clone());
    let content_crs = look.crs.content_crs();
    let work = move |_: &Waiting<'_>| {
        let links = links(&asked, &layer, next);
        let mut features = Vec::new();
        for state in &states {
            features.push(written(&asked, &layer, &id, &look, state)?);
        }
        let head = json!({"type": "FeatureCollection", "numberReturned": features.len(),
                          "links": links.iter().map(Link::to_json).collect::<Vec<_>>()});
        let head = head.to_string();
        let open = head.strip_suffix('}').expect("it is an object");
        let body = format!("{open},\"features\":[{}]}}", features.join(","));
        let made = Representation::new(Format::GeoJson.content_type(), body.into_bytes(), coding);
        Ok((made, links))
    };
    let (made, links) = ask.app.pool.run(work).await?;
    let mut response = ask.deliver(&made, audience, Freshness::Revalidate, DependsOn::Links);
    let headers = response.headers_mut();
    headers.insert(CONTENT_CRS, header(&content_crs));
    put_links(headers, &links);
    Ok(response)
}

/// A place among the states: the version with which one began, and its feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    since: Version,
    fid: Fid,
}

impl Place {
    fn of(state: &RecordedState) -> Self {
        Self {
            since: state.since.version,
            fid: state.feature.fid,
        }
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let read = || {
            let (since, fid) = text.split_once('.')?;
            Some(Self {
                since: Version(since.parse().ok()?),
                fid: Fid::new(fid.parse().ok()?).ok()?,
            })
        };
        let wrong = || {
            Problem::bad_request(format!(
                "{AFTER}: {:?} is no place: expected one as a link gave it",
                shorten(text)
            ))
        };
        read().ok_or_else(wrong)
    }
}

/// The features that have the id, of whatever time; where ids are numbers, one that is not there any more, too.
fn numbers(layer: &ServedLayer, id: &str) -> Result<Vec<Fid>, Problem> {
    let found = layer.snapshot.by_public_id(id);
    let mut fids: Vec<Fid> = found.iter().map(|feature| feature.fid()).collect();
    if fids.is_empty() && layer.definition().key().is_none() {
        fids.extend(id.parse().ok().and_then(|number| Fid::new(number).ok()));
    }
    if fids.is_empty() {
        let (name, id) = (layer.name(), shorten(id));
        return Err(Problem::not_found(format!(
            "layer {name:?} has no feature {id:?}; where it had one, ask for a {VERSION} of that time"
        )));
    }
    fids.truncate(MAX_FEATURES);
    Ok(fids)
}

fn read(
    store: &mut dyn Store,
    layer: &Name,
    fids: &[Fid],
    after: Option<Place>,
    limit: usize,
    sees: Sees,
) -> onemap_store::Result<(Vec<RecordedState>, Option<Place>)> {
    let mut all = Vec::new();
    for &fid in fids {
        let until = after.map(|after| after.since);
        all.extend(store.states(layer, fid, until, limit + 2)?);
    }
    all.retain(|state| after.is_none_or(|after| Place::of(state) < after));
    all.sort_by_key(|state| std::cmp::Reverse(Place::of(state)));
    let is_last = all.len() <= limit;
    all.truncate(limit);
    let next = all.last().map(Place::of).filter(|_| !is_last);
    if sees == Sees::PublicOnly {
        let mut known = HashMap::new();
        let mut kept = Vec::new();
        for state in all {
            if was_open(store, layer, &state, &mut known)? {
                kept.push(state);
            }
        }
        all = kept;
    }
    Ok((all, next))
}

/// Whether everybody could see a state when it began, or when it last was so; what is so now, everybody who asks sees.
fn was_open(
    store: &mut dyn Store,
    layer: &Name,
    state: &RecordedState,
    known: &mut HashMap<Version, bool>,
) -> onemap_store::Result<bool> {
    let Some(until) = state.until else {
        return Ok(true);
    };
    for version in [Version(until.version.0.saturating_sub(1)), state.since.version] {
        let is_open = match known.get(&version) {
            Some(&is_open) => is_open,
            None => {
                let is_open = is_open_at(store, layer, version)?;
                known.insert(version, is_open);
                is_open
            }
        };
        if is_open {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_open_at(store: &mut dyn Store, layer: &Name, version: Version) -> onemap_store::Result<bool> {
    match store.read(At::Version(version)) {
        Ok(mut reading) => {
            let layers = reading.layers()?;
            let own = layers.iter().find(|state| state.layer.name() == layer);
            Ok(own.is_some_and(|state| state.layer.access == Access::Public))
        }
        Err(onemap_store::Error::UnknownVersion { .. } | onemap_store::Error::Pruned { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn written(ask: &Ask, layer: &ServedLayer, id: &str, look: &Look, state: &RecordedState) -> Result<String, Problem> {
    let definition = layer.definition();
    let version = format!(
        "/collections/{}/items/{}?{VERSION}={}&datetime={}",
        encode(layer.name()),
        encode(id),
        state.since.version,
        encode(&When::of(state.feature.row.valid).to_string()),
    );
    let own = Link::new("self", ask.url(&version), Format::GeoJson.content_type(), "This state");
    let mut out = geojson::one(look.of(definition), &FeatureOf(definition, &state.feature), &[own])?;
    out.pop();
    let recorded = json!({"since": told(&state.since), "until": state.until.as_ref().map(told)});
    out.push_str(&format!(",\"recorded\":{recorded}}}"));
    Ok(out)
}

fn told(stamp: &Stamp) -> Value {
    json!({"version": stamp.version.0, "time": stamp.time.map(|time| time.to_string())})
}

fn links(ask: &Ask, layer: &ServedLayer, next: Option<Place>) -> Vec<Link> {
    let media_type = Format::GeoJson.content_type();
    let query = ask.params.to_query();
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let mut links = vec![Link::new(
        "self",
        ask.url(&format!("{}{query}", ask.path)),
        media_type,
        "These states",
    )];
    if let Some(Place { since, fid }) = next {
        let query = ask.params.with(AFTER, &format!("{since}.{fid}"));
        links.push(Link::new(
            "next",
            ask.url(&format!("{}?{query}", ask.path)),
            media_type,
            "Earlier states",
        ));
    }
    links.push(collection(ask, layer.name()));
    links
}
