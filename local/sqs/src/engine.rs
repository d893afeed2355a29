//! The queues without threads and protocol: each operation is done when it returns.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use tokio::sync::Notify;

use super::error::Error;
use super::moves::MoveTask;
use super::settings::Settings;
use super::store::{self, OpenError, Storage, micros};

mod moving;
mod queues;
mod receiving;
mod sending;

/// The most messages of a queue that are in flight at a time.
const IN_FLIGHT: usize = 120_000;

/// All queues and what was moved between them. The messages are in the database alone.
pub(super) struct Engine {
    connection: Connection,
    queues: BTreeMap<String, Queue>,
    moves: Vec<MoveTask>,
}

/// A queue but for its messages.
pub(super) struct Queue {
    /// The number under which the database knows it.
    pub(super) id: i64,
    /// How it is set.
    pub(super) settings: Settings,
    /// When it was made.
    pub(super) created: DateTime<Utc>,
    /// When it was last purged.
    pub(super) purged: Option<DateTime<Utc>>,
    /// Wakes long polls.
    pub(super) arrivals: Arc<Notify>,
    /// At least as many messages as are in flight: receives raise it, and it is counted anew at the limit.
    in_flight_at_most: usize,
}

impl Queue {
    /// Messages that were sent at this time or before are forgotten at `now`.
    fn oldest(&self, now: DateTime<Utc>) -> i64 {
        micros(now - TimeDelta::seconds(self.settings.retention.into()))
    }
}

impl Engine {
    /// An engine without queues over the messages in `storage`.
    pub(super) fn open(storage: &Storage) -> Result<Self, OpenError> {
        Ok(Self { connection: store::open(storage)?, queues: BTreeMap::new(), moves: Vec::new() })
    }

    /// The queue `name`.
    pub(super) fn queue(&self, name: &str) -> Result<&Queue, Error> {
        self.queues.get(name).ok_or(Error::QueueDoesNotExist)
    }
}
