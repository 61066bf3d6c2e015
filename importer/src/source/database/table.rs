//! Tables and views as layers, and what of them could not be kept.

use super::{ask, rows, text};
use gdal::Dataset;
use gdal::vector::FieldValue;

/// Digits of a decimal number that a float holds, whatever they are.
const DIGITS: i32 = 15;

/// Everything that can be read and is nobody's inside: extensions, partitions (read through their tables), a store's own
/// bookkeeping. Geometry columns in the order of the table.
const TABLES: &str = "SELECT n.nspname, c.relname, ARRAY(SELECT a.attname::text FROM pg_attribute a \
        JOIN pg_type t ON t.oid = a.atttypid \
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND t.typname IN ('geometry', 'geography') \
        ORDER BY a.attnum) AS shapes \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
        AND n.nspname NOT IN ('information_schema', 'onemap_meta', 'onemap_history') AND n.nspname !~ '^pg_' \
        AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') \
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') \
    ORDER BY n.nspname <> 'public', n.nspname, c.relname";

/// A table or view as a layer: with one of its geometry columns, where it has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name in the schema.
    pub name: String,
    /// The column with the geometries; none for a table without.
    pub shape: Option<String>,
    /// Whether it has more such columns.
    pub is_one_of_many: bool,
    /// Whether it is a layer of a store of onemap.
    pub is_stored: bool,
}

impl Table {
    /// What the layer is called: without the schema where that is `public`, with the column where there are several.
    pub fn layer_name(&self) -> String {
        let name = match self.schema.as_str() {
            "public" => self.name.clone(),
            schema => format!("{schema}.{}", self.name),
        };
        match &self.shape {
            Some(shape) if self.is_one_of_many => format!("{name}({shape})"),
            _ => name,
        }
    }

    /// What GDAL calls it.
    pub(in crate::source) fn gdal_name(&self) -> String {
        let name = format!("{}.{}", self.schema, self.name);
        match &self.shape {
            Some(shape) => format!("{name}({shape})"),
            None => name,
        }
    }

    /// Refuses what GDAL would lose without a word.
    ///
    /// # Errors
    /// In words, with the value.
    pub fn must_be_kept_whole(&self, dataset: &Dataset) -> Result<(), String> {
        let table = format!("{}.{}", quoted(&self.schema), quoted(&self.name));
        if let Some(shape) = &self.shape {
            let srids = format!(
                "SELECT DISTINCT ST_SRID({shape}::geometry) FROM {table} WHERE {shape} IS NOT NULL ORDER BY 1 LIMIT 4",
                shape = quoted(shape)
            );
            if !self.declares_srid(dataset)? {
                let srids = rows(dataset, &srids, |row| text(row, 0))?;
                if srids.len() > 1 {
                    return Err(format!(
                        "the column {shape:?} has geometries in several coordinate systems (SRID {}): make a view for each",
                        srids.join(", ")
                    ));
                }
            }
        }
        for column in rows(dataset, &self.catalog("t.typname = 'numeric'"), |row| text(row, 0))? {
            let value = quoted(&column);
            let digits = format!("length(ltrim(rtrim(replace(abs({value})::text, '.', ''), '0'), '0')) > {DIGITS}");
            let sql = format!("SELECT {value}::text FROM {table} WHERE {digits} AND {value} <> 'NaN' LIMIT 1");
            if let Some(number) = ask(dataset, &sql)? {
                return Err(format!(
                    "the column {column:?} has the number {number}, of which only {DIGITS} digits would be kept: \
                     make a view that gives it as text ({value}::text)"
                ));
            }
        }
        Ok(())
    }

    fn declares_srid(&self, dataset: &Dataset) -> Result<bool, String> {
        let Some(shape) = &self.shape else { return Ok(false) };
        let sql = self.catalog(&format!(
            "a.attname = {} AND (t.typname = 'geography' OR postgis_typmod_srid(a.atttypmod) > 0)",
            literal(shape)
        ));
        Ok(ask(dataset, &sql)?.is_some())
    }

    /// The names of the columns for which `condition` holds (`a` is the attribute, `t` its type).
    fn catalog(&self, condition: &str) -> String {
        format!(
            "SELECT a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
             JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relname = {} AND a.attnum > 0 AND NOT a.attisdropped AND {condition}",
            literal(&self.schema),
            literal(&self.name)
        )
    }
}

/// All that can be read.
///
/// # Errors
/// What the database says.
pub(super) fn all(dataset: &Dataset) -> Result<Vec<Table>, String> {
    let mut tables = Vec::new();
    let found = rows(dataset, TABLES, |row| {
        let shapes = match row.field(2) {
            Ok(Some(FieldValue::StringListValue(shapes))) => shapes,
            _ => Vec::new(),
        };
        (text(row, 0), text(row, 1), shapes)
    })?;
    for (schema, name, shapes) in found {
        let is_one_of_many = shapes.len() > 1;
        let shapes: Vec<Option<String>> = match shapes.len() {
            0 => vec![None],
            _ => shapes.into_iter().map(Some).collect(),
        };
        tables.extend(shapes.into_iter().map(|shape| Table {
            schema: schema.clone(),
            name: name.clone(),
            shape,
            is_one_of_many,
            is_stored: false,
        }));
    }
    Ok(tables)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_called_as_its_table_and_by_schema_and_column_where_that_is_needed() {
        let table = |schema: &str, shape: Option<&str>, is_one_of_many| Table {
            schema: schema.into(),
            name: "a".into(),
            shape: shape.map(str::to_owned),
            is_one_of_many,
            is_stored: false,
        };
        assert_eq!(table("public", Some("geom"), false).layer_name(), "a");
        assert_eq!(table("国土", None, false).layer_name(), "国土.a");
        assert_eq!(table("public", Some("g2"), true).layer_name(), "a(g2)");
    }
}
