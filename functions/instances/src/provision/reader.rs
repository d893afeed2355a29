//! The entries of the body, one by one; what is wrong with one does not hide what is wrong with the next.

use serde_json::{Map, Value};
use shared::instance::Configuration;
use shared::notification::ELEMENT_KEY;

use super::Fault;

/// The two names of the same entry: Cloud Elements' and SAP's.
const ELEMENT_ENTRIES: [&str; 2] = ["element", "connector"];

pub(super) struct Reader<'a> {
    body: &'a Value,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a Value) -> Self {
        Self { body, faults: Vec::new() }
    }

    pub(super) fn element(&mut self) {
        let Some((entry, element)) =
            ELEMENT_ENTRIES.iter().find_map(|entry| Some((*entry, self.present(entry)?)))
        else {
            return self.missing("element.key");
        };
        match element.get("key") {
            None | Some(Value::Null) if element.is_object() => self.missing(format!("{entry}.key")),
            Some(Value::String(key)) if key == ELEMENT_KEY => {}
            Some(_) => self.wrong(format!("{entry}.key"), format!("is not \"{ELEMENT_KEY}\"")),
            None => self.wrong(entry, "is not an object"),
        }
    }

    pub(super) fn configuration(&mut self) -> Configuration {
        let empty = Map::new();
        let settings = match self.present("configuration") {
            None => &empty,
            Some(Value::Object(settings)) => settings,
            Some(_) => {
                self.wrong("configuration", "is not an object");
                &empty
            }
        };
        settings.iter().map(|(key, value)| (key.clone(), setting(value))).collect()
    }

    pub(super) fn name(&mut self) -> String {
        match self.present("name") {
            Some(Value::String(name)) if !name.trim().is_empty() => return name.trim().to_owned(),
            None | Some(Value::String(_)) => self.missing("name"),
            Some(_) => self.wrong("name", "is not a string"),
        }
        String::new()
    }

    /// The tags that say something; the seeds print an empty one where a tag goes.
    pub(super) fn tags(&mut self) -> Vec<String> {
        let Some(tags) = self.present("tags") else { return Vec::new() };
        let tags: Option<Vec<&str>> =
            tags.as_array().and_then(|tags| tags.iter().map(Value::as_str).collect());
        let Some(tags) = tags else {
            self.wrong("tags", "is not an array of strings");
            return Vec::new();
        };
        tags.into_iter().map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
    }

    fn present(&self, entry: &str) -> Option<&'a Value> {
        self.body.get(entry).filter(|value| !value.is_null())
    }

    fn missing(&mut self, entry: impl Into<String>) {
        self.faults.push(Fault::missing(entry));
    }

    fn wrong(&mut self, entry: impl Into<String>, reason: impl Into<String>) {
        self.faults.push(Fault::wrong(entry, reason));
    }
}

/// A setting's value as the platform keeps it: a string or null. JSON is kept as its text.
fn setting(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}
