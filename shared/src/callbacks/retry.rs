//! The retry schedule of callbacks: attempts and interval.

use std::time::Duration;

/// The longest delay that SQS can give a message (Amazon SQS Developer Guide, "Message timers").
pub const MAX_INTERVAL: Duration = Duration::from_secs(900);

/// The schedule of attempts at one event.
///
/// The default is Close.io's own: three attempts, five minutes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    /// How many attempts an event gets.
    pub attempts: u32,
    /// How long after a failed attempt the next one is made.
    pub interval: Duration,
}

impl RetrySchedule {
    /// A schedule of `attempts` attempts, each at least `seconds` after the failure of the one before.
    pub fn new(attempts: u32, seconds: u64) -> Result<Self, &'static str> {
        let interval = Duration::from_secs(seconds);
        if !(1..=10).contains(&attempts) {
            return Err("is not a number of attempts from 1 to 10 (default 3)");
        }
        if interval.is_zero() || interval > MAX_INTERVAL {
            return Err("is not a number of seconds from 1 to 900 (default 300)");
        }
        Ok(Self { attempts, interval })
    }
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self { attempts: 3, interval: Duration::from_secs(300) }
    }
}
