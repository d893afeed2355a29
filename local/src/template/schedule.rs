//! When a function is called by the clock: `Schedule` and `ScheduleV2` events.

use std::time::Duration;

use serde_json::Value;

use super::error::Fault;
use super::node::Node;

/// A function's regular call.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The rate as the template has it.
    pub expression: String,
    /// The time from one call to the next.
    pub every: Duration,
    /// What the function is called with, if the template says so.
    pub input: Option<Value>,
}

/// Reads a schedule, or nothing if it is switched off; the two kinds of event name the rate differently.
pub(super) fn read(properties: &Node<'_>, expression_key: &str) -> Result<Option<Schedule>, Fault> {
    let enabled = properties.child("Enabled")?.map(|node| node.flag()).transpose()?;
    let state = properties.child("State")?.map(|node| node.text()).transpose()?;
    if enabled == Some(false) || state.as_deref() == Some("DISABLED") {
        return Ok(None);
    }
    let node = properties.required(expression_key)?;
    let expression = node.text()?;
    let every = interval(&expression).map_err(|problem| node.fault(problem))?;
    let input = properties.child("Input")?.map(|node| input(&node)).transpose()?;
    Ok(Some(Schedule { expression, every, input }))
}

/// The time that `rate(5 minutes)` stands for.
fn interval(expression: &str) -> Result<Duration, String> {
    if expression.starts_with("cron(") || expression.starts_with("at(") {
        return Err(format!("only rate(…) runs on one machine, found {expression:?}"));
    }
    let rate = expression.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
    let seconds = rate.and_then(|rate| rate.split_once(' ')).and_then(|(count, unit)| {
        let count = count.parse::<u64>().ok().filter(|count| *count > 0)?;
        let unit = match unit.trim().trim_end_matches('s') {
            "minute" => 60,
            "hour" => 60 * 60,
            "day" => 24 * 60 * 60,
            _ => return None,
        };
        count.checked_mul(unit)
    });
    let expected = || format!("expected a rate such as rate(5 minutes), found {expression:?}");
    seconds.map(Duration::from_secs).ok_or_else(expected)
}

fn input(node: &Node<'_>) -> Result<Value, Fault> {
    serde_json::from_str(&node.text()?).map_err(|error| node.fault(format!("expected JSON: {error}")))
}
