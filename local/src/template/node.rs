//! A place in the template, and how to read what stands there.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::conditions;
use super::error::Fault;
use super::intrinsics;
use super::scalar::scalar_text;
use super::scope::Scope;

/// A value with the keys that lead to it. Intrinsic functions are worked out when a value is read, and not
/// before, so that one that is not supported hurts only where it is needed.
#[derive(Clone)]
pub(super) struct Node<'a> {
    value: &'a Value,
    scope: &'a Scope<'a>,
    place: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(document: &'a Value, scope: &'a Scope<'a>) -> Self {
        Self { value: document, scope, place: String::new() }
    }

    pub(super) fn scope(&self) -> &'a Scope<'a> {
        self.scope
    }

    /// The value of a key, if it is there.
    pub(super) fn child(&self, key: &str) -> Result<Option<Self>, Fault> {
        let entry = self.object()?.and_then(|object| object.get(key)).filter(|value| !value.is_null());
        Ok(entry.map(|value| self.at(key, value)))
    }

    /// The value of a key that must be there.
    pub(super) fn required(&self, key: &str) -> Result<Self, Fault> {
        match self.child(key)? {
            Some(node) => Ok(node),
            None => Err(self.at(key, &NOTHING).fault("missing")),
        }
    }

    /// Follows keys for as long as they are there.
    pub(super) fn descendant(&self, keys: &[&str]) -> Result<Option<Self>, Fault> {
        let mut node = self.clone();
        for key in keys {
            match node.child(key)? {
                Some(child) => node = child,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// Every entry of a mapping.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>, Fault> {
        let entries = self.object()?.into_iter().flatten();
        Ok(entries.map(|(key, value)| (key.as_str(), self.at(key, value))).collect())
    }

    /// Every item of a list that its conditions leave in it.
    pub(super) fn items(&self) -> Result<Vec<Self>, Fault> {
        let items = self.value.as_array().ok_or_else(|| self.unexpected("a list", self.value))?;
        let mut chosen = Vec::new();
        for (index, value) in items.iter().enumerate() {
            let item = Self { value, scope: self.scope, place: format!("{}[{index}]", self.place) };
            let value = conditions::chosen(self.scope, value).map_err(|problem| item.fault(problem))?;
            chosen.extend(value.map(|value| Self { value, ..item }));
        }
        Ok(chosen)
    }

    /// Every resource of one type, as its logical id and its properties.
    pub(super) fn resources(&self, kind: &str) -> Result<Vec<(&'a str, Self)>, Fault> {
        let mut found = Vec::new();
        for (id, resource) in self.required("Resources")?.entries()? {
            if resource.child("Type")?.is_some_and(|node| node.value.as_str() == Some(kind)) {
                if let Some(condition) = resource.child("Condition")? {
                    return Err(condition.fault("conditions are not supported here"));
                }
                found.push((
                    id,
                    resource.at("Properties", resource.value.get("Properties").unwrap_or(&NOTHING)),
                ));
            }
        }
        Ok(found)
    }

    /// Refuses keys beside `known` ones, where one more would change what happens.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Fault> {
        match self.entries()?.into_iter().find(|(key, _)| !known.contains(key)) {
            Some((_, unknown)) => Err(unknown.fault("not supported here")),
            None => Ok(()),
        }
    }

    /// The whole value with its intrinsic functions worked out.
    pub(super) fn json(&self) -> Result<Value, Fault> {
        intrinsics::resolve(self.scope, self.value).map_err(|problem| self.fault(problem))
    }

    /// The value as text; numbers and booleans are text in many places of a template.
    pub(super) fn text(&self) -> Result<String, Fault> {
        let value = self.json()?;
        scalar_text(&value).ok_or_else(|| self.unexpected("text", &value))
    }

    /// The value as something that is written as text, such as a number; `expected` says what.
    pub(super) fn parsed<T: FromStr>(&self, expected: &str) -> Result<T, Fault> {
        let value = self.json()?;
        let parsed = scalar_text(&value).and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| self.unexpected(expected, &value))
    }

    /// The value as a yes or no.
    pub(super) fn flag(&self) -> Result<bool, Fault> {
        self.parsed("true or false")
    }

    /// The value as the ARN of one of the template's queues: the name of that queue.
    pub(super) fn queue(&self) -> Result<String, Fault> {
        let value = self.json()?;
        let queue = value.as_str().and_then(|arn| self.scope.queue_of(arn));
        queue.ok_or_else(|| self.unexpected("the ARN of a queue of this template", &value))
    }

    pub(super) fn fault(&self, problem: impl Into<String>) -> Fault {
        Fault::new(if self.place.is_empty() { "the document" } else { &self.place }, problem)
    }

    pub(super) fn unexpected(&self, expected: &str, found: &Value) -> Fault {
        self.fault(format!("expected {expected}, found {found}"))
    }

    /// The entries, where nothing stands for none.
    fn object(&self) -> Result<Option<&'a Map<String, Value>>, Fault> {
        if self.value.is_null() {
            return Ok(None);
        }
        let object = self.value.as_object().ok_or_else(|| self.unexpected("a mapping", self.value))?;
        match intrinsics::name_of_call(object) {
            Some(call) => Err(self.fault(format!("expected a mapping, found {call}"))),
            None => Ok(Some(object)),
        }
    }

    fn at(&self, key: &str, value: &'a Value) -> Self {
        let place = if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) };
        Self { value, scope: self.scope, place }
    }
}

/// What stands where nothing stands: a queue without properties, or a key that is missing.
static NOTHING: Value = Value::Null;
