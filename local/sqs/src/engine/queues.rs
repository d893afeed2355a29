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

/// How long a queue rests between purges.
const REST: TimeDelta = TimeDelta::seconds(60);

impl Engine {
    /// Makes the queue `name`, or gives it `attributes` if it exists.
    pub(crate) fn create_queue(
        &mut self,
        name: &str,
        attributes: &QueueAttributes,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        names::check(name)?;
        if self.queues.contains_key(name) {
            return self.set_attributes(name, attributes, now);
        }
        let settings = Settings::default().with(attributes)?;
        self.check_target(&settings)?;
        let id = queues::insert(&self.connection, name, &settings, micros(now))?;
        self.queues.insert(name.to_owned(), Queue::new(id, settings, now));
        Ok(())
    }

    /// True if messages of another queue are given up to the queue `name`.
    pub(crate) fn is_dead_letter_queue(&self, name: &str) -> bool {
        let policies = self.queues.values().filter_map(|queue| queue.settings.redrive.as_ref());
        policies.into_iter().any(|policy| policy.target() == Some(name))
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
