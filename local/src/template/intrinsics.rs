//! CloudFormation's intrinsic functions, as far as a template here needs them.

use serde_json::{Map, Value};

use super::scalar::scalar_text;
use super::scope::Scope;

/// Evaluates every intrinsic function in `value`.
pub(super) fn resolve(scope: &Scope<'_>, value: &Value) -> Result<Value, String> {
    match value {
        Value::Array(items) => items.iter().map(|item| resolve(scope, item)).collect(),
        Value::Object(object) => match name_of_call(object) {
            Some(name) => call(scope, name, &object[name]),
            None => object.iter().map(|(key, item)| Ok((key.clone(), resolve(scope, item)?))).collect(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
    }
}

/// The name of the intrinsic function that a mapping calls, if it is such a call: its only key.
pub(super) fn name_of_call(object: &Map<String, Value>) -> Option<&str> {
    let mut keys = object.keys();
    match (keys.next(), keys.next()) {
        (Some(key), None) if key == "Ref" || key.starts_with("Fn::") => Some(key),
        _ => None,
    }
}

fn call(scope: &Scope<'_>, name: &str, argument: &Value) -> Result<Value, String> {
    match (name, argument) {
        ("Ref", Value::String(target)) => scope.reference(target),
        ("Fn::GetAtt", argument) => get_att(scope, argument),
        ("Fn::Sub", Value::String(text)) => sub(scope, text, &Map::new()),
        ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
            [Value::String(text), Value::Object(variables)] => sub(scope, text, variables),
            _ => Err(SUB_TAKES.to_owned()),
        },
        ("Fn::Join", Value::Array(parts)) => match parts.as_slice() {
            [Value::String(delimiter), items] => join(scope, delimiter, items),
            _ => Err(JOIN_TAKES.to_owned()),
        },
        ("Ref", _) => Err("Ref takes a name".to_owned()),
        ("Fn::Sub", _) => Err(SUB_TAKES.to_owned()),
        ("Fn::Join", _) => Err(JOIN_TAKES.to_owned()),
        _ => Err(format!("{name} is not supported here")),
    }
}

const SUB_TAKES: &str = "Fn::Sub takes a text, or a text and a mapping";
const JOIN_TAKES: &str = "Fn::Join takes a delimiter and a list of texts";

fn get_att(scope: &Scope<'_>, argument: &Value) -> Result<Value, String> {
    let parts = match argument {
        Value::String(text) => text.split_once('.'),
        Value::Array(items) => match items.as_slice() {
            [Value::String(id), Value::String(attribute)] => Some((id.as_str(), attribute.as_str())),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    };
    let (id, attribute) = parts.ok_or("Fn::GetAtt takes a resource and an attribute")?;
    scope.attribute(id, attribute)
}

/// Replaces each `${Name}`; `${!Name}` is how a template writes a literal `${Name}`.
fn sub(scope: &Scope<'_>, text: &str, variables: &Map<String, Value>) -> Result<Value, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or("Fn::Sub has a \"${\" without its \"}\"")?;
        result.push_str(before);
        let value = match name.strip_prefix('!') {
            Some(literal) => format!("${{{literal}}}"),
            None => variable(scope, name.trim(), variables)?,
        };
        result.push_str(&value);
        rest = after;
    }
    result.push_str(rest);
    Ok(Value::String(result))
}

fn variable(scope: &Scope<'_>, name: &str, variables: &Map<String, Value>) -> Result<String, String> {
    let value = match (variables.get(name), name.split_once('.')) {
        (Some(own), _) => resolve(scope, own)?,
        (None, Some((id, attribute))) => scope.attribute(id, attribute)?,
        (None, None) => scope.reference(name)?,
    };
    scalar_text(&value).ok_or_else(|| format!("\"${{{name}}}\" in Fn::Sub is not a text"))
}

fn join(scope: &Scope<'_>, delimiter: &str, items: &Value) -> Result<Value, String> {
    let items = resolve(scope, items)?;
    let texts: Option<Vec<String>> =
        items.as_array().and_then(|items| items.iter().map(scalar_text).collect());
    texts.map(|texts| Value::String(texts.join(delimiter))).ok_or_else(|| JOIN_TAKES.to_owned())
}
