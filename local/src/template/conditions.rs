//! The `Conditions` of a template, and what `Fn::If` chooses by them.

use serde_json::Value;

use super::intrinsics;
use super::scalar::scalar_text;
use super::scope::Scope;

/// The entries of a list: an `Fn::If` stands for what it chooses, and `AWS::NoValue` for no entry.
pub(super) fn chosen<'a>(scope: &Scope<'a>, value: &'a Value) -> Result<Option<&'a Value>, String> {
    if value["Ref"] == "AWS::NoValue" {
        return Ok(None);
    }
    match value.get("Fn::If") {
        None => Ok(Some(value)),
        Some(arguments) => match arguments.as_array().map(Vec::as_slice) {
            Some([Value::String(name), then, otherwise]) => {
                chosen(scope, if named(scope, name)? { then } else { otherwise })
            }
            _ => Err("Fn::If takes a condition and two values".to_owned()),
        },
    }
}

fn named(scope: &Scope<'_>, name: &str) -> Result<bool, String> {
    let condition = scope.condition(name).ok_or_else(|| format!("Fn::If knows no condition \"{name}\""))?;
    holds(scope, condition).map_err(|problem| format!("condition \"{name}\": {problem}"))
}

fn holds(scope: &Scope<'_>, condition: &Value) -> Result<bool, String> {
    if let Some([one]) = condition["Fn::Not"].as_array().map(Vec::as_slice) {
        return holds(scope, one).map(|holds| !holds);
    }
    if let Some([left, right]) = condition["Fn::Equals"].as_array().map(Vec::as_slice) {
        let text = |value| intrinsics::resolve(scope, value).map(|value| scalar_text(&value));
        return Ok(text(left)? == text(right)?);
    }
    Err("only Fn::Equals and Fn::Not are supported here".to_owned())
}
