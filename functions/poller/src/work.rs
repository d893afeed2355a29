//! A batch of the poll queue: API keys side by side.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use shared::platform::aws::InternalError;

use crate::Poller;
use crate::message::Message;
use crate::metrics::Tally;

/// Messages of one batch that are worked together.
const CONCURRENCY: usize = 10;

/// What is due later than this is left to the next tick, which looks as far ahead.
const SOON: TimeDelta = TimeDelta::seconds(60);

/// A lease outlives its function by this much, for clocks that disagree.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(5);

/// No request to Close begins with less time left: one answer, and the writes after it, at their slowest.
pub(crate) const TIME_FOR_ONE: TimeDelta = TimeDelta::seconds(25);

/// One message's time.
#[derive(Clone, Copy)]
pub(crate) struct Shift<'a> {
    /// Who takes leases in it; one of a kind.
    pub(crate) holder: &'a str,
    /// When the function ends.
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) tally: &'a Tally,
}

impl Shift<'_> {
    /// Until when a lease that is taken now lasts.
    pub(crate) fn lease_until(&self) -> DateTime<Utc> {
        self.ends_at + LEASE_MARGIN
    }
}

impl Poller {
    /// Works a batch and says which messages must come again.
    pub(crate) async fn work(&self, event: SqsEvent, ends_at: DateTime<Utc>) -> SqsBatchResponse {
        let tally = Tally::default();
        let outcomes = futures_util::stream::iter(event.records).map(|message| {
            let tally = &tally;
            async move {
                let id = message.message_id.clone().unwrap_or_default();
                let outcome = self.take(&message, ends_at, tally).await;
                (id, outcome)
            }
        });
        let mut response = SqsBatchResponse::default();
        let mut outcomes = Box::pin(outcomes.buffer_unordered(CONCURRENCY));
        while let Some((message_id, outcome)) = outcomes.next().await {
            if let Err(reason) = outcome {
                tracing::warn!(message_id, %reason, "handed back to the queue");
                response.add_failure(message_id);
            }
        }
        drop(outcomes);
        self.metrics.write(tally.measured());
        response
    }

    /// Works one message. It comes again only where a turn was claimed and cannot be given back: whatever else goes
    /// wrong, the key stays due, and the next tick queues it.
    async fn take(
        &self,
        message: &SqsMessage,
        ends_at: DateTime<Utc>,
        tally: &Tally,
    ) -> Result<(), InternalError> {
        let shift = Shift { holder: message.message_id.as_deref().unwrap_or_default(), ends_at, tally };
        match Message::from_text(message.body.as_deref().unwrap_or_default()) {
            Ok(Message::Turn(due)) => {
                let Some((due, at)) = self.turn(&due, shift).await? else { return Ok(()) };
                let now = self.clock.now();
                if at - now < SOON {
                    let sent = self.polls.send(&[(Message::Turn(due), at)], now).await;
                    log_fault("a turn was not queued again; the next tick finds it", sent);
                }
            }
            Ok(Message::Audit(key)) => log_fault("an audit was not made", self.audit(&key, shift).await),
            Err(error) => tracing::error!(%error, "message dropped"),
        }
        Ok(())
    }
}

fn log_fault(what: &str, outcome: Result<(), InternalError>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "{what}");
    }
}
