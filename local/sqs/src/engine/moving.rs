//! Moving messages out of a dead-letter queue.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Engine, Queue};
use crate::error::Error;
use crate::moves::MoveTask;
use crate::store::messages::{self, Stored};
use crate::store::{micros, seconds};
use crate::{Sqs, names};

/// The highest rate that a task can be asked for, in messages a second.
const FASTEST: i32 = 500;

impl Sqs {
    /// Moves the visible messages of the dead-letter queue `source_arn` to `destination_arn`, or each to the queue that
    /// gave it up, and returns the task's handle.
    ///
    /// It is done when this returns, whatever its `rate` (messages in a second, 1 to 500).
    ///
    /// # Errors
    ///
    /// [`Error::ResourceNotFound`] if a queue does not exist; [`Error::InvalidParameterValue`] if the
    /// source is nobody's dead-letter queue, or a value is malformed.
    pub fn start_move(
        &self,
        source_arn: &str,
        destination_arn: Option<&str>,
        rate: Option<i32>,
    ) -> Result<String, Error> {
        let (mut engine, now) = (self.engine(), self.now());
        let source = engine.name_of(source_arn, "SourceArn")?;
        if let Some(destination_arn) = destination_arn {
            engine.name_of(destination_arn, "DestinationArn")?;
        }
        if destination_arn == Some(source_arn) {
            return Err(invalid("Source queue and destination queue must not be the same."));
        }
        if !engine.is_dead_letter_queue(source) {
            return Err(invalid("Source queue must be configured as a Dead Letter Queue."));
        }
        if let Some(rate) = rate.filter(|rate| !(1..=FASTEST).contains(rate)) {
            return Err(invalid(&format!(
                "Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. \
                 Reason: Must be between 1 and {FASTEST}, if provided."
            )));
        }
        let id = engine.settle(source, now)?;
        let mut task = MoveTask {
            id: Uuid::new_v4().to_string(),
            source_arn: source_arn.to_owned(),
            destination_arn: destination_arn.map(str::to_owned),
            moved: 0,
            to_move: 0,
            started: now,
            failure: None,
        };
        engine.move_all(id, &mut task, now)?;
        let handle = task.handle();
        engine.moves.push(task);
        engine.queues.values().for_each(|queue| queue.arrivals.notify_waiters());
        Ok(handle)
    }

    /// The latest move tasks out of the queue `source_arn`, at most `most` (1 to 10), the last one first.
    ///
    /// # Errors
    ///
    /// [`Error::ResourceNotFound`] if the queue does not exist; [`Error::InvalidParameterValue`].
    pub fn moves(&self, source_arn: &str, most: i32) -> Result<Vec<MoveTask>, Error> {
        let engine = self.engine();
        let most = usize::try_from(most).ok().filter(|most| (1..=10).contains(most));
        let most = most.ok_or_else(|| invalid("Value for parameter MaxResults is invalid."))?;
        engine.name_of(source_arn, "SourceArn")?;
        let of_source = engine.moves.iter().rev().filter(|task| task.source_arn == source_arn);
        Ok(of_source.take(most).cloned().collect())
    }
}

impl Engine {
    fn move_all(&mut self, source: i64, task: &mut MoveTask, now: DateTime<Utc>) -> Result<(), Error> {
        let transaction = self.connection.transaction()?;
        let mut visible = Vec::new();
        messages::visible(&transaction, source, micros(now), |stored| {
            visible.push(stored);
            true
        })?;
        task.to_move = visible.len() as u64;
        for message in visible {
            match destination(&self.queues, task, &message) {
                Ok(queue) => {
                    let times = (micros(now), micros(now) + seconds(queue.settings.delay));
                    let id = Uuid::new_v4().to_string();
                    messages::redrive(&transaction, message.seq, queue.id, &id, times)?;
                    task.moved += 1;
                }
                Err(code) => {
                    task.failure = Some(code.to_owned());
                    break;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// The queue that `arn` names, the value of the parameter `parameter`.
    fn name_of<'a>(&self, arn: &'a str, parameter: &str) -> Result<&'a str, Error> {
        if arn.split(':').count() != 6 || !arn.starts_with("arn:") {
            return Err(invalid(&format!(
                "You must use this format to specify the {parameter}: \
                 arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
            )));
        }
        let name = names::in_arn(arn).filter(|name| self.queues.contains_key(*name));
        name.ok_or_else(|| {
            Error::ResourceNotFound(format!(
                "The resource that you specified for the {parameter} parameter doesn't exist."
            ))
        })
    }
}

/// Where `message` goes; the code of the failure if it has nowhere to go.
fn destination<'a>(
    queues: &'a BTreeMap<String, Queue>,
    task: &MoveTask,
    message: &Stored,
) -> Result<&'a Queue, &'static str> {
    let arn = task.destination_arn.as_ref().or(message.message.dead_letter_source.as_ref());
    let arn = arn.ok_or("CouldNotDetermineMessageSource")?;
    names::in_arn(arn).and_then(|name| queues.get(name)).ok_or("AWS.SimpleQueueService.NonExistentQueue")
}

fn invalid(text: &str) -> Error {
    Error::InvalidParameterValue(text.to_owned())
}
