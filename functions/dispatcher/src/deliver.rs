//! One message: claim its attempt, make it, write down what came of it, arrange what comes next.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use shared::events::log::{AttemptRecord, Claim, DeliveryStatus, Outcome, Refusal};
use shared::events::message::QueuedDelivery;
use shared::instances::CachedInstance;

use crate::admit::{Plan, Recipient, recipient};
use crate::attempt::{Attempt, AttemptResult};
use crate::decide::{Decision, decide};
use crate::health::Failure;
use crate::message::Message;
use crate::metrics::{Ended, Report};
use crate::{Dispatcher, HandBack};

impl Dispatcher {
    /// Returns once the message may be deleted; an error keeps it in the queue.
    ///
    /// What can fail for reasons of ours is done before the claim, so that it costs no attempt.
    pub(crate) async fn deliver(&self, message: &Message, until: DateTime<Utc>) -> Result<Report, HandBack> {
        let delivery = &message.delivery;
        let judge = |instance: Option<&Arc<CachedInstance>>| match recipient(instance.map(Arc::as_ref)) {
            Ok(_) => Ok(instance.cloned()),
            Err(_) => Err(instance.cloned()),
        };
        let instance = self.instances.admit(delivery.instance_id, judge).await?.unwrap_or_else(|it| it);
        let instance = instance.as_deref();
        let plan = self.plan(instance, delivery).await?;
        if let Plan::Wait(until, reason) = plan {
            return self.postpone(message, until, reason).await;
        }
        let raw = self.payloads.fetch(&delivery.payload).await?;
        let claim = Claim { delivery, message_id: message.claimant(), now: self.clock.now(), until };
        let attempts = match self.log.claim(&claim).await? {
            Ok(claimed) => claimed.attempts,
            Err(refusal) => return self.settle(instance, delivery, refusal).await,
        };
        match plan {
            Plan::Attempt(recipient) => self.attempt(&claim, &recipient, &raw, attempts).await,
            Plan::Fail(reason) => {
                let outcome = ended(delivery, DeliveryStatus::Failed, reason, attempts);
                self.conclude(&claim, instance, outcome, Ended::Failed).await
            }
            Plan::Drop(reason) => {
                let outcome = ended(delivery, DeliveryStatus::Dropped, reason.to_owned(), attempts);
                self.conclude(&claim, instance, outcome, Ended::Dropped).await
            }
            Plan::Wait(..) => Ok(Report::without_attempt(Ended::Postponed)),
        }
    }

    /// Makes the claimed attempt, decides what is next, and sees what it says of the receiver's health.
    async fn attempt(
        &self,
        claim: &Claim<'_>,
        recipient: &Recipient<'_>,
        raw: &RawValue,
        mut attempts: Vec<AttemptRecord>,
    ) -> Result<Report, HandBack> {
        let began_at = self.clock.now();
        let (delivery, instance) = (claim.delivery, recipient.instance);
        let attempt = Attempt { instance, delivery, raw, began_at };
        let (result, duration) = attempt.make(&self.callbacks).await;
        let schedule = &instance.events.retry;
        let decision = decide(delivery.attempt, &result, schedule, &recipient.health, self.clock.now());
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        log_attempt(delivery, &result, decision, millis);
        let made = !matches!(decision, Decision::SameAfter(_));
        if made {
            attempts.push(AttemptRecord {
                round: delivery.round,
                attempt: delivery.attempt,
                at: began_at,
                duration_ms: Some(millis),
                status_code: result.status_code(),
                error: result.error(),
                excerpt: result.excerpt().map(str::to_owned),
            });
        }
        let count = attempts.len();
        let (outcome, ended) = self.outcome(delivery, &result, decision, attempts);
        let report = self.conclude(claim, Some(instance), outcome, ended).await?;
        self.diagnose(delivery, recipient, &result, decision).await;
        Ok(Report { attempts: count, attempted: made, ..report })
    }

    fn outcome(
        &self,
        delivery: &QueuedDelivery,
        result: &AttemptResult,
        decision: Decision,
        attempts: Vec<AttemptRecord>,
    ) -> (Outcome, Ended) {
        let at = |wait| Some(self.clock.now() + wait);
        let made = delivery.attempt;
        let (status, attempt, next_attempt_at, ended) = match decision {
            Decision::Done => (DeliveryStatus::Delivered, made, None, Ended::Delivered),
            Decision::RetryAfter(wait) => (DeliveryStatus::Retry, made, at(wait), Ended::Retried),
            Decision::SameAfter(wait) => (DeliveryStatus::Retry, made - 1, at(wait), Ended::OwnFault),
            Decision::GiveUp => (DeliveryStatus::Failed, made, None, Ended::Failed),
        };
        (Outcome { status, attempt, next_attempt_at, reason: result.error(), attempts }, ended)
    }

    /// Writes the outcome down, then arranges what follows from it.
    async fn conclude(
        &self,
        claim: &Claim<'_>,
        instance: Option<&CachedInstance>,
        outcome: Outcome,
        ended: Ended,
    ) -> Result<Report, HandBack> {
        let delivery = claim.delivery;
        if !self.log.record(claim, outcome.clone()).await? {
            // Whoever took over may work on this very message: it is theirs to delete.
            return Err(HandBack::ClaimLost);
        }
        // An end is written once, so this is said once.
        let latency = self.clock.now() - delivery.received_at;
        log_end(delivery, &outcome, latency);
        match (outcome.status, outcome.next_attempt_at) {
            (DeliveryStatus::Retry, Some(due)) => {
                let next = QueuedDelivery { attempt: outcome.attempt + 1, ..delivery.clone() };
                self.queue_at(&next, due).await?;
            }
            (DeliveryStatus::Failed, _) => {
                self.dead_letters.bury(delivery, outcome.reason.as_deref().unwrap_or_default()).await?;
            }
            _ => {}
        }
        self.tell_line(instance, delivery, outcome.next_attempt_at).await?;
        let delivered = outcome.status == DeliveryStatus::Delivered;
        Ok(Report { latency: delivered.then_some(latency), ..Report::without_attempt(ended) })
    }

