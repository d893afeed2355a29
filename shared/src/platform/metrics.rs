//! The result of a function call, as a line that CloudWatch turns into metrics (Embedded Metric Format).
//!
//! One line per call: `PutMetricData` would take longer than the work it reports. No metric has a dimension: one per
//! instance would cost more than the instance's events.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::platform::clock::SharedClock;
use crate::platform::settings::{SettingError, Variables};

/// A metric of the format takes at most this many values (CloudWatch, Embedded Metric Format specification).
const MOST_VALUES: usize = 100;
/// The level of the line for Lambda's filter by `ApplicationLogLevel`. A line without a level and an RFC 3339 time counts as
/// `INFO`: functions with a higher level would lose their metrics, and so their alarms.
const LEVEL: &str = "FATAL";

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// A count.
    Count,
    /// Time.
    Milliseconds,
    /// A ratio.
    None,
}

impl MetricUnit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::None => "None",
        }
    }
}

/// The metrics of one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured(Vec<(&'static str, MetricUnit, Value)>);

impl Measured {
    /// The same with a count. A count of zero is left out, because it costs as much.
    #[must_use]
    pub fn count(mut self, name: &'static str, count: usize) -> Self {
        if count > 0 {
            self.0.push((name, MetricUnit::Count, json!(count)));
        }
        self
    }

    /// The same with values whose distribution matters; as many as the format allows.
    #[must_use]
    pub fn values<T: Into<Value>>(
        mut self,
        name: &'static str,
        unit: MetricUnit,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let values: Vec<Value> = values.into_iter().take(MOST_VALUES).map(Into::into).collect();
        if !values.is_empty() {
            self.0.push((name, unit, Value::Array(values)));
        }
        self
    }

    /// The line; `None` without metrics.
    fn line(self, namespace: &str, now: DateTime<Utc>) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let declared = self.0.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit.as_str() }));
        let about = json!({
            "Timestamp": now.timestamp_millis(),
            "CloudWatchMetrics": [{
                "Namespace": namespace,
                "Dimensions": [[]],
                "Metrics": declared.collect::<Vec<_>>(),
            }],
        });
        let timestamp = now.to_rfc3339_opts(SecondsFormat::Millis, true);
        let head = [("level", json!(LEVEL)), ("timestamp", json!(timestamp)), ("_aws", about)];
        let values = self.0.into_iter().map(|(name, _, value)| (name, value));
        let line: Map<String, Value> =
            head.into_iter().chain(values).map(|(name, value)| (name.to_owned(), value)).collect();
        Some(Value::Object(line).to_string())
    }
}

/// Writes the metrics of a function.
#[derive(Clone)]
pub struct Metrics {
    namespace: String,
    clock: SharedClock,
    emit: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Metrics {
    /// Metrics in the namespace `METRICS_NAMESPACE`. They are dropped unless [`emitting`](Self::emitting) says where to write
    /// them.
    pub fn from_variables(variables: &Variables, clock: SharedClock) -> Result<Self, SettingError> {
        let namespace = variables.or("METRICS_NAMESPACE", "CloseioEvents".to_owned())?;
        Ok(Self { namespace, clock, emit: Arc::new(|_| {}) })
    }

    /// The same with its lines passed to `emit`.
    #[must_use]
    pub fn emitting(self, emit: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { emit: Arc::new(emit), ..self }
    }

    /// Writes the metrics of a call.
    pub fn write(&self, measured: Measured) {
        if let Some(line) = measured.line(&self.namespace, self.clock.now()) {
            (self.emit)(&line);
        }
    }
}

/// Writes a line to standard output, which CloudWatch Logs collects.
pub fn to_stdout(line: &str) {
    use std::io::Write as _;
    // Without an output it cannot be shown.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_line_that_declares_its_metrics() {
        let measured = Measured::default().count("Delivered", 2).count("Failed", 0).values(
            "Latency",
            MetricUnit::Milliseconds,
            [1000, 601_000],
        );
        let line = measured.line("Events", DateTime::UNIX_EPOCH).unwrap();
        assert!(!line.contains('\n'));
        let expected = json!({
            "level": "FATAL",
            "timestamp": "1970-01-01T00:00:00.000Z",
            "_aws": {
                "Timestamp": 0,
                "CloudWatchMetrics": [{
                    "Namespace": "Events",
                    "Dimensions": [[]],
                    "Metrics": [
                        { "Name": "Delivered", "Unit": "Count" },
                        { "Name": "Latency", "Unit": "Milliseconds" },
                    ],
                }],
            },
            "Delivered": 2,
            "Latency": [1000, 601_000],
        });
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
    }

    #[test]
    fn no_log_level_filters_a_line() {
        let now = DateTime::from_timestamp_millis(1_795_255_200_123).unwrap();
        let line = Measured::default().count("Delivered", 1).line("Events", now).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["level"], "FATAL");
        let timestamp = DateTime::parse_from_rfc3339(line["timestamp"].as_str().unwrap()).unwrap();
        assert_eq!(timestamp.timestamp_millis(), line["_aws"]["Timestamp"]);
        let declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(declared, &[json!({ "Name": "Delivered", "Unit": "Count" })]);
    }

    #[test]
    fn zero_counts_are_left_out_and_values_are_limited() {
        let nothing =
            Measured::default().count("Delivered", 0).values("Latency", MetricUnit::Milliseconds, [0; 0]);
        assert_eq!(nothing.line("Events", DateTime::UNIX_EPOCH), None);
        let much = Measured::default().values("Latency", MetricUnit::Milliseconds, [0; 150]);
        let line: Value = serde_json::from_str(&much.line("Events", DateTime::UNIX_EPOCH).unwrap()).unwrap();
        assert_eq!(line["Latency"].as_array().unwrap().len(), MOST_VALUES);
    }
}
