//! Fields as parameters: `/items?use=residential` asks for the features whose field is that (OGC API Features, part 1,
//! clause 7.15.5; part 3, requirements class "queryables as query parameters").
//!
//! A parameter that has a meaning of its own keeps it, whatever fields are called; `filter` reaches such a field.

use crate::filter::Asked;
use crate::parameter::Parameter;
use crate::params::{Params, unknown};
use crate::problem::{Problem, shorten};
use onemap_model::{Field, FieldType, Layer};
use serde_json::{Value, json};

/// The fields of a layer that can be asked for by name, where the routes own parameters are `known`.
pub(crate) fn fields<'a>(layer: &'a Layer, known: &'a [Parameter]) -> impl Iterator<Item = &'a Field> {
    let is_scalar = |field: &&Field| !matches!(field.field_type, FieldType::Bytes | FieldType::Array);
    let is_free = move |field: &&Field| known.iter().all(|one| one.name != field.name.as_str());
    layer.fields().iter().filter(is_scalar).filter(is_free)
}

/// `asked`, and what the parameters beyond the `known` ones ask of fields.
///
/// # Errors
/// 400 for a parameter that is neither known nor a field, and for a value that the field cannot have.
pub(crate) fn and_fields(
    asked: Option<Asked>,
    params: &Params,
    layer: &Layer,
    known: &[Parameter],
) -> Result<Option<Asked>, Problem> {
    let mut all = asked;
    for (name, text) in params.beyond(known) {
        let field = fields(layer, known).find(|field| field.name.as_str() == name);
        let field = field.ok_or_else(|| unknown(name, known))?;
        let equals = json!({"op": "=", "args": [{"property": name}, literal(field, text)?]});
        all = Some(Asked::and(all, &equals.to_string())?);
    }
    Ok(all)
}

/// A value as CQL2 JSON has it.
fn literal(field: &Field, text: &str) -> Result<Value, Problem> {
    let wrong = || {
        let (name, kind) = (field.name.as_str(), field.field_type.as_str());
        Problem::bad_request(format!("{name}: {:?} is no {kind}", shorten(text)))
    };
    match field.field_type {
        FieldType::Bool => text.parse::<bool>().map(Value::from).map_err(|_| wrong()),
        FieldType::Int => text.parse::<i64>().map(Value::from).map_err(|_| wrong()),
        FieldType::Float => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(Value::from).ok_or_else(wrong)
        }
        FieldType::Date => Ok(json!({"date": text})),
        FieldType::DateTime => Ok(json!({"timestamp": text})),
        _ => Ok(text.into()),
    }
}
