//! Instances in memory for a minute, so that an event costs no read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::{DynamoInstanceStore, EventSettings, Instance};
use crate::callbacks::url::Reach;
use crate::instances::InstanceId;
use crate::platform::aws::AwsError;
use crate::platform::clock::SharedClock;

/// A change of an instance is seen by every running function within this time.
const KEPT: TimeDelta = TimeDelta::seconds(60);
/// An id that nobody has is asked for again sooner: it may be about to be provisioned.
const ABSENCE_KEPT: TimeDelta = TimeDelta::seconds(5);
/// Instances that one process keeps; more push out the ones whose time is over, then all.
const CAPACITY: usize = 10_000;

/// An instance with its event settings read.
#[derive(Debug, Clone)]
pub struct CachedInstance {
    /// The instance.
    pub instance: Instance,
    /// Its event settings.
    pub events: EventSettings,
}

/// Whether the callback URL may be called is judged when it is: that can change without the instance.
fn read(instance: Instance) -> Result<CachedInstance, AwsError> {
    let events = EventSettings::read(&instance.configuration, Reach::Any).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        AwsError::new("read an instance's settings", faults.join("; "))
    })?;
    Ok(CachedInstance { instance, events })
}

type Entry = (DateTime<Utc>, Option<Arc<CachedInstance>>);

/// The instances that this process has used in the last minute.
pub struct InstanceCache {
    store: DynamoInstanceStore,
    clock: SharedClock,
    entries: Mutex<HashMap<InstanceId, Entry>>,
}

impl InstanceCache {
    /// An empty cache in front of `store`.
    #[must_use]
    pub fn new(store: DynamoInstanceStore, clock: SharedClock) -> Self {
        Self { store, clock, entries: Mutex::default() }
    }

    /// The instance of this id, at most a minute old.
    ///
    /// # Errors
    /// When it is not in memory and the table cannot be read, or its settings cannot be used (which
    /// provisioning does not let happen).
    pub async fn get(&self, id: InstanceId) -> Result<Option<Arc<CachedInstance>>, AwsError> {
        if let Some((_, instance)) = self.kept(id) {
            return Ok(instance);
        }
        self.fresh(id).await
    }

    /// The instance of this id as it stands, whatever is in memory.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn fresh(&self, id: InstanceId) -> Result<Option<Arc<CachedInstance>>, AwsError> {
        let found = self.store.get(id).await?.map(read).transpose()?.map(Arc::new);
        self.keep(id, found.clone());
        Ok(found)
    }

    /// The store behind it.
    #[must_use]
    pub fn store(&self) -> &DynamoInstanceStore {
        &self.store
    }

    fn kept(&self, id: InstanceId) -> Option<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(&id).filter(|(until, _)| *until > self.clock.now()).cloned()
    }

    fn keep(&self, id: InstanceId, instance: Option<Arc<CachedInstance>>) {
        let now = self.clock.now();
        let until = now + if instance.is_some() { KEPT } else { ABSENCE_KEPT };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY {
            entries.retain(|_, (until, _)| *until > now);
        }
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(id, (until, instance));
    }
}
