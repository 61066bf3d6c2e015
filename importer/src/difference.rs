//! Differences between a source and the store, told as text, JSON or CSV while they are found.

use crate::error::one_line;
use onemap_model::{Geometry, GeometryType, Name, Row, Value, wkb};
use onemap_store::{LoadCounts, Planned};
use serde_json::{Value as Json, json};
use std::io::Write;

/// How many changes are told as text.
const EXAMPLES: u64 = 20;
/// How much of a value is told as text, in characters.
const EXCERPT: usize = 60;

/// How differences are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people: counts, and the first few.
    Text,
    /// One object: `changes`, then `layers` with their counts.
    Json,
    /// A line for each field that differs.
    Csv,
}

/// Tells differences one by one.
pub struct Told<W: Write> {
    form: Form,
    out: std::io::BufWriter<W>,
    told: u64,
}

/// What is kept of a field on each side; none where there is no row.
struct Difference<'p> {
    field: &'p str,
    before: Option<Side<'p>>,
    after: Option<Side<'p>>,
}

enum Side<'p> {
    Value(&'p Value),
    Time(String),
    Geometry(Option<&'p Geometry>),
}

impl<W: Write> Told<W> {
    /// Tells into `out`.
    pub fn new(form: Form, out: W) -> Self {
        let out = std::io::BufWriter::new(out);
        Self { form, out, told: 0 }
    }

    /// Tells one change.
    ///
    /// # Errors
    /// Where nobody reads any more.
    pub fn change(&mut self, planned: &Planned<'_>) -> std::io::Result<()> {
        self.told += 1;
        match self.form {
            Form::Text if self.told > EXAMPLES => Ok(()),
            Form::Text => self.as_text(planned),
            Form::Json => self.as_json(planned),
            Form::Csv => self.as_csv(planned),
        }
    }

    /// Tells the counts. Where nobody reads any more, nobody is told.
    pub fn finish(mut self, counts: &[(Name, LoadCounts)]) {
        let _ = self.end(counts).and_then(|()| self.out.flush());
    }

    fn end(&mut self, counts: &[(Name, LoadCounts)]) -> std::io::Result<()> {
        match self.form {
            Form::Csv => match self.told {
                0 => self.out.write_all(HEADER),
                _ => Ok(()),
            },
            Form::Json => {
                let layers = counts.iter().map(|(layer, c)| {
                    json!({"layer": layer.as_str(), "inserted": c.inserted, "changed": c.updated, "removed": c.deleted,
                        "unchanged": c.unchanged})
                });
                let begin = if self.told == 0 { "{\"changes\": [" } else { "\n" };
                let layers: Vec<Json> = layers.collect();
                writeln!(self.out, "{begin}], \"layers\": {}}}", Json::Array(layers))
            }
            Form::Text => {
                if self.told > EXAMPLES {
                    writeln!(
                        self.out,
                        "… and {} more (--json or --csv tells all)",
                        self.told - EXAMPLES
                    )?;
                }
                for (layer, c) in counts {
                    writeln!(
                        self.out,
                        "{layer}: {} new, {} changed, {} removed, {} unchanged",
                        c.inserted, c.updated, c.deleted, c.unchanged
                    )?;
                }
                Ok(())
            }
        }
    }

    fn as_text(&mut self, planned: &Planned<'_>) -> std::io::Result<()> {
        let (layer, id) = (planned.layer.name(), one_line(&id(planned)));
        match (&planned.old, &planned.new) {
            (None, _) => writeln!(self.out, "+ {layer} {id}"),
            (_, None) => writeln!(self.out, "- {layer} {id}"),
            _ => {
                writeln!(self.out, "~ {layer} {id}")?;
                for one in differences(planned) {
                    let (before, after) = (excerpt(one.before.as_ref()), excerpt(one.after.as_ref()));
                    writeln!(self.out, "    {}: {before} → {after}", one.field)?;
                }
                Ok(())
            }
        }
    }

    fn as_json(&mut self, planned: &Planned<'_>) -> std::io::Result<()> {
        let fields = differences(planned).into_iter().map(|one| {
            json!({"field": one.field, "before": one.before.map(|side| side.json()),
                "after": one.after.map(|side| side.json())})
        });
        let change = json!({
            "layer": planned.layer.name().as_str(), "id": id(planned), "fid": planned.fid.map(|fid| fid.get()),
            "change": word(planned), "fields": fields.collect::<Vec<_>>(),
        });
        let before = if self.told == 1 { "{\"changes\": [\n" } else { ",\n" };
        write!(self.out, "{before}{change}")
    }

    fn as_csv(&mut self, planned: &Planned<'_>) -> std::io::Result<()> {
        if self.told == 1 {
            self.out.write_all(HEADER)?;
        }
        let (layer, id) = (planned.layer.name(), cell(&id(planned)));
        let fid = planned.fid.map_or(String::new(), |fid| fid.to_string());
        for one in differences(planned) {
            let side = |side: Option<Side<'_>>| side.map_or(String::new(), |side| cell(&side.text()));
            let (before, after) = (side(one.before), side(one.after));
            write!(
                self.out,
                "{layer},{id},{fid},{},{},{before},{after}\r\n",
                word(planned),
                cell(one.field)
            )?;
        }
        Ok(())
    }
}

/// With a byte order mark, so that spreadsheets read it as UTF-8.
const HEADER: &[u8] = "\u{feff}layer,id,fid,change,field,before,after\r\n".as_bytes();

fn word(planned: &Planned<'_>) -> &'static str {
    match (&planned.old, &planned.new) {
        (None, _) => "inserted",
        (_, None) => "removed",
        _ => "changed",
    }
}

/// The public id: the key where there is one, else the number; empty for a new row without key.
fn id(planned: &Planned<'_>) -> String {
    let row = planned.new.as_ref().or(planned.old.as_ref());
    let key = planned.layer.key().and_then(|at| row?.values.get(at));
    match (key, planned.fid) {
        (Some(key), _) if !key.is_null() => key.to_string(),
        (_, Some(fid)) => fid.to_string(),
        _ => String::new(),
    }
}

/// The fields that are not the same on both sides; of a row that is on one side only, those that say anything.
fn differences<'p>(planned: &'p Planned<'_>) -> Vec<Difference<'p>> {
    let (old, new) = (planned.old.as_ref(), planned.new.as_ref());
    let mut found = Vec::new();
    if planned.layer.geometry_type != GeometryType::None {
        let side = |row: Option<&'p Row>| row.map(|row| row.geometry.as_ref());
        let (before, after) = (side(old), side(new));
        if before.flatten() != after.flatten() {
            found.push(Difference {
                field: "geometry",
                before: before.map(Side::Geometry),
                after: after.map(Side::Geometry),
            });
        }
    }
    for (field, of) in [
        ("valid_from", (|row: &Row| row.valid.from()) as fn(&Row) -> _),
        ("valid_to", |row: &Row| row.valid.to()),
    ] {
        if old.and_then(of) != new.and_then(of) {
            let side = |row: Option<&Row>| row.map(|row| Side::Time(of(row).map_or(String::new(), |t| t.to_string())));
            found.push(Difference {
                field,
                before: side(old),
                after: side(new),
            });
        }
    }
    for (at, field) in planned.layer.fields().iter().enumerate() {
        let side = |row: Option<&'p Row>| row.and_then(|row| row.values.get(at));
        let (before, after) = (side(old), side(new));
        let differs = match (before, after) {
            (Some(before), Some(after)) => before != after,
            (one, other) => one.or(other).is_some_and(|value| !value.is_null()),
        };
        if differs {
            found.push(Difference {
                field: field.name.as_str(),
                before: before.map(Side::Value),
                after: after.map(Side::Value),
            });
        }
    }
    found
}

impl Side<'_> {
    fn text(&self) -> String {
        match self {
            Side::Value(value) => value.to_string(),
            Side::Time(time) => time.clone(),
            Side::Geometry(geometry) => geometry.map_or(String::new(), hex),
        }
    }

    fn json(&self) -> Json {
        match self {
            Side::Value(Value::Null) | Side::Geometry(None) => Json::Null,
            Side::Value(Value::Bool(value)) => json!(value),
            Side::Value(Value::Int(value)) => json!(value),
            Side::Value(Value::Float(value)) => json!(value.get()),
            Side::Time(time) if time.is_empty() => Json::Null,
            other => json!(other.text()),
        }
    }
}

/// As WKB, in hexadecimal digits.
fn hex(geometry: &Geometry) -> String {
    let mut bytes = Vec::new();
    wkb::encode(geometry, GeometryType::Geometry, &mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn excerpt(side: Option<&Side<'_>>) -> String {
    let text = match side {
        Some(Side::Geometry(Some(geometry))) => format!("{} vertices", geometry.coord_count()),
        Some(side) => one_line(&side.text()),
        None => String::new(),
    };
    match text.char_indices().nth(EXCERPT) {
        _ if text.is_empty() => "∅".to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn cell(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '@', '\t', '\r']) || text.starts_with('-') && text.parse::<f64>().is_err();
    let guarded = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if guarded.contains([',', '"', '\n', '\r', '\'']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}
