use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::DateTime;
use serde_json::Value;

use super::*;
use crate::platform::clock::ManualClock;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What `work` logs with these variables.
fn logged(variables: &[(&str, &str)], work: impl FnOnce()) -> Vec<Value> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (lines, clock) = (Lines::default(), ManualClock::starting_at(DateTime::UNIX_EPOCH));
    let writer = lines.clone();
    let subscriber = Logging::from_variables(&variables).subscriber(Arc::new(clock), move || writer.clone());
    tracing::subscriber::with_default(subscriber, work);
    let bytes = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn json(level: &'static str) -> [(&'static str, &'static str); 2] {
    [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", level)]
}

/// Whether Lambda keeps a line at this `ApplicationLogLevel`: a line whose level or time it cannot read counts as `INFO`
/// (AWS Lambda Developer Guide, "Log-level filtering").
fn is_kept(line: &Value, minimum: &str) -> bool {
    const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let rank = |level: &str| LEVELS.iter().position(|it| it.eq_ignore_ascii_case(level));
    let has_time = line["timestamp"].as_str().is_some_and(|it| DateTime::parse_from_rfc3339(it).is_ok());
    let level = line["level"].as_str().and_then(rank).filter(|_| has_time);
    level.or_else(|| rank("INFO")) >= rank(minimum)
}

fn every_level() {
    tracing::error!(target: "dispatcher::deliver", event = "e1", "failed");
    tracing::warn!(target: "dispatcher", "handed back to the queue");
    tracing::info!(target: "webhook", "webhook ignored");
    tracing::debug!(target: "poller", "poll made");
}

#[test]
fn lambda_keeps_what_the_function_writes_at_each_level() {
    for (level, written) in [("ERROR", 1), ("WARN", 2), ("INFO", 3), ("DEBUG", 4)] {
        let lines = logged(&json(level), every_level);
        assert_eq!(lines.len(), written, "{level}");
        assert!(lines.iter().all(|line| is_kept(line, level)), "{level}: {lines:?}");
    }
    let error = &logged(&json("WARN"), every_level)[0];
    assert_eq!(error["timestamp"], "1970-01-01T00:00:00.000Z");
    assert_eq!((&error["level"], &error["fields"]["event"]), (&"ERROR".into(), &"e1".into()));
}

#[test]
fn a_line_without_a_time_would_be_lost() {
    let mut line = logged(&json("WARN"), every_level).swap_remove(0);
    line.as_object_mut().unwrap().remove("timestamp");
    assert!(!is_kept(&line, "WARN"), "this is what the time is for");
}

#[test]
fn other_crates_never_log_below_info() {
    for level in ["DEBUG", "TRACE"] {
        let lines = logged(&json(level), || {
            tracing::trace!(target: "lambda_runtime", body = "hush", "response body");
            tracing::debug!(target: "hyper::proto", body = "hush", "flushed");
            tracing::debug!(target: "aws_smithy_runtime", body = "hush", "request");
            tracing::info!(target: "aws_smithy_runtime", "kept");
        });
        assert_eq!(lines.len(), 1, "{level}: {lines:?}");
    }
}

#[test]
fn a_panic_is_logged_without_data() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(log_panic));
    let lines = logged(&json("ERROR"), || {
        let body = String::from("hush");
        let _ = std::panic::catch_unwind(|| panic!("a body: {body}"));
        let _ = std::panic::catch_unwind(|| panic!("a fixed text"));
    });
    std::panic::set_hook(before);
    assert_eq!(lines.len(), 2);
    assert!(
        lines.iter().all(|line| is_kept(line, "ERROR") && !line.to_string().contains("hush")),
        "{lines:?}"
    );
    assert!(lines[1].to_string().contains("a fixed text"));
    assert!(lines[0]["fields"]["location"].as_str().unwrap().contains("logging/tests.rs"));
}
