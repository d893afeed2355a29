//! Moving messages out of a dead-letter queue.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use uuid::Uuid;

use super::{Engine, Queue};
use crate::error::Error;
use crate::moves::{MoveStatus, MoveTask};
use crate::store::messages::{self, Stored};
use crate::store::{micros, seconds};
use crate::{Sqs, names};

/// The most messages that a task moves in a second, if it has a rate.
const FASTEST: i32 = 500;

impl Sqs {
    /// Moves the visible messages of the dead-letter queue `source_arn` to `destination_arn`, or each to the queue that
    /// gave it up, and returns the task's handle.
    ///
    /// Without a `rate` (messages in a second, 1 to 500) it is done when this returns. Otherwise it continues as the
    /// clock does, whenever a queue is received from or looked at, until the process ends.
    ///
    /// # Errors
    ///
    /// [`Error::ResourceNotFound`] if a queue does not exist; [`Error::InvalidParameterValue`] if the
    /// source is nobody's dead-letter queue, a task runs on it already, or a value is malformed.
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
        let rate = rate.map(check_rate).transpose()?;
        let id = engine.settle(source, now)?;
        if engine.running().any(|task| task.source == id) {
            return Err(invalid(
                "There is already a task running. Only one active task is allowed for a source queue arn \
                 at a given time.",
            ));
        }
        let task = MoveTask {
            id: Uuid::new_v4().to_string(),
            source_arn: source_arn.to_owned(),
            destination_arn: destination_arn.map(str::to_owned),
            source: id,
            rate,
            status: MoveStatus::Running,
            moved: 0,
            to_move: messages::counts(&engine.connection, id, micros(now))?.visible,
            started: now,
            failure: None,
        };
        let handle = task.handle();
        engine.moves.push(task);
        engine.advance_moves(now)?;
        Ok(handle)
    }

    /// The latest move tasks out of the queue `source_arn`, at most `most` (1 to 10), the last one first.
    ///
    /// # Errors
    ///
    /// [`Error::ResourceNotFound`] if the queue does not exist; [`Error::InvalidParameterValue`].
    pub fn moves(&self, source_arn: &str, most: i32) -> Result<Vec<MoveTask>, Error> {
        let (mut engine, now) = (self.engine(), self.now());
        let most = usize::try_from(most).ok().filter(|most| (1..=10).contains(most));
        let most = most.ok_or_else(|| invalid("Value for parameter MaxResults is invalid."))?;
        engine.name_of(source_arn, "SourceArn")?;
        engine.advance_moves(now)?;
        let of_source = engine.moves.iter().rev().filter(|task| task.source_arn == source_arn);
        Ok(of_source.take(most).cloned().collect())
    }
}

impl Engine {
    /// The tasks that have not come to their end.
    pub(super) fn running(&self) -> impl Iterator<Item = &MoveTask> {
        self.moves.iter().filter(|task| task.status == MoveStatus::Running)
    }

    /// Moves what the running tasks may have moved at `now`.
    pub(super) fn advance_moves(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        if self.running().next().is_none() {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        let mut moved = 0;
        for task in self.moves.iter_mut().filter(|task| task.status == MoveStatus::Running) {
            moved += advance(&transaction, &self.queues, task, now)?;
        }
        transaction.commit()?;
        // Long polls get here too: they are woken by a message only, lest they wake each other for ever.
        if moved > 0 {
            self.queues.values().for_each(|queue| queue.arrivals.notify_waiters());
        }
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

/// Moves what one task may have moved at `now`, and returns how many messages that were.
fn advance(
    connection: &Connection,
    queues: &BTreeMap<String, Queue>,
    task: &mut MoveTask,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let (allowance, before) = (task.allowance(now), task.moved);
    let mut next = Vec::new();
    let mut is_more = false;
    messages::visible(connection, task.source, micros(now), |stored| {
        is_more = next.len() as u64 >= allowance;
        if !is_more {
            next.push(stored);
        }
        !is_more
    })?;
    for message in next {
        match destination(queues, task, &message) {
            Ok(queue) => {
                let times = (micros(now), micros(now) + seconds(queue.settings.delay));
                messages::redrive(connection, message.seq, queue.id, &Uuid::new_v4().to_string(), times)?;
                task.moved += 1;
            }
            Err(code) => {
                task.status = MoveStatus::Failed;
                task.failure = Some(code.to_owned());
                return Ok(task.moved - before);
            }
        }
    }
    if !is_more || task.moved >= task.to_move {
        task.status = MoveStatus::Completed;
    }
    Ok(task.moved - before)
}

fn check_rate(rate: i32) -> Result<u32, Error> {
    let checked = u32::try_from(rate).ok().filter(|_| (1..=FASTEST).contains(&rate));
    checked.ok_or_else(|| {
        invalid(&format!(
            "Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. \
             Reason: Must be between 1 and {FASTEST}, if provided."
        ))
    })
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
