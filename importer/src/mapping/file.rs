//! Reading mapping files, and writing them.

use super::{FieldMapping, LayerMapping, Mapping, MappingError, Others, Turned, unit};
use onemap_model::{FieldType, Layer, Name};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMapping {
    layers: Vec<RawLayer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLayer {
    source: String,
    layer: Option<String>,
    others: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, RawField>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawField {
    Name(String),
    Full(RawFull),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFull {
    from: Option<String>,
    value: Option<String>,
    unit: Option<String>,
    factor: Option<f64>,
    #[serde(rename = "type")]
    field_type: Option<String>,
    #[serde(default)]
    values: BTreeMap<String, String>,
}

impl Mapping {
    /// Reads a mapping file. `file` is what errors call it.
    ///
    /// # Errors
    /// [`MappingError`] with the file, the key, its value and what was expected.
    pub fn read(file: &str, text: &str) -> Result<Self, MappingError> {
        let raw: RawMapping = toml::from_str(text).map_err(|error| MappingError::Toml {
            file: file.to_owned(),
            reason: error.to_string().trim().to_owned(),
        })?;
        let reader = Reader { file };
        let layers = raw.layers.into_iter().map(|layer| reader.layer(layer));
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        for (at, layer) in layers.iter().enumerate() {
            if layers[..at].iter().any(|other| other.source == layer.source) {
                return Err(reader.wrong("layers.source", &layer.source, "each source layer once".to_owned()));
            }
        }
        Ok(Self {
            file: file.to_owned(),
            layers,
        })
    }
}

/// Turns what is written into what it means, naming the file in every error.
struct Reader<'a> {
    file: &'a str,
}

impl Reader<'_> {
    fn layer(&self, raw: RawLayer) -> Result<LayerMapping, MappingError> {
        let key = |what: &str| format!("layers.{}.{what}", raw.source);
        let layer = raw.layer.as_deref().map(|text| {
            let name = Name::new(text).map_err(|error| self.wrong(&key("layer"), text, error.to_string()))?;
            match Layer::is_reserved(&name) {
                true => Err(self.wrong(&key("layer"), text, "a name that is not reserved".to_owned())),
                false => Ok(name),
            }
        });
        let others = match raw.others.as_deref() {
            None | Some("keep") => Others::Keep,
            Some("drop") => Others::Drop,
            Some(other) => return Err(self.wrong(&key("others"), other, "keep or drop".to_owned())),
        };
        let mut fields = BTreeMap::new();
        for (name, field) in raw.fields {
            let key = key(&format!("fields.{name}"));
            Name::new(&name).map_err(|error| self.wrong(&key, &name, error.to_string()))?;
            if Layer::RESERVED_FIELDS.contains(&name.as_str()) && !["valid_from", "valid_to"].contains(&name.as_str()) {
                return Err(self.wrong(&key, &name, "a name that the store does not keep for itself".to_owned()));
            }
            fields.insert(name, self.field(&key, field)?);
        }
        let layer = layer.transpose()?;
        Ok(LayerMapping {
            source: raw.source,
            layer,
            others,
            fields,
        })
    }

    fn field(&self, key: &str, raw: RawField) -> Result<FieldMapping, MappingError> {
        let raw = match raw {
            RawField::Name(from) => {
                let turned = Turned::default();
                return Ok(FieldMapping::Column { from, turned });
            }
            RawField::Full(raw) => raw,
        };
        let unit = raw.unit.as_deref().map(|name| {
            let wrong = || self.wrong(&format!("{key}.unit"), name, format!("one of {}", unit::names()));
            unit::factor(name).ok_or_else(wrong)
        });
        let field_type = raw.field_type.as_deref().map(|word| {
            let expected = "bool, int, float, text, date or datetime";
            let wrong = || self.wrong(&format!("{key}.type"), word, expected.to_owned());
            FieldType::parse(word)
                .filter(|kind| !matches!(kind, FieldType::Bytes | FieldType::Array))
                .ok_or_else(wrong)
        });
        let turned = Turned {
            factor: unit.transpose()?.or(raw.factor),
            field_type: field_type.transpose()?,
            values: raw.values,
        };
        if turned.factor.is_some_and(|factor| !factor.is_finite() || factor == 0.0) {
            let shown = raw.factor.unwrap_or_default().to_string();
            return Err(self.wrong(&format!("{key}.factor"), &shown, "a number other than 0".to_owned()));
        }
        match (raw.from, raw.value) {
            (Some(_), _) if raw.unit.is_some() && raw.factor.is_some() => {
                Err(self.wrong(key, "unit and factor", "one of the two".to_owned()))
            }
            (Some(from), None) => Ok(FieldMapping::Column { from, turned }),
            (None, Some(value)) if turned == Turned::default() => Ok(FieldMapping::Constant(value)),
            (None, Some(_)) => Err(self.wrong(key, "value", "nothing beside it".to_owned())),
            (Some(_), Some(_)) => Err(self.wrong(key, "from and value", "one of the two".to_owned())),
            (None, None) => Err(self.wrong(key, "{}", "from or value".to_owned())),
        }
    }

    fn wrong(&self, key: &str, value: &str, expected: String) -> MappingError {
        MappingError::Value {
            file: self.file.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
            expected,
        }
    }
}

/// Writes the mapping so that it can be read again; for people to look at and change.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, layer) in self.layers.iter().enumerate() {
            let gap = if at > 0 { "\n" } else { "" };
            writeln!(f, "{gap}[[layers]]\nsource = {}", quoted(&layer.source))?;
            if let Some(name) = &layer.layer {
                writeln!(f, "layer = {}", quoted(name.as_str()))?;
            }
            if layer.others == Others::Drop {
                writeln!(f, "others = \"drop\"")?;
            }
            writeln!(f, "\n[layers.fields]")?;
            for (name, field) in &layer.fields {
                writeln!(f, "{} = {}", key(name), shown(field))?;
            }
        }
        Ok(())
    }
}

