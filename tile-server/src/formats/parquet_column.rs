//! One column of a group of rows of a Parquet file, until the group is written.

use ::parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::{ParquetError, Result};
use ::parquet::schema::types::{Type, TypePtr};
use onemap_model::cql2::Datum;
use onemap_model::{Date, FieldType};
use std::sync::Arc;

/// The values of a column, and where they are null.
pub(super) struct Chunk {
    values: Values,
    /// 1 where there is a value, 0 where it is null.
    levels: Vec<i16>,
}

enum Values {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Day(Vec<i32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
}

/// How a field is declared.
pub(super) fn leaf(name: &str, kind: FieldType) -> TypePtr {
    let (physical, logical) = match kind {
        FieldType::Bool => (Physical::BOOLEAN, None),
        FieldType::Int => (Physical::INT64, None),
        FieldType::Float => (Physical::DOUBLE, None),
        FieldType::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        FieldType::Date => (Physical::INT32, Some(LogicalType::Date)),
        FieldType::DateTime => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        FieldType::Bytes => (Physical::BYTE_ARRAY, None),
        FieldType::Array => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
    };
    let kind = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build();
    Arc::new(kind.expect("these physical and logical types go together"))
}

impl Chunk {
    /// An empty column of a field.
    pub fn of(kind: FieldType) -> Self {
        Self::new(match kind {
            FieldType::Bool => Values::Bool(Vec::new()),
            FieldType::Int | FieldType::DateTime => Values::Int(Vec::new()),
            FieldType::Float => Values::Double(Vec::new()),
            FieldType::Date => Values::Day(Vec::new()),
            FieldType::Text | FieldType::Bytes | FieldType::Array => Values::Bytes(Vec::new()),
        })
    }

    /// An empty column of bytes.
    pub fn bytes() -> Self {
        Self::new(Values::Bytes(Vec::new()))
    }

    /// An empty column of numbers.
    pub fn double() -> Self {
        Self::new(Values::Double(Vec::new()))
    }

    fn new(values: Values) -> Self {
        Self {
            values,
            levels: Vec::new(),
        }
    }

    /// Adds a value; one that the column is not of is null. Says how many bytes it takes.
    pub fn push(&mut self, value: &Datum<'_>) -> usize {
        let size = match (&mut self.values, value) {
            (Values::Bool(values), Datum::Bool(value)) => push(values, *value),
            (Values::Int(values), Datum::Int(value)) => push(values, *value),
            (Values::Int(values), Datum::DateTime(value)) => push(values, value.micros()),
            (Values::Day(values), Datum::Date(value)) => push(values, days(*value)),
            (Values::Double(values), Datum::Float(value)) => push(values, *value),
            (Values::Bytes(values), Datum::Text(text)) => {
                push(values, ByteArray::from(text.as_bytes().to_vec()));
                32 + text.len()
            }
            (Values::Bytes(values), Datum::Bytes(bytes)) => {
                push(values, ByteArray::from(bytes.to_vec()));
                32 + bytes.len()
            }
            _ => 0,
        };
        self.levels.push(i16::from(size > 0));
        size + 2
    }

    /// Writes all of it and begins anew.
    ///
    /// # Errors
    /// Where the sink fails.
    pub fn write(&mut self, column: &mut ColumnWriter<'_>) -> Result<()> {
        let levels = Some(&self.levels[..]);
        match (&mut self.values, column) {
            (Values::Bool(values), ColumnWriter::BoolColumnWriter(out)) => {
                out.write_batch(values, levels, None)?;
                values.clear();
            }
            (Values::Int(values), ColumnWriter::Int64ColumnWriter(out)) => {
                out.write_batch(values, levels, None)?;
                values.clear();
            }
            (Values::Day(values), ColumnWriter::Int32ColumnWriter(out)) => {
                out.write_batch(values, levels, None)?;
                values.clear();
            }
            (Values::Double(values), ColumnWriter::DoubleColumnWriter(out)) => {
                out.write_batch(values, levels, None)?;
                values.clear();
            }
            (Values::Bytes(values), ColumnWriter::ByteArrayColumnWriter(out)) => {
                out.write_batch(values, levels, None)?;
                values.clear();
            }
            _ => return Err(ParquetError::General("a column is not what its schema says".to_owned())),
        }
        self.levels.clear();
        Ok(())
    }
}

fn push<T>(values: &mut Vec<T>, value: T) -> usize {
    values.push(value);
    size_of::<T>()
}

/// Days since 1970-01-01.
fn days(date: Date) -> i32 {
    const DAY_MICROS: i64 = 86_400_000_000;
    // Years −9999 to 9999 have fewer days than an i32 counts.
    date.start(0).micros().div_euclid(DAY_MICROS) as i32
}
