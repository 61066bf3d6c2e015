//! The description of the routes, for people.

use super::escape;
use serde_json::Value;
use std::fmt::Write;

/// The content of the page that shows an OpenAPI document.
pub(crate) fn api(document: &Value) -> String {
    let mut out = String::from(
        "<p>机器可读：<a href=\"?f=json\">OpenAPI 3.0</a> · For programs: <a href=\"?f=json\">OpenAPI 3.0</a></p>",
    );
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let operation = &item["get"];
        let summary = operation["summary"].as_str().unwrap_or_default();
        let _ = write!(
            out,
            "<details><summary><code>GET {}</code> {}</summary>",
            escape(path),
            escape(summary)
        );
        parameters(&mut out, operation);
        answers(&mut out, operation);
        out.push_str("</details>");
    }
    out
}

fn parameters(out: &mut String, operation: &Value) {
    let known = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    if known.is_empty() {
        return;
    }
    out.push_str("<table><tr><th>参数 · Parameter</th><th>说明 · Meaning</th><th>取值 · Values</th></tr>");
    for parameter in known {
        let text = |name: &str| parameter[name].as_str().unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td><code>{}</code> <small>{}</small></td><td>{}</td><td>{}</td></tr>",
            escape(text("name")),
            escape(text("in")),
            escape(text("description")),
            values(&parameter["schema"]),
        );
    }
    out.push_str("</table>");
}

/// What may stand in a parameter.
fn values(schema: &Value) -> String {
    let mut parts = vec![schema["type"].as_str().unwrap_or_default().to_owned()];
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        parts.push(words.join(" | "));
    }
    for (name, sign) in [("minimum", "≥ "), ("maximum", "≤ "), ("default", "默认 · default ")] {
        match &schema[name] {
            Value::Null => (),
            Value::String(text) => parts.push(format!("{sign}{text}")),
            value => parts.push(format!("{sign}{value}")),
        }
    }
    escape(&parts.join(", ")).into_owned()
}

fn answers(out: &mut String, operation: &Value) {
    out.push_str("<p>");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let content = answer["content"].as_object();
        let types: Vec<_> = content
            .into_iter()
            .flat_map(|types| types.keys())
            .map(String::as_str)
            .collect();
        let description = answer["description"].as_str().unwrap_or_default();
        let _ = write!(
            out,
            "<code>{}</code> {} <small>{}</small><br>",
            escape(status),
            escape(description),
            escape(&types.join(", "))
        );
    }
    out.push_str("</p>");
}
