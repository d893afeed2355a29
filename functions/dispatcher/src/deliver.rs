//! One message: plan, claim the attempt, make it, conclude.

use shared::events::log::{AttemptRecord, Claim, ClaimId, Claimed, Decision, KeptBody, Refusal, Settlement};
use shared::platform::aws::InternalError;

use crate::attempt::{Attempt, AttemptResult};
use crate::call::Call;
use crate::decide::{Address, Made, decide, is_final};
use crate::message::Message;
use crate::metrics::{Ended, Report};
use crate::plan::{Plan, Recipient};
use crate::{Dispatcher, HandBack};

/// Why the work on a message stops half-way.
pub(crate) enum Halt {
    /// A fault of ours: the same message is sent anew. The claim may have been written; no attempt was made under it.
    Fault(InternalError, Option<ClaimId>),
    /// The same attempt may be under way elsewhere: the same message is sent anew.
    UnderWay,
    /// It goes back to the queue.
    HandBack(HandBack),
}

impl From<InternalError> for Halt {
    fn from(error: InternalError) -> Self {
        Self::Fault(error, None)
    }
}

impl Dispatcher {
    /// Returns once the message may be deleted; an error keeps it in the queue.
    pub(crate) async fn deliver(&self, message: &Message<'_>, call: &Call) -> Result<Report, HandBack> {
        match self.work(message, call).await {
            Ok(report) => Ok(report),
            Err(Halt::Fault(error, claim)) => self.put_back(message, &error, claim).await,
            Err(Halt::UnderWay) => {
                self.put_back(message, &"the attempt may be under way elsewhere", None).await
            }
            Err(Halt::HandBack(reason)) => Err(reason),
        }
    }

    /// What can fail for reasons of ours is done before the claim, so that it costs no attempt.
    async fn work(&self, message: &Message<'_>, call: &Call) -> Result<Report, Halt> {
        let delivery = &message.delivery;
        if let Some(settlement) = &delivery.handling.settlement {
            return self.settle(message, settlement).await;
        }
        let (fetched, plan) = self.prepare(delivery).await?;
        let id = ClaimId::new(message.holder().to_owned(), call.claims_until(), &call.request_id, message.id);
        let body = KeptBody::of(delivery, fetched.found());
        let mut claim = Claim { delivery, id, now: self.clock.now(), body };
        if let Plan::Wait = plan {
            return self.park(&claim).await;
        }
        if !call.has_time_for(self.attempt_takes) {
            return Err(Halt::HandBack(HandBack::OutOfTime));
        }
        let (claimed, stored) = tokio::join!(self.log.claim(&claim), self.store_early(&claim));
        let attempts = match claimed {
            Ok(Claimed::Granted(attempts)) => attempts,
            Ok(Claimed::Refused(refusal)) => return self.refused(&claim, refusal).await,
            Err(error) => return Err(Halt::Fault(error, Some(claim.id))),
        };
        if stored {
            claim.body = KeptBody::Known;
        }
        let decision = match plan {
            Plan::Attempt(recipient, raw) => {
                let attempt = Attempt::new(&recipient, delivery, &raw, self.clock.now());
                return self.attempt(message, (&claim, attempts), (&recipient, attempt), call).await;
            }
            Plan::Fail(reason) => Decision::Fail { reason },
            Plan::Drop(reason) => Decision::Drop { reason: reason.to_owned() },
            // It is not claimed.
            Plan::Wait => Decision::Wait { reason: String::new() },
        };
        let settlement = Settlement { claim: claim.id.clone(), decision, attempts };
        self.conclude(message, &settlement, &claim.body, call.write_by()).await
    }

