//! What a request for the feed asks for.

use super::cursor::{Place, Since};
use super::entry::{Shape, States};
use super::read::Reader;
use super::scope::{Reach, Scope};
use crate::ask::Ask;
use crate::parameter::{self, GRIDS, Kind, Parameter};
use crate::problem::{Problem, shorten};
use crate::view::{Audience, View};
use onemap_model::{Name, TileMatrixSet, Version};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The parameters of `/changes`.
#[rustfmt::skip]
pub(crate) const PARAMS: &[Parameter] = &[
    Parameter::new("since", Kind::Text, "A cursor as an answer gave it, a version, or `now`; all that is kept where absent. Last-Event-ID wins over it"),
    Parameter::new(
        "limit",
        Kind::Whole { min: 1, max: Some(MAX_LIMIT as u64), default: Some(DEFAULT_LIMIT as u64) },
        "How many entries at most; pages only. A larger number counts as the largest",
    ),
    Parameter::new("state", Kind::OneOf { values: &["new", "both", "none"], default: Some("new") }, "Which states each entry has"),
    Parameter::new("layers", Kind::Texts, "The only layers wanted, separated by commas"),
    Parameter::new("tms", Kind::OneOf { values: &GRIDS, default: None }, "The only grid whose touched tiles are told"),
    parameter::format(&["json"]),
];

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 10_000;

/// What a request asks for.
#[derive(Clone)]
pub(crate) struct Wish {
    /// Where to begin; the oldest entry that is kept where nothing is said.
    since: Since,
    /// How many entries a page may have.
    pub limit: usize,
    /// What of each entry.
    pub shape: Shape,
    /// The only layers wanted; all where none.
    wanted: Option<Arc<BTreeSet<Name>>>,
}

impl Wish {
    /// Reads a request; `Last-Event-ID` wins over `since`, for a stream that goes on after its connection was lost.
    ///
    /// # Errors
    /// 400 naming the parameter; 404 for a layer that is not there for this client.
    pub(crate) fn read(ask: &Ask, view: &View) -> Result<Self, Problem> {
        ask.format(&["json"])?;
        let since = match ask.headers.get("last-event-id").filter(|id| !id.is_empty()) {
            Some(id) => Since::parse("Last-Event-ID", &String::from_utf8_lossy(id.as_bytes()))?,
            None => match ask.params.get("since") {
                Some(text) => Since::parse("since", text)?,
                None => Since::Oldest,
            },
        };
        let wanted = ask.params.get("layers").map(|list| names(list, view)).transpose()?;
        Ok(Self {
            since,
            limit: ask.params.get("limit").map_or(Ok(DEFAULT_LIMIT), limit)?,
            shape: Shape {
                states: ask.params.get("state").map_or(Ok(States::New), states)?,
                grids: ask.params.get("tms").map_or(Ok(TileMatrixSet::ALL.to_vec()), grid)?,
            },
            wanted: wanted.map(Arc::new),
        })
    }

    /// Who reads, as the rights are now. What everybody may be given holds nothing that is hidden, or was then.
    pub(crate) fn reader(&self, view: &View, audience: Audience) -> Reader {
        let public = view.layers().filter(|layer| layer.is_public());
        let names = public.map(|layer| layer.snapshot.layer().name().clone());
        let reach = match audience {
            Audience::Everybody => Reach::Public(Arc::new(names.collect())),
            Audience::Asker => Reach::Everything,
        };
        Reader {
            epoch: view.epoch().clone(),
            scope: Scope {
                reach,
                wanted: self.wanted.clone(),
            },
            shape: self.shape.clone(),
        }
    }

    /// The place to begin at.
    ///
    /// # Errors
    /// 410 for a cursor of another life of the store, 400 for a version that is not there yet, 503 where the store
    /// cannot be read.
    pub(crate) async fn begin(&self, ask: &Ask, view: &View) -> Result<Place, Problem> {
        let newest = view.version();
        match &self.since {
            Since::Now => Ok(Place::after(newest)),
            Since::Oldest => Ok(Place::after(oldest(ask).await?)),
            Since::Version(version) if *version > newest => Err(Problem::bad_request(format!(
                "since: there is no version {version} yet: the newest is {newest}"
            ))),
            Since::Version(version) => Ok(Place::after(*version)),
            // Another server of the same store may be ahead of this one: what it gave out will come here too.
            Since::Cursor(epoch, place) if epoch == view.epoch() => Ok(place.clone()),
            Since::Cursor(epoch, _) => {
                let why = format!(
                    "the cursor is of another life of the store, {:?}: it was restored, or put in another's place",
                    shorten(epoch.as_str())
                );
                Err(gone(ask, view, &why, oldest(ask).await?))
            }
        }
    }
}

async fn oldest(ask: &Ask) -> Result<Version, Problem> {
    Ok(ask.app.history.run(|store| store.oldest()).await?)
}

/// 410, with the way to go on.
pub(crate) fn gone(ask: &Ask, view: &View, why: &str, oldest: Version) -> Problem {
    let newest = view.version();
    let problem = Problem::gone(format!(
        "{why}; what followed version {oldest} is kept: read the layers anew, then go on with since={newest}, or with \
         what is kept from since={oldest} on"
    ));
    let (ask_now, ask_oldest) = (
        ask.params.with("since", &newest.to_string()),
        ask.params.with("since", &oldest.to_string()),
    );
    problem
        .with("oldest", oldest.0.into())
        .with("version", newest.0.into())
        .with("epoch", view.epoch().as_str().into())
        .with("next", Value::from(ask.url(&format!("/changes?{ask_now}"))))
        .with("first", Value::from(ask.url(&format!("/changes?{ask_oldest}"))))
}

fn names(list: &str, view: &View) -> Result<BTreeSet<Name>, Problem> {
    let name = |text| view.layer(text).map(|layer| layer.snapshot.layer().name().clone());
    list.split(',').map(name).collect()
}

fn limit(text: &str) -> Result<usize, Problem> {
    let number = text
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse::<usize>().ok())
        .flatten();
    // A limit beyond the largest gives the largest, as with features.
    number
        .filter(|number| *number > 0)
        .map(|number| number.min(MAX_LIMIT))
        .ok_or_else(|| Problem::bad_request(format!("limit: {:?}: expected 1 to {MAX_LIMIT}", shorten(text))))
}

fn states(text: &str) -> Result<States, Problem> {
    match text {
        "none" => Ok(States::None),
        "new" => Ok(States::New),
        "both" => Ok(States::Both),
        _ => Err(Problem::bad_request(format!(
            "state: {:?}: expected new, both or none",
            shorten(text)
        ))),
    }
}

fn grid(text: &str) -> Result<Vec<TileMatrixSet>, Problem> {
    let known = TileMatrixSet::ALL.map(TileMatrixSet::as_str).join(", ");
    let grid = TileMatrixSet::parse(text).map(|grid| vec![grid]);
    grid.ok_or_else(|| Problem::bad_request(format!("tms: {:?}: expected one of {known}", shorten(text))))
}
