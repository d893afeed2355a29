//! From YAML to JSON values, with the intrinsic functions in their long spelling.

use saphyr::{LoadableYamlNode, Scalar, Tag, Yaml};
use serde_json::{Map, Number, Value};

/// Parses the one document that `text` holds: `!Ref Name` becomes `{"Ref": "Name"}`, `!Sub` becomes
/// `{"Fn::Sub": …}`, so that nothing after this knows of two spellings.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    match documents.as_slice() {
        [document] if document.is_mapping() => value(document),
        _ => Err("expected one mapping with Resources".to_owned()),
    }
}

fn value(yaml: &Yaml<'_>) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Value(scalar) => scalar_value(scalar),
        Yaml::Representation(text, _, _) => Value::String(text.to_string()),
        Yaml::Sequence(items) => Value::Array(items.iter().map(value).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, item) in entries {
                object.insert(key_text(key)?, value(item)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tag, item) => match long_spelling(tag) {
            Some(name) => Value::Object(Map::from_iter([(name, value(item)?)])),
            None => value(item)?,
        },
        Yaml::Alias(_) | Yaml::BadValue => return Err("a value does not fit its tag".to_owned()),
    })
}

fn scalar_value(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(flag) => Value::Bool(*flag),
        Scalar::Integer(number) => Value::from(*number),
        // JSON has no words for infinity and not-a-number; neither has a template.
        Scalar::FloatingPoint(number) => Number::from_f64(number.0).map_or(Value::Null, Value::Number),
        Scalar::String(text) => Value::String(text.to_string()),
    }
}

fn key_text(key: &Yaml<'_>) -> Result<String, String> {
    match value(key)? {
        Value::String(text) => Ok(text),
        number @ Value::Number(_) => Ok(number.to_string()),
        other @ (Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            Err(format!("expected a name as a key, found {other}"))
        }
    }
}

/// The long spelling of a CloudFormation tag; YAML's own tags (`!!str`) have none.
fn long_spelling(tag: &Tag) -> Option<String> {
    (tag.handle == "!").then(|| match tag.suffix.as_str() {
        "Ref" | "Condition" => tag.suffix.clone(),
        function => format!("Fn::{function}"),
    })
}