    /// Makes the claimed attempt while the body is stored, decides what is next, and weighs what the attempt says of
    /// the receiver.
    async fn attempt(
        &self,
        message: &Message<'_>,
        (claim, mut attempts): (&Claim<'_>, Vec<AttemptRecord>),
        (recipient, attempt): (&Recipient, Attempt<'_>),
        call: &Call,
    ) -> Result<Report, Halt> {
        let delivery = claim.delivery;
        let stored = self.store(delivery, &claim.body);
        let ((result, duration), stored) = tokio::join!(attempt.make(&self.callbacks), stored);
        let made = Made {
            attempt: delivery.attempt,
            faults: delivery.handling.faults,
            result: &result,
            address: self.address(recipient, &result).await,
            now: self.clock.now(),
        };
        let was_made = result.was_made();
        let record = attempt.record(&result, duration);
        log_attempt(message, &record, &result);
        if was_made {
            attempts.push(record);
        }
        let decision = decide(&made, &recipient.instance.events.retry, &recipient.health);
        // What is not stored yet is stored with the outcome.
        let body = if stored.is_ok() { &KeptBody::Known } else { &claim.body };
        let settlement = Settlement { claim: claim.id.clone(), decision, attempts };
        let report = self.conclude(message, &settlement, body, call.write_by()).await?;
        self.weigh(recipient, &result, &settlement.decision).await;
        let attempts = settlement.attempts.len();
        Ok(Report { attempts, attempted: was_made, ..report })
    }

    /// Compares the address of an attempt that ends the event with the instance's current callback: the cache may be
    /// older than a change. If the instance cannot be read, the address counts as current.
    async fn address(&self, recipient: &Recipient, result: &AttemptResult) -> Address {
        if !is_final(result) {
            return Address::OfNow;
        }
        match self.instances.fresh(recipient.instance.instance.id).await {
            Ok(Some(instance)) if instance.events.callback_url.as_ref() == Some(&recipient.url) => {
                Address::OfNow
            }
            Ok(_) => Address::Replaced,
            Err(_) => Address::OfNow,
        }
    }

    /// Lets an event wait until its callback recovers: the log has it then, and the message can go.
    async fn park(&self, claim: &Claim<'_>) -> Result<Report, Halt> {
        let delivery = claim.delivery;
        self.health.have_looked_after(delivery.instance_id).await?;
        self.store(delivery, &claim.body).await?;
        match self.log.park(claim, "the callback is open").await? {
            Claimed::Granted(_) => {
                tracing::debug!(instance = %delivery.instance_id, event = %delivery.event_id, "parked");
                Ok(Report::without_attempt(Ended::Parked))
            }
            Claimed::Refused(refusal) => self.refused(claim, refusal).await,
        }
    }

    /// What a refused claim asks for.
    async fn refused(&self, claim: &Claim<'_>, refusal: Refusal) -> Result<Report, Halt> {
        let delivery = claim.delivery;
        match refusal {
            Refusal::Duplicate | Refusal::Over => {
                tracing::debug!(event = %delivery.event_id, "duplicate dropped");
            }
            Refusal::UnderWay => return Err(Halt::UnderWay),
            Refusal::RetryPending(due) => {
                self.arrange(claim, &Decision::Retry { due, reason: String::new() }).await?;
            }
            Refusal::DeadLetterPending(reason) => self.arrange(claim, &Decision::Fail { reason }).await?,
        }
        Ok(Report::without_attempt(Ended::Duplicate))
    }
}

/// One attempt, for whoever follows an event as it passes; the delivery log has it in any case.
fn log_attempt(message: &Message<'_>, record: &AttemptRecord, result: &AttemptResult) {
    let delivery = &message.delivery;
    let (instance, event) = (delivery.instance_id, &delivery.event_id);
    let AttemptRecord { attempt, status_code: status, error: reason, duration_ms: millis, .. } = record;
    if result.was_made() {
        tracing::debug!(%instance, %event, attempt, status, reason, millis, "attempt made");
    } else {
        // The receiver had no part in it: somebody should look.
        tracing::warn!(%instance, %event, attempt, reason, "attempt not made");
    }
}
