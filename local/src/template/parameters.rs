//! The parameters of the template: their defaults, and what was given instead.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::Fault;
use super::scalar::scalar_text;

/// The parameters of one template with the values given for them.
pub(super) struct Parameters<'a> {
    declared: Option<&'a Map<String, Value>>,
    overrides: &'a BTreeMap<String, String>,
}

impl<'a> Parameters<'a> {
    /// Checks that every override has a parameter that allows it, as a deployment would.
    pub(super) fn read(document: &'a Value, overrides: &'a BTreeMap<String, String>) -> Result<Self, Fault> {
        let parameters = Self { declared: document.get("Parameters").and_then(Value::as_object), overrides };
        for (name, value) in overrides {
            let place = format!("Parameters.{name}");
            match parameters.declaration(name) {
                Some(declaration) if is_allowed(declaration, value) => {}
                Some(_) => return Err(Fault::new(place, format!("{value:?} is not an allowed value"))),
                None => {
                    return Err(Fault::new(
                        place,
                        format!("{value:?} is given for it, but it does not exist"),
                    ));
                }
            }
        }
        Ok(parameters)
    }

    /// The value of a parameter, if it exists.
    pub(super) fn value(&self, name: &str) -> Option<Result<Value, String>> {
        let declaration = self.declaration(name)?;
        let given = self.overrides.get(name).cloned();
        let text = given.or_else(|| declaration.get("Default").and_then(scalar_text));
        Some(match text {
            Some(text) if declaration.get("Type").and_then(Value::as_str) == Some("CommaDelimitedList") => {
                Ok(text.split(',').map(|item| Value::from(item.trim())).collect())
            }
            Some(text) => Ok(Value::String(text)),
            None => Err(format!("Ref to \"{name}\", a parameter without a default: give it a value")),
        })
    }

    fn declaration(&self, name: &str) -> Option<&'a Value> {
        self.declared?.get(name)
    }
}

fn is_allowed(declaration: &Value, value: &str) -> bool {
    let listed = match declaration.get("AllowedValues").and_then(Value::as_array) {
        Some(allowed) => allowed.iter().filter_map(scalar_text).any(|allowed| allowed == value),
        None => true,
    };
    listed
        && (declaration.get("Type").and_then(Value::as_str) != Some("Number") || in_range(declaration, value))
}

fn in_range(declaration: &Value, value: &str) -> bool {
    let bound = |key| declaration.get(key).and_then(scalar_text).and_then(|text| text.parse::<f64>().ok());
    value.parse::<f64>().is_ok_and(|number| {
        bound("MinValue").is_none_or(|least| number >= least)
            && bound("MaxValue").is_none_or(|most| number <= most)
    })
}
