//! What a batch of polls came to, and how late polling is.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use shared::platform::metrics::{Measured, MetricUnit};
use shared::polling::next::Status;

/// What a batch came to so far; its messages are worked side by side.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    polls: AtomicUsize,
    failed: AtomicUsize,
    refused: AtomicUsize,
    rate_limited: AtomicUsize,
    skipped: AtomicUsize,
    audit_found: AtomicUsize,
}

impl Tally {
    /// So many records could not be enqueued.
    pub(crate) fn skipped(&self, records: usize) {
        add(&self.skipped, records);
    }

    /// An instance was polled, and left like this.
    pub(crate) fn polled(&self, status: Status) {
        add(&self.polls, 1);
        match status {
            Status::Ok => {}
            Status::RateLimited => add(&self.rate_limited, 1),
            Status::Failing => add(&self.failed, 1),
            Status::Refused => add(&self.refused, 1),
        }
    }

    /// A fault of ours ended a poll.
    pub(crate) fn failed(&self) {
        add(&self.failed, 1);
    }

    /// The number of missed changes that an audit found.
    pub(crate) fn found(&self, finds: usize) {
        add(&self.audit_found, finds);
    }

    /// The metrics of the batch.
    pub(crate) fn measured(self) -> Measured {
        Measured::default()
            .count("Polls", self.polls.into_inner())
            .count("PollsFailed", self.failed.into_inner())
            .count("PollersRefused", self.refused.into_inner())
            .count("RateLimited", self.rate_limited.into_inner())
            .count("RecordsSkipped", self.skipped.into_inner())
            .count("AuditFound", self.audit_found.into_inner())
    }
}

/// How late the poller is that is due longest, as the tick sees it: it speaks even when the poll queue stands still.
pub(crate) fn lateness(longest: TimeDelta) -> Measured {
    Measured::default().values("PollLateness", MetricUnit::Milliseconds, [longest.num_milliseconds().max(0)])
}

fn add(counter: &AtomicUsize, count: usize) {
    counter.fetch_add(count, Ordering::Relaxed);
}
