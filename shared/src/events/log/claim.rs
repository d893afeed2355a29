//! Who may make an attempt, and what it means when a claim is refused.

use chrono::{DateTime, Utc};

use super::item::{AttemptRecord, DeliveryState, DeliveryStatus};
use crate::events::message::QueuedDelivery;

/// The claim of one attempt for one queue message.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// The attempt that the message asks for.
    pub delivery: &'a QueuedDelivery,
    /// The SQS id of the message: the same when SQS delivers it again, another for a duplicate event.
    pub message_id: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
    /// When the function that claims is certainly over, and the claim with it.
    pub until: DateTime<Utc>,
}

/// A claim that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The attempts before this one. One whose function died is among them, as of unknown outcome.
    pub attempts: Vec<AttemptRecord>,
}

/// A claim that was not granted, and what to do with the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// This attempt is dealt with elsewhere: the message is a duplicate and can go.
    Duplicate,
    /// The event has come to its end, one way or another: the message is a duplicate and can go.
    Over,
    /// This very message's attempt may still be under way: it must stay in the queue until that is known.
    UnderWay,
    /// This very message's attempt failed, and the message was delivered again before the next attempt was
    /// certainly queued: queue it (again), due at this time.
    RetryPending(DateTime<Utc>),
    /// This very message's attempt was the last, and the message was delivered again before it was certainly
    /// in the dead-letter queue: bury it (again), for this reason.
    BurialPending(String),
}

impl Claim<'_> {
    /// What a refused claim means, given the item that refused it.
    #[must_use]
    pub fn refused(&self, state: &DeliveryState) -> Refusal {
        let asked = (self.delivery.round, self.delivery.attempt);
        let claimed = (state.round, state.attempt);
        let same_message = state.claimed_by == self.message_id;
        match state.delivery_status {
            DeliveryStatus::Delivering if asked == claimed && !same_message => Refusal::Duplicate,
            DeliveryStatus::Delivering if asked >= claimed => Refusal::UnderWay,
            DeliveryStatus::Retry if asked == claimed && same_message => {
                Refusal::RetryPending(state.next_attempt_at.unwrap_or(self.now))
            }
            DeliveryStatus::Failed if asked == claimed && same_message => {
                Refusal::BurialPending(state.reason.clone().unwrap_or_default())
            }
            DeliveryStatus::Queued | DeliveryStatus::Delivering | DeliveryStatus::Retry => Refusal::Duplicate,
            DeliveryStatus::Failed | DeliveryStatus::Delivered | DeliveryStatus::Dropped => Refusal::Over,
        }
    }
}

impl Claimed {
    /// A claim that was granted on an item that stood at `before`.
    pub(super) fn after(before: Option<DeliveryState>) -> Self {
        let Some(before) = before else { return Self { attempts: Vec::new() } };
        let mut attempts = before.attempts;
        if before.delivery_status == DeliveryStatus::Delivering {
            attempts.push(AttemptRecord {
                round: before.round,
                attempt: before.attempt,
                at: before.claimed_at,
                duration_ms: None,
                status_code: None,
                error: Some("outcome unknown: the function ended before it could tell".to_owned()),
                excerpt: None,
            });
        }
        Self { attempts }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

    fn delivery(round: u32, attempt: u32) -> QueuedDelivery {
        let text = format!(
            r#"{{"version":1,"instanceId":1,"eventId":"e","receivedAt":0,"round":{round},"attempt":{attempt},"events":[],"raw":{{}}}}"#
        );
        QueuedDelivery::from_message(&text).unwrap()
    }

    fn state(delivery_status: DeliveryStatus, round: u32, attempt: u32) -> DeliveryState {
        DeliveryState {
            delivery_status,
            round,
            attempt,
            claimed_by: "first".to_owned(),
            claimed_at: NOW,
            claimed_until: NOW,
            next_attempt_at: Some(NOW + TimeDelta::seconds(300)),
            reason: Some("why".to_owned()),
            attempts: Vec::new(),
        }
    }

    #[test]
    fn a_refusal_keeps_the_message_wherever_dropping_it_could_lose_the_event() {
        use DeliveryStatus::{Delivered, Delivering, Dropped, Failed, Queued, Retry};
        use Refusal::{BurialPending, Duplicate, Over, RetryPending, UnderWay};
        let due = NOW + TimeDelta::seconds(300);
        let rows = [
            // The item's status, round and attempt; the message's id, round and attempt; what it means.
            ((Delivering, 0, 1), ("first", 0, 1), UnderWay),
            ((Delivering, 0, 1), ("other", 0, 1), Duplicate),
            ((Delivering, 0, 2), ("first", 0, 1), Duplicate),
            ((Delivering, 0, 1), ("other", 1, 1), UnderWay),
            ((Delivering, 0, 1), ("other", 0, 2), UnderWay),
            ((Retry, 0, 1), ("first", 0, 1), RetryPending(due)),
            ((Retry, 0, 1), ("other", 0, 1), Duplicate),
            ((Retry, 0, 2), ("first", 0, 1), Duplicate),
            ((Failed, 0, 3), ("first", 0, 3), BurialPending("why".to_owned())),
            ((Failed, 0, 3), ("other", 0, 3), Over),
            ((Failed, 0, 3), ("other", 0, 1), Over),
            ((Failed, 1, 1), ("first", 0, 3), Over),
            ((Delivered, 0, 1), ("first", 0, 1), Over),
            ((Delivered, 0, 2), ("other", 0, 1), Over),
            ((Dropped, 0, 1), ("first", 0, 1), Over),
            ((Queued, 0, 2), ("other", 0, 3), Duplicate),
        ];
        for ((status, round, attempt), (message_id, asked_round, asked_attempt), refusal) in rows {
            let delivery = delivery(asked_round, asked_attempt);
            let claim = Claim { delivery: &delivery, message_id, now: NOW, until: NOW };
            let state = state(status, round, attempt);
            assert_eq!(claim.refused(&state), refusal, "{state:?} asked by {message_id} for {delivery:?}");
        }
    }

    #[test]
    fn an_attempt_without_an_outcome_stays_in_the_log() {
        let history = Claimed::after(Some(state(DeliveryStatus::Delivering, 0, 1))).attempts;
        assert_eq!(history.len(), 1);
        assert!(history[0].error.as_ref().unwrap().starts_with("outcome unknown"));
        assert_eq!(Claimed::after(Some(state(DeliveryStatus::Retry, 0, 1))).attempts, []);
        assert_eq!(Claimed::after(None).attempts, []);
    }
}
