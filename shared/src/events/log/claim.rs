//! Who may make an attempt, and what it means when a claim is refused.

use chrono::{DateTime, TimeDelta, Utc};

use super::claim_id::ClaimId;
use super::item::{AttemptRecord, DeliveryState, DeliveryStatus};
use crate::events::body::{Body, Deflated, StoredBody};
use crate::events::message::QueuedDelivery;

/// The largest body in the log item itself: with it and the outcomes of three attempts, the item stays within one write
/// unit.
const MOST_IN_ITEM: usize = 200;

/// How long other messages wait after a claim has expired. A message in the poison queue keeps its claim, but gets another
/// id when it is moved back. The time is long, because an outcome may be known and not yet written.
const ABANDONED_AFTER: TimeDelta = TimeDelta::hours(1);

/// The claim of one attempt for one queue message.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// The attempt that the message asks for.
    pub delivery: &'a QueuedDelivery<'a>,
    /// The holder.
    pub id: ClaimId,
    /// Now.
    pub now: DateTime<Utc>,
    /// Where the log has the body.
    pub body: KeptBody,
}

/// Where the log has the body of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptBody {
    /// Where an earlier claim put it.
    Known,
    /// In the item.
    Inside(Deflated),
    /// In the payloads table, because it is too large for the item.
    Beside(Deflated),
    /// In the payloads table since the event was received, because no message holds it.
    Stored(StoredBody),
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It was granted. These attempts came before it; one whose function died is among them, with its outcome unknown.
    Granted(Vec<AttemptRecord>),
    /// It was refused.
    Refused(Refusal),
}

/// Why a claim was refused, which decides what happens to the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Another message has this attempt: this one is a duplicate and can be deleted.
    Duplicate,
    /// The event has ended: the message is a duplicate and can be deleted.
    Over,
    /// This message's own attempt may still be under way: the message returns until that is known.
    UnderWay,
    /// This message's own attempt failed, but the next one may not be queued: queue it (again), due at this time.
    RetryPending(DateTime<Utc>),
    /// This message's own attempt was the last, but it may not be in the dead-letter queue: send it there (again), for
    /// this reason.
    DeadLetterPending(String),
}

impl KeptBody {
    /// Where the log stores the body of a delivery. A body in the message is compressed once, here.
    pub fn of(delivery: &QueuedDelivery<'_>, fetched: Option<&Deflated>) -> Self {
        if delivery.handling.kept {
            return Self::Known;
        }
        let deflated = match (&delivery.body, fetched) {
            (Body::Stored(stored), _) if delivery.round == 0 => return Self::Stored(stored.clone()),
            (Body::Raw(raw), _) => Deflated::of(raw),
            (Body::Deflated(deflated), _) | (Body::Stored(_), Some(deflated)) => deflated.clone(),
            // The stored body is gone: the item keeps saying where it was.
            (Body::Stored(_), None) => return Self::Known,
        };
        if deflated.bytes().len() <= MOST_IN_ITEM { Self::Inside(deflated) } else { Self::Beside(deflated) }
    }
}

