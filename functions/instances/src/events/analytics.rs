//! How many events an instance or account received, by interval.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use shared::events::log::{DeliveryStatus, Fate, Span};
use shared::events::timestamp;
use shared::platform::api_error::ApiError;

use super::bad;

/// No chart needs more buckets than there are minutes in a day.
const MOST_BUCKETS: i64 = 1_500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval(TimeDelta);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bucket {
    /// The beginning of the interval.
    timestamp: String,
    /// The same.
    date: String,
    count: u64,
}

/// The events of one interval, by owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Group {
    #[serde(flatten)]
    bucket: Bucket,
    /// The same as `count`, which the platform has too.
    total: u64,
    /// One for each owner with events.
    records: Vec<Record>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Record {
    #[serde(flatten)]
    of: Whose,
    count: u64,
    success: u64,
    /// Those that failed or were dropped; the others have no outcome yet.
    failed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Whose {
    InstanceId(u64),
    AccountId(u64),
}

impl Interval {
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

/// Counts times by interval, beginning at `span.from`; empty intervals count zero.
pub(crate) fn buckets(
    times: &[DateTime<Utc>],
    span: Span,
    interval: Interval,
) -> Result<Vec<Bucket>, ApiError> {
    let count = interval.index(span, span.to) + 1;
    if count > MOST_BUCKETS {
        return Err(bad(format!(
            "from, to and interval make {count} intervals; at most {MOST_BUCKETS} are counted."
        )));
    }
    let mut buckets: Vec<Bucket> = (0..count)
        .map(|number| {
            let begins = timestamp(span.from + interval.0 * i32::try_from(number).unwrap_or(0));
            Bucket { timestamp: begins.clone(), date: begins, count: 0 }
        })
        .collect();
    for time in times {
        if let Some(bucket) = buckets.get_mut(interval.place(span, *time)) {
            bucket.count += 1;
        }
    }
    Ok(buckets)
}

/// The same by owner and outcome of the events.
pub(crate) fn groups(
    fates: &[(Whose, Fate)],
    span: Span,
    interval: Interval,
) -> Result<Vec<Group>, ApiError> {
    let times: Vec<_> = fates.iter().map(|(_, fate)| fate.received_at).collect();
    let buckets = buckets(&times, span, interval)?;
    let mut records = vec![BTreeMap::<Whose, Record>::new(); buckets.len()];
    for (whose, fate) in fates {
        let Some(records) = records.get_mut(interval.place(span, fate.received_at)) else { continue };
        let record = records.entry(*whose).or_insert(Record { of: *whose, count: 0, success: 0, failed: 0 });
        record.count += 1;
        match fate.delivery_status {
            DeliveryStatus::Delivered => record.success += 1,
            DeliveryStatus::Failed | DeliveryStatus::Dropped => record.failed += 1,
            DeliveryStatus::Queued
            | DeliveryStatus::Delivering
            | DeliveryStatus::Retry
            | DeliveryStatus::Waiting => {}
        }
    }
    let group = |(bucket, records): (Bucket, BTreeMap<_, Record>)| Group {
        total: bucket.count,
        bucket,
        records: records.into_values().collect(),
    };
    Ok(buckets.into_iter().zip(records).map(group).collect())
}

impl Interval {
    fn index(self, span: Span, time: DateTime<Utc>) -> i64 {
        (time - span.from).num_milliseconds() / self.0.num_milliseconds()
    }

    /// The index of a time's interval; out of range for a time before the first.
    fn place(self, span: Span, time: DateTime<Utc>) -> usize {
        usize::try_from(self.index(span, time)).unwrap_or(usize::MAX)
    }
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
        let fate =
            |text, delivery_status| Fate { received_at: time(text), delivery_status, attempts: Vec::new() };
        let fates = [
            (Whose::InstanceId(2), fate("10:00:00", DeliveryStatus::Delivered)),
            (Whose::InstanceId(1), fate("10:00:10", DeliveryStatus::Failed)),
            (Whose::InstanceId(2), fate("10:00:20", DeliveryStatus::Retry)),
            (Whose::AccountId(7), fate("10:02:00", DeliveryStatus::Dropped)),
        ];
        let groups = serde_json::to_value(groups(&fates, span, minutes).unwrap()).unwrap();
        let first = serde_json::json!({
            "timestamp": "2026-11-21T10:00:00Z", "date": "2026-11-21T10:00:00Z", "count": 3, "total": 3,
            "records": [
                {"instanceId": 1, "count": 1, "success": 0, "failed": 1},
                {"instanceId": 2, "count": 2, "success": 1, "failed": 0},
            ],
        });
        assert_eq!((&groups[0], &groups[1]["records"]), (&first, &serde_json::json!([])));
        let of_account = serde_json::json!([{"accountId": 7, "count": 1, "success": 0, "failed": 1}]);
        assert_eq!(groups[2]["records"], of_account);
        let long = Span { from: DateTime::UNIX_EPOCH, ..span };
        assert!(buckets(&times, long, minutes).is_err());
        assert!(Interval::parse(Some("second")).is_err());
    }
}
