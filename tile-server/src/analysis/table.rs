//! The answer: rows with named cells, as JSON, as CSV, and as a page for people.

use crate::ask::{Answer, Ask, DependsOn, Freshness};
use crate::formats::{csv_value, json_value};
use crate::html;
use crate::negotiate;
use crate::problem::Problem;
use crate::representation::Representation;
use crate::view::Audience;
use onemap_model::cql2::Datum;
use onemap_model::{Field, Value as Cell};
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
    pub columns: Vec<Column>,
    /// A cell for each column.
    pub rows: Vec<Vec<Value>>,
}

/// What a column is called.
#[derive(Debug)]
pub(super) struct Column {
    /// By programs.
    pub name: String,
    /// By people.
    pub title: String,
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

    /// The answer in this form: `document` for programs, `table` for spreadsheets, `page` for people.
    ///
    /// # Errors
    /// 406 where the client takes no coding.
    pub fn write(
        self,
        ask: &Ask,
        document: &Value,
        table: &Table,
        page: impl FnOnce() -> String,
    ) -> Result<Representation, Problem> {
        let (content_type, bytes) = match self {
            Form::Json => (JSON, document.to_string()),
            Form::Csv => (CSV, table.csv()),
            Form::Html => (html::HTML, page()),
        };
        Ok(Representation::new(content_type, bytes.into_bytes(), ask.coding()?))
    }
}

impl Column {
    pub fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        let (name, title) = (name.into(), title.into());
        Self { name, title }
    }

    /// A field of a layer.
    pub fn of_field(field: &Field) -> Self {
        let name = field.name.as_str();
        let title = if field.title.is_empty() { name } else { &field.title };
        Self::new(name, title)
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
        line(
            &mut self
                .columns
                .iter()
                .map(|column| Datum::Text(column.name.as_str().into())),
        );
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
