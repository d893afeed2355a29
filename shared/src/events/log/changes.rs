//! What a claim, a wait and an outcome change of an item, as an update of its own and as a statement beside others.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::claim::{Claim, KeptBody};
use super::decision::{Decision, Settlement};
use super::item::{DeliveryStatus, fitted};
use super::place::{Place, shard};
use super::store::status;
use crate::events::id::EventId;
use crate::events::message::QueuedDelivery;
use crate::platform::aws::{Statement, millis, number, text};

/// What happens to an attribute.
#[derive(Debug, Clone, PartialEq)]
enum Change {
    Set(AttributeValue),
    /// Set unless it is there.
    SetOnce(AttributeValue),
    Remove,
}

/// What happens to the attributes of an item.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Changes(Vec<(&'static str, Change)>);

/// The claim of an attempt. The event stops waiting.
pub(super) fn claimed(claim: &Claim<'_>, expires_at: DateTime<Utc>) -> Result<Changes, serde_dynamo::Error> {
    let QueuedDelivery { attempt, .. } = claim.delivery;
    let mut changes = taken(claim, expires_at)?;
    changes.extend([
        ("delivery_status", Change::Set(status(DeliveryStatus::Delivering))),
        ("attempt", Change::Set(number(attempt))),
        ("claimed_until", Change::Set(millis(claim.id.until))),
        ("waiting", Change::Remove),
    ]);
    Ok(Changes(changes))
}

/// The same for an event that waits: its claim is over at once.
pub(super) fn parked(
    claim: &Claim<'_>,
    expires_at: DateTime<Utc>,
    reason: &str,
) -> Result<Changes, serde_dynamo::Error> {
    let QueuedDelivery { attempt, instance_id, event_id, .. } = claim.delivery;
    let mut changes = taken(claim, expires_at)?;
    changes.extend([
        ("delivery_status", Change::Set(status(DeliveryStatus::Waiting))),
        ("attempt", Change::Set(number(attempt - 1))),
        ("claimed_until", Change::Set(millis(claim.now))),
        ("reason", Change::Set(text(reason))),
        ("waiting", Change::Set(text(shard(*instance_id, event_id)))),
        ("next_attempt_at", Change::Remove),
    ]);
    Ok(Changes(changes))
}

/// The outcome of an attempt.
pub(super) fn outcome(
    delivery: &QueuedDelivery<'_>,
    settlement: &Settlement,
) -> Result<Changes, serde_dynamo::Error> {
    let Settlement { decision, attempts, .. } = settlement;
    let made = delivery.attempt - u32::from(!decision.uses_up_attempt());
    let waits = matches!(decision, Decision::Wait { .. });
    let shard = text(shard(delivery.instance_id, &delivery.event_id));
    let or_remove = |value: Option<AttributeValue>| value.map_or(Change::Remove, Change::Set);
    Ok(Changes(vec![
        ("delivery_status", Change::Set(status(decision.status()))),
        ("attempt", Change::Set(number(made))),
        ("attempts", Change::Set(serde_dynamo::to_attribute_value(fitted(attempts.clone()))?)),
        ("waiting", or_remove(waits.then_some(shard))),
        ("next_attempt_at", or_remove(decision.due().map(millis))),
        ("reason", or_remove(decision.reason().map(text))),
    ]))
}

/// What a claim and a wait have in common. Attributes that never change are written once, and so is the index by place.
fn taken(
    claim: &Claim<'_>,
    expires_at: DateTime<Utc>,
) -> Result<Vec<(&'static str, Change)>, serde_dynamo::Error> {
    let QueuedDelivery { instance_id, event_id, received_at, round, events, .. } = claim.delivery;
    let place = Place { received_at: *received_at, event_id: event_id.clone() };
    let mut changes = vec![
        ("round", Change::Set(number(round))),
        ("claimed_by", Change::Set(text(&claim.id.holder))),
        ("claimed_in", Change::Set(text(&claim.id.call))),
        ("claimed_at", Change::Set(millis(claim.now))),
        ("expires_at", Change::Set(number(expires_at.timestamp()))),
        ("instance_id", Change::Set(number(instance_id))),
        ("log_shard", Change::Set(text(shard(*instance_id, event_id)))),
        ("place", Change::SetOnce(text(place.key()))),
        ("received_at", Change::SetOnce(millis(*received_at))),
        ("events", Change::SetOnce(serde_dynamo::to_attribute_value(events)?)),
    ];
    let stored = match &claim.body {
        KeptBody::Known => return Ok(changes),
        KeptBody::Inside(body) => {
            let bytes = AttributeValue::B(Blob::new(body.bytes()));
            changes.push(("body", Change::SetOnce(bytes)));
            changes.push(("bytes", Change::SetOnce(number(body.check().bytes))));
            return Ok(changes);
        }
        KeptBody::Beside(body) => body.check(),
        KeptBody::Stored(stored) => stored.clone(),
    };
    changes.push(("stored_body", Change::Set(serde_dynamo::to_attribute_value(stored)?)));
    Ok(changes)
}

