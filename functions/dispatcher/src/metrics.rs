//! What a batch came to, as a line that CloudWatch makes metrics of (Embedded Metric Format).
//!
//! One line a batch; a call of `PutMetricData` would cost more time than an attempt. No metric has a dimension:
//! one per instance would cost more than the instance's events.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

/// A metric of the format takes at most this many values (CloudWatch, Embedded Metric Format specification).
const MOST_VALUES: usize = 100;

/// How the work on a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The event is delivered.
    Delivered,
    /// Another attempt is queued.
    Retried,
    /// It has failed for good.
    Failed,
    /// Nobody wants it.
    Dropped,
    /// It was dealt with elsewhere.
    Duplicate,
    /// It was not its time.
    Postponed,
    /// A fault of ours: the same attempt is queued again.
    OwnFault,
    /// The message went back to the queue.
    HandedBack,
}

/// What is to be said of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) ended: Ended,
    /// Attempts made for the event, from its receipt on; counted when it has ended.
    pub(crate) attempts: usize,
    /// Whether one of them was made now.
    pub(crate) attempted: bool,
    /// From receipt to delivery.
    pub(crate) latency: Option<TimeDelta>,
}

impl Report {
    /// The end of a message for which no attempt was made.
    pub(crate) fn without_attempt(ended: Ended) -> Self {
        Self { ended, attempts: 0, attempted: false, latency: None }
    }
}

/// Where the lines go.
pub type Emit = fn(&str);

/// To the log, for who wants to see them: on one machine nobody collects them.
pub(crate) fn to_log(line: &str) {
    tracing::debug!(target: "metrics", "{line}");
}

/// To the standard output, where CloudWatch Logs finds them.
pub fn to_stdout(line: &str) {
    use std::io::Write as _;
    // Without an output there is nobody to tell.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The line of a batch; `None` for an empty one.
///
/// `Attempts` divided by `Events` is the amplification: three at most, and one while all is well. More than that
/// would mean that work is done twice.
pub(crate) fn line(namespace: &str, reports: &[Report], now: DateTime<Utc>) -> Option<String> {
    if reports.is_empty() {
        return None;
    }
    let count = |ended| reports.iter().filter(|report| report.ended == ended).count();
    let over = |report: &&Report| matches!(report.ended, Ended::Delivered | Ended::Failed | Ended::Dropped);
    let ends: Vec<_> = reports.iter().filter(over).collect();
    let counts = [
        ("Received", reports.len()),
        ("Delivered", count(Ended::Delivered)),
        ("Retried", count(Ended::Retried)),
        ("Failed", count(Ended::Failed)),
        ("Dropped", count(Ended::Dropped)),
        ("Duplicates", count(Ended::Duplicate)),
        ("Postponed", count(Ended::Postponed)),
        ("OwnFaults", count(Ended::OwnFault)),
        ("HandedBack", count(Ended::HandedBack)),
        ("Attempts", reports.iter().filter(|report| report.attempted).count()),
        ("Events", ends.len()),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let mut metrics: Vec<_> = counts.map(|(name, count)| (name, "Count", json!(count))).collect();
    let amplification: Vec<_> = ends.iter().map(|report| report.attempts).take(MOST_VALUES).collect();
    if !amplification.is_empty() {
        metrics.push(("Amplification", "None", json!(amplification)));
    }
    let latency =
        reports.iter().filter_map(|report| report.latency).map(|latency| latency.num_milliseconds());
    let latency: Vec<_> = latency.take(MOST_VALUES).collect();
    if !latency.is_empty() {
        metrics.push(("Latency", "Milliseconds", json!(latency)));
    }
    let names: Vec<_> = metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let about = json!({
        "Timestamp": now.timestamp_millis(),
        "CloudWatchMetrics": [{ "Namespace": namespace, "Dimensions": [[]], "Metrics": names }],
    });
    let values = metrics.into_iter().map(|(name, _, value)| (name.to_owned(), value));
    let line: Map<String, Value> = [("_aws".to_owned(), about)].into_iter().chain(values).collect();
    Some(Value::Object(line).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_one_line_that_declares_what_it_holds() {
        let delivered = |attempts, seconds| Report {
            ended: Ended::Delivered,
            attempts,
            attempted: true,
            latency: Some(TimeDelta::seconds(seconds)),
        };
        let retried = Report { ended: Ended::Retried, attempts: 1, attempted: true, latency: None };
        let reports =
            [delivered(1, 1), delivered(3, 601), retried, Report::without_attempt(Ended::Duplicate)];
        let line = line("Events", &reports, DateTime::UNIX_EPOCH).unwrap();
        assert!(!line.contains('\n'));
        let line: Value = serde_json::from_str(&line).unwrap();
        let expected = [
            ("Received", json!(4)),
            ("Delivered", json!(2)),
            ("Retried", json!(1)),
            ("Duplicates", json!(1)),
            ("Attempts", json!(3)),
            ("Events", json!(2)),
            ("Amplification", json!([1, 3])),
            ("Latency", json!([1000, 601_000])),
        ];
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let declared: Vec<_> = directive["Metrics"].as_array().unwrap().iter().map(|m| &m["Name"]).collect();
        assert_eq!(declared, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        for (name, value) in expected {
            assert_eq!(line[name], value, "{name}");
        }
        assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("Events"), &json!([[]])));
        assert_eq!(line["_aws"]["Timestamp"], 0);
    }

    #[test]
    fn an_empty_batch_says_nothing_and_a_large_one_no_more_than_fits() {
        assert_eq!(line("Events", &[], DateTime::UNIX_EPOCH), None);
        let delivered = Report {
            ended: Ended::Delivered,
            attempts: 1,
            attempted: true,
            latency: Some(TimeDelta::zero()),
        };
        let line: Value =
            serde_json::from_str(&line("Events", &[delivered; 150], DateTime::UNIX_EPOCH).unwrap()).unwrap();
        assert_eq!(line["Latency"].as_array().unwrap().len(), MOST_VALUES);
        assert_eq!(line["Delivered"], 150);
    }
}