fn shown(field: &FieldMapping) -> String {
    let (from, turned) = match field {
        FieldMapping::Constant(value) => return format!("{{ value = {} }}", quoted(value)),
        FieldMapping::Column { from, turned } => (quoted(from), turned),
    };
    if *turned == Turned::default() {
        return from;
    }
    let mut parts = vec![format!("from = {from}")];
    parts.extend(turned.factor.map(|factor| format!("factor = {factor:?}")));
    parts.extend(
        turned
            .field_type
            .map(|kind| format!("type = {}", quoted(kind.as_str()))),
    );
    if !turned.values.is_empty() {
        let pairs: Vec<_> = turned
            .values
            .iter()
            .map(|(from, to)| format!("{} = {}", quoted(from), quoted(to)))
            .collect();
        parts.push(format!("values = {{ {} }}", pairs.join(", ")));
    }
    format!("{{ {} }}", parts.join(", "))
}

/// A key, with quotes where TOML needs them.
fn key(name: &str) -> String {
    let is_bare = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_bare { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        [[layers]]
        source = "ZD"
        layer = "parcels"
        others = "drop"
        [layers.fields]
        zddm = "宗地 \"代码\""
        zdmj = { from = "MJ", unit = "mu" }
        yt = { from = "YT", values = { "住宅" = "0701" }, type = "text" }
        qlxz = { value = "出让" }
        [[layers]]
        source = "DL"
    "#;

    #[test]
    fn a_mapping_that_is_written_reads_the_same() {
        let read = Mapping::read("m.toml", WHOLE).unwrap();
        assert_eq!(Mapping::read("m.toml", &read.to_string()).unwrap(), read);
        let parcels = read.of("ZD").unwrap();
        assert_eq!((parcels.others, parcels.fields.len()), (Others::Drop, 4));
        let FieldMapping::Column { from, turned } = &parcels.fields["zdmj"] else {
            panic!("zdmj is a column")
        };
        assert_eq!((from.as_str(), turned.factor), ("MJ", Some(10_000.0 / 15.0)));
        assert!(read.of("zd").is_none());
    }

    #[test]
    fn every_error_names_the_file_and_the_key() {
        for (from, to, key) in [
            ("\"mu\"", "\"acre\"", "layers.ZD.fields.zdmj.unit"),
            ("unit = \"mu\"", "factor = 0", "layers.ZD.fields.zdmj.factor"),
            ("unit = \"mu\"", "factor = inf", "layers.ZD.fields.zdmj.factor"),
            ("unit = \"mu\"", "factor = 2, unit = \"mu\"", "unit and factor"),
            ("\"parcels\"", "\"basemap\"", "layers.ZD.layer"),
            ("\"parcels\"", "\"two words\"", "layers.ZD.layer"),
            ("\"drop\"", "\"maybe\"", "layers.ZD.others"),
            ("value = \"出让\"", "", "layers.ZD.fields.qlxz"),
            (
                "value = \"出让\"",
                "value = \"a\", from = \"b\"",
                "layers.ZD.fields.qlxz",
            ),
            ("value = \"出让\"", "value = \"a\", factor = 2", "layers.ZD.fields.qlxz"),
            ("type = \"text\"", "type = \"array\"", "layers.ZD.fields.yt.type"),
            ("qlxz", "geom", "layers.ZD.fields.geom"),
            ("source = \"DL\"", "source = \"ZD\"", "layers.source"),
            ("others", "other", "other"),
        ] {
            assert!(WHOLE.contains(from), "{from}");
            let message = Mapping::read("m.toml", &WHOLE.replace(from, to))
                .unwrap_err()
                .to_string();
            assert!(message.starts_with("m.toml: ") && message.contains(key), "{message}");
        }
    }
}
