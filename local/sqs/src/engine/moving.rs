//! Moving messages out of a dead-letter queue.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use uuid::Uuid;

use super::{Engine, Queue};
use crate::error::Error;
use crate::moves::{MoveStatus, MoveTask};
use crate::names;
use crate::store::messages::{self, Stored};
use crate::store::{micros, moves, seconds};

/// The most messages that a task moves in a second, if it has a rate.
const FASTEST: i32 = 500;

impl Engine {
    /// Starts to move the messages that are visible in the dead-letter queue `source_arn`, and returns
    /// the handle of the task that does it.
    ///
    /// A task without a rate is done when this returns; one with a rate continues as time passes.
    pub(crate) fn start_move(
        &mut self,
        source_arn: &str,
        destination_arn: Option<&str>,
        rate: Option<i32>,
        now: DateTime<Utc>,
    ) -> Result<String, Error> {
        let source = self.name_of(source_arn, "SourceArn")?.to_owned();
        if let Some(destination_arn) = destination_arn {
            self.name_of(destination_arn, "DestinationArn")?;
        }
        if destination_arn == Some(source_arn) {
            return Err(invalid("Source queue and destination queue must not be the same."));
        }
        if !self.is_dead_letter_queue(&source) {
            return Err(invalid("Source queue must be configured as a Dead Letter Queue."));
        }
        let rate = rate.map(check_rate).transpose()?;
        let id = self.settle(&source, now)?;
        if moves::running(&self.connection)?.iter().any(|task| task.source == id) {
            return Err(invalid(
                "There is already a task running. Only one active task is allowed for a source queue arn \
                 at a given time.",
            ));
        }
        let task = MoveTask {
            id: Uuid::new_v4().to_string(),
            source: id,
            source_arn: source_arn.to_owned(),
            destination_arn: destination_arn.map(str::to_owned),
            rate,
            status: MoveStatus::Running,
            moved: 0,
            to_move: messages::counts(&self.connection, id, micros(now))?.visible,
            started: now,
            failure: None,
        };
        moves::write(&self.connection, &task)?;
        self.moving = true;
        self.advance_moves(now)?;
        Ok(task.handle())
    }

    /// The latest tasks out of the queue `source_arn`, 1 to 10 of them, the last one first.
    pub(crate) fn moves(
        &mut self,
        source_arn: &str,
        most: i32,
        now: DateTime<Utc>,
    ) -> Result<Vec<MoveTask>, Error> {
        let most = u32::try_from(most).ok().filter(|most| (1..=10).contains(most));
        let most = most.ok_or_else(|| invalid("Value for parameter MaxResults is invalid."))?;
        let source = self.queue(self.name_of(source_arn, "SourceArn")?)?.id;
        self.advance_moves(now)?;
        Ok(moves::of_source(&self.connection, source, most)?)
    }

    /// Moves what the running tasks may have moved at `now`.
    pub(super) fn advance_moves(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        if !self.moving {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        let before = moves::running(&transaction)?;
        let mut after = before.clone();
        for (task, before) in after.iter_mut().zip(&before) {
            advance(&transaction, &self.queues, task, now)?;
            if task != before {
                moves::write(&transaction, task)?;
            }
        }
        transaction.commit()?;
        self.moving = after.iter().any(|task| task.status == MoveStatus::Running);
        // Long polls get here too: they are woken by a message only, lest they wake each other for ever.
        if after.iter().zip(&before).any(|(after, before)| after.moved > before.moved) {
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

fn advance(
    connection: &Connection,
    queues: &BTreeMap<String, Queue>,
    task: &mut MoveTask,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let allowance = task.allowance(now);
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
                return Ok(());
            }
        }
    }
    if !is_more || task.moved >= task.to_move {
        task.status = MoveStatus::Completed;
    }
    Ok(())
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

fn check_rate(rate: i32) -> Result<u32, Error> {
    let checked = u32::try_from(rate).ok().filter(|_| (1..=FASTEST).contains(&rate));
    checked.ok_or_else(|| {
        invalid(&format!(
            "Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. \
             Reason: Must be between 1 and {FASTEST}, if provided."
        ))
    })
}

fn invalid(text: &str) -> Error {
    Error::InvalidParameterValue(text.to_owned())
}
