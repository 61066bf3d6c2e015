//! `/styles`: the styles there are. There is one, the basemap's.

use crate::ask::{Answer, Ask};
use crate::assets;
use crate::collections::list_audience;
use crate::links::Link;
use crate::problem::{Problem, shorten};
use crate::style;
use crate::view::Audience;
use axum::extract::Path;
use serde_json::json;

/// Answers with the list of styles.
pub(crate) async fn styles(ask: Ask) -> Answer {
    let link = Link::new(
        "stylesheet",
        ask.url("/styles/basemap"),
        "application/json",
        "MapLibre style",
    );
    let body = json!({
        "default": "basemap",
        "styles": [{"id": "basemap", "title": "Basemap", "links": [link.to_json()]}],
        "links": ask.own_links("application/json").iter().map(Link::to_json).collect::<Vec<_>>(),
    });
    ask.shown("样式 · Styles", &[], &body, Audience::Everybody)
}

/// Answers with one style, fitted to what the client sees.
pub(crate) async fn style(ask: Ask, Path(name): Path<String>) -> Answer {
    ask.format(&["json"])?;
    if !matches!(name.as_str(), "basemap" | "basemap.json") {
        return Err(Problem::not_found(format!(
            "there is no style {:?}: expected basemap",
            shorten(&name)
        )));
    }
    let view = ask.view()?;
    let made = assets::read("styles/basemap.json").and_then(|file| serde_json::from_slice(&file.data).ok());
    let body = style::fit(made, &view, ask.client.base.as_str());
    ask.json(&body, list_audience(&view, &ask))
}
