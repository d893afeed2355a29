//! Amazon SQS, embedded: standard queues with the rules, limits and refusals of the service.
//!
//! [`Sqs`] is used from within the process, and [`Sqs::serve`] offers the same queues to the clients of AWS
//! (the JSON protocol, without signatures). Time is read from the clock and from nowhere else, so that a
//! test which moves a manual clock moves delays, visibility timeouts and retention with it.
//!
//! What Amazon SQS leaves open is decided here: a receive returns as many messages as it asks for, if they
//! are there, those first that have been visible longest; nothing is delivered twice but by a visibility
//! timeout; the numbers of messages are exact; a deleted message is gone. Policies and encryption settings are
//! kept and change nothing.
//!
//! Over the wire it serves what functions and operators ask for: `SendMessage` and its batch, `ReceiveMessage`,
//! `DeleteMessage`, `GetQueueAttributes`, `PurgeQueue`, `StartMessageMoveTask` and `ListMessageMoveTasks`. Queues
//! are made within the process, from the template, and keep their messages over a restart. A move task moves everything
//! at once, whatever its rate.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use chrono::{DateTime, Utc};
use shared::platform::clock::SharedClock;

mod consumer;
mod error;
mod message;
mod moves;
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
pub use message::{Message, MessageAttribute, MessageAttributes, NewMessage, QueueCounts, Received, Sent};
pub use moves::MoveTask;
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
    ///
    /// # Errors
    ///
    /// If the database cannot be opened, or another process holds it.
    pub fn open(storage: &Storage, clock: SharedClock, base_url: String) -> Result<Self, OpenError> {
        let engine = Mutex::new(Engine::open(storage)?);
        Ok(Self { shared: Arc::new(Shared { engine, clock, base_url }) })
    }

    /// Answers the clients of AWS that connect to `listener`, for as long as the future is polled.
    pub async fn serve(&self, listener: tokio::net::TcpListener) -> std::io::Result<()> {
        wire::serve(wire::routes(self.clone()), listener).await
    }

    /// The same, with `layer` put around the routes: whoever serves the queues may look at each request first.
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
