//! Fields: what becomes of the columns of a source.

use crate::ogr::FieldDefn;
use crate::values::Kind;
use onemap_model::{Field, FieldType, Layer, Name};
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

/// The columns of a layer in the source's order, with what they become.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// Each column with its role.
    pub columns: Vec<(Column, Role)>,
    /// The fields of the layer: one for each column of the role [`Role::Value`], in the same order.
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
        if columns.len() > MAX_FIELDS {
            return Err(format!(
                "it has {} fields; at most {MAX_FIELDS} are loaded",
                columns.len()
            ));
        }
        let mut all = Fields::default();
        let mut taken = HashSet::new();
        for column in columns {
            let role = role(&column);
            if role == Role::Value {
                let name = free_name(&column.source_name, &taken);
                taken.insert(name.folded());
                if name.as_str() != column.source_name {
                    all.renamed.push((column.source_name.clone(), name.clone()));
                }
                all.fields.push(Field {
                    name,
                    title: column.source_name.clone(),
                    field_type: column.kind.field_type(),
                });
            }
            all.columns.push((column, role));
        }
        Ok(all)
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
        let roles: Vec<Role> = fields.columns.iter().map(|(_, role)| *role).collect();
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
