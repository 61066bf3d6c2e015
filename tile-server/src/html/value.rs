//! Any of our JSON documents as HTML: lists, tables, and links.

use super::escape;
use serde_json::{Map, Value};
use std::fmt::Write;

/// What members are called, for people.
const LABELS: &[(&str, &str)] = &[
    ("title", "标题 · Title"),
    ("description", "说明 · Description"),
    ("links", "链接 · Links"),
    ("conformsTo", "遵循的标准 · Standards kept"),
    ("extent", "范围 · Extent"),
    ("crs", "坐标系 · Coordinate systems"),
    ("storageCrs", "存储坐标系 · Stored in"),
    ("tilesets", "瓦片集 · Tilesets"),
    ("tileMatrixSets", "瓦片格网 · Tile grids"),
    ("tileMatrices", "级别 · Zooms"),
    ("tileMatrixSetLimits", "瓦片范围 · Limits"),
    ("boundingBox", "外包框 · Box"),
    ("layers", "图层 · Layers"),
    ("styles", "样式 · Styles"),
    ("featureCount", "要素数 · Features"),
    ("geometryType", "几何类型 · Geometry"),
    ("itemType", "条目类型 · Items are"),
    ("authority", "主管部门 · Authority"),
    ("access", "访问 · Access"),
    ("minzoom", "最小级别 · Lowest zoom"),
    ("maxzoom", "最大级别 · Highest zoom"),
    ("basemap", "底图 · In the basemap"),
];

/// A list of more is folded: its length is shown, and the whole of it to whoever asks.
const LONG: usize = 12;

/// A value as HTML.
pub(crate) fn value(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

/// Links as a list.
pub(crate) fn links(links: &[Value]) -> String {
    let mut out = String::from("<ul>");
    for link in links {
        let text = |name: &str| link[name].as_str().unwrap_or_default();
        let title = if text("title").is_empty() {
            text("href")
        } else {
            text("title")
        };
        let (rel, kind) = (escape(text("rel")), escape(text("type")));
        // Templates are nothing to click on.
        let shown = match is_address(text("href")) && link["templated"] != true {
            true => format!(
                "<a rel=\"{rel}\" href=\"{}\">{}</a>",
                escape(text("href")),
                escape(title)
            ),
            false => format!("{}: <code>{}</code>", escape(title), escape(text("href"))),
        };
        let _ = write!(out, "<li>{shown} <small>{rel} · {kind}</small></li>");
    }
    out + "</ul>"
}

/// Whether an address may be clicked on, whoever wrote it.
fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push('–'),
        Value::Bool(true) => out.push('✓'),
        Value::Bool(false) => out.push('✗'),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => out.push_str(&escape(text)),
        Value::Array(items) if items.iter().any(|item| item.get("href").is_some()) => out.push_str(&links(items)),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object) => write_table(out, items),
        Value::Array(items) if items.iter().all(Value::is_number) => {
            let numbers: Vec<_> = items.iter().map(ToString::to_string).collect();
            out.push_str(&numbers.join(", "));
        }
        Value::Array(items) if items.len() > LONG => {
            let _ = write!(out, "<details><summary>{}</summary>", items.len());
            write_list(out, items);
            out.push_str("</details>");
        }
        Value::Array(items) => write_list(out, items),
        Value::Object(members) => write_members(out, members),
    }
}

fn write_list(out: &mut String, items: &[Value]) {
    out.push_str("<ul>");
    for item in items {
        out.push_str("<li>");
        write_value(out, item);
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}

fn write_members(out: &mut String, members: &Map<String, Value>) {
    out.push_str("<table>");
    for (name, value) in members {
        let _ = write!(out, "<tr><th>{}</th><td>", escape(label(name)));
        write_value(out, value);
        out.push_str("</td></tr>");
    }
    out.push_str("</table>");
}

/// Objects of one kind: a row each.
fn write_table(out: &mut String, rows: &[Value]) {
    let mut columns: Vec<&str> = Vec::new();
    for name in rows.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    out.push_str("<table><tr>");
    for name in &columns {
        let _ = write!(out, "<th>{}</th>", escape(label(name)));
    }
    out.push_str("</tr>");
    for row in rows {
        out.push_str("<tr>");
        for name in &columns {
            out.push_str("<td>");
            write_value(out, &row[*name]);
            out.push_str("</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
}

fn label(name: &str) -> &str {
    LABELS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(name, |(_, label)| label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_becomes_lists_and_tables() {
        let check = |given: Value, expected: &str| assert_eq!(value(&given), expected);
        check(json!([1, 2.5]), "1, 2.5");
        let folded = value(&json!(vec!["x"; 66]));
        assert!(
            folded.starts_with("<details><summary>66</summary><ul><li>x"),
            "{folded}"
        );
        check(json!(["<b>", null]), "<ul><li>&lt;b&gt;</li><li>–</li></ul>");
        check(
            json!({"crs": true}),
            "<table><tr><th>坐标系 · Coordinate systems</th><td>✓</td></tr></table>",
        );
        check(
            json!([{"a": 1}, {"b": "x"}]),
            "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>–</td></tr><tr><td>–</td><td>x</td></tr></table>",
        );
    }

    #[test]
    fn only_addresses_of_the_web_can_be_clicked_on() {
        let shown = links(&[json!({"href": "javascript:alert(1)", "rel": "x", "title": "a<"})]);
        assert!(!shown.contains("<a ") && shown.contains("a&lt;"), "{shown}");
        let shown = links(&[json!({"href": "http://a/\"b", "rel": "self", "type": "t/u"})]);
        assert!(shown.contains("<a rel=\"self\" href=\"http://a/&quot;b\">"), "{shown}");
        let shown = links(&[json!({"href": "http://a/{z}", "templated": true})]);
        assert!(!shown.contains("<a "), "{shown}");
    }
}
