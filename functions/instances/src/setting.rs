//! One setting of an instance, as the platform shows it.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use shared::instances::{Configuration, Instance, key};
use shared::platform::secret::MASK;

use crate::catalogue;

/// An entry of `/instances/{id}/configuration`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Setting {
    id: u32,
    key: String,
    name: String,
    property_value: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    element_instance_id: u64,
    required: bool,
    active: bool,
    internal: bool,
}

impl Setting {
    /// The setting of this key, secrets masked; null when the instance has none.
    pub(crate) fn of(instance: &Instance, key: &str) -> Self {
        let value = instance.configuration.entry(key).flatten();
        let known = catalogue::find(key);
        Self {
            id: number(key),
            key: key.to_owned(),
            name: known.map_or(key, |setting| setting.name).to_owned(),
            property_value: value
                .map(|value| if Configuration::is_masked(key) { MASK } else { value }.to_owned()),
            kind: known.map_or("TEXTFIELD_1000", |setting| setting.kind),
            element_instance_id: instance.id.get(),
            required: key == key::USERNAME,
            active: true,
            internal: false,
        }
    }
}

/// The number of a setting: the platform has numbers, here they follow from the key and never change.
fn number(key: &str) -> u32 {
    let digest = Sha256::digest(key);
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) >> 1
}

/// The key that a key or number in a path stands for: a setting of the instance, or of the contract.
pub(crate) fn key<'a>(named: &str, instance: &'a Instance) -> Option<&'a str> {
    let number_named = named.parse::<u32>().ok();
    let is_it = |key: &&str| *key == named || number_named == Some(number(key));
    let own = instance.configuration.entries().map(|(key, _)| key);
    own.chain(catalogue::SETTINGS.iter().map(|setting| setting.key)).find(is_it)
}
