//! How long a call of a function may take.

use chrono::{DateTime, TimeDelta, Utc};

/// When a call that began at `now` is cut off, given its deadline in Unix milliseconds.
///
/// A deadline in the past is made up, as by `cargo lambda watch`: the call then ends `assumed` after now.
pub fn ends_at(deadline: u64, now: DateTime<Utc>, assumed: TimeDelta) -> DateTime<Utc> {
    let told = i64::try_from(deadline).ok().and_then(DateTime::from_timestamp_millis);
    told.filter(|told| *told > now).unwrap_or(now + assumed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_past_is_replaced() {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let in_seconds = |seconds| now + TimeDelta::seconds(seconds);
        let millis = |time: DateTime<Utc>| u64::try_from(time.timestamp_millis()).unwrap();
        let assumed = TimeDelta::seconds(60);
        assert_eq!(ends_at(millis(in_seconds(7)), now, assumed), in_seconds(7));
        for made_up in [0, 600_000, millis(now), u64::MAX] {
            assert_eq!(ends_at(made_up, now, assumed), in_seconds(60), "{made_up}");
        }
    }
}
