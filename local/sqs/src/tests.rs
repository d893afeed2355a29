//! The queues as the process sees them, under a clock that the tests move.

use std::sync::Arc;

use chrono::TimeDelta;
use shared::platform::clock::ManualClock;

use super::*;

mod conservation;
mod durability;
mod moving;
mod redrive;
mod visibility;
mod waiting;

/// Queues in memory, and the clock that they go by.
fn memory() -> (Sqs, ManualClock) {
    at(&Storage::Memory)
}

/// The queues in `storage`, and the clock that they go by, which shows 1 January 2026.
fn at(storage: &Storage) -> (Sqs, ManualClock) {
    let clock = ManualClock::starting_at("2026-01-01T00:00:00Z".parse().expect("a time"));
    let sqs = Sqs::open(storage, Arc::new(clock.clone()), "http://localhost".to_owned());
    (sqs.expect("the storage opens"), clock)
}

/// `attributes` as a queue takes them.
fn attributes<const N: usize>(attributes: [(&str, &str); N]) -> QueueAttributes {
    attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The queue `events`, which gives a message up to `dead` when it was received `count` times.
fn with_dead_letters(sqs: &Sqs, count: u32) {
    sqs.create_queue("dead", &attributes([])).expect("the queue is made");
    let arn = names::arn("dead");
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{count}}}"#);
    sqs.create_queue("events", &attributes([("RedrivePolicy", &policy)])).expect("the queue is made");
}

impl Sqs {
    /// What is visible now, at most ten messages.
    async fn take(&self, queue: &str) -> Vec<Received> {
        let request = Receive { maximum: 10, ..Receive::default() };
        self.receive(queue, &request).await.expect("the queue can be received from")
    }
}

fn bodies(received: &[Received]) -> Vec<&str> {
    received.iter().map(|received| received.message.body.as_str()).collect()
}

fn counts(visible: u64, delayed: u64, in_flight: u64) -> QueueCounts {
    QueueCounts { visible, delayed, in_flight }
}

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}
