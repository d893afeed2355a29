//! A batch of the poll queue: API keys side by side, the instances of one key one after the other.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use shared::platform::aws::AwsError;
use shared::polling::schedule::KeyDigest;
use shared::polling::store::{Due, HELD_BY_A_POLL, KeyLease};

use crate::Poller;
use crate::message::{InvalidMessage, Message};
use crate::metrics::Tally;
use crate::poll::After;

/// Messages of one batch that are worked together.
const CONCURRENCY: usize = 10;

/// What is due later than this is left to the next tick, which looks as far ahead.
const SOON: TimeDelta = TimeDelta::seconds(60);

/// No instance is begun with less time left.
const TIME_FOR_ONE: TimeDelta = TimeDelta::seconds(30);

/// A lease outlives its function by this much, for clocks that disagree.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(5);

/// One message's turn.
pub(crate) struct Turn<'a> {
    /// Who takes leases in it; one of a kind.
    pub(crate) holder: &'a str,
    /// When the function ends.
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) tally: &'a Tally,
    /// The API keys that it holds.
    pub(crate) keys: Vec<KeyLease>,
}

/// What is done for the instances of a message.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Their objects are polled.
    Poll,
    /// Their subscriptions at Close are checked.
    Check,
}

/// Why a message comes again after its visibility timeout.
#[derive(Debug, thiserror::Error)]
enum HandBack {
    #[error(transparent)]
    OwnFault(#[from] AwsError),
    /// The queue moves it to the dead-letter queue after some receives.
    #[error(transparent)]
    Poison(#[from] InvalidMessage),
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

    async fn take(
        &self,
        message: &SqsMessage,
        ends_at: DateTime<Utc>,
        tally: &Tally,
    ) -> Result<(), HandBack> {
        let holder = message.message_id.as_deref().unwrap_or_default();
        let turn = Turn::new(holder, ends_at, tally);
        match Message::from_text(message.body.as_deref().unwrap_or_default())? {
            Message::Poll(dues) => self.each(Kind::Poll, &dues, turn).await?,
            Message::Check(dues) => self.each(Kind::Check, &dues, turn).await?,
            Message::Audit(instance) => self.audit(instance, turn).await?,
        }
        Ok(())
    }

    /// Works for the instances of one API key, one after the other. What there is no time for is queued again.
    async fn each(&self, kind: Kind, dues: &[Due], mut turn: Turn<'_>) -> Result<(), AwsError> {
        let (mut waiting, mut begun) = (Vec::new(), Vec::new());
        let (mut wait_until, mut failure) = (None, None);
        for due in dues {
            let now = self.clock.now();
            if wait_until.is_some() || turn.ends_at - now < TIME_FOR_ONE {
                waiting.push((due.clone(), wait_until.unwrap_or(now)));
                continue;
            }
            let after = match kind {
                Kind::Poll => self.poll(due, &mut turn).await.inspect_err(|_| turn.tally.failed()),
                Kind::Check => self.check(due, &mut turn).await,
            };
            match after {
                Ok(After::Nothing) => {}
                Ok(After::Rest(at)) => wait_until = Some(at),
                Ok(After::Again(at)) => begun.push((Self::due_again(due, at), turn.others_first(at))),
                Ok(After::Later(at)) => waiting.push((due.clone(), at)),
                Ok(After::Wait(at)) => {
                    begun.push((Self::due_again(due, at), at));
                    wait_until = Some(at);
                }
                // One instance's fault is not the next one's.
                Err(error) => failure = Some(error),
            }
        }
        // What Close asks of one instance of a key it asks of all.
        self.give_back(turn, wait_until).await?;
        // Those that had no turn come before those that go on.
        let again = [waiting, begun].concat();
        self.polls.send(&messages(kind, again, self.clock.now()), self.clock.now()).await?;
        failure.map_or(Ok(()), Err)
    }

    /// Takes the lease on an API key for the rest of a turn; when that has to wait, until when.
    pub(crate) async fn take_key(
        &self,
        key: &KeyDigest,
        turn: &mut Turn<'_>,
    ) -> Result<Option<DateTime<Utc>>, AwsError> {
        if turn.keys.iter().any(|lease| lease.is_on(key)) {
            return Ok(None);
        }
        match self.pollers.keys().take(key, turn.holder, self.clock.now(), turn.lease_until()).await? {
            Ok(lease) => {
                turn.keys.push(lease);
                Ok(None)
            }
            Err(again_at) => Ok(Some(again_at)),
        }
    }

    /// Gives the leases on API keys back; with a time, nobody may have them before then.
    pub(crate) async fn give_back(
        &self,
        turn: Turn<'_>,
        free_at: Option<DateTime<Utc>>,
    ) -> Result<(), AwsError> {
        for lease in turn.keys {
            self.pollers.keys().give_back(&lease, free_at).await?;
        }
        Ok(())
    }
}

impl<'a> Turn<'a> {
    fn new(holder: &'a str, ends_at: DateTime<Utc>, tally: &'a Tally) -> Self {
        Self { holder, ends_at, tally, keys: Vec::new() }
    }

    /// When what goes on comes to its next turn: where others have the key, after they had the chance to take it.
    pub(crate) fn others_first(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        if self.keys.is_empty() { at } else { at + HELD_BY_A_POLL + TimeDelta::seconds(1) }
    }

    /// Until when a lease that is taken now lasts.
    pub(crate) fn lease_until(&self) -> DateTime<Utc> {
        self.ends_at + LEASE_MARGIN
    }
}

/// The messages for what is to be done again soon; what has the same time stays together.
fn messages(
    kind: Kind,
    again: Vec<(Due, DateTime<Utc>)>,
    now: DateTime<Utc>,
) -> Vec<(Message, DateTime<Utc>)> {
    let mut by_time: BTreeMap<DateTime<Utc>, Vec<Due>> = BTreeMap::new();
    for (due, at) in again {
        if at - now < SOON {
            by_time.entry(at.max(now)).or_default().push(due);
        }
    }
    let message = |dues| match kind {
        Kind::Poll => Message::Poll(dues),
        Kind::Check => Message::Check(dues),
    };
    by_time.into_iter().map(|(at, dues)| (message(dues), at)).collect()
}