    /// What an attempt says of its receiver. The event is safe by now, so a failure here is logged and no more.
    async fn diagnose(
        &self,
        delivery: &QueuedDelivery,
        recipient: &Recipient<'_>,
        result: &AttemptResult,
        decision: Decision,
    ) {
        let (id, before) = (delivery.instance_id, &recipient.health);
        let noted = match result {
            AttemptResult::Accepted { .. } => self.health.succeeded(id, recipient.url, before).await,
            AttemptResult::OwnFault { .. } => Ok(()),
            AttemptResult::Rejected { .. }
            | AttemptResult::TimedOut { .. }
            | AttemptResult::Unreachable { .. }
            | AttemptResult::Refused { .. } => {
                let failure = Failure {
                    gone: result.status_code() == Some(410),
                    gave_up: decision == Decision::GiveUp,
                    reason: result.error().unwrap_or_default(),
                };
                let policy = recipient.instance.events.circuit;
                self.health.failed(id, recipient.url, before, failure, policy).await
            }
        };
        if let Err(error) = noted {
            tracing::warn!(instance = %id, %error, "the callback's health was not noted");
        }
    }

    /// What a refused claim asks for.
    async fn settle(
        &self,
        instance: Option<&CachedInstance>,
        delivery: &QueuedDelivery,
        refusal: Refusal,
    ) -> Result<Report, HandBack> {
        let duplicate = Report::without_attempt(Ended::Duplicate);
        match refusal {
            Refusal::Duplicate => tracing::debug!(event = %delivery.event_id, "duplicate dropped"),
            Refusal::Over => {
                tracing::debug!(event = %delivery.event_id, "duplicate of a finished event dropped");
                self.tell_line(instance, delivery, None).await?;
            }
            Refusal::UnderWay => return Err(HandBack::UnderWay),
            Refusal::RetryPending(due) => {
                self.queue_at(&delivery.next_attempt(), due).await?;
                self.tell_line(instance, delivery, Some(due)).await?;
            }
            Refusal::BurialPending(reason) => {
                self.dead_letters.bury(delivery, &reason).await?;
                self.tell_line(instance, delivery, None).await?;
            }
        }
        Ok(duplicate)
    }

    /// Queues an attempt for when it is due. A delayed message is not in flight, so waiting receivers cannot use
    /// up the queue's places for messages in flight.
    async fn queue_at(&self, delivery: &QueuedDelivery, due: DateTime<Utc>) -> Result<(), HandBack> {
        let wait = (due - self.clock.now()).to_std().unwrap_or_default();
        Ok(self.retries.send(delivery, wait).await?)
    }
}

fn ended(
    delivery: &QueuedDelivery,
    status: DeliveryStatus,
    reason: String,
    attempts: Vec<AttemptRecord>,
) -> Outcome {
    let (attempt, reason) = (delivery.attempt, Some(reason));
    Outcome { status, attempt, next_attempt_at: None, reason, attempts }
}

/// One attempt, for whoever follows an event as it passes; the event log has it in any case.
fn log_attempt(delivery: &QueuedDelivery, result: &AttemptResult, decision: Decision, millis: u64) {
    let (instance, event) = (delivery.instance_id, &delivery.event_id);
    let (attempt, status, reason) = (delivery.attempt, result.status_code(), result.error());
    match decision {
        Decision::Done | Decision::GiveUp => {
            tracing::debug!(%instance, %event, attempt, status, reason, millis, "attempt made");
        }
        Decision::RetryAfter(wait) => tracing::debug!(
            %instance, %event, attempt, status, reason, millis, again_in_seconds = wait.as_secs(),
            "attempt failed"
        ),
        // The receiver had no part in it: somebody should look.
        Decision::SameAfter(wait) => tracing::warn!(
            %instance, %event, attempt, reason, again_in_seconds = wait.as_secs(), "attempt not made"
        ),
    }
}

/// The one line of an event, when it has come to its end.
fn log_end(delivery: &QueuedDelivery, outcome: &Outcome, latency: TimeDelta) {
    let (instance, event) = (delivery.instance_id, &delivery.event_id);
    let (attempts, latency_ms) = (outcome.attempts.len(), latency.num_milliseconds());
    let status = outcome.attempts.last().and_then(|attempt| attempt.status_code);
    let reason = outcome.reason.as_deref();
    match outcome.status {
        DeliveryStatus::Delivered => {
            tracing::info!(%instance, %event, attempts, status, latency_ms, "delivered");
        }
        DeliveryStatus::Failed => {
            tracing::error!(%instance, %event, attempts, status, latency_ms, reason, "failed");
        }
        DeliveryStatus::Dropped => {
            tracing::warn!(%instance, %event, attempts, latency_ms, reason, "dropped");
        }
        DeliveryStatus::Queued | DeliveryStatus::Delivering | DeliveryStatus::Retry => {}
    }
}
