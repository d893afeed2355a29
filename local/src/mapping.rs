//! An event source mapping: from a queue to a function, with Lambda's semantics.
//!
//! The function is called with a batch, and the messages that it does not report as failed are deleted. The others
//! become visible again, and go to the dead-letter queue when the queue's redrive policy says so (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS").

mod batch;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::functions::Functions;
use crate::recursion::{Lineage, Recursion};
use crate::template::{Function, QueueSource, RecursiveLoop};
use sqs::{Error, NewMessage, Receive, Received, Sqs};

/// How long one receive waits for messages; in between, the mapping checks whether to stop.
const WAIT: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(crate) struct Mapping {
    pub(crate) source: QueueSource,
    pub(crate) function: Function,
    pub(crate) functions: Arc<Functions>,
    pub(crate) sqs: Sqs,
    pub(crate) dead_letter_queue: Option<String>,
    pub(crate) recursion: Recursion,
}

impl Mapping {
    /// Works through the queue until `stop` turns true, then finishes the calls that are running.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(self.source.maximum_concurrency));
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            let Ok(place) = places.clone().acquire_owned().await else { break };
            let received = tokio::select! {
                received = self.receive(WAIT) => received,
                _ = stop.changed() => break,
            };
            match received {
                Ok(messages) if messages.is_empty() => {}
                Ok(messages) => {
                    let mapping = self.clone();
                    running.spawn(async move {
                        mapping.work(messages).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::error!(queue = self.source.queue, %error, "messages could not be received");
                    tokio::time::sleep(WAIT).await;
                }
            }
            while running.try_join_next().is_some() {}
        }
        while running.join_next().await.is_some() {}
    }

    /// Processes the messages that are visible now, batch by batch, and returns their number.
    pub(crate) async fn work_visible(&self) -> Result<usize, Error> {
        let mut worked = 0;
        while let batch @ 1.. = self.work_batch().await? {
            worked += batch;
        }
        Ok(worked)
    }

    /// Processes one batch of the visible messages and returns its size.
    pub(crate) async fn work_batch(&self) -> Result<usize, Error> {
        let messages = self.receive(Duration::ZERO).await?;
        let worked = messages.len();
        if worked > 0 {
            self.work(messages).await;
        }
        Ok(worked)
    }

    /// Receives a batch: the visible messages, and those that arrive within the batching window.
    async fn receive(&self, wait: Duration) -> Result<Vec<Received>, Error> {
        let size = i32::try_from(self.source.batch_size).unwrap_or(i32::MAX);
        let receive = |maximum, wait: Duration| Receive {
            maximum,
            visibility_timeout: None,
            wait_seconds: Some(i32::try_from(wait.as_secs()).unwrap_or(i32::MAX)),
        };
        let mut messages = self.sqs.receive(&self.source.queue, &receive(size, wait)).await?;
        if !messages.is_empty() && !self.source.batching_window.is_zero() {
            let gathered_until = tokio::time::Instant::now() + self.source.batching_window;
            while let room @ 1.. = size - i32::try_from(messages.len()).unwrap_or(i32::MAX)
                && tokio::time::Instant::now() < gathered_until
            {
                let more = self.sqs.receive(&self.source.queue, &receive(room, WAIT)).await?;
                messages.extend(more);
            }
        }
        Ok(messages)
    }

    /// Calls the function with the messages: once, or more often if one event would be too large for Lambda.
    async fn work(&self, messages: Vec<Received>) {
        for batch in batch::fitting(messages) {
            self.work_event(batch).await;
        }
    }

    async fn work_event(&self, messages: Vec<Received>) {
        let queue = &self.source.queue;
        let messages = self.end_loops(messages);
        if messages.is_empty() {
            return;
        }
        let event = batch::event(queue, &messages);
        let lineage = Lineage::longest(messages.iter().map(|it| it.message.trace_header.as_deref()));
        let answer = self.functions.invoke_after(lineage, &self.function, event).await;
        let failed = answer.map_err(|error| error.to_string());
        let failed = failed.and_then(|answer| batch::failures(&answer, &messages));
        let failed = match failed {
            Ok(failed) => failed,
            Err(reason) => {
                let (function, size) = (&self.function.logical_id, messages.len());
                tracing::error!(function, size, reason, "the whole batch failed");
                return;
            }
        };
        let done = messages.iter().filter(|received| !failed.contains(&received.message.id));
        let handles: Vec<_> = done.map(|received| &*received.receipt_handle).collect();
        if let Err(error) = self.sqs.delete_all(queue, &handles) {
            tracing::error!(queue, %error, "messages could not be deleted");
        }
    }

    /// Removes the messages whose chain of calls is too long, unless the function allows it.
    fn end_loops(&self, messages: Vec<Received>) -> Vec<Received> {
        if self.function.recursive_loop == RecursiveLoop::Allow {
            return messages;
        }
        let (spent, worked): (Vec<_>, Vec<_>) = messages.into_iter().partition(|received| {
            let lineage = Lineage::of_header(received.message.trace_header.as_deref());
            lineage.is_spent(&self.function.logical_id)
        });
        for received in spent {
            if let Err(error) = self.dead_letter(&received) {
                tracing::error!(queue = self.source.queue, %error, "a recursive loop could not be ended");
            }
        }
        worked
    }

    fn dead_letter(&self, received: &Received) -> Result<(), Error> {
        let (function, message) = (&self.function.logical_id, &received.message);
        tracing::error!(
            function,
            message = message.id,
            "recursive loop ended: the template does not allow it"
        );
        self.recursion.drop_one();
        if let Some(queue) = &self.dead_letter_queue {
            let letter = NewMessage {
                body: message.body.clone(),
                delay_seconds: None,
                attributes: message.attributes.clone(),
                group_id: message.group_id.clone(),
                trace_header: message.trace_header.clone(),
            };
            self.sqs.send(queue, &letter)?;
        }
        self.sqs.delete(&self.source.queue, &received.receipt_handle)
    }
}
