//! Features for people: a table with links to each, and one feature with its picture.

use super::Sink;
use super::column::{Column, Source};
use super::json::write_array;
use super::{FeatureWriter, Foot, Note, Shown, WriteError};
use crate::html::{self, Page, escape};
use crate::links::Link;
use crate::params::encode;
use onemap_model::Geometry;
use onemap_model::cql2::{Datum, Subject};
use serde_json::Value;
use std::fmt::Write as _;

/// Longer texts are cut in the table; the feature's own page has them whole.
const MAX_CELL_CHARS: usize = 120;

/// Writes a page with a table.
pub(super) struct Table<'a> {
    sink: &'a mut dyn Sink,
    shown: Shown<'a>,
    /// What people read above the public ids.
    id_title: &'a str,
    columns: Vec<Column<'a>>,
    rows: String,
    /// What the picture shows, with addresses.
    pictured: Vec<(String, Geometry)>,
    vertices: usize,
    returned: u64,
}

impl<'a> Table<'a> {
    /// Begins a table.
    pub fn new(sink: &'a mut dyn Sink, shown: Shown<'a>) -> Self {
        let mut columns = shown.columns();
        // The public id, which is the link, tells more; so it does of the field that gives it.
        let key = shown.layer.key();
        columns.retain(|column| column.source != Source::Fid && key.map(Source::Field) != Some(column.source));
        // What was asked for comes first.
        columns.sort_by_key(|column| column.source != Source::Distance);
        Self {
            sink,
            id_title: key.map_or("id", |key| &shown.layer.fields()[key].title),
            columns,
            shown,
            rows: String::new(),
            pictured: Vec::new(),
            vertices: 0,
            returned: 0,
        }
    }

    fn head(&self) -> String {
        let cell = |column: &Column<'_>| {
            let title = if column.title.is_empty() {
                &column.name
            } else {
                column.title
            };
            format!("<th title=\"{}\">{}</th>", escape(&column.name), escape(title))
        };
        let cells: String = self.columns.iter().map(cell).collect();
        format!("<tr><th title=\"id\">{}</th>{cells}</tr>", escape(self.id_title))
    }
}

impl Table<'_> {
    /// Takes a feature into the picture, as long as there is room.
    fn picture(&mut self, address: String, feature: &dyn Subject) {
        if self.vertices > html::most_vertices() {
            return;
        }
        if let Some(geometry) = feature.geometry() {
            self.vertices += geometry.coords().count();
            self.pictured.push((address, geometry.into_owned()));
        }
    }
}

impl FeatureWriter for Table<'_> {
    fn feature(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError> {
        self.returned += 1;
        let id = feature.public_id();
        let address = format!("items/{}", encode(&id));
        let _ = write!(self.rows, "<tr><td><a href=\"{address}\">{}</a></td>", escape(&id));
        self.picture(address, feature);
        for column in &self.columns {
            let value = column.value(feature, distance_m);
            let is_number = matches!(value, Datum::Int(_) | Datum::Float(_));
            let class = if is_number { " class=\"number\"" } else { "" };
            let text = shortened(text(&value));
            let _ = write!(self.rows, "<td{class}>{}</td>", escape(&text));
        }
        self.rows.push_str("</tr>\n");
        Ok(())
    }

    fn size(&self) -> u64 {
        self.rows.len() as u64
    }

    fn finish(self: Box<Self>, foot: &Foot<'_>) -> Result<Vec<Note>, WriteError> {
        let layer = self.shown.layer;
        let trail = trail(layer.name().as_str(), &layer.title);
        let page = Page {
            title: &format!("{} · 要素 · Features", layer.title),
            trail: &trail,
            up: "../../",
        };
        let matched = foot.matched.map_or_else(String::new, |matched| format!(" / {matched}"));
        let content = format!(
            "<p>{}{matched} {}</p>{}<table>{}{}</table>{}",
            self.returned,
            walk(foot.links),
            html::shapes(&self.pictured).unwrap_or_default(),
            self.head(),
            self.rows,
            listed(foot.links),
        );
        self.sink.write_all(page.finish(&content).as_bytes())?;
        Ok(Vec::new())
    }
}

/// The page of one feature.
pub(crate) fn one(shown: &Shown<'_>, feature: &dyn Subject, links: &[Link]) -> String {
    let layer = shown.layer;
    let id = feature.public_id();
    let mut content = String::new();
    if let (Some(geometry), Some(bbox)) = (feature.geometry(), feature.bbox()) {
        content.push_str(&html::shape(&geometry, bbox).unwrap_or_default());
        let _ = write!(
            content,
            "<p><a href=\"{}\">地图 · Map</a></p>",
            html::map("../../../", bbox)
        );
    }
    content.push_str("<table>");
    for &at in &shown.fields {
        let Some(field) = layer.fields().get(at) else { continue };
        let _ = write!(
            content,
            "<tr><th title=\"{}\">{}</th><td>{}</td></tr>",
            escape(field.name.as_str()),
            escape(&field.title),
            escape(&text(&feature.value(at)))
        );
    }
    content.push_str("</table>");
    content.push_str(&listed(links));
    let mut trail = trail(layer.name().as_str(), &layer.title).to_vec();
    trail.push((
        format!("collections/{}/items", encode(layer.name().as_str())),
        "要素 · Features",
    ));
    let page = Page {
        title: &id,
        trail: &trail,
        up: "../../../",
    };
    page.finish(&content)
}

fn trail<'a>(name: &str, title: &'a str) -> [(String, &'a str); 2] {
    [
        ("collections".to_owned(), "图层 · Layers"),
        (format!("collections/{}", encode(name)), title),
    ]
}

/// The links to the pages before and after.
fn walk(links: &[Link]) -> String {
    let shown = |(rel, title): (&str, &str)| {
        let link = links.iter().map(Link::to_json).find(|link| link["rel"] == rel)?;
        let href = link["href"].as_str()?.to_owned();
        Some(format!("<a rel=\"{rel}\" href=\"{}\">{title}</a> ", escape(&href)))
    };
    let ways = [("prev", "← 上一页 · Before"), ("next", "下一页 · Next →")];
    ways.into_iter().filter_map(shown).collect()
}

fn listed(links: &[Link]) -> String {
    let all: Vec<Value> = links.iter().map(Link::to_json).collect();
    format!("<h2>链接 · Links</h2>{}", html::links(&all))
}

fn text(value: &Datum<'_>) -> String {
    match value {
        Datum::Null => String::new(),
        Datum::Bool(true) => "✓".to_owned(),
        Datum::Bool(false) => "✗".to_owned(),
        Datum::Int(number) => number.to_string(),
        Datum::Float(number) => number.to_string(),
        Datum::Text(text) => text.to_string(),
        Datum::Date(date) => date.to_string(),
        Datum::DateTime(at) => at.to_string(),
        Datum::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Datum::Array(items) => {
            let mut out = String::new();
            write_array(&mut out, items);
            out
        }
    }
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_CELL_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}
