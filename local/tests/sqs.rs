//! The embedded SQS, driven by the unmodified SDK over HTTP.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what it expects")]

#[path = "sqs/bed.rs"]
mod bed;

#[path = "sqs/queues.rs"]
mod queues;

#[path = "sqs/messages.rs"]
mod messages;

#[path = "sqs/batches.rs"]
mod batches;

#[path = "sqs/limits.rs"]
mod limits;

#[path = "sqs/redrive.rs"]
mod redrive;

#[path = "sqs/protocol.rs"]
mod protocol;
