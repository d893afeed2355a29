//! Reads the entries of the body one by one, so that a fault in one does not hide a fault in the next.

use serde_json::{Map, Value};
use shared::callbacks::notification::ELEMENT_KEY;
use shared::instances::Configuration;

use super::{Fault, placeholder};
use crate::catalogue::element;
use crate::markup;

/// The two names of the same entry: Cloud Elements' and SAP's.
const ELEMENT_ENTRIES: [&str; 2] = ["element", "connector"];

/// Characters that a name or tag may have. Names and tags are in every callback.
const MAX_NAME: usize = 250;
const MAX_TAGS: usize = 100;

pub(super) struct Reader<'a> {
    body: &'a Value,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a Value) -> Self {
        Self { body, faults: Vec::new() }
    }

    /// True if the body has an entry that is not null.
    pub(super) fn has(&self, entry: &str) -> bool {
        self.present(entry).is_some()
    }

    /// The result, if there was no fault.
    pub(super) fn finish<T>(self, read: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() { Ok(read) } else { Err(self.faults) }
    }

    /// Requires the body to name the element.
    pub(super) fn required_element(&mut self) {
        if ELEMENT_ENTRIES.iter().any(|entry| self.has(entry)) {
            self.element();
        } else {
            self.missing("element.key");
        }
    }

    /// Refuses an unknown element, by its key, its number or both.
    pub(super) fn element(&mut self) {
        let named = ELEMENT_ENTRIES.iter().find_map(|entry| Some((*entry, self.present(entry)?)));
        let Some((entry, element)) = named else { return };
        let Some(element) = element.as_object() else { return self.wrong(entry, "is not an object") };
        let said = |name: &'static str| element.get(name).filter(|value| !value.is_null());
        let said: Vec<_> = ["key", "id"].into_iter().filter_map(|name| Some((name, said(name)?))).collect();
        if said.is_empty() {
            return self.missing(format!("{entry}.key"));
        }
        for (name, value) in said {
            let text = setting(value).unwrap_or_default();
            if !element::is_meant_by(&text) {
                let value: String = value.to_string().chars().take(100).collect();
                let problem = format!("is {value}; this system provisions \"{ELEMENT_KEY}\" only");
                self.wrong(format!("{entry}.{name}"), problem);
            }
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
        let settings: Configuration =
            settings.iter().map(|(key, value)| (key.clone(), setting(value))).collect();
        for (key, value) in settings.entries() {
            self.refuse_placeholder(&format!("configuration.{key}"), value.unwrap_or_default());
        }
        settings
    }

    pub(super) fn name(&mut self) -> String {
        match self.present("name") {
            Some(Value::String(name)) if self.refuse_placeholder("name", name) => {}
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

    /// The non-empty tags: examples of the old documentation have an empty one.
    pub(super) fn tags(&mut self) -> Vec<String> {
        let Some(tags) = self.present("tags") else { return Vec::new() };
        let tags: Option<Vec<&str>> =
            tags.as_array().and_then(|tags| tags.iter().map(Value::as_str).collect());
        let Some(tags) = tags else {
            self.wrong("tags", "is not an array of strings");
            return Vec::new();
        };
        if tags.iter().any(|tag| self.refuse_placeholder("tags", tag)) {
            return Vec::new();
        }
        let tags: Vec<String> = tags.into_iter().map(markup::strip).filter(|tag| !tag.is_empty()).collect();
        if tags.len() > MAX_TAGS || tags.iter().any(|tag| tag.chars().count() > MAX_NAME) {
            self.wrong(
                "tags",
                format!("has more than {MAX_TAGS} tags, or one longer than {MAX_NAME} characters"),
            );
        }
        tags
    }

    /// True if a text is a placeholder of the documentation, which is reported.
    fn refuse_placeholder(&mut self, entry: &str, text: &str) -> bool {
        let found = placeholder::in_text(text);
        if let Some(found) = found {
            let problem =
                format!("is the placeholder {found} of the documentation; put your own value in its place");
            self.wrong(entry, problem);
        }
        found.is_some()
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
