//! What `POST /instances` asks for, checked: everything that is wrong with it in one answer.

mod close_api_hosts;
mod fault;
mod reader;

pub use close_api_hosts::CloseApiHosts;
pub use fault::Fault;

use serde_json::Value;
use shared::callback_url::Reach;
use shared::instance::{Configuration, ConfigurationFault, EventSettings, EventSource, key};
use shared::polling::settings::PollerSettings;

use reader::Reader;

/// The largest body that is taken.
pub(crate) const MAX_BODY: usize = 256 * 1024;

/// What this system adds to a configuration that does not say.
const DEFAULTS: &[(&str, &str)] = &[
    (key::BASE_URL, "https://api.close.com/api/v1"),
    (key::PAGINATION_MAX, "100"),
    (key::PAGINATION_OFFSET, "true"),
];

/// What an instance may be configured to, in this deployment.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How far callbacks may go.
    pub reach: Reach,
    /// The hosts that `base.url` may name.
    pub close_api_hosts: CloseApiHosts,
}

/// A request for an instance that can be granted.
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
    /// # Errors
    /// Everything that is missing or wrong, in the order of the body's documentation.
    pub fn read(body: &[u8], rules: &Rules) -> Result<Self, Vec<Fault>> {
        let body: Value = parse(body)?;
        let mut reader = Reader::new(&body);
        reader.element();
        let mut configuration = reader.configuration();
        let name = reader.name();
        let tags = reader.tags();
        let mut faults = reader.faults;
        check(&configuration, rules, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        for (key, value) in DEFAULTS {
            configuration.set_default(key, value);
        }
        let tags = if tags.is_empty() { vec![name.clone()] } else { tags };
        Ok(Self { name, tags, configuration })
    }
}

fn parse(body: &[u8]) -> Result<Value, Vec<Fault>> {
    match serde_json::from_slice(body) {
        Ok(body @ Value::Object(_)) => Ok(body),
        Ok(_) => Err(vec![Fault::wrong("the body", "is not a JSON object")]),
        Err(error) => {
            let place = format!("at line {} column {}", error.line(), error.column());
            let problem = if error.is_eof() { "ends too early" } else { "has a syntax error" };
            Err(vec![Fault::wrong("the body", format!("is not a JSON object: it {problem} {place}"))])
        }
    }
}

fn check(configuration: &Configuration, rules: &Rules, faults: &mut Vec<Fault>) {
    if configuration.get(key::USERNAME).is_none() {
        faults.push(Fault::missing(format!("configuration.{}", key::USERNAME)));
    }
    if let Some(base_url) = configuration.get(key::BASE_URL)
        && let Err(reason) = rules.close_api_hosts.check(base_url)
    {
        faults.push(Fault::wrong(format!("configuration.{}", key::BASE_URL), reason));
    }
    match EventSettings::read(configuration, rules.reach) {
        Ok(events) => {
            if events.enabled && events.callback_url.is_none() {
                faults.push(Fault::missing(format!("configuration.{}", key::CALLBACK_URL)));
            }
            if events.source == EventSource::Polling {
                faults
                    .extend(PollerSettings::read(configuration).err().into_iter().flatten().map(of_setting));
            }
        }
        Err(wrong) => faults.extend(wrong.into_iter().map(of_setting)),
    }
}

fn of_setting(fault: ConfigurationFault) -> Fault {
    Fault::wrong(format!("configuration.{}", fault.key), fault.reason)
}

#[cfg(test)]
mod tests;
