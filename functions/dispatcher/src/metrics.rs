//! How the messages of a batch ended.

use chrono::TimeDelta;
use shared::events::log::Decision;
use shared::platform::metrics::{Measured, MetricUnit};

/// How the work on a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The event is delivered.
    Delivered,
    /// Another attempt is queued.
    Retried,
    /// It has failed for good.
    Failed,
    /// It was dropped.
    Dropped,
    /// It was dealt with elsewhere.
    Duplicate,
    /// It waits in the log for its callback.
    Parked,
    /// A fault of ours: the same message is queued again.
    OwnFault,
    /// The message went back to the queue.
    HandedBack,
}

impl Ended {
    /// What a decision is the end of.
    pub(crate) fn of(decision: &Decision) -> Self {
        match decision {
            Decision::Deliver => Self::Delivered,
            Decision::Retry { .. } => Self::Retried,
            Decision::Again { .. } => Self::OwnFault,
            Decision::Wait { .. } => Self::Parked,
            Decision::Fail { .. } => Self::Failed,
            Decision::Drop { .. } => Self::Dropped,
        }
    }
}

/// What is to be said of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) ended: Ended,
    /// Attempts made for the event, from its receipt on; counted when it has ended.
    pub(crate) attempts: usize,
    /// True if one of them was made now.
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

/// The metrics of a batch.
///
/// `Attempts` divided by `Events` is the amplification: three at most, and one while all is well. More than that
/// would mean that work is done twice.
pub(crate) fn measured(reports: &[Report]) -> Measured {
    let count = |ended| reports.iter().filter(|report| report.ended == ended).count();
    let over = |report: &&Report| matches!(report.ended, Ended::Delivered | Ended::Failed | Ended::Dropped);
    let failed =
        |report: &&Report| report.attempted && matches!(report.ended, Ended::Retried | Ended::Failed);
    let ends: Vec<_> = reports.iter().filter(over).collect();
    let latency = reports.iter().filter_map(|report| report.latency);
    Measured::default()
        .count("Received", reports.len())
        .count("Delivered", count(Ended::Delivered))
        .count("Retried", count(Ended::Retried))
        .count("Failed", count(Ended::Failed))
        .count("Dropped", count(Ended::Dropped))
        .count("Duplicates", count(Ended::Duplicate))
        .count("Parked", count(Ended::Parked))
        .count("OwnFaults", count(Ended::OwnFault))
        .count("HandedBack", count(Ended::HandedBack))
        .count("Attempts", reports.iter().filter(|report| report.attempted).count())
        .count("AttemptsFailed", reports.iter().filter(failed).count())
        .count("Events", ends.len())
        .values("Amplification", MetricUnit::None, ends.iter().map(|report| report.attempts))
        .values("Latency", MetricUnit::Milliseconds, latency.map(|latency| latency.num_milliseconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_counted_by_the_outcomes_of_its_messages() {
        let delivered = |attempts, seconds| Report {
            ended: Ended::Delivered,
            attempts,
            attempted: true,
            latency: Some(TimeDelta::seconds(seconds)),
        };
        let retried = Report { ended: Ended::Retried, attempts: 1, attempted: true, latency: None };
        // Of a callback that is disabled.
        let unsent = Report::without_attempt(Ended::Failed);
        let duplicate = Report::without_attempt(Ended::Duplicate);
        let reports = [delivered(1, 1), delivered(3, 601), retried, unsent, duplicate];
        let expected = Measured::default()
            .count("Received", 5)
            .count("Delivered", 2)
            .count("Retried", 1)
            .count("Failed", 1)
            .count("Duplicates", 1)
            .count("Attempts", 3)
            .count("AttemptsFailed", 1)
            .count("Events", 3)
            .values("Amplification", MetricUnit::None, [1, 3, 0])
            .values("Latency", MetricUnit::Milliseconds, [1000, 601_000]);
        assert_eq!(measured(&reports), expected);
    }
}
