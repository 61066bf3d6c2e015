//! Fields: what becomes of the columns of a source.

use crate::mapping::convert::Conversion;
use crate::mapping::{FieldMapping, LayerMapping, Others, Turned};
use crate::ogr::FieldDefn;
use crate::values::Kind;
use onemap_model::{Field, FieldType, Layer, Name, Value};
use std::collections::HashSet;

/// Most fields of a layer: what SQLite and PostgreSQL hold with room to spare.
pub const MAX_FIELDS: usize = 1_000;

/// A column of the source as it will be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its place in the source.
    pub at: usize,
    /// Its own name, decoded.
    pub source_name: String,
    /// How it is read.
    pub kind: Kind,
}

/// What a column becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A value of the feature.
    Value,
    /// The beginning of its valid time.
    ValidFrom,
    /// The end of its valid time.
    ValidTo,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// From this column.
    Column(Column),
    /// From nowhere: it is the same for all rows. What findings call it comes first.
    Constant(String, Value),
}

/// One value of each row: where it comes from, how it is turned, and what it becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Where it comes from.
    pub origin: Origin,
    /// What it becomes.
    pub role: Role,
    /// How it is turned; none where it stays as it is.
    pub conversion: Option<Conversion>,
}

/// What is read of each row, and the fields that it becomes.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// What is read, in the order of the source's columns.
    pub inputs: Vec<Input>,
    /// The fields of the layer: one for each input of the role [`Role::Value`], in the same order.
    pub fields: Vec<Field>,
    /// Names that had to be changed: the source's own and the new one.
    pub renamed: Vec<(String, Name)>,
}

/// The columns that a source declares, with `name` decoding their names.
pub fn columns(defns: &[FieldDefn], name: impl Fn(&[u8]) -> String) -> Vec<Column> {
    let column = |(at, defn): (usize, &FieldDefn)| Column {
        at,
        source_name: name(&defn.name),
        kind: Kind::of_ogr(defn.kind, defn.sub_kind),
    };
    defns.iter().enumerate().map(column).collect()
}

impl Fields {
    /// Gives every column its role and every field a legal name of its own.
    ///
    /// `valid_from` and `valid_to` are the valid time where they are dates or moments. Other names that the store
    /// keeps for itself get a `_` after them.
    ///
    /// # Errors
    /// A sentence where there are more than [`MAX_FIELDS`].
    pub fn assign(columns: Vec<Column>) -> Result<Self, String> {
        let mut all = Fields::default();
        let mut taken = HashSet::new();
        columns.into_iter().for_each(|column| all.keep(column, &mut taken));
        all.bounded()
    }

    /// Gives the columns the names and types that `mapping` says; `defined` has the types of fields that the mapping
    /// says nothing of.
    ///
    /// # Errors
    /// A sentence where there is no such column, or where there are more than [`MAX_FIELDS`].
    pub fn mapped(columns: Vec<Column>, mapping: &LayerMapping, defined: Option<&Layer>) -> Result<Self, String> {
        let mut all = Fields::default();
        let mut taken: HashSet<String> = mapping.fields.keys().map(|name| name.to_lowercase()).collect();
        if taken.len() < mapping.fields.len() {
            return Err("two fields of the mapping have the same name, without regard to case".to_owned());
        }
        let defined_type = |name: &str| {
            let field = defined?.fields().iter().find(|field| field.name.as_str() == name)?;
            Some(field.field_type)
        };
        for (name, field) in &mapping.fields {
            if let FieldMapping::Column { from, .. } = field
                && !columns.iter().any(|column| column.source_name == *from)
            {
                let there: Vec<_> = columns
                    .iter()
                    .map(|column| format!("{:?}", column.source_name))
                    .collect();
                let there = there.join(", ");
                return Err(format!("{name}: the source has no column {from:?}; it has {there}"));
            }
        }
        for column in columns {
            let mut is_named = false;
            for (name, field) in &mapping.fields {
                if let FieldMapping::Column { from, turned } = field
                    && *from == column.source_name
                {
                    is_named = true;
                    all.take(name, column.clone(), turned, defined_type(name));
                }
            }
            if !is_named && mapping.others == Others::Keep {
                all.keep(column, &mut taken);
            }
        }
        for (name, field) in &mapping.fields {
            if let FieldMapping::Constant(value) = field {
                let origin = Origin::Constant(name.clone(), Value::text(value.as_str()));
                all.add(name, origin, FieldType::Text, &Turned::default(), defined_type(name));
            }
        }
        all.bounded()
    }

    fn bounded(self) -> Result<Self, String> {
        match self.inputs.len() {
            many if many > MAX_FIELDS => Err(format!("it has {many} fields; at most {MAX_FIELDS} are loaded")),
            _ => Ok(self),
        }
    }

    /// A column under a name as near to its own as can be.
    fn keep(&mut self, column: Column, taken: &mut HashSet<String>) {
        let role = role(&column);
        if role == Role::Value {
            let name = free_name(&column.source_name, taken);
            taken.insert(name.folded());
            if name.as_str() != column.source_name {
                self.renamed.push((column.source_name.clone(), name.clone()));
            }
            self.fields.push(Field {
                name,
                title: column.source_name.clone(),
                field_type: column.kind.field_type(),
            });
        }
        self.inputs.push(Input {
            origin: Origin::Column(column),
            role,
            conversion: None,
        });
    }

    /// A column under the name that a mapping says.
    fn take(&mut self, name: &str, column: Column, turned: &Turned, defined: Option<FieldType>) {
        let from = column.kind.field_type();
        self.add(name, Origin::Column(column), from, turned, defined);
    }