impl Claim<'_> {
    /// What a refused claim means, given the item that refused it.
    pub fn refused(&self, state: &DeliveryState) -> Refusal {
        let asked = (self.delivery.round, self.delivery.attempt);
        let claimed = (state.round, state.attempt);
        let same_message = state.claimed_by == self.id.holder;
        match state.delivery_status {
            // Another message's attempt: that message returns if its function died.
            DeliveryStatus::Delivering
                if asked == claimed && !same_message && state.claimed_until >= self.now =>
            {
                Refusal::Duplicate
            }
            DeliveryStatus::Delivering if asked >= claimed => Refusal::UnderWay,
            DeliveryStatus::Retry if asked == claimed && same_message => {
                Refusal::RetryPending(state.next_attempt_at.unwrap_or(self.now))
            }
            DeliveryStatus::Failed if asked == claimed && same_message => {
                Refusal::DeadLetterPending(state.reason.clone().unwrap_or_default())
            }
            DeliveryStatus::Queued
            | DeliveryStatus::Delivering
            | DeliveryStatus::Retry
            | DeliveryStatus::Waiting => Refusal::Duplicate,
            DeliveryStatus::Failed | DeliveryStatus::Delivered | DeliveryStatus::Dropped => Refusal::Over,
        }
    }

    /// True if `state` was written by this claim, or by the one that it replaces, under which no attempt was made.
    pub(super) fn is_own(&self, state: &DeliveryState) -> bool {
        state.delivery_status == DeliveryStatus::Delivering
            && (self.id.wrote(state)
                || self.delivery.handling.abandoned.as_ref().is_some_and(|claim| claim.wrote(state)))
    }

    /// When another message's claim must have expired for this one to take over.
    pub(super) fn abandoned_before(&self) -> DateTime<Utc> {
        self.now - ABANDONED_AFTER
    }

    /// The granted claim on an item with the state `before`.
    pub(super) fn granted(&self, before: Option<DeliveryState>) -> Vec<AttemptRecord> {
        let Some(before) = before else { return Vec::new() };
        let died = before.delivery_status == DeliveryStatus::Delivering && !self.is_own(&before);
        let mut attempts = before.attempts;
        if died {
            attempts.push(AttemptRecord {
                round: before.round,
                attempt: before.attempt,
                at: before.claimed_at,
                duration_ms: None,
                status_code: None,
                error: Some("outcome unknown: the function died during the attempt".to_owned()),
                excerpt: None,
                probe: false,
            });
        }
        attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

    fn text(round: u32, attempt: u32) -> String {
        format!(
            r#"{{"version":2,"instanceId":1,"eventId":"e","receivedAt":0,"round":{round},"attempt":{attempt},"events":[],"raw":{{}}}}"#
        )
    }

    fn state(delivery_status: DeliveryStatus, round: u32, attempt: u32) -> DeliveryState {
        DeliveryState {
            delivery_status,
            round,
            attempt,
            claimed_by: "first".to_owned(),
            claimed_at: NOW,
            claimed_until: NOW,
            claimed_in: "callfirst".to_owned(),
            next_attempt_at: Some(NOW + TimeDelta::seconds(300)),
            reason: Some("why".to_owned()),
            attempts: Vec::new(),
        }
    }

    #[test]
    fn a_refused_claim_keeps_a_message_that_may_be_the_last() {
        use DeliveryStatus::{Delivered, Delivering, Dropped, Failed, Queued, Retry, Waiting};
        use Refusal::{DeadLetterPending, Duplicate, Over, RetryPending, UnderWay};
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
            ((Failed, 0, 3), ("first", 0, 3), DeadLetterPending("why".to_owned())),
            ((Failed, 0, 3), ("other", 0, 3), Over),
            ((Failed, 0, 3), ("other", 0, 1), Over),
            ((Failed, 1, 1), ("first", 0, 3), Over),
            ((Delivered, 0, 1), ("first", 0, 1), Over),
            ((Delivered, 0, 2), ("other", 0, 1), Over),
            ((Dropped, 0, 1), ("first", 0, 1), Over),
            ((Queued, 0, 2), ("other", 0, 3), Duplicate),
            ((Waiting, 0, 1), ("first", 0, 1), Duplicate),
        ];
        for ((status, round, attempt), (message_id, asked_round, asked_attempt), refusal) in rows {
            let text = text(asked_round, asked_attempt);
            let delivery = QueuedDelivery::from_message(&text).unwrap();
            let id = ClaimId::new(message_id.to_owned(), NOW, "call", message_id);
            let claim = Claim { delivery: &delivery, id, now: NOW, body: KeptBody::Known };
            let state = state(status, round, attempt);
            assert_eq!(claim.refused(&state), refusal, "{state:?} asked by {message_id} for {delivery:?}");
        }
    }

    #[test]
    fn the_log_keeps_only_attempts_that_were_made() {
        let text = text(0, 1);
        let mut delivery = QueuedDelivery::from_message(&text).unwrap();
        let of = |call: &str, seconds| {
            ClaimId::new("first".to_owned(), NOW + TimeDelta::seconds(seconds), call, "first")
        };
        delivery.handling.abandoned = Some(of("call", -60));
        let claim = |delivery| Claim { delivery, id: of("call", 60), now: NOW, body: KeptBody::Known };
        let before = |status, seconds| {
            let claimed_until = NOW + TimeDelta::seconds(seconds);
            Some(DeliveryState { claimed_until, ..state(status, 0, 1) })
        };
        let rows = [
            ("a function died", before(DeliveryStatus::Delivering, -1), 1),
            ("this very claim, whose answer was lost", before(DeliveryStatus::Delivering, 60), 0),
            (
                "another call that ended at the same time",
                before(DeliveryStatus::Delivering, 60)
                    .map(|state| DeliveryState { claimed_in: "other".to_owned(), ..state }),
                1,
            ),
            ("a claim that led to no attempt", before(DeliveryStatus::Delivering, -60), 0),
            ("a retry", before(DeliveryStatus::Retry, -1), 0),
            ("nothing", None, 0),
        ];
        for (what, before, marks) in rows {
            let attempts = claim(&delivery).granted(before);
            assert_eq!(attempts.len(), marks, "{what}");
            let marked = |it: &AttemptRecord| it.error.as_ref().unwrap().starts_with("outcome unknown");
            assert!(attempts.iter().all(marked));
        }
    }
}
