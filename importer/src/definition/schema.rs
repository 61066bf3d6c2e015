//! The JSON Schema of layer definitions, for editors: made from the structs that read them, so that it cannot lag behind.

use super::*;
use onemap_model::FieldType;
use serde_json::Value;

/// Where it lies.
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/layer.schema.json");

fn schema() -> Value {
    schemars::schema_for!(RawLayer).to_value()
}

/// What is wrong with a value, by those words of JSON Schema that the schema uses.
///
/// # Panics
/// Where it uses another word: then that belongs here.
fn faults(schema: &Value, root: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(words) = schema.as_object() else { return };
    for (word, said) in words {
        let mut wrong = |is_wrong: bool| {
            if is_wrong {
                found.push(format!("{at}: {value} against {word}: {said}"));
            }
        };
        let one_of = |said: &Value, is: &dyn Fn(&Value) -> bool| match said {
            Value::Array(all) => all.iter().any(is),
            one => is(one),
        };
        match word.as_str() {
            "type" => wrong(!one_of(said, &|word| is_of_type(value, word.as_str().unwrap()))),
            "enum" => wrong(!said.as_array().unwrap().contains(value)),
            "required" => {
                let all = said.as_array().unwrap();
                wrong(!all.iter().all(|key| value.get(key.as_str().unwrap()).is_some()));
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let is_known = |key: &str| known.is_some_and(|known| known.contains_key(key));
                for (key, value) in value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter(|(key, _)| !is_known(key))
                {
                    match said {
                        Value::Bool(false) => found.push(format!("{at}: {key} is not known")),
                        inner => faults(inner, root, value, &format!("{at}.{key}"), found),
                    }
                }
            }
            "properties" => {
                for (key, inner) in said.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        faults(inner, root, value, &format!("{at}.{key}"), found);
                    }
                }
            }
            "items" => {
                for value in value.as_array().into_iter().flatten() {
                    faults(said, root, value, at, found);
                }
            }
            "$ref" => {
                let place = said.as_str().unwrap().strip_prefix('#').unwrap();
                faults(root.pointer(place).unwrap(), root, value, at, found);
            }
            "anyOf" => {
                let fits = |schema: &Value| {
                    let mut inner = Vec::new();
                    faults(schema, root, value, at, &mut inner);
                    inner.is_empty()
                };
                wrong(!said.as_array().unwrap().iter().any(fits));
            }
            "minimum" => wrong(value.as_f64().is_some_and(|number| number < said.as_f64().unwrap())),
            "maximum" => wrong(value.as_f64().is_some_and(|number| number > said.as_f64().unwrap())),
            "$schema" | "$defs" | "title" | "description" | "default" | "format" => {}
            other => panic!("the schema says {other}, which nothing here understands"),
        }
    }
}

fn is_of_type(value: &Value, word: &str) -> bool {
    match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the schema has a type {other}"),
    }
}

fn faults_of(text: &str) -> Vec<String> {
    let value: Value = toml::from_str(text).unwrap();
    let (schema, mut found) = (schema(), Vec::new());
    faults(&schema, &schema, &value, "", &mut found);
    found
}

#[test]
fn the_schema_for_editors_is_the_one_that_definitions_are_read_by() {
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("ONEMAP_WRITE_SAMPLES").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    let again = "schemas/layer.schema.json is not up to date: run this test with ONEMAP_WRITE_SAMPLES=1";
    assert!(std::fs::read_to_string(PATH).unwrap() == text, "{again}");
}

#[test]
fn every_definition_satisfies_the_schema_and_is_built_in() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/layers");
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(faults_of(&text), Vec::<String>::new(), "{}", path.display());
        names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    let mut known: Vec<&str> = built_in_names().collect();
    known.sort_unstable();
    assert_eq!(names, known);
    for name in known {
        let definition = built_in(name).unwrap();
        assert_eq!(definition.layer.name().as_str(), name);
        assert!(
            definition.layer.key().is_some() && definition.layer.authority.is_some(),
            "{name}"
        );
        assert!(
            definition
                .words
                .iter()
                .all(|words| !words.zh.is_empty() && !words.en.is_empty())
        );
    }
}

#[test]
fn what_the_schema_refuses_is_refused_when_read_and_words_that_it_names_are_known() {
    let good = "name = \"a\"\ngeometry = \"Point\"\ntitle = { zh = \"a\", en = \"a\" }\n";
    assert!(faults_of(good).is_empty() && read("a", good).is_ok());
    for bad in [
        "zooms = [1, 2]",
        "access = \"all\"",
        "basemap = 1",
        "checks = { gaps = \"few\" }",
        "fields = [{}]",
    ] {
        let text = format!("{good}{bad}\n");
        assert!(!faults_of(&text).is_empty() && read("a", &text).is_err(), "{bad}");
    }
    let schema = schema();
    let words = |pointer: &str| -> Vec<String> {
        let list = schema.pointer(pointer).and_then(Value::as_array);
        let list = list.unwrap_or_else(|| panic!("{pointer}"));
        list.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let known = |pointer: &str, parse: &dyn Fn(&str) -> bool| words(pointer).iter().all(|word| parse(word));
    assert!(known("/properties/geometry/enum", &|word| GeometryType::parse(word).is_some()));
    assert!(known("/properties/access/enum", &|word| Access::parse(word).is_some()));
    assert!(known("/properties/secrecy/enum", &|word| Secrecy::parse(word).is_some()));
    assert!(known("/$defs/RawField/properties/type/enum", &|word| FieldType::parse(
        word
    )
    .is_some()));
    assert!(known("/$defs/RawField/properties/form/enum", &|word| Form::parse(word)
        .is_some()));
}

#[test]
fn a_definition_may_bring_its_own_dictionary() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("own.toml"), "title = \"own\"\n[codes]\nA = \"a\"\n").unwrap();
    let file = dir.path().join("wells.toml");
    let text = |dictionary: &str| {
        format!(
            "name = \"wells\"\ngeometry = \"Point\"\ntitle = {{ zh = \"井\", en = \"Wells\" }}\nfields = [{{ name = \"kind\", \
             type = \"text\", title = {{ zh = \"类\", en = \"Kind\" }}, dictionary = \"{dictionary}\" }}]"
        )
    };
    let read = |dictionary: &str| read(file.to_str().unwrap(), &text(dictionary));
    let rules = read("own.toml").unwrap().rules;
    assert!(rules.fields[0].dictionary.as_ref().unwrap().codes.contains("A"));
    assert!(read("other.toml").unwrap_err().to_string().contains("other.toml"));
    for name in Dictionary::built_in_names() {
        assert!(read(name).is_ok(), "{name}");
    }
}
