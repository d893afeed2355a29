//! Moving messages out of a dead-letter queue.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Engine, Queue};
use crate::error::Error;
use crate::store::messages::{self, Stored};
use crate::store::{micros, seconds};
use crate::{Sqs, names};

impl Sqs {
    /// Moves the visible messages of the dead-letter queue `source_arn` to `destination_arn`, or each to the queue that
    /// gave it up. Stops at a message that no queue gave up, or whose queue does not exist.
    ///
    /// Everything is moved when this returns, whatever rate a client asks for.
    pub fn start_move(&self, source_arn: &str, destination_arn: Option<&str>) -> Result<(), Error> {
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
        let source = engine.settle(source, now)?;
        let engine = &mut *engine;
        let transaction = engine.connection.transaction()?;
        let mut visible = Vec::new();
        messages::visible(&transaction, source, micros(now), |stored| {
            visible.push(stored);
            true
        })?;
        for stored in visible {
            let Some(queue) = destination(&engine.queues, destination_arn, &stored) else { break };
            let times = (micros(now), micros(now) + seconds(queue.settings.delay));
            messages::redrive(&transaction, stored.seq, queue.id, &Uuid::new_v4().to_string(), times)?;
            queue.arrivals.notify_waiters();
        }
        transaction.commit()?;
        Ok(())
    }
}

impl Engine {
    /// The queue that `arn` names, the value of the parameter `parameter`.
    fn name_of<'a>(&self, arn: &'a str, parameter: &str) -> Result<&'a str, Error> {
        let name = names::in_arn(arn).filter(|name| self.queues.contains_key(*name));
        name.ok_or_else(|| {
            Error::ResourceNotFound(format!(
                "The resource that you specified for the {parameter} parameter doesn't exist."
            ))
        })
    }
}

fn destination<'a>(
    queues: &'a BTreeMap<String, Queue>,
    destination_arn: Option<&str>,
    stored: &Stored,
) -> Option<&'a Queue> {
    let arn = destination_arn.or(stored.message.dead_letter_source.as_deref())?;
    queues.get(names::in_arn(arn)?)
}

fn invalid(text: &str) -> Error {
    Error::InvalidParameterValue(text.to_owned())
}
