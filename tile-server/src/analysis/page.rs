//! The answers as pages for people: a table, bars beside what is compared, how it was measured, and what else may be asked.

use super::table::Table;
use crate::ask::Ask;
use crate::collections::trail;
use crate::html::{self, escape};
use crate::published::ServedLayer;
use serde_json::Value;
use std::fmt::Write;

/// What a page is made of.
pub(super) struct Page<'a> {
    pub layer: &'a ServedLayer,
    /// What it is called, after the layer.
    pub title: &'a str,
    pub document: &'a Value,
    pub table: &'a Table,
    /// The column that gets bars.
    pub bars: usize,
    /// Other questions: what they are about, and the query of each.
    pub others: Vec<(String, Vec<(String, String)>)>,
}

impl Page<'_> {
    /// The page.
    pub fn write(&self, ask: &Ask) -> String {
        let mut out = self.head();
        out.push_str(&self.rows());
        out.push_str(&notes(&self.document["notes"]));
        for (what, questions) in self.others.iter().filter(|(_, questions)| !questions.is_empty()) {
            let _ = write!(out, "<p>{}: ", escape(what));
            let links = questions.iter().map(|(title, query)| link(title, query));
            out.push_str(&links.collect::<Vec<_>>().join(" | "));
            out.push_str("</p>");
        }
        let forms = [("JSON", "json"), ("CSV", "csv")];
        let forms = forms.map(|(title, form)| link(title, &ask.params.edited(&[], &[("f", form)])));
        let _ = write!(out, "<p>下载 · Download: {}</p>", forms.join(" | "));
        let title = format!("{} · {}", self.layer.definition().title, self.title);
        ask.page(&title, &trail(self.layer), &out)
    }

    fn head(&self) -> String {
        let mut out = String::from("<p>");
        let facts = [
            ("numberMatched", "要素数 · Features"),
            ("numberReturned", "要素数 · Features"),
            ("version", "版本 · Version"),
        ];
        let known = facts
            .iter()
            .filter_map(|(name, title)| Some((title, self.document[*name].as_i64()?)));
        for (title, number) in known {
            let _ = write!(out, "{title}: {number} &nbsp; ");
        }
        out.push_str("</p>");
        for (what, how) in self.document["measured"].as_object().into_iter().flatten() {
            let said = ["method", "ellipsoid", "edges", "crs"]
                .into_iter()
                .filter_map(|name| how[name].as_str());
            let said: Vec<_> = said.map(told).collect();
            let (what, unit) = (told(what), how["unit"].as_str().unwrap_or_default());
            let unit = if unit == "1" {
                String::new()
            } else {
                format!(" [{unit}]")
            };
            let _ = write!(
                out,
                "<p class=\"quiet\">{}{unit}: {}</p>",
                escape(what),
                escape(&said.join(", "))
            );
        }
        out
    }

    fn rows(&self) -> String {
        let Table { columns, rows } = self.table;
        let size = |row: &Vec<Value>| row.get(self.bars).and_then(Value::as_f64).unwrap_or(0.0);
        let largest = rows.iter().map(size).fold(0.0, f64::max);
        let mut out = String::from("<table><tr>");
        for column in columns {
            let _ = write!(
                out,
                "<th title=\"{}\">{}</th>",
                escape(&column.name),
                escape(&column.title)
            );
        }
        out.push_str("<th></th></tr>");
        for row in rows {
            out.push_str("<tr>");
            for cell in row {
                let class = if cell.is_number() { " class=\"number\"" } else { "" };
                let _ = write!(out, "<td{class}>{}</td>", html::value(cell));
            }
            let bar = match largest > 0.0 {
                true => format!("<meter min=\"0\" max=\"{largest}\" value=\"{}\"></meter>", size(row)),
                false => String::new(),
            };
            let _ = writeln!(out, "<td>{bar}</td></tr>");
        }
        out + "</table>"
    }
}

fn notes(notes: &Value) -> String {
    let line = |note: &Value| {
        let text = note["text"].as_str().unwrap_or_default();
        format!("<li>{} {}</li>", note["count"], escape(text))
    };
    match notes.as_array() {
        Some(all) if !all.is_empty() => format!("<ul>{}</ul>", all.iter().map(line).collect::<String>()),
        _ => String::new(),
    }
}

fn link(title: &str, query: &str) -> String {
    format!("<a href=\"?{}\">{}</a>", escape(query), escape(title))
}

/// What programs are told, for people.
pub(super) fn told(word: &str) -> &str {
    match word {
        "area" => "面积 · Area",
        "length" => "长度 · Length",
        "share" => "比例 · Shares",
        "ellipsoidal" => "椭球面 · on the ellipsoid",
        "geodesics" => "大地线 · edges are geodesics",
        "planar" => "平面 · in the plane",
        other => other,
    }
}
