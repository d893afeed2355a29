//! Amazon SQS, embedded: standard queues with the rules, limits and refusals of the service.
//!
//! [`Sqs`] is used from within the process, and [`Sqs::serve`] offers the same queues to the clients of AWS
//! (the JSON protocol, without signatures). Time is only read from the clock, so a test that
//! advances a manual clock moves delays, visibility timeouts and retention with it.
//!
//! Where Amazon SQS leaves a choice: a receive returns as many messages as it asks for, the longest visible first;
//! nothing is delivered twice except after a visibility timeout; the numbers of messages are exact; a deleted message is
//! gone. There is no limit of messages in flight. Policies and encryption settings are kept and have no effect.
//!
//! Over the wire it serves what functions and operators ask for: `SendMessage` and its batch, `ReceiveMessage`,
//! `DeleteMessage`, `GetQueueAttributes`, `PurgeQueue` and `StartMessageMoveTask`, which moves all messages at once. Queues
//! are made within the process, from the template, and keep their messages over a restart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use chrono::{DateTime, Utc};
use shared::platform::clock::SharedClock;

mod consumer;
mod error;
mod message;
mod names;
mod settings;

mod batch;
mod digest;
mod engine;
mod limits;
mod receipt;
mod store;

mod wire;

pub use consumer::Receive;
pub use error::Error;
pub use message::{Message, MessageAttributes, NewMessage, QueueCounts, Received, Sent};
pub use names::{ACCOUNT, REGION};
pub use settings::QueueAttributes;
pub use store::{OpenError, Storage};

use engine::Engine;

/// The queues of one account in one region. Clones share them.
#[derive(Clone)]
pub struct Sqs {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Mutex<Engine>,
    clock: SharedClock,
    base_url: String,
}

impl Sqs {
    /// The queues in `storage`, whose URLs begin with `base_url` (`http://127.0.0.1:9324`).
    pub fn open(storage: &Storage, clock: SharedClock, base_url: String) -> Result<Self, OpenError> {
        let engine = Mutex::new(Engine::open(storage)?);
        Ok(Self { shared: Arc::new(Shared { engine, clock, base_url }) })
    }

    /// Answers the clients of AWS that connect to `listener`, for as long as the future is polled.
    pub async fn serve(&self, listener: tokio::net::TcpListener) -> std::io::Result<()> {
        wire::serve(wire::routes(self.clone()), listener).await
    }

    /// The same with `layer` around the routes.
    pub async fn serve_within(
        &self,
        listener: tokio::net::TcpListener,
        layer: impl FnOnce(Router) -> Router,
    ) -> std::io::Result<()> {
        wire::serve(layer(wire::routes(self.clone())), listener).await
    }

    /// The time that the queues go by.
    fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }

    /// The engine. An operation that panics leaves it whole: its transaction is rolled back.
    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.shared.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
