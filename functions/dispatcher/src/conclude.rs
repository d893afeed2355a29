//! After an attempt: write the outcome, then send what follows from it. Nothing that is known is lost to a fault of
//! ours: it goes into a message that only writes it.

use std::fmt::Display;
use std::time::Duration;

use chrono::TimeDelta;
use shared::events::log::{Claim, ClaimId, Decision, KeptBody, Settlement};
use shared::events::message::{Handling, QueuedDelivery};
use shared::platform::aws::InternalError;
use tokio::time::{Instant, sleep};

use crate::call::Call;
use crate::decide::own_fault_wait;
use crate::deliver::Halt;
use crate::message::Message;
use crate::metrics::{Ended, Report};
use crate::{Dispatcher, HandBack};

/// How soon a write that failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

impl Dispatcher {
    /// Writes an outcome until that succeeds or it is too late, then sends what follows from it.
    pub(crate) async fn conclude(
        &self,
        message: &Message<'_>,
        settlement: &Settlement,
        body: &KeptBody,
        until: Instant,
    ) -> Result<Report, Halt> {
        let (delivery, decision) = (&message.delivery, &settlement.decision);
        match self.write(delivery, settlement, body, until).await {
            Ok(true) => {}
            // Whoever took over may work on this very message: it is theirs to delete.
            Ok(false) => return Err(Halt::HandBack(HandBack::ClaimLost)),
            Err(error) => return self.defer(message, settlement, body, &error).await,
        }
        // An end is written once, so this is said once.
        let latency = self.clock.now() - delivery.received_at;
        log_end(delivery, settlement, latency);
        // What is written is found again by the same message, which then sends what is missing.
        self.send_next(delivery, decision).await.map_err(|error| Halt::Fault(error, None))?;
        let latency = matches!(decision, Decision::Deliver).then_some(latency);
        Ok(Report {
            latency,
            attempts: settlement.attempts.len(),
            ..Report::without_attempt(Ended::of(decision))
        })
    }

    /// Writes an outcome that an earlier function could not write.
    pub(crate) async fn settle(
        &self,
        message: &Message<'_>,
        settlement: &Settlement,
    ) -> Result<Report, Halt> {
        let fetched = self.fetch(&message.delivery).await?;
        let body = KeptBody::of(&message.delivery, fetched.found());
        match self.conclude(message, settlement, &body, Instant::now()).await {
            // Its event was claimed anew since: whoever has it says how it ends, and has a message of their own.
            Err(Halt::HandBack(HandBack::ClaimLost)) => Ok(Report::without_attempt(Ended::Duplicate)),
            concluded => concluded,
        }
    }

    /// Sends what a decision that is written already asks for.
    pub(crate) async fn arrange(&self, claim: &Claim<'_>, decision: &Decision) -> Result<(), Halt> {
        let sent = self.send_next(claim.delivery, decision).await;
        sent.map_err(|error| Halt::Fault(error, None))
    }

    /// Stores the body beside the claim, if it is small and the event new, so that it takes no call of its own.
    pub(crate) async fn store_early(&self, claim: &Claim<'_>) -> bool {
        let delivery = claim.delivery;
        let KeptBody::Beside(deflated) = &claim.body else { return false };
        if !delivery.is_new() {
            return false;
        }
        let expires_at = self.log.expires_at(delivery, claim.now);
        // A failure is met when it is stored with the attempt.
        self.payloads
            .put_new(&self.statements, &delivery.event_id, deflated, expires_at)
            .await
            .unwrap_or(false)
    }

    /// Stores a body that the log item has no room for.
    pub(crate) async fn store(
        &self,
        delivery: &QueuedDelivery<'_>,
        body: &KeptBody,
    ) -> Result<(), InternalError> {
        let KeptBody::Beside(deflated) = body else { return Ok(()) };
        let expires_at = self.log.expires_at(delivery, self.clock.now());
        self.payloads.put(&delivery.event_id, deflated, expires_at).await
    }

    async fn write(
        &self,
        delivery: &QueuedDelivery<'_>,
        settlement: &Settlement,
        body: &KeptBody,
        until: Instant,
    ) -> Result<bool, InternalError> {
        loop {
            let written = async {
                if let Decision::Wait { .. } = settlement.decision {
                    self.health.have_looked_after(delivery.instance_id).await?;
                }
                self.store(delivery, body).await?;
                self.log.record(delivery, settlement).await
            };
            match written.await {
                Err(_) if Call::can_write_again(until, PAUSE) => sleep(PAUSE).await,
                written => return written,
            }
        }
    }

