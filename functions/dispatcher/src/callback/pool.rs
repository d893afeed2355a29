//! Connections that wait for the next callback to the same place.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::{Connection, Origin};

/// Idle connections of a process, and of those to one place.
const MOST: usize = 64;
const MOST_PER_ORIGIN: usize = 10;
/// Receivers close idle connections themselves, many after a minute and some after five seconds.
const KEPT: Duration = Duration::from_secs(30);

struct Idle {
    origin: Origin,
    connection: Connection,
    since: Instant,
}

/// Idle connections, oldest first. It outlives an invocation, so that the next one finds them.
#[derive(Default)]
pub(super) struct Pool(Mutex<VecDeque<Idle>>);

impl Pool {
    /// The connection to `origin` that was used last, if it still stands.
    pub(super) fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        idle.retain(|idle| now - idle.since < KEPT && idle.connection.is_ready());
        let place = idle.iter().rposition(|idle| idle.origin == *origin)?;
        idle.remove(place).map(|idle| idle.connection)
    }

    /// Keeps a connection; one that has waited longer makes room for it.
    pub(super) fn put(&self, origin: Origin, connection: Connection) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = idle.iter().filter(|idle| idle.origin == origin).count();
        if same >= MOST_PER_ORIGIN {
            if let Some(oldest) = idle.iter().position(|idle| idle.origin == origin) {
                idle.remove(oldest);
            }
        } else if idle.len() >= MOST {
            idle.pop_front();
        }
        idle.push_back(Idle { origin, connection, since: Instant::now() });
    }
}
