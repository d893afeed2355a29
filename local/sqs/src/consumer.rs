//! Sending, receiving and deleting messages one by one.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{Instant, timeout};

use super::error::Error;
use super::message::{NewMessage, Received, Sent};
use super::{Sqs, limits};

/// The most messages of one receive within the process; clients of AWS are held to ten.
const MOST: i32 = 10_000;

/// How often a long poll looks at the clock, which a test may have moved.
const LOOK: Duration = Duration::from_millis(10);

/// How often a long poll asks the database although nothing was sent: a message of another receiver may have come back.
const ASK: Duration = Duration::from_secs(1);

/// What to receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receive {
    /// The most messages, 1 to 10,000.
    pub maximum: i32,
    /// Seconds for which the messages are out of sight, 0 to 43,200; the queue's own if `None`.
    pub visibility_timeout: Option<i32>,
    /// Seconds to wait for a message, 0 to 20; the queue's own if `None`.
    pub wait_seconds: Option<i32>,
}

impl Default for Receive {
    fn default() -> Self {
        Self { maximum: 1, visibility_timeout: None, wait_seconds: None }
    }
}

impl Sqs {
    /// Sends a message to `queue`.
    pub fn send(&self, queue: &str, message: &NewMessage) -> Result<Sent, Error> {
        single(self.send_all(queue, std::slice::from_ref(message))?)
    }

    /// Receives messages from `queue`; none if none is visible until the wait is over.
    ///
    /// A wait ends early when a message comes. Otherwise it ends when its seconds have passed, on the clock or in real
    /// time: a test's clock may stand still. Dropping the future loses nothing: received messages come back after their
    /// visibility timeout.
    pub async fn receive(&self, queue: &str, request: &Receive) -> Result<Vec<Received>, Error> {
        let maximum = limits::check_maximum(request.maximum, MOST)?;
        let visibility_timeout =
            request.visibility_timeout.map(limits::check_visibility_timeout).transpose()?;
        let wait = match request.wait_seconds {
            Some(seconds) => limits::check_wait(seconds)?,
            None => self.engine().queue(queue)?.settings.wait.into(),
        };
        let (started, began) = (self.now(), Instant::now());
        let wait = TimeDelta::seconds(wait);
        let over = |now| now - started >= wait || began.elapsed() >= wait.to_std().unwrap_or_default();
        loop {
            let arrivals = Arc::clone(&self.engine().queue(queue)?.arrivals);
            let mut arrival = pin!(arrivals.notified());
            arrival.as_mut().enable();
            // Asked first, so that a message that becomes visible in between is not missed.
            let next = self.next_change(queue)?;
            let now = self.now();
            let messages = self.engine().receive(queue, maximum, visibility_timeout, now)?;
            if !messages.is_empty() || over(now) {
                return Ok(messages);
            }
            let asked = Instant::now();
            while timeout(LOOK, arrival.as_mut()).await.is_err() {
                let now = self.now();
                if over(now) || next.is_some_and(|next| next <= now) || asked.elapsed() >= ASK {
                    break;
                }
            }
        }
    }

    /// Deletes from `queue` the message whose latest receive has the handle `handle`.
    ///
    /// The handle of an earlier receive, or of a message that is gone, is accepted and deletes nothing.
    pub fn delete(&self, queue: &str, handle: &str) -> Result<(), Error> {
        single(self.delete_all(queue, &[handle])?)
    }
}

/// The outcome of a batch of one.
fn single<T>(outcomes: Vec<Result<T, Error>>) -> Result<T, Error> {
    outcomes.into_iter().next().unwrap_or(Err(Error::EmptyBatchRequest("entry")))
}
