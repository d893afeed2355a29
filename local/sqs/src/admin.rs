//! Queues, as their owner handles them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::error::Error;
use super::message::{Message, QueueCounts};
use super::moves::MoveTask;
use super::settings::QueueAttributes;
use super::{Sqs, names};

impl Sqs {
    /// Makes the queue `name` with `attributes`, and returns its URL; one that exists gets the attributes.
    ///
    /// # Errors
    ///
    /// An error that names the rule that the name or an attribute breaks.
    pub fn create_queue(&self, name: &str, attributes: &QueueAttributes) -> Result<String, Error> {
        let now = self.now();
        self.engine().create_queue(name, attributes, now)?;
        Ok(names::url(&self.shared.base_url, name))
    }

    /// The URL of the queue `name`.
    ///
    /// # Errors
    ///
    /// [`Error::QueueDoesNotExist`].
    pub fn queue_url(&self, name: &str) -> Result<String, Error> {
        self.engine().queue(name)?;
        Ok(names::url(&self.shared.base_url, name))
    }

    /// The ARN of the queue `name`.
    ///
    /// # Errors
    ///
    /// [`Error::QueueDoesNotExist`].
    pub fn queue_arn(&self, name: &str) -> Result<String, Error> {
        self.engine().queue(name)?;
        Ok(names::arn(name))
    }

    /// Every attribute of `queue` that has a value, the numbers of messages among them.
    ///
    /// # Errors
    ///
    /// [`Error::QueueDoesNotExist`].
    pub fn attributes(&self, queue: &str) -> Result<BTreeMap<&'static str, String>, Error> {
        let now = self.now();
        self.engine().attributes(queue, now)
    }

    /// Sets `attributes` of `queue` and leaves its other ones; an empty policy takes the policy away.
    ///
    /// # Errors
    ///
    /// [`Error::QueueDoesNotExist`], or an error that names the rule that an attribute breaks.
    pub fn set_attributes(&self, queue: &str, attributes: &QueueAttributes) -> Result<(), Error> {
        let now = self.now();
        self.engine().set_attributes(queue, attributes, now)
    }

    /// Deletes the messages of `queue`.
    ///
    /// # Errors
    ///
    /// [`Error::QueueDoesNotExist`], or [`Error::PurgeQueueInProgress`] within 60 seconds after another.
    pub fn purge_queue(&self, queue: &str) -> Result<(), Error> {
        let now = self.now();
        self.engine().purge_queue(queue, now)
    }

    /// How many messages `queue` holds in each state. The numbers are exact.
    ///
    /// # Errors
    ///
    /// [`Error::QueueDoesNotExist`].
    pub fn counts(&self, queue: &str) -> Result<QueueCounts, Error> {
        let now = self.now();
        self.engine().counts(queue, now)
    }

    /// The earliest time at which a delayed or an in-flight message of `queue` becomes visible, or at which
    /// a move task with a rate has work; `None` if nothing changes by time alone.
    ///
    /// # Errors
    ///
    /// [`Error::QueueDoesNotExist`].
    pub fn next_change(&self, queue: &str) -> Result<Option<DateTime<Utc>>, Error> {
        let now = self.now();
        self.engine().next_change(queue, now)
    }

    /// The messages of `queue` in every state, in the order in which they become or became visible. This
    /// is no receive: it changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::QueueDoesNotExist`].
    pub fn peek(&self, queue: &str) -> Result<Vec<Message>, Error> {
        let now = self.now();
        self.engine().peek(queue, now)
    }

    /// Starts to move the visible messages of the dead-letter queue `source_arn` to `destination_arn`, or
    /// each to the queue that gave it up, and returns the task's handle.
    ///
    /// A task without a `rate` (messages in a second, 1 to 500) is done when this returns. One with a rate
    /// goes on as the clock does, whenever a queue is received from or looked at.
    ///
    /// # Errors
    ///
    /// [`Error::ResourceNotFound`] if a queue does not exist; [`Error::InvalidParameterValue`] if the
    /// source is not a dead-letter queue, a task runs on it already, or a value is malformed.
    pub fn start_move(
        &self,
        source_arn: &str,
        destination_arn: Option<&str>,
        rate: Option<i32>,
    ) -> Result<String, Error> {
        let now = self.now();
        self.engine().start_move(source_arn, destination_arn, rate, now)
    }

    /// The latest move tasks out of the queue `source_arn`, at most `most` (1 to 10), the last one first.
    ///
    /// # Errors
    ///
    /// [`Error::ResourceNotFound`] if the queue does not exist; [`Error::InvalidParameterValue`].
    pub fn moves(&self, source_arn: &str, most: i32) -> Result<Vec<MoveTask>, Error> {
        let now = self.now();
        self.engine().moves(source_arn, most, now)
    }
}