    /// Sends the message, event or letter that follows from a decision. A delayed message is not in flight, so
    /// waiting receivers cannot use up the queue's places for messages in flight.
    async fn send_next(
        &self,
        delivery: &QueuedDelivery<'_>,
        decision: &Decision,
    ) -> Result<(), InternalError> {
        let kept = Handling { kept: true, ..Handling::default() };
        let (next, due) = match decision {
            Decision::Retry { due, .. } => {
                (QueuedDelivery { handling: kept, ..delivery.next_attempt() }, *due)
            }
            Decision::Again { due, .. } => {
                let Handling { probe, faults, .. } = delivery.handling;
                let handling = Handling { probe, faults: faults + 1, ..kept };
                (QueuedDelivery { handling, ..delivery.clone() }, *due)
            }
            Decision::Fail { reason } => return self.dead_letters.dead_letter(delivery, reason).await,
            Decision::Deliver | Decision::Drop { .. } | Decision::Wait { .. } => return Ok(()),
        };
        let wait = (due - self.clock.now()).to_std().unwrap_or_default();
        self.send_again(&next, wait).await
    }

    /// Sends a message that comes again, through the delivery queue if the retry queue does not take it.
    async fn send_again(&self, delivery: &QueuedDelivery<'_>, wait: Duration) -> Result<(), InternalError> {
        let Err(error) = self.retries.send(delivery, wait).await else { return Ok(()) };
        tracing::warn!(event = %delivery.event_id, %error, "sent through the delivery queue instead");
        self.deliveries.send(delivery, wait).await
    }

    /// Puts an outcome that cannot be written into a message that only writes it: a receiver that answered is not
    /// called again because of a table of ours.
    async fn defer(
        &self,
        message: &Message<'_>,
        settlement: &Settlement,
        body: &KeptBody,
        error: &InternalError,
    ) -> Result<Report, Halt> {
        let delivery = &message.delivery;
        if self.is_too_old(delivery) {
            tracing::error!(event = %delivery.event_id, %error, "outcome never written");
            if let Some(reason) = settlement.decision.reason() {
                let sent = self.dead_letters.dead_letter(delivery, reason).await;
                sent.map_err(|error| Halt::HandBack(error.into()))?;
            }
            return Ok(Report::without_attempt(Ended::OwnFault));
        }
        let handling = Handling {
            kept: delivery.handling.kept || *body == KeptBody::Known,
            faults: delivery.handling.faults + 1,
            settlement: Some(settlement.clone()),
            ..Handling::default()
        };
        let wait = own_fault_wait(delivery.handling.faults);
        let (instance, event) = (delivery.instance_id, &delivery.event_id);
        tracing::warn!(%instance, %event, %error, wait_seconds = wait.as_secs(), "outcome not written yet");
        let sent = self.send_again(&QueuedDelivery { handling, ..delivery.clone() }, wait).await;
        sent.map_err(|error| Halt::HandBack(error.into()))?;
        Ok(Report::without_attempt(Ended::OwnFault))
    }

    /// Sends the same message anew after a fault of ours, later each time; after the longest wait it is a dead
    /// letter. It goes back to the queue only if that fails as well: a receive count is for poison alone.
    pub(crate) async fn put_back(
        &self,
        message: &Message<'_>,
        why: &(dyn Display + Sync),
        claim: Option<ClaimId>,
    ) -> Result<Report, HandBack> {
        let delivery = &message.delivery;
        let (instance, event) = (delivery.instance_id, &delivery.event_id);
        if self.is_too_old(delivery) {
            let reason = format!("own fault for too long: {why}");
            tracing::error!(%instance, %event, reason, "failed");
            self.dead_letters.dead_letter(delivery, &reason).await?;
            return Ok(Report::without_attempt(Ended::Failed));
        }
        let before = &delivery.handling;
        let wait = own_fault_wait(before.faults);
        let handling = Handling {
            faults: before.faults + 1,
            holder: Some(message.holder().to_owned()),
            abandoned: claim.or_else(|| before.abandoned.clone()),
            ..before.clone()
        };
        tracing::warn!(%instance, %event, reason = %why, wait_seconds = wait.as_secs(), "put back");
        self.send_again(&QueuedDelivery { handling, ..delivery.clone() }, wait).await?;
        Ok(Report::without_attempt(Ended::OwnFault))
    }
}

/// The outcome: at DEBUG where the event goes on, louder where it ends.
fn log_end(delivery: &QueuedDelivery<'_>, settlement: &Settlement, latency: TimeDelta) {
    let (instance, event) = (delivery.instance_id, &delivery.event_id);
    let (attempts, latency_ms) = (settlement.attempts.len(), latency.num_milliseconds());
    let status = settlement.attempts.last().and_then(|attempt| attempt.status_code);
    match &settlement.decision {
        Decision::Deliver => tracing::info!(%instance, %event, attempts, status, latency_ms, "delivered"),
        Decision::Fail { reason } => {
            tracing::error!(%instance, %event, attempts, status, latency_ms, reason, "failed");
        }
        Decision::Drop { reason } => {
            tracing::warn!(%instance, %event, attempts, latency_ms, reason, "dropped");
        }
        Decision::Retry { due, reason } | Decision::Again { due, reason } => {
            tracing::debug!(%instance, %event, attempts, %due, reason, "retry");
        }
        Decision::Wait { reason } => tracing::debug!(%instance, %event, attempts, reason, "waiting"),
    }
}
