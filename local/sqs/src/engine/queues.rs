//! Making, changing and looking at queues.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Engine, Queue};
use crate::error::Error;
use crate::message::{Message, QueueCounts};
use crate::settings::{QueueAttributes, Settings};
use crate::store::{self, messages, micros, restored};
use crate::{Sqs, names};

impl Sqs {
    /// Makes the queue `name` with `attributes`, and returns its URL; one that exists gets the attributes.
    pub fn create_queue(&self, name: &str, attributes: &QueueAttributes) -> Result<String, Error> {
        let now = self.now();
        self.engine().create_queue(name, attributes, now)?;
        Ok(names::url(&self.shared.base_url, name))
    }

    /// The URL of the queue `name`.
    pub fn queue_url(&self, name: &str) -> Result<String, Error> {
        self.engine().queue(name)?;
        Ok(names::url(&self.shared.base_url, name))
    }

    /// The ARN of the queue `name`.
    pub fn queue_arn(&self, name: &str) -> Result<String, Error> {
        self.engine().queue(name)?;
        Ok(names::arn(name))
    }

    /// Every attribute of `queue` that has a value, the numbers of messages among them.
    pub fn attributes(&self, queue: &str) -> Result<BTreeMap<&'static str, String>, Error> {
        let counts = self.counts(queue)?;
        let engine = self.engine();
        let Queue { settings, created, .. } = engine.queue(queue)?;
        let mut attributes = settings.to_attributes();
        attributes.insert("ApproximateNumberOfMessages", counts.visible.to_string());
        attributes.insert("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string());
        attributes.insert("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string());
        attributes.insert("CreatedTimestamp", created.timestamp().to_string());
        attributes.insert("QueueArn", names::arn(queue));
        Ok(attributes)
    }

    /// Sets `attributes` of `queue` and leaves its other ones; an empty policy takes the policy away.
    pub fn set_attributes(&self, queue: &str, attributes: &QueueAttributes) -> Result<(), Error> {
        self.engine().set_attributes(queue, attributes)
    }

    /// Deletes the messages of `queue`.
    pub fn purge_queue(&self, queue: &str) -> Result<(), Error> {
        let engine = self.engine();
        Ok(messages::expire(&engine.connection, engine.queue(queue)?.id, i64::MAX)?)
    }

    /// How many messages `queue` holds in each state. The numbers are exact.
    pub fn counts(&self, queue: &str) -> Result<QueueCounts, Error> {
        let (mut engine, now) = (self.engine(), self.now());
        let id = engine.settle(queue, now)?;
        Ok(messages::counts(&engine.connection, id, micros(now))?)
    }

    /// When the next delayed or in-flight message of `queue` becomes visible.
    pub fn next_change(&self, queue: &str) -> Result<Option<DateTime<Utc>>, Error> {
        let (mut engine, now) = (self.engine(), self.now());
        let id = engine.settle(queue, now)?;
        Ok(messages::next_visible(&engine.connection, id, micros(now))?.map(restored))
    }

    /// The messages of `queue` in every state, by when they become visible. This is not a receive: it changes nothing.
    pub fn peek(&self, queue: &str) -> Result<Vec<Message>, Error> {
        let (mut engine, now) = (self.engine(), self.now());
        let id = engine.settle(queue, now)?;
        Ok(messages::all(&engine.connection, id)?)
    }
}

impl Engine {
    /// True if another queue gives messages up to the queue `name`.
    pub(super) fn is_dead_letter_queue(&self, name: &str) -> bool {
        let policies = self.queues.values().filter_map(|queue| queue.settings.redrive.as_ref());
        policies.into_iter().any(|policy| policy.target() == Some(name))
    }

    /// Deletes the messages of the queue `name` that are too old at `now`, and returns its number.
    pub(super) fn settle(&mut self, name: &str, now: DateTime<Utc>) -> Result<i64, Error> {
        let queue = self.queue(name)?;
        messages::expire(&self.connection, queue.id, queue.oldest(now))?;
        Ok(queue.id)
    }

    fn create_queue(
        &mut self,
        name: &str,
        attributes: &QueueAttributes,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        names::check(name)?;
        if self.queues.contains_key(name) {
            return self.set_attributes(name, attributes);
        }
        let settings = Settings::default().with(attributes)?;
        self.check_target(&settings)?;
        let id = store::number_of(&self.connection, name)?;
        let queue = Queue { id, settings, created: now, arrivals: Arc::default() };
        self.queues.insert(name.to_owned(), queue);
        Ok(())
    }

    fn set_attributes(&mut self, name: &str, attributes: &QueueAttributes) -> Result<(), Error> {
        let settings = self.queue(name)?.settings.with(attributes)?;
        self.check_target(&settings)?;
        self.queue_mut(name)?.settings = settings;
        Ok(())
    }

    fn queue_mut(&mut self, name: &str) -> Result<&mut Queue, Error> {
        self.queues.get_mut(name).ok_or(Error::QueueDoesNotExist)
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