/// The values of the condition on which a claim is granted.
pub(super) fn asked(claim: &Claim<'_>) -> HashMap<String, AttributeValue> {
    // No claim ends before the beginning of time.
    let abandoned = claim.delivery.handling.abandoned.as_ref();
    let (abandoned, abandoned_call) =
        abandoned.map_or((DateTime::UNIX_EPOCH, "none"), |it| (it.until, it.call.as_str()));
    let values = [
        (":delivering", status(DeliveryStatus::Delivering)),
        (":retry", status(DeliveryStatus::Retry)),
        (":queued", status(DeliveryStatus::Queued)),
        (":waits", status(DeliveryStatus::Waiting)),
        (":round", number(claim.delivery.round)),
        (":attempt", number(claim.delivery.attempt)),
        (":holder", text(&claim.id.holder)),
        (":now", millis(claim.now)),
        (":until", millis(claim.id.until)),
        (":call", text(&claim.id.call)),
        (":abandoned", millis(abandoned)),
        (":abandoned_call", text(abandoned_call)),
        (":long_ago", millis(claim.abandoned_before())),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Changes {
    /// As an update of its own.
    pub(super) fn apply(self, mut update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        for (name, change) in self.0 {
            update = update.expression_attribute_names(format!("#{name}"), name);
            let (value, written) = match change {
                Change::Set(value) => (value, format!("#{name} = :new_{name}")),
                Change::SetOnce(value) => (value, format!("#{name} = if_not_exists(#{name}, :new_{name})")),
                Change::Remove => {
                    remove.push(format!("#{name}"));
                    continue;
                }
            };
            set.push(written);
            update = update.expression_attribute_values(format!(":new_{name}"), value);
        }
        let clauses = [("SET", set), ("REMOVE", remove)].map(|(verb, names)| match names.len() {
            0 => String::new(),
            _ => format!("{verb} {} ", names.join(", ")),
        });
        update.update_expression(clauses.concat())
    }

    /// As a statement that writes a new item; it is not made if there is one.
    pub(super) fn insert(&self, table: &str, event: &EventId) -> Statement {
        let values = self.0.iter().filter_map(|(name, change)| match change {
            Change::Set(value) | Change::SetOnce(value) => Some((*name, value.clone())),
            Change::Remove => None,
        });
        let item = std::iter::once(("event_id", text(event.as_str()))).chain(values);
        Statement::insert(table, event.as_str(), item)
    }

    /// As a statement that changes an item of which this holds. Attributes that are set once are not in it.
    pub(super) fn update(
        &self,
        table: &str,
        event: &EventId,
        held: &[(&'static str, AttributeValue)],
    ) -> Statement {
        let (mut clauses, mut parameters) = (vec![format!("UPDATE \"{table}\"")], Vec::new());
        for (name, change) in &self.0 {
            match change {
                Change::Set(value) => {
                    clauses.push(format!("SET \"{name}\" = ?"));
                    parameters.push(value.clone());
                }
                Change::Remove => clauses.push(format!("REMOVE \"{name}\"")),
                Change::SetOnce(_) => {}
            }
        }
        clauses.push("WHERE \"event_id\" = ?".to_owned());
        parameters.push(text(event.as_str()));
        for (name, value) in held {
            clauses.push(format!("AND \"{name}\" = ?"));
            parameters.push(value.clone());
        }
        Statement { text: clauses.join(" "), parameters, item: event.as_str().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_as_statements() {
        let changes = Changes(vec![
            ("delivery_status", Change::Set(text("delivered"))),
            ("place", Change::SetOnce(text("here"))),
            ("reason", Change::Remove),
        ]);
        let event = EventId::from("e".to_owned());
        let insert = changes.insert("events", &event);
        assert_eq!(
            insert.text,
            r#"INSERT INTO "events" VALUE {'event_id': ?, 'delivery_status': ?, 'place': ?}"#
        );
        assert_eq!(insert.parameters, ["e", "delivered", "here"].map(text));
        let update = changes.update("events", &event, &[("claimed_by", text("me"))]);
        let expected = r#"UPDATE "events" SET "delivery_status" = ? REMOVE "reason" WHERE "event_id" = ? AND "claimed_by" = ?"#;
        assert_eq!(update.text, expected);
        assert_eq!(update.parameters, ["delivered", "e", "me"].map(text));
        assert_eq!((insert.item.as_str(), update.item.as_str()), ("e", "e"));
    }
}
