//! How many events an instance received, by interval.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use shared::api_error::ApiError;
use shared::event::timestamp;
use shared::event_log::Span;

use super::bad;

/// More buckets than minutes in a day are nobody's chart.
const MOST_BUCKETS: i64 = 1_500;

/// The width of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval(TimeDelta);

/// The events of one interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bucket {
    /// Where the interval begins; it ends where the next one begins.
    date: String,
    count: u64,
}

impl Interval {
    /// Reads `interval`.
    ///
    /// # Errors
    /// 400 with the words that it takes.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, ApiError> {
        match text.map(str::to_lowercase).as_deref() {
            Some("minute") => Ok(Self(TimeDelta::minutes(1))),
            None | Some("hour") => Ok(Self(TimeDelta::hours(1))),
            Some("day") => Ok(Self(TimeDelta::days(1))),
            Some("week") => Ok(Self(TimeDelta::weeks(1))),
            Some(_) => Err(bad("interval is not minute, hour, day or week.")),
        }
    }
}

/// Counts times into intervals from `span.from` on; intervals without any are there too.
///
/// # Errors
/// 400 when that would be too many intervals.
pub(crate) fn buckets(
    times: &[DateTime<Utc>],
    span: Span,
    interval: Interval,
) -> Result<Vec<Bucket>, ApiError> {
    let width = interval.0.num_milliseconds();
    let index = |time: DateTime<Utc>| (time - span.from).num_milliseconds() / width;
    let count = index(span.to) + 1;
    if count > MOST_BUCKETS {
        return Err(bad(format!(
            "from, to and interval make {count} intervals; at most {MOST_BUCKETS} are counted."
        )));
    }
    let mut buckets: Vec<Bucket> = (0..count)
        .map(|number| Bucket {
            date: timestamp(span.from + interval.0 * i32::try_from(number).unwrap_or(0)),
            count: 0,
        })
        .collect();
    for time in times {
        let bucket = usize::try_from(index(*time)).ok().and_then(|index| buckets.get_mut(index));
        if let Some(bucket) = bucket {
            bucket.count += 1;
        }
    }
    Ok(buckets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_counted_in_its_interval() {
        let time = |text: &str| format!("2026-11-21T{text}Z").parse::<DateTime<Utc>>().unwrap();
        let span = Span { from: time("10:00:00"), to: time("10:02:30") };
        let times = [time("10:00:00"), time("10:00:59.999"), time("10:02:00"), time("10:02:30")];
        let minutes = Interval::parse(Some("MINUTE")).unwrap();
        let counted = buckets(&times, span, minutes).unwrap();
        let counted: Vec<_> = counted.iter().map(|bucket| (&bucket.date[11..], bucket.count)).collect();
        assert_eq!(counted, [("10:00:00Z", 2), ("10:01:00Z", 0), ("10:02:00Z", 2)]);
        let long = Span { from: DateTime::UNIX_EPOCH, ..span };
        assert!(buckets(&times, long, minutes).is_err());
        assert!(Interval::parse(Some("second")).is_err());
    }
}
