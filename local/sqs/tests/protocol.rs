//! The embedded SQS, driven by the unmodified SDK over HTTP.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what it expects")]

#[path = "protocol/bed.rs"]
mod bed;

#[path = "protocol/queues.rs"]
mod queues;

#[path = "protocol/messages.rs"]
mod messages;

#[path = "protocol/batches.rs"]
mod batches;

#[path = "protocol/limits.rs"]
mod limits;

#[path = "protocol/redrive.rs"]
mod redrive;

#[path = "protocol/protocol.rs"]
mod protocol;
