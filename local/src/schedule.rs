//! The schedule: functions that are called at intervals.

use std::sync::Arc;

use tokio::sync::watch;

use crate::functions::Functions;
use crate::template::{Function, Schedule};

/// Calls a function at the interval of its schedule until `stop` turns true.
///
/// A call that takes longer than the interval delays the next one; missed calls are not made up for.
pub(crate) async fn run(
    schedule: Schedule,
    function: Function,
    functions: Arc<Functions>,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(schedule.every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        call(&schedule, &function, &functions).await;
    }
}

/// Makes the call that a schedule asks for.
pub(crate) async fn call(schedule: &Schedule, function: &Function, functions: &Functions) {
    if let Err(error) = functions.invoke(function, schedule.input.to_string().into_bytes()).await {
        tracing::error!(function = function.logical_id, %error, "scheduled call failed");
    }
}
