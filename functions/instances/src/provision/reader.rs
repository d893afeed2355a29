//! The entries of the body, one by one; what is wrong with one does not hide what is wrong with the next.

use serde_json::{Map, Value};
use shared::callbacks::notification::ELEMENT_KEY;
use shared::instances::Configuration;

use super::Fault;
use crate::markup;

/// The two names of the same entry: Cloud Elements' and SAP's.
const ELEMENT_ENTRIES: [&str; 2] = ["element", "connector"];

/// Characters that a name or tag may have. Names and tags are in every callback.
const MAX_NAME: usize = 250;
/// Tags that an instance may have.
const MAX_TAGS: usize = 100;

pub(super) struct Reader<'a> {
    body: &'a Value,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a Value) -> Self {
        Self { body, faults: Vec::new() }
    }

    /// Whether the body has an entry that is not null.
    pub(super) fn has(&self, entry: &str) -> bool {
        self.present(entry).is_some()
    }

    pub(super) fn has_element(&self) -> bool {
        ELEMENT_ENTRIES.iter().any(|entry| self.has(entry))
    }

    /// What was read, if nothing was wrong.
    pub(super) fn finish<T>(self, read: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() { Ok(read) } else { Err(self.faults) }
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
            Some(key) => {
                let key: String = key.to_string().chars().take(100).collect();
                let problem = format!("is {key}; this system provisions \"{ELEMENT_KEY}\" only");
                self.wrong(format!("{entry}.key"), problem);
            }
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
            Some(Value::String(name)) => match markup::strip(name) {
                name if name.is_empty() => self.missing("name"),
                name if name.chars().count() > MAX_NAME => {
                    self.wrong("name", format!("is longer than {MAX_NAME} characters"));
                }
                name => return name,
            },
            None => self.missing("name"),
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
        let tags: Vec<String> = tags.into_iter().map(markup::strip).filter(|tag| !tag.is_empty()).collect();
        if tags.len() > MAX_TAGS || tags.iter().any(|tag| tag.chars().count() > MAX_NAME) {
            self.wrong(
                "tags",
                format!("has more than {MAX_TAGS} tags, or one longer than {MAX_NAME} characters"),
            );
        }
        tags
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
pub(super) fn setting(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}
