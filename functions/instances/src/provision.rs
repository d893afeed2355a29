//! Reads and checks the body of `POST /instances`; one answer names every fault.

mod change;
mod check;
mod fault;
mod json;
mod placeholder;
mod previous_key;
mod reader;

pub(crate) use change::Change;
pub use fault::Fault;

use close::CloseApiHosts;
use shared::callbacks::url::Reach;
use shared::instances::{Configuration, EventSource, key};

use reader::Reader;

const DEFAULTS: &[(&str, &str)] = &[
    (key::BASE_URL, "https://api.close.com/api/v1"),
    (key::PAGINATION_MAX, "100"),
    (key::PAGINATION_OFFSET, "true"),
];

/// What this deployment allows in a configuration.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Which addresses callbacks may reach.
    pub reach: Reach,
    /// The hosts that `base.url` may name.
    pub close_api_hosts: CloseApiHosts,
}

/// A valid request for an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provision {
    /// Its name.
    pub name: String,
    /// Its tags; its name, when none were given, as on the platform.
    pub tags: Vec<String>,
    /// Its settings, defaults included.
    pub configuration: Configuration,
}

impl Provision {
    /// Reads the body of `POST /instances`.
    ///
    /// The error has everything that is missing or wrong, in the order of the body's documentation.
    pub fn read(body: &[u8], rules: &Rules) -> Result<Self, Vec<Fault>> {
        let body = json::object(body)?;
        let mut reader = Reader::new(&body);
        reader.required_element();
        Self::read_rest(reader, rules)
    }

    /// The same for `POST /elements/{element}/instances`, whose path names the element.
    pub fn read_of_element(body: &[u8], rules: &Rules) -> Result<Self, Vec<Fault>> {
        let body = json::object(body)?;
        let mut reader = Reader::new(&body);
        reader.element();
        Self::read_rest(reader, rules)
    }

    fn read_rest(mut reader: Reader<'_>, rules: &Rules) -> Result<Self, Vec<Fault>> {
        let mut configuration = reader.configuration();
        let name = reader.name();
        let tags = reader.tags();
        let mut faults = reader.faults;
        let mut found = Vec::new();
        check::check(&configuration, rules, &mut found);
        check::callback(&configuration, &mut found);
        // A placeholder is reported once, without other faults of its entry.
        found.retain(|fault| !faults.iter().any(|known| known.entry() == fault.entry()));
        faults.extend(found);
        if !faults.is_empty() {
            return Err(faults);
        }
        complete(&mut configuration);
        let tags = if tags.is_empty() { vec![name.clone()] } else { tags };
        Ok(Self { name, tags, configuration })
    }
}

/// Adds the defaults, and how events come.
fn complete(configuration: &mut Configuration) {
    for (key, value) in DEFAULTS {
        configuration.set_default(key, value);
    }
    // How events come must not depend on a secret: some functions cannot read it.
    let has_key = configuration.get(key::SUBSCRIPTION_SIGNATURE_KEY).is_some();
    let implied = EventSource::of(configuration).unwrap_or(EventSource::Webhook);
    if configuration.get(key::VENDOR_TYPE).is_none() && (has_key || implied == EventSource::Polling) {
        configuration.set(key::VENDOR_TYPE, Some(implied.as_str().to_owned()));
    }
}

/// Reads the body that changes one setting: `{"propertyValue": …}`.
pub(crate) fn property_value(body: &[u8]) -> Result<Option<String>, Vec<Fault>> {
    let body = json::object(body)?;
    let value = body.get("propertyValue").ok_or_else(|| vec![Fault::missing("propertyValue")])?;
    Ok(reader::setting(value))
}

#[cfg(test)]
mod tests;
