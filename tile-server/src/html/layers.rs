//! The front door, the layers, one layer and its fields, for people.

use super::{escape, links, outline, value};
use crate::params::encode;
use crate::published::ServedLayer;
use crate::tilejson::fitting_zoom;
use onemap_model::Bbox;
use serde_json::Value;
use std::fmt::Write;

/// The content of the front page; `document` is the same for programs.
pub(crate) fn front(document: &Value) -> String {
    let rows = [
        ("map", "地图", "The map"),
        ("collections", "图层", "The layers: features, filters, downloads"),
        ("api", "接口说明", "The API, described"),
        ("tiles", "矢量瓦片", "Vector tiles of the basemap"),
        ("tileMatrixSets", "瓦片格网", "Tile grids"),
        ("styles", "样式", "Styles"),
        ("changes?since=now", "变更", "Changes"),
        ("conformance", "遵循的标准", "Standards kept"),
    ];
    let mut out =
        String::from("<p>一座城市的一张图：地籍、道路、建筑、地址、兴趣点。 · The one map of a city.</p><ul>");
    for (path, chinese, english) in rows {
        let _ = write!(out, "<li><a href=\"{path}\">{chinese} · {english}</a></li>");
    }
    let all = document["links"].as_array().map(|all| links(all)).unwrap_or_default();
    let _ = write!(out, "</ul><details><summary>链接 · Links</summary>{all}</details>");
    out
}

/// The content of the list of layers.
pub(crate) fn layers<'a>(layers: impl Iterator<Item = &'a ServedLayer>, document: &Value) -> String {
    let mut out = String::from(
        "<table><tr><th>图层 · Layer</th><th>标题 · Title</th><th>几何 · Geometry</th><th>要素数 · Features</th><th></th></tr>",
    );
    for served in layers {
        let (name, layer) = (served.name(), served.definition());
        let own = format!("collections/{}", encode(name));
        let _ = write!(
            out,
            "<tr><td><a href=\"{own}\">{}</a></td><td>{}</td><td>{}</td><td class=\"number\">{}</td>\
             <td><a href=\"{own}/items\">要素 · Features</a></td></tr>",
            escape(name),
            escape(&layer.title),
            layer.geometry_type.as_str(),
            served.count,
        );
    }
    let all = document["links"].as_array().map(|all| links(all)).unwrap_or_default();
    out + "</table><h2>链接 · Links</h2>" + &all
}

/// The content of the page of a layer that lies in `whole`, the box around all layers.
pub(crate) fn layer(served: &ServedLayer, document: &Value, whole: Option<Bbox>) -> String {
    let own = encode(served.name());
    let mut out =
        format!("<p><a href=\"{own}/items\">要素 · Features</a> | <a href=\"{own}/aggregate\">统计 · Statistics</a>");
    if let Some(bbox) = served.snapshot.bbox() {
        let _ = write!(out, " | <a href=\"{}\">地图 · Map</a></p>", map("../", bbox));
        out.push_str(&outline(bbox, whole.unwrap_or(bbox)));
    } else {
        out.push_str("</p>");
    }
    let mut shown = document.clone();
    if let Some(members) = shown.as_object_mut() {
        members.remove("links");
    }
    let all = document["links"].as_array().map(|all| links(all)).unwrap_or_default();
    out + &value(&shown) + "<h2>链接 · Links</h2>" + &all
}

/// The address of the map where it shows a box; `up` leads to the server's address.
pub(crate) fn map(up: &str, bbox: Bbox) -> String {
    let (center, zoom) = (bbox.center(), fitting_zoom(bbox));
    format!("{up}map#{zoom}/{:.5}/{:.5}", center.y, center.x)
}

/// The content of a page of fields, each with its JSON Schema.
pub(crate) fn fields(fields: &[(&str, Value)]) -> String {
    let mut out =
        String::from("<table><tr><th>字段 · Field</th><th>标题 · Title</th><th>类型 · Type</th><th></th></tr>");
    for (name, schema) in fields {
        let text = |member: &str| schema[member].as_str().unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(name),
            escape(text("title")),
            escape(&[text("type"), text("format")].join(" ")),
            escape(text("x-ogc-role")),
        );
    }
    out + "</table>"
}
