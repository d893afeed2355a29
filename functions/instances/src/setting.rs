//! One setting of an instance, as the platform shows it.

use serde::Serialize;
use shared::instances::{Configuration, Instance};
use shared::platform::secret::MASK;

use crate::catalogue;

/// An entry of `/instances/{id}/configuration`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingView {
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

impl SettingView {
    /// Every setting that the instance has or could have: clients look up its number here to change it.
    pub(crate) fn all(instance: &Instance) -> Vec<Self> {
        let known = catalogue::SETTINGS.iter().map(|setting| setting.key);
        let own = instance.configuration.entries().map(|(key, _)| key);
        let own = own.filter(|key| catalogue::find(key).is_none());
        known.chain(own).map(|key| Self::of(instance, key)).collect()
    }

    /// The setting of this key, secrets masked; its default, or null, when the instance does not set it.
    pub(crate) fn of(instance: &Instance, key: &str) -> Self {
        let known = catalogue::find(key);
        let default = known.and_then(|setting| setting.default);
        let value = instance.configuration.entry(key).flatten().or(default);
        Self {
            id: catalogue::number(key),
            key: key.to_owned(),
            name: known.map_or(key, |setting| setting.name).to_owned(),
            property_value: value
                .map(|value| if Configuration::is_masked(key) { MASK } else { value }.to_owned()),
            kind: known.map_or("TEXTFIELD_1000", |setting| setting.kind),
            element_instance_id: instance.id.get(),
            required: known.is_some_and(catalogue::Setting::is_required),
            active: true,
            internal: false,
        }
    }
}

/// The key that a key or number in a path stands for: a setting of the instance, or of the contract.
pub(crate) fn key<'a>(named: &str, instance: &'a Instance) -> Option<&'a str> {
    let number_named = named.parse::<u32>().ok();
    let is_it = |key: &&str| *key == named || number_named == Some(catalogue::number(key));
    let own = instance.configuration.entries().map(|(key, _)| key);
    own.chain(catalogue::SETTINGS.iter().map(|setting| setting.key)).find(is_it)
}
