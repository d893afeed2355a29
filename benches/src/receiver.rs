//! Receivers of callbacks that take their time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::http;

/// When a receiver answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Nearly always after this long.
    pub(crate) usual: Duration,
    /// Each so-manieth time, if ever, after as long as this.
    pub(crate) slow: Option<(usize, Duration)>,
}

/// A receiver that answers 200.
#[derive(Clone)]
pub(crate) struct Receiver {
    /// Where it is.
    pub(crate) url: String,
    received: Arc<AtomicUsize>,
}

impl Receiver {
    /// Begins to listen.
    pub(crate) fn start(pace: Pace) -> io::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let counter = received.clone();
        let port = http::listen(move |connection| {
            while connection.read()?.is_some() {
                let number = counter.fetch_add(1, Ordering::Relaxed) + 1;
                let slow = pace.slow.filter(|(each, _)| number.is_multiple_of(*each));
                thread::sleep(slow.map_or(pace.usual, |(_, slow)| slow));
                connection.write("HTTP/1.1 200 OK\r\n", b"")?;
            }
            Ok(())
        })?;
        Ok(Self { url: format!("http://127.0.0.1:{port}/callback"), received })
    }

    /// How many callbacks came.
    pub(crate) fn received(&self) -> usize {
        self.received.load(Ordering::Relaxed)
    }
}

impl Pace {
    /// Always after this long.
    pub(crate) const fn of(millis: u64) -> Self {
        Self { usual: Duration::from_millis(millis), slow: None }
    }

    /// After this long, but after 15 seconds one time in a hundred.
    pub(crate) const fn one_in_a_hundred_hangs(millis: u64) -> Self {
        Self { usual: Duration::from_millis(millis), slow: Some((100, Duration::from_secs(15))) }
    }
}
