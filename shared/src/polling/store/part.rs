//! What is under an API key: the polling of instances, and the checks of their subscriptions.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{DynamoPollerStore, Item, key_of, number, text};
use crate::instances::InstanceId;
use crate::platform::aws::{InternalError, Unavailable, written};
use crate::polling::schedule::KeyDigest;
use crate::polling::state::Polling;
use crate::subscriptions::Check;

/// A change of a part is tried again this often when others change it too.
const TRIES: usize = 5;

/// Something that an instance has under an API key.
pub trait Part: Serialize + DeserializeOwned {
    /// What the names of such parts begin with.
    const PREFIX: &'static str;
}

impl Part for Polling {
    const PREFIX: &'static str = "poll#";
}

impl Part for Check {
    const PREFIX: &'static str = "check#";
}

/// A part as it was read. It is written only if nobody else has written it since.
#[derive(Debug, Clone)]
pub struct Versioned<T> {
    /// The key.
    pub key: KeyDigest,
    /// The instance.
    pub id: InstanceId,
    /// What it has.
    pub value: T,
    /// What audits found, which is counted apart.
    pub audit_finds: u64,
    version: u64,
}

impl<T: Part> Versioned<T> {
    /// A part that is not written yet.
    pub fn new(key: KeyDigest, id: InstanceId, value: T) -> Self {
        Self { key, id, value, audit_finds: 0, version: 0 }
    }
}

/// All that is under a key.
#[derive(Debug, Default)]
pub struct Parts {
    /// The polling of instances.
    pub polls: Vec<Versioned<Polling>>,
    /// The checks of subscriptions.
    pub checks: Vec<Versioned<Check>>,
}

pub(super) fn name<T: Part>(id: InstanceId) -> String {
    format!("{}{id}", T::PREFIX)
}

impl DynamoPollerStore {
    /// All that is under a key.
    pub async fn parts(&self, key: &KeyDigest) -> Result<Parts, InternalError> {
        const ACTION: &str = "read what is polled with an API key";
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("key_digest = :key")
            .expression_attribute_values(":key", text(key.as_str()));
        let items: Result<Vec<Item>, _> = query.into_paginator().items().send().collect().await;
        sort(items.unavailable(ACTION)?).unavailable(ACTION)
    }

    /// One part, if there is one.
    pub async fn part<T: Part>(
        &self,
        key: &KeyDigest,
        id: InstanceId,
    ) -> Result<Option<Versioned<T>>, InternalError> {
        const ACTION: &str = "read what is polled with an API key";
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let got = get.set_key(Some(key_of(key, &name::<T>(id)))).send().await.unavailable(ACTION)?;
        got.item.map(read).transpose().unavailable(ACTION)
    }

    /// Writes a part; false if somebody else has written it since it was read.
    pub async fn write<T: Part>(&self, part: &mut Versioned<T>) -> Result<bool, InternalError> {
        const ACTION: &str = "write what is polled with an API key";
        let value = serde_dynamo::to_attribute_value(&part.value).unavailable(ACTION)?;
        let update = self
            .update(&part.key, &name::<T>(part.id))
            .update_expression("SET #value = :value, #version = :next")
            .expression_attribute_names("#value", "value")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":value", value)
            .expression_attribute_values(":next", number(part.version + 1));
        let update = if part.version == 0 {
            update.condition_expression("attribute_not_exists(#version)")
        } else {
            update
                .condition_expression("#version = :version")
                .expression_attribute_values(":version", number(part.version))
        };
        let written = written(update.send().await, ACTION)?;
        part.version += u64::from(written);
        Ok(written)
    }

    /// Changes a part that there may be, or makes it, until nobody else is in the way. `change` gets what is there.
    /// Returns what was written, if anything was.
    ///
    /// # Errors
    /// When the table cannot be used, or others change the part all the time.
    pub async fn change<T: Part>(
        &self,
        key: &KeyDigest,
        id: InstanceId,
        change: impl Fn(Option<T>) -> Option<T>,
    ) -> Result<Option<T>, InternalError> {
        for _ in 0..TRIES {
            let found = self.part::<T>(key, id).await?;
            let version = found.as_ref().map_or(0, |it| it.version);
            let Some(value) = change(found.map(|it| it.value)) else { return Ok(None) };
            let mut part = Versioned { version, ..Versioned::new(key.clone(), id, value) };
            if self.write(&mut part).await? {
                return Ok(Some(part.value));
            }
        }
        Err(InternalError::new(
            "change what is polled with an API key",
            "others change it all the time".to_owned(),
        ))
    }

    /// Removes a part.
    pub async fn remove<T: Part>(&self, key: &KeyDigest, id: InstanceId) -> Result<(), InternalError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let deleted = delete.set_key(Some(key_of(key, &name::<T>(id)))).send().await;
        deleted.unavailable("remove what is polled with an API key")?;
        Ok(())
    }

    /// Counts what an audit found.
    pub async fn count_finds(
        &self,
        key: &KeyDigest,
        id: InstanceId,
        finds: usize,
    ) -> Result<(), InternalError> {
        let update = self.update(key, &name::<Polling>(id)).update_expression("ADD audit_finds :finds");
        let update = update.expression_attribute_values(":finds", number(finds));
        update.send().await.unavailable("count what an audit found")?;
        Ok(())
    }
}

/// Sorts items by what they are; the key's own is left out.
pub(super) fn sort(items: Vec<Item>) -> Result<Parts, serde_dynamo::Error> {
    let mut parts = Parts::default();
    for item in items {
        let part = item.get("part").and_then(|part| part.as_s().ok()).cloned().unwrap_or_default();
        if part.starts_with(Polling::PREFIX) {
            parts.polls.push(read(item)?);
        } else if part.starts_with(Check::PREFIX) {
            parts.checks.push(read(item)?);
        }
    }
    Ok(parts)
}

fn read<T: Part>(mut item: Item) -> Result<Versioned<T>, serde_dynamo::Error> {
    let part: String = serde_dynamo::from_attribute_value(item.remove("part").unwrap_or(null()))?;
    let key: String = serde_dynamo::from_attribute_value(item.remove("key_digest").unwrap_or(null()))?;
    let id = part.trim_start_matches(T::PREFIX).parse();
    let id = id.map_err(|_| <serde_dynamo::Error as serde::de::Error>::custom("no instance id"))?;
    let finds = item.remove("audit_finds");
    Ok(Versioned {
        key: KeyDigest::from_text(&key),
        id,
        audit_finds: finds.map(serde_dynamo::from_attribute_value).transpose()?.unwrap_or_default(),
        version: serde_dynamo::from_attribute_value(item.remove("version").unwrap_or(null()))?,
        value: serde_dynamo::from_attribute_value(item.remove("value").unwrap_or(null()))?,
    })
}

fn null() -> AttributeValue {
    AttributeValue::Null(true)
}
