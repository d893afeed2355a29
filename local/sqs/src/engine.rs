//! The queues without time, threads and protocol: each operation takes `now`, and is done when it returns.

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
mod settling;

/// The most messages of a queue that are in flight at a time.
const IN_FLIGHT: usize = 120_000;

/// All queues. They are held in memory beside the database; the messages are in the database alone.
pub(super) struct Engine {
    connection: Connection,
    queues: BTreeMap<String, Queue>,
    /// True if a move task runs, so that most operations need not ask the database.
    moving: bool,
}

/// A queue but for its messages.
#[derive(Clone)]
pub(super) struct Queue {
    /// The number under which the database knows it.
    pub(super) id: i64,
    /// How it is set.
    pub(super) settings: Settings,
    /// When it was made.
    pub(super) created: DateTime<Utc>,
    /// When its settings last changed.
    pub(super) modified: DateTime<Utc>,
    /// When it was last purged.
    pub(super) purged: Option<DateTime<Utc>>,
    /// Wakes long polls.
    pub(super) arrivals: Arc<Notify>,
    /// At least as many messages as are in flight: receives raise it, and it is counted anew at the limit.
    in_flight_at_most: usize,
}

impl Queue {
    /// A queue without messages.
    pub(super) fn new(id: i64, settings: Settings, created: DateTime<Utc>) -> Self {
        Self {
            id,
            settings,
            created,
            modified: created,
            purged: None,
            arrivals: Arc::default(),
            in_flight_at_most: 0,
        }
    }

    /// Messages that were sent at this time or before are forgotten at `now`.
    fn oldest(&self, now: DateTime<Utc>) -> i64 {
        micros(now - TimeDelta::seconds(self.settings.retention.into()))
    }
}

impl Engine {
    /// The queues in `storage`.
    pub(super) fn open(storage: &Storage) -> Result<Self, OpenError> {
        let connection = store::open(storage)?;
        let load = || {
            let mut queues = store::queues::all(&connection)?;
            for queue in queues.values_mut() {
                queue.in_flight_at_most = store::messages::in_flight(&connection, queue.id, i64::MIN)?;
            }
            let moving = !store::moves::running(&connection)?.is_empty();
            Ok((queues, moving))
        };
        let (queues, moving) = load().map_err(|source| storage.failure(source))?;
        Ok(Self { connection, queues, moving })
    }

    /// The queue `name`.
    pub(super) fn queue(&self, name: &str) -> Result<&Queue, Error> {
        self.queues.get(name).ok_or(Error::QueueDoesNotExist)
    }
}