    fn add(&mut self, name: &str, origin: Origin, from: FieldType, turned: &Turned, defined: Option<FieldType>) {
        let is_time = matches!(from, FieldType::Date | FieldType::DateTime);
        let (role, own) = match name {
            "valid_from" => (Role::ValidFrom, Some(if is_time { from } else { FieldType::DateTime })),
            "valid_to" => (Role::ValidTo, Some(if is_time { from } else { FieldType::DateTime })),
            _ => (Role::Value, None),
        };
        let number = turned.factor.map(|_| FieldType::Float);
        let word = (!turned.values.is_empty()).then_some(FieldType::Text);
        let to = own
            .or(turned.field_type)
            .or(defined)
            .or(number)
            .or(word)
            .unwrap_or(from);
        if role == Role::Value {
            let title = match &origin {
                Origin::Column(column) => column.source_name.clone(),
                Origin::Constant(name, _) => name.clone(),
            };
            let name = Name::new(name).expect("a mapping was read with legal names");
            self.fields.push(Field {
                name,
                title,
                field_type: to,
            });
        }
        self.inputs.push(Input {
            origin,
            role,
            conversion: Conversion::new(turned, from, to),
        });
    }

    /// The name of the field that the user calls `key`: by its name here, or by its name in the source.
    pub fn find(&self, key: &str) -> Option<&Name> {
        let folded = key.to_lowercase();
        let by_name = self.fields.iter().find(|field| field.name.folded() == folded);
        by_name
            .or_else(|| self.fields.iter().find(|field| field.title == key))
            .map(|field| &field.name)
    }
}

fn role(column: &Column) -> Role {
    let is_time = matches!(column.kind.field_type(), FieldType::Date | FieldType::DateTime);
    match column.source_name.to_lowercase().as_str() {
        "valid_from" if is_time => Role::ValidFrom,
        "valid_to" if is_time => Role::ValidTo,
        _ => Role::Value,
    }
}

fn free_name(source_name: &str, taken: &HashSet<String>) -> Name {
    let legal = Name::from_source(source_name);
    let reserved = Layer::RESERVED_FIELDS.contains(&legal.folded().as_str());
    let wanted = if reserved { legal.with_suffix("_") } else { legal };
    let numbered = (2..).map(|n| wanted.with_suffix(&format!("_{n}")));
    let mut candidates = std::iter::once(wanted.clone()).chain(numbered);
    candidates
        .find(|name| !taken.contains(&name.folded()))
        .expect("numbers do not end")
}

/// A legal, unreserved layer name out of the source's own.
pub fn layer_name(source_name: &str) -> Name {
    let legal = Name::from_source(source_name);
    let with_suffix = legal.with_suffix("_");
    match (Layer::is_reserved(&legal), Layer::is_reserved(&with_suffix)) {
        (false, _) => legal,
        (true, false) => with_suffix,
        (true, true) => Name::from_source(&format!("layer_{}", with_suffix.as_str())).with_suffix("_"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assign(columns: &[(&str, Kind)]) -> Fields {
        let column = |(at, &(name, kind)): (usize, &(&str, Kind))| Column {
            at,
            source_name: name.into(),
            kind,
        };
        Fields::assign(columns.iter().enumerate().map(column).collect()).unwrap()
    }

    fn names(fields: &Fields) -> Vec<&str> {
        fields.fields.iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn names_are_legal_free_and_not_reserved() {
        let fields = assign(&[
            ("addr:street", Kind::Text),
            ("addr street", Kind::Text),
            ("FID", Kind::Int),
            ("geom", Kind::Text),
            ("地类 编码", Kind::Text),
            ("", Kind::Text),
            ("ok", Kind::Text),
        ]);
        assert_eq!(
            names(&fields),
            [
                "addr_street",
                "addr_street_2",
                "FID_",
                "geom_",
                "地类_编码",
                "unnamed",
                "ok"
            ]
        );
        assert_eq!(fields.renamed.len(), 6);
        assert_eq!(fields.fields[0].title, "addr:street");
        assert_eq!(fields.find("addr:street").unwrap().as_str(), "addr_street");
        assert_eq!(fields.find("OK").unwrap().as_str(), "ok");
    }

    #[test]
    fn times_called_so_are_the_valid_time_and_anything_else_is_a_field() {
        let fields = assign(&[
            ("valid_from", Kind::Date),
            ("VALID_TO", Kind::DateTime),
            ("a", Kind::Int),
        ]);
        let roles: Vec<Role> = fields.inputs.iter().map(|input| input.role).collect();
        assert_eq!(roles, [Role::ValidFrom, Role::ValidTo, Role::Value]);
        assert_eq!(names(&fields), ["a"]);
        assert_eq!(names(&assign(&[("valid_from", Kind::Text)])), ["valid_from_"]);
    }

    #[test]
    fn very_long_names_stay_apart() {
        let long = "神田川流域洪水浸水想定区域（想定最大規模）";
        let fields = assign(&[
            (&format!("{long}>規模"), Kind::Text),
            (&format!("{long}>浸水深"), Kind::Float),
        ]);
        assert!(!fields.fields[0].name.is_same(&fields.fields[1].name));
    }

    #[test]
    fn too_many_fields_are_refused() {
        let column = |at| Column {
            at,
            source_name: format!("f{at}"),
            kind: Kind::Int,
        };
        assert!(
            Fields::assign((0..=MAX_FIELDS).map(column).collect())
                .unwrap_err()
                .contains("1001")
        );
    }

    #[test]
    fn reserved_layer_names_are_changed() {
        for name in [
            "basemap",
            "roads_history",
            "gpkg_contents",
            "pg_x",
            "onemap_history",
            "sqlite_",
        ] {
            assert!(!Layer::is_reserved(&layer_name(name)), "{name}");
        }
        assert_eq!(layer_name("roads").as_str(), "roads");
    }
}
