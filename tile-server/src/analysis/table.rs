//! The answer: rows with named cells, as JSON, as CSV, and as a page for people.

use crate::ask::{Answer, Ask, DependsOn, Freshness};
use crate::formats::{csv_value, json_value};
use crate::html;
use crate::negotiate;
use crate::problem::Problem;
use crate::representation::Representation;
use crate::view::Audience;
use onemap_model::Value as Cell;
use onemap_model::cql2::Datum;
use serde_json::{Map, Value};

const CSV: &str = "text/csv; charset=utf-8";
const JSON: &str = "application/json";
/// All forms.
pub(super) const FORMATS: [&str; 3] = ["json", "csv", "html"];

/// A form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Csv,
    Html,
}

/// Rows of cells.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// What the columns are called.
    pub columns: Vec<String>,
    /// A cell for each column.
    pub rows: Vec<Vec<Value>>,
}

impl Form {
    /// The one asked for: by `f`, else by what the client accepts.
    ///
    /// # Errors
    /// 400 naming another format.
    pub fn of(ask: &Ask) -> Result<Self, Problem> {
        Ok(match ask.format(&FORMATS)? {
            Some("csv") => Form::Csv,
            Some("html") => Form::Html,
            Some(_) => Form::Json,
            None if negotiate::prefers_html(&ask.headers) => Form::Html,
            None => match negotiate::preferred(&ask.headers, [JSON, "text/csv"]) {
                Some("text/csv") => Form::Csv,
                _ => Form::Json,
            },
        })
    }

    /// The answer in this form: `document` for programs, `table` for spreadsheets.
    pub fn write(
        self,
        ask: &Ask,
        title: &str,
        document: &Value,
        table: impl FnOnce() -> Table,
    ) -> Result<Representation, Problem> {
        let (content_type, bytes) = match self {
            Form::Json => (JSON, document.to_string().into_bytes()),
            Form::Csv => (CSV, table().csv().into_bytes()),
            Form::Html => (html::HTML, ask.page(title, &[], &html::value(document)).into_bytes()),
        };
        Ok(Representation::new(content_type, bytes, ask.coding()?))
    }
}

/// Answers with what was made.
pub(super) fn deliver(ask: &Ask, made: &Representation, audience: Audience) -> Answer {
    Ok(ask.deliver(made, audience, Freshness::Revalidate, DependsOn::LinksAndType))
}

impl Table {
    fn csv(&self) -> String {
        let mut out = String::new();
        let mut line = |cells: &mut dyn Iterator<Item = Datum<'_>>| {
            for (i, cell) in cells.enumerate() {
                if i > 0 {
                    out.push(',');
                }
                csv_value(&mut out, &cell);
            }
            out.push_str("\r\n");
        };
        line(&mut self.columns.iter().map(|name| Datum::Text(name.as_str().into())));
        for row in &self.rows {
            line(&mut row.iter().map(datum));
        }
        out
    }
}

fn datum(cell: &Value) -> Datum<'_> {
    match cell {
        Value::Null => Datum::Null,
        Value::Bool(value) => Datum::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Datum::Int(whole),
            None => number.as_f64().map_or(Datum::Null, Datum::Float),
        },
        Value::String(text) => Datum::Text(text.as_str().into()),
        other => Datum::Text(other.to_string().into()),
    }
}

/// A value as JSON has it.
pub(super) fn cell(value: &Cell) -> Value {
    match value {
        Cell::Null => Value::Null,
        Cell::Bool(value) => (*value).into(),
        Cell::Int(value) => (*value).into(),
        Cell::Float(value) => value.get().into(),
        Cell::Text(value) => (&**value).into(),
        other => {
            let mut text = String::new();
            json_value(&mut text, &Datum::from(other));
            serde_json::from_str(&text).unwrap_or(Value::Null)
        }
    }
}

/// Names with their values, as one object.
pub(super) fn object<'n>(members: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
    Value::Object(members.collect::<Map<_, _>>())
}
