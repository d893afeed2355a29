//! The queues, without threads or protocol: each operation is finished when it returns.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use tokio::sync::Notify;

use super::error::Error;
use super::settings::Settings;
use super::store::{self, OpenError, Storage, micros};

mod moving;
mod queues;
mod receiving;
mod sending;

/// All queues. The messages are only in the database.
pub(super) struct Engine {
    connection: Connection,
    queues: BTreeMap<String, Queue>,
}

/// A queue without its messages.
pub(super) struct Queue {
    pub(super) id: i64,
    pub(super) settings: Settings,
    pub(super) created: DateTime<Utc>,
    pub(super) arrivals: Arc<Notify>,
}

impl Queue {
    /// Messages that were sent at this time or before are forgotten at `now`.
    fn oldest(&self, now: DateTime<Utc>) -> i64 {
        micros(now - TimeDelta::seconds(self.settings.retention.into()))
    }
}

impl Engine {
    pub(super) fn open(storage: &Storage) -> Result<Self, OpenError> {
        Ok(Self { connection: store::open(storage)?, queues: BTreeMap::new() })
    }

    pub(super) fn queue(&self, name: &str) -> Result<&Queue, Error> {
        self.queues.get(name).ok_or(Error::QueueDoesNotExist)
    }
}
