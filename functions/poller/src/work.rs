//! A batch of the poll queue: API keys side by side, the instances of one key one after the other.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use shared::aws::AwsError;
use shared::polling::store::Due;

use crate::Poller;
use crate::message::{InvalidMessage, Message};
use crate::poll::After;

/// Messages of one batch that are worked together.
const CONCURRENCY: usize = 10;

/// What is due later than this is left to the next tick, which looks as far ahead.
const SOON: TimeDelta = TimeDelta::seconds(60);

/// No instance is begun with less time left.
const TIME_FOR_ONE: TimeDelta = TimeDelta::seconds(30);

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
        let outcomes = futures_util::stream::iter(event.records).map(|message| async move {
            let id = message.message_id.clone().unwrap_or_default();
            let outcome = self.take(&message, ends_at).await;
            (id, outcome)
        });
        let mut response = SqsBatchResponse::default();
        let mut outcomes = outcomes.buffer_unordered(CONCURRENCY);
        while let Some((message_id, outcome)) = outcomes.next().await {
            if let Err(reason) = outcome {
                tracing::warn!(message_id, %reason, "handed back to the queue");
                response.add_failure(message_id);
            }
        }
        response
    }

    async fn take(&self, message: &SqsMessage, ends_at: DateTime<Utc>) -> Result<(), HandBack> {
        let holder = message.message_id.as_deref().unwrap_or_default();
        match Message::from_text(message.body.as_deref().unwrap_or_default())? {
            Message::Poll(dues) => Ok(self.poll_all(&dues, holder, ends_at).await?),
            Message::Audit(instance) => Ok(self.audit(instance, ends_at).await?),
            Message::Check(dues) => Ok(self.check_all(&dues, ends_at).await?),
        }
    }

    /// Polls the instances of one API key, one after the other. What there is no time for is queued again.
    async fn poll_all(&self, dues: &[Due], holder: &str, ends_at: DateTime<Utc>) -> Result<(), AwsError> {
        let (mut again, mut wait_until): (Vec<(Due, DateTime<Utc>)>, _) = (Vec::new(), None);
        let mut failure = None;
        for due in dues {
            let now = self.clock.now();
            if wait_until.is_some() || ends_at - now < TIME_FOR_ONE {
                again.push((due.clone(), wait_until.unwrap_or(now)));
                continue;
            }
            match self.poll(due, holder, ends_at).await {
                Ok(After::Nothing) => {}
                Ok(After::Again(at)) => again.push((Self::due_again(due, at), at)),
                Ok(After::Later(at)) => again.push((due.clone(), at)),
                Ok(After::Wait(at)) => {
                    again.push((Self::due_again(due, at), at));
                    wait_until = Some(at);
                }
                // One instance's fault is not the next one's.
                Err(error) => failure = Some(error),
            }
        }
        let now = self.clock.now();
        again.retain(|(_, at)| *at - now < SOON);
        let messages: Vec<_> = again.into_iter().map(|(due, at)| (Message::Poll(vec![due]), at)).collect();
        self.polls.send(&messages, now).await?;
        failure.map_or(Ok(()), Err)
    }
}
