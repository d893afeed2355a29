//! Instances in memory for ten seconds, so that an event costs no read.
//!
//! A cached instance may admit an event, but never refuse one: a webhook that was just enabled would be lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::{DynamoInstanceStore, EventSettings, Instance};
use crate::callbacks::url::Reach;
use crate::instances::InstanceId;
use crate::platform::aws::InternalError;
use crate::platform::clock::SharedClock;

/// Every running function sees a change of an instance within this time.
const KEPT: TimeDelta = TimeDelta::seconds(10);
/// The most instances kept; beyond that, expired ones are dropped, then all.
const CAPACITY: usize = 10_000;

/// An instance with its event settings read.
#[derive(Debug, Clone)]
pub struct CachedInstance {
    /// The instance.
    pub instance: Instance,
    /// Its event settings.
    pub events: EventSettings,
}

/// The callback URL is checked when it is called, because the rules can change without the instance.
fn read(instance: Instance) -> Result<CachedInstance, InternalError> {
    let events = EventSettings::read(&instance.configuration, Reach::Any).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        InternalError::new("read an instance's settings", faults.join("; "))
    })?;
    Ok(CachedInstance { instance, events })
}

/// Whether an instance admits an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<T, R> {
    /// It does.
    Admitted(T),
    /// It does not, for this reason.
    Refused(R),
}

type Entry = (DateTime<Utc>, Arc<CachedInstance>);

/// The instances that this process has read in the last ten seconds.
pub struct InstanceCache {
    store: DynamoInstanceStore,
    clock: SharedClock,
    entries: Mutex<HashMap<InstanceId, Entry>>,
}

impl InstanceCache {
    /// An empty cache in front of `store`.
    pub fn new(store: DynamoInstanceStore, clock: SharedClock) -> Self {
        Self { store, clock, entries: Mutex::default() }
    }

    /// The verdict of `judge` on the instance of this id; `judge` gets `None` for an unknown id.
    ///
    /// `judge` sees the cached instance first, and its `Ok` is final. If the instance's state refuses, ignores, drops or
    /// fails the event (`Err`), `judge` sees the instance again, read consistently, and that verdict is final. Faults that
    /// no change of the instance would alter must be `Ok` too.
    pub async fn admit<T, R>(
        &self,
        id: InstanceId,
        judge: impl Fn(Option<&Arc<CachedInstance>>) -> Result<T, R>,
    ) -> Result<Verdict<T, R>, InternalError> {
        if let Some(Ok(admitted)) = self.kept(id).map(|kept| judge(Some(&kept))) {
            return Ok(Verdict::Admitted(admitted));
        }
        Ok(match judge(self.fresh(id).await?.as_ref()) {
            Ok(admitted) => Verdict::Admitted(admitted),
            Err(reason) => Verdict::Refused(reason),
        })
    }

    /// The instance of this id as it is stored, whatever the cache has.
    pub async fn fresh(&self, id: InstanceId) -> Result<Option<Arc<CachedInstance>>, InternalError> {
        let found = self.store.get(id).await?.map(read).transpose()?.map(Arc::new);
        match &found {
            Some(instance) => self.keep(id, instance.clone()),
            None => drop(self.entries().remove(&id)),
        }
        Ok(found)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<InstanceId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, id: InstanceId) -> Option<Arc<CachedInstance>> {
        let entries = self.entries();
        let (until, instance) = entries.get(&id)?;
        (*until > self.clock.now()).then(|| instance.clone())
    }

    fn keep(&self, id: InstanceId, instance: Arc<CachedInstance>) {
        let now = self.clock.now();
        let mut entries = self.entries();
        if entries.len() >= CAPACITY {
            entries.retain(|_, (until, _)| *until > now);
        }
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(id, (now + KEPT, instance));
    }
}
