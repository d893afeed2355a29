//! One message: claim its attempt, make it, write down what came of it, arrange what comes next.

use aws_lambda_events::sqs::SqsMessage;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use shared::delivery::QueuedDelivery;
use shared::event_log::{AttemptRecord, Claim, DeliveryStatus, Outcome, Refusal};
use shared::instance::CachedInstance;

use crate::attempt::{Attempt, AttemptResult};
use crate::decide::{Decision, decide};
use crate::{Dispatcher, HandBack};

impl Dispatcher {
    /// Returns once the message may be deleted; an error keeps it in the queue.
    ///
    /// What can fail for reasons of ours is done before the claim, so that it costs no attempt.
    pub(crate) async fn deliver(&self, message: &SqsMessage, until: DateTime<Utc>) -> Result<(), HandBack> {
        let delivery = QueuedDelivery::from_message(message.body.as_deref().unwrap_or_default())?;
        let instance = self.instances.get(delivery.instance_id).await?;
        let raw = self.payloads.fetch(&delivery.payload).await?;
        let message_id = message.message_id.as_deref().unwrap_or_default();
        let claim = Claim { delivery: &delivery, message_id, now: self.clock.now(), until };
        let attempts = match self.log.claim(&claim).await? {
            Ok(claimed) => claimed.attempts,
            Err(refusal) => return self.settle(&delivery, refusal).await,
        };
        let outcome = match recipient(instance.as_deref()) {
            Ok(instance) => self.attempt(&claim, instance, &raw, attempts).await,
            Err(reason) => dropped(&delivery, reason, attempts),
        };
        if !self.log.record(&claim, outcome.clone()).await? {
            // Whoever took over may work on this very message: it is theirs to delete.
            return Err(HandBack::ClaimLost);
        }
        self.follow_up(&delivery, &outcome).await
    }

    /// Makes the claimed attempt and decides what is next.
    async fn attempt(
        &self,
        claim: &Claim<'_>,
        instance: &CachedInstance,
        raw: &RawValue,
        mut attempts: Vec<AttemptRecord>,
    ) -> Outcome {
        let began_at = self.clock.now();
        let delivery = claim.delivery;
        let attempt = Attempt { instance, delivery, raw, began_at };
        let (result, duration) = attempt.make(&self.callbacks).await;
        let schedule = &instance.events.retry;
        let decision = decide(delivery.attempt, &result, schedule);
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        log(delivery, &result, &decision, millis);
        attempts.push(AttemptRecord {
            round: delivery.round,
            attempt: delivery.attempt,
            at: began_at,
            duration_ms: Some(millis),
            status_code: result.status_code(),
            error: result.error(),
            excerpt: result.excerpt().map(str::to_owned),
        });
        let (status, next_attempt_at, reason) = match decision {
            Decision::Done => (DeliveryStatus::Delivered, None, None),
            Decision::RetryAfter(wait) => {
                (DeliveryStatus::Retry, Some(self.clock.now() + wait), result.error())
            }
            Decision::GiveUp => (DeliveryStatus::Failed, None, result.error()),
        };
        Outcome { status, next_attempt_at, reason, attempts }
    }

    /// What a refused claim asks for.
    async fn settle(&self, delivery: &QueuedDelivery, refusal: Refusal) -> Result<(), HandBack> {
        match refusal {
            Refusal::Duplicate => {
                tracing::info!(instance = %delivery.instance_id, event = %delivery.event_id,
                    attempt = delivery.attempt, "duplicate dropped");
                Ok(())
            }
            Refusal::UnderWay => Err(HandBack::UnderWay),
            Refusal::RetryPending(due) => self.queue_next(delivery, due).await,
            Refusal::BurialPending(reason) => Ok(self.dead_letters.bury(delivery, &reason).await?),
        }
    }

    async fn follow_up(&self, delivery: &QueuedDelivery, outcome: &Outcome) -> Result<(), HandBack> {
        match (outcome.status, outcome.next_attempt_at) {
            (DeliveryStatus::Retry, Some(due)) => self.queue_next(delivery, due).await,
            (DeliveryStatus::Failed, _) => {
                let reason = outcome.reason.as_deref().unwrap_or_default();
                Ok(self.dead_letters.bury(delivery, reason).await?)
            }
            _ => Ok(()),
        }
    }

    /// Queues the next attempt for when it is due. A delayed message is not in flight, so waiting receivers
    /// cannot use up the queue's places for messages in flight.
    async fn queue_next(&self, delivery: &QueuedDelivery, due: DateTime<Utc>) -> Result<(), HandBack> {
        let wait = (due - self.clock.now()).to_std().unwrap_or_default();
        Ok(self.queue.send(&delivery.next_attempt(), wait).await?)
    }
}

/// The instance, if it (still) wants events delivered; why not, otherwise.
fn recipient(instance: Option<&CachedInstance>) -> Result<&CachedInstance, &'static str> {
    let instance = instance.ok_or("the instance was deleted")?;
    if instance.instance.disabled {
        Err("the instance is disabled")
    } else if !instance.events.enabled {
        Err("event.notification.enabled is not true")
    } else if instance.events.callback_url.is_none() {
        Err("event.notification.callback.url is not set")
    } else {
        Ok(instance)
    }
}

fn dropped(delivery: &QueuedDelivery, reason: &str, attempts: Vec<AttemptRecord>) -> Outcome {
    tracing::warn!(instance = %delivery.instance_id, event = %delivery.event_id, reason, "event dropped");
    Outcome {
        status: DeliveryStatus::Dropped,
        next_attempt_at: None,
        reason: Some(reason.to_owned()),
        attempts,
    }
}

fn log(delivery: &QueuedDelivery, result: &AttemptResult, decision: &Decision, millis: u64) {
    let (instance, event) = (delivery.instance_id, &delivery.event_id);
    let (attempt, status) = (delivery.attempt, result.status_code());
    match decision {
        Decision::Done => tracing::info!(%instance, %event, attempt, status, millis, "delivered"),
        Decision::RetryAfter(wait) => tracing::warn!(
            %instance, %event, attempt, reason = result.error(), millis, again_in_seconds = wait.as_secs(),
            "attempt failed"
        ),
        Decision::GiveUp => tracing::error!(
            %instance, %event, attempt, reason = result.error(), millis, "delivery failed for good"
        ),
    }
}
