//! The share of this process that one instance may use, so that a flood at one URL leaves room for the others.
//!
//! A refusal costs a look into memory, where an event costs a call to SQS: a process refuses some ten times as many
//! webhooks a second as it could take. Lambda gives a process one request at a time and more processes when these are
//! busy, so the bound of an instance grows with the load of all; it asks AWS nothing, and so it costs nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::instances::InstanceId;

/// Webhooks a second of one instance, over time: about a third of what a process that does nothing else can take.
pub(crate) const DEFAULT_RATE: u32 = 25;
/// A burst of this many seconds' webhooks is accepted: a bulk edit at Close sends many webhooks at once, and then none.
const BURST_SECONDS: u32 = 10;
/// Instances that are tracked; beyond that, those with a full share are dropped, then all.
const CAPACITY: usize = 10_000;

/// The shares of all instances.
pub(crate) struct Shares {
    rate: u32,
    /// When the share of each is whole again, as if nothing had been taken of it.
    whole_at: Mutex<HashMap<InstanceId, DateTime<Utc>>>,
}

impl Shares {
    /// Shares of `rate` webhooks a second; 0 means no limit.
    pub(crate) fn of(rate: u32) -> Self {
        Self { rate, whole_at: Mutex::default() }
    }

    /// Takes one webhook from an instance's share; the error says how long to wait for the next.
    pub(crate) fn take(&self, id: InstanceId, now: DateTime<Utc>) -> Result<(), Duration> {
        if self.rate == 0 {
            return Ok(());
        }
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= CAPACITY {
            whole_at.retain(|_, at| *at > now);
        }
        if whole_at.len() >= CAPACITY {
            whole_at.clear();
        }
        let before = whole_at.get(&id).copied().unwrap_or(now);
        let taken = taken(before, self.rate, now)?;
        whole_at.insert(id, taken);
        Ok(())
    }
}

/// When a share of `rate` a second is whole again after one more is taken of it at `now`; how long to wait if there is
/// none left.
fn taken(whole_at: DateTime<Utc>, rate: u32, now: DateTime<Utc>) -> Result<DateTime<Utc>, Duration> {
    let one = TimeDelta::microseconds(1_000_000 / i64::from(rate.max(1)));
    let after = whole_at.max(now) + one;
    let over = after - now - TimeDelta::seconds(i64::from(BURST_SECONDS));
    if over <= TimeDelta::zero() { Ok(after) } else { Err(over.to_std().unwrap_or_default()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(millis)
    }

    #[test]
    fn a_share_is_a_burst_and_then_a_rate() {
        let rows = [
            ("never used", 0, 60_000, Ok(60_040)),
            ("half used", 65_000, 60_000, Ok(65_040)),
            ("the last of it", 69_960, 60_000, Ok(70_000)),
            ("used up", 70_000, 60_000, Err(Duration::from_millis(40))),
            ("one came back", 70_000, 60_040, Ok(70_040)),
        ];
        for (case, whole_at, now, expected) in rows {
            assert_eq!(taken(at(whole_at), 25, at(now)), expected.map(at), "{case}");
        }
    }

    #[test]
    fn a_flood_of_one_instance_leaves_another_its_share() {
        let (flooded, quiet) = (InstanceId::try_from(1).unwrap(), InstanceId::try_from(2).unwrap());
        let shares = Shares::of(DEFAULT_RATE);
        let flood = (0..=10_000).filter(|sent| shares.take(flooded, at(*sent)).is_ok()).count();
        assert_eq!(flood, 500, "250 at once, and 25 a second for ten seconds");
        assert_eq!(shares.take(quiet, at(10_000)), Ok(()));
        assert_eq!(Shares::of(0).take(flooded, at(0)), Ok(()));
    }
}
