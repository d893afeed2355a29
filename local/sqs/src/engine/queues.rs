//! Making, changing and looking at queues.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Engine, Queue};
use crate::error::Error;
use crate::message::{Message, QueueCounts};
use crate::moves::MoveTask;
use crate::names;
use crate::settings::{QueueAttributes, Settings};
use crate::store::{messages, micros, moves, queues, restored};

/// How long a name stays taken after its queue is deleted, and how long a queue rests between purges.
const REST: TimeDelta = TimeDelta::seconds(60);

impl Engine {
    /// Makes the queue `name` unless it exists and agrees with `attributes`.
    pub(crate) fn create_queue(
        &mut self,
        name: &str,
        attributes: &QueueAttributes,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        refuse_fifo(name, attributes)?;
        names::check(name)?;
        if let Some(queue) = self.queues.get(name) {
            let wanted = queue.settings.with(attributes)?;
            return queue
                .settings
                .difference(&wanted)
                .map_or(Ok(()), |name| Err(Error::QueueNameExists(name)));
        }
        let settings = Settings::default().with(attributes)?;
        self.check_target(&settings)?;
        let deleted = queues::deleted(&self.connection, name)?;
        if deleted.is_some_and(|deleted| now < restored(deleted) + REST) {
            return Err(Error::QueueDeletedRecently);
        }
        let transaction = self.connection.transaction()?;
        let id = queues::insert(&transaction, name, &settings, micros(now))?;
        transaction.commit()?;
        self.queues.insert(name.to_owned(), Queue::new(id, settings, now));
        Ok(())
    }

    /// The names that begin with `prefix`, in ascending order.
    pub(crate) fn queue_names(&self, prefix: &str) -> Vec<String> {
        self.queues.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// The names of the queues whose dead-letter queue is `name`, in ascending order.
    pub(crate) fn dead_letter_sources(&self, name: &str) -> Result<Vec<String>, Error> {
        self.queue(name)?;
        let gives_up_to = |queue: &Queue| {
            queue.settings.redrive.as_ref().is_some_and(|policy| policy.target() == Some(name))
        };
        let sources = self.queues.iter().filter(|(_, queue)| gives_up_to(queue));
        Ok(sources.map(|(name, _)| name.clone()).collect())
    }

    /// Deletes the queue `name` with its messages.
    pub(crate) fn delete_queue(&mut self, name: &str, now: DateTime<Utc>) -> Result<(), Error> {
        let id = self.queue(name)?.id;
        let transaction = self.connection.transaction()?;
        queues::delete(&transaction, id, micros(now))?;
        transaction.commit()?;
        if let Some(queue) = self.queues.remove(name) {
            queue.arrivals.notify_waiters();
        }
        Ok(())
    }

    /// Deletes the messages of the queue `name`.
    pub(crate) fn purge_queue(&mut self, name: &str, now: DateTime<Utc>) -> Result<(), Error> {
        if self.queue(name)?.purged.is_some_and(|purged| now < purged + REST) {
            return Err(Error::PurgeQueueInProgress(name.to_owned()));
        }
        messages::expire(&self.connection, self.queue(name)?.id, i64::MAX)?;
        self.update(name, |queue| queue.purged = Some(now))
    }

    /// Every attribute of the queue `name`.
    pub(crate) fn attributes(
        &mut self,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<&'static str, String>, Error> {
        let counts = self.counts(name, now)?;
        let queue = self.queue(name)?;
        let mut attributes = queue.settings.to_attributes();
        attributes.insert("ApproximateNumberOfMessages", counts.visible.to_string());
        attributes.insert("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string());
        attributes.insert("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string());
        attributes.insert("CreatedTimestamp", queue.created.timestamp().to_string());
        attributes.insert("LastModifiedTimestamp", queue.modified.timestamp().to_string());
        attributes.insert("QueueArn", names::arn(name));
        Ok(attributes)
    }

    /// Sets attributes of the queue `name`; those not in `attributes` stay as they are.
    pub(crate) fn set_attributes(
        &mut self,
        name: &str,
        attributes: &QueueAttributes,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let settings = self.queue(name)?.settings.with(attributes)?;
        self.check_target(&settings)?;
        self.update(name, |queue| {
            queue.settings = settings;
            queue.modified = now;
        })
    }

    /// Changes the tags of the queue `name`.
    pub(crate) fn retag(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<(), Error> {
        self.update(name, |queue| change(&mut queue.tags))
    }

    /// How many messages of the queue `name` are in each state.
    pub(crate) fn counts(&mut self, name: &str, now: DateTime<Utc>) -> Result<QueueCounts, Error> {
        let id = self.settle(name, now)?;
        Ok(messages::counts(&self.connection, id, micros(now))?)
    }

    /// The messages of the queue `name`, in the order in which they become or became visible.
    pub(crate) fn peek(&mut self, name: &str, now: DateTime<Utc>) -> Result<Vec<Message>, Error> {
        let id = self.settle(name, now)?;
        Ok(messages::all(&self.connection, id)?)
    }

    /// The next time at which a message of the queue `name` becomes visible, or a move task has work.
    pub(crate) fn next_change(
        &mut self,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let id = self.settle(name, now)?;
        let visible = messages::next_visible(&self.connection, id, micros(now))?.map(restored);
        let running = if self.moving { moves::running(&self.connection)? } else { Vec::new() };
        Ok(running.iter().map(MoveTask::next_step).chain(visible).min())
    }

    /// Brings the queue `name` up to `now`: moves what move tasks move, and forgets what is too old.
    pub(super) fn settle(&mut self, name: &str, now: DateTime<Utc>) -> Result<i64, Error> {
        self.advance_moves(now)?;
        let queue = self.queue(name)?;
        messages::expire(&self.connection, queue.id, queue.oldest(now))?;
        Ok(queue.id)
    }

    fn update(&mut self, name: &str, change: impl FnOnce(&mut Queue)) -> Result<(), Error> {
        let queue = self.queues.get_mut(name).ok_or(Error::QueueDoesNotExist)?;
        let mut changed = queue.clone();
        change(&mut changed);
        queues::update(&self.connection, &changed)?;
        *queue = changed;
        Ok(())
    }

    fn check_target(&self, settings: &Settings) -> Result<(), Error> {
        match &settings.redrive {
            Some(policy) if !policy.target().is_some_and(|target| self.queues.contains_key(target)) => {
                Err(policy.without_target())
            }
            _ => Ok(()),
        }
    }
}

fn refuse_fifo(name: &str, attributes: &QueueAttributes) -> Result<(), Error> {
    let is_fifo = attributes.get("FifoQueue").is_some_and(|value| value == "true");
    match (is_fifo, name.strip_suffix(".fifo").is_some()) {
        (true, true) => Err(Error::UnsupportedOperation("FIFO queues are not supported here.".to_owned())),
        (true, false) => Err(Error::InvalidParameterValue(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, \
             must end with .fifo suffix and be 1 to 80 in length."
                .to_owned(),
        )),
        (false, _) => Ok(()),
    }
}
