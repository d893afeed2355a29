//! Reads the bodies of `PATCH` and `PUT`, and applies them to an instance.

use chrono::{DateTime, Utc};
use shared::instances::{Configuration, Instance, key};

use super::reader::Reader;
use super::{Fault, Rules, check, complete, json, previous_key};
use crate::subscription::MANAGED;

/// A well-formed change of an instance.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    name: Option<String>,
    tags: Option<Vec<String>>,
    configuration: Option<Configuration>,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Merge,
    Replace,
}

impl Change {
    /// Reads the body of `PATCH`: settings are merged, tags are replaced.
    pub(crate) fn patch(body: &[u8]) -> Result<Self, Vec<Fault>> {
        let body = json::object(body)?;
        let mut reader = Reader::new(&body);
        reader.element();
        let change = Self {
            name: reader.has("name").then(|| reader.name()),
            tags: reader.has("tags").then(|| reader.tags()),
            configuration: reader.has("configuration").then(|| reader.configuration()),
            how: How::Merge,
        };
        reader.finish(change)
    }

    /// Reads the body of `PUT`, which replaces the instance. It may be an answer of `GET`.
    pub(crate) fn put(body: &[u8]) -> Result<Self, Vec<Fault>> {
        let body = json::object(body)?;
        let mut reader = Reader::new(&body);
        reader.element();
        let change = Self {
            configuration: Some(reader.configuration()),
            name: Some(reader.name()),
            tags: Some(reader.tags()),
            how: How::Replace,
        };
        reader.finish(change)
    }

    /// A change of settings alone.
    pub(crate) fn of_settings(configuration: Configuration) -> Self {
        Self { name: None, tags: None, configuration: Some(configuration), how: How::Merge }
    }

    /// The changed instance. A masked secret keeps its value.
    ///
    /// The error has everything that is missing or wrong.
    pub(crate) fn apply(
        &self,
        mut instance: Instance,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Instance, Vec<Fault>> {
        if let Some(name) = &self.name {
            instance.name.clone_from(name);
        }
        if let Some(tags) = &self.tags {
            instance.tags.clone_from(tags);
        }
        let Some(settings) = &self.configuration else { return Ok(instance) };
        let mut settings = settings.clone().unmasked_from(&instance.configuration);
        let mut faults = managed(&instance.configuration, &mut settings);
        let mut changed = match self.how {
            How::Merge => instance.configuration.clone().merged_with(settings),
            How::Replace => settings,
        };
        previous_key::keep(&instance.configuration, &mut changed, now);
        instance.configuration = changed;
        complete(&mut instance.configuration);
        check::check(&instance.configuration, rules, &mut faults);
        if self.how == How::Replace {
            check::callback(&instance.configuration, &mut faults);
        }
        if faults.is_empty() { Ok(instance) } else { Err(faults) }
    }
}

/// Keeps the settings that this system manages, and reports changes of them: without the subscription's key anybody
/// could send webhooks.
fn managed(before: &Configuration, settings: &mut Configuration) -> Vec<Fault> {
    let (is, was) = (settings.is_automatic(), before.is_automatic());
    if is && !was {
        let reason = "can be automatic from the creation of an instance on only; create it again";
        return vec![Fault::wrong(format!("configuration.{}", key::SUBSCRIPTION_PROVISIONING), reason)];
    }
    let mut faults = Vec::new();
    for key in MANAGED.into_iter().filter(|_| was) {
        let kept = before.entry(key).flatten();
        match settings.entry(key) {
            Some(value) if value != kept => {
                let reason = "is managed by this system while the subscription at Close is automatic";
                faults.push(Fault::wrong(format!("configuration.{key}"), reason));
            }
            Some(_) => {}
            None => settings.set(key, kept.map(str::to_owned)),
        }
    }
    faults
}
