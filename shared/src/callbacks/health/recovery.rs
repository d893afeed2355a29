//! Callbacks with waiting events, in the endpoints table.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::store::{DynamoCallbackStore, key};
use super::{Health, Illness, State};
use crate::events::log::Place;
use crate::instances::InstanceId;
use crate::platform::aws::{InternalError, Unavailable, millis, text, written};

const SCOPE: &str = "recovery";
/// The one partition of the sparse index by due time: few callbacks are open.
const INDEXED: &str = "recovery";
/// A recovery requested within this time is not ended: the event that requested it may not be in the index of waiting
/// events yet.
const SETTLES: TimeDelta = TimeDelta::minutes(5);

/// The recovery of a callback with waiting events, now or until just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The callback's instance.
    pub instance_id: InstanceId,
    /// When it is due next, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub due_at: DateTime<Utc>,
    /// When it was last requested, before an event began to wait, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub touched_at: DateTime<Utc>,
    /// The last released event; those before it were released too, and may still be on their way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Place>,
}

/// What to do for a recovery now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Send the oldest event as the probe that is due at this time.
    Probe(DateTime<Utc>),
    /// Until a probe is due, release only what has waited too long.
    Wait,
    /// Release the waiting events.
    Release,
}

impl Turn {
    /// What to do for a callback of this health at `now`.
    pub fn of(health: &Health, now: DateTime<Utc>) -> Self {
        match health {
            Health::Unwell(Illness { state: State::Open, probe_at: Some(due), .. }) if *due > now => {
                Self::Wait
            }
            Health::Unwell(Illness { state: State::Open, probe_at, .. }) => {
                Self::Probe(probe_at.unwrap_or(now))
            }
            // Events of a disabled or unwanted callback end when they are released.
            Health::Unwell(Illness {
                state: State::Failing | State::Recovering | State::Disabled, ..
            })
            | Health::Healthy => Self::Release,
        }
    }
}

impl Recovery {
    /// True if no event can be about to wait.
    pub fn is_settled(&self, now: DateTime<Utc>) -> bool {
        self.touched_at + SETTLES < now
    }
}

impl DynamoCallbackStore {
    /// Has the schedule release an instance's waiting events in time. Called before an event begins to wait.
    pub async fn touch_recovery(
        &self,
        instance: InstanceId,
        now: DateTime<Utc>,
    ) -> Result<(), InternalError> {
        let update = self.client.update_item().table_name(&self.table);
        let update = update
            .set_key(Some(key(instance, SCOPE)))
            .update_expression(
                "SET touched_at = :now, due_at = if_not_exists(due_at, :now), recovery = :indexed",
            )
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":indexed", text(INDEXED));
        update.send().await.unavailable("have a callback looked after")?;
        Ok(())
    }

    /// The recoveries that are due, longest due first, at most `most`.
    pub async fn due_recoveries(
        &self,
        now: DateTime<Utc>,
        most: usize,
    ) -> Result<Vec<Recovery>, InternalError> {
        const ACTION: &str = "find callbacks that recover";
        let query = self.client.query().table_name(&self.table).index_name("by_recovery");
        let answer = query
            .key_condition_expression("recovery = :indexed AND due_at <= :now")
            .expression_attribute_values(":indexed", text(INDEXED))
            .expression_attribute_values(":now", millis(now))
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await
            .unavailable(ACTION)?;
        serde_dynamo::from_items(answer.items.unwrap_or_default()).unavailable(ACTION)
    }

    /// Claims a due recovery until `next`; `false` if another process has it.
    pub async fn take_recovery(
        &self,
        recovery: &Recovery,
        next: DateTime<Utc>,
    ) -> Result<bool, InternalError> {
        let update = self.client.update_item().table_name(&self.table);
        let update = update
            .set_key(Some(key(recovery.instance_id, SCOPE)))
            .update_expression("SET due_at = :next")
            .condition_expression("due_at = :due")
            .expression_attribute_values(":next", millis(next))
            .expression_attribute_values(":due", millis(recovery.due_at));
        written(update.send().await, "take a callback that recovers")
    }

    /// Records how far a recovery has got, and when it continues.
    pub async fn advance_recovery(
        &self,
        instance: InstanceId,
        released: Option<&Place>,
        next: DateTime<Utc>,
    ) -> Result<(), InternalError> {
        const ACTION: &str = "note how far a callback has recovered";
        let update = self.client.update_item().table_name(&self.table);
        let update = update
            .set_key(Some(key(instance, SCOPE)))
            .condition_expression("attribute_exists(instance_id)")
            .expression_attribute_values(":next", millis(next));
        let update = match released {
            None => update.update_expression("SET due_at = :next REMOVE released"),
            Some(place) => update
                .update_expression("SET due_at = :next, released = :released")
                .expression_attribute_values(
                    ":released",
                    serde_dynamo::to_attribute_value(place).unavailable(ACTION)?,
                ),
        };
        written(update.send().await, ACTION).map(drop)
    }

    /// Ends a recovery with nothing left to do; `false` if it was requested meanwhile.
    pub async fn end_recovery(&self, recovery: &Recovery) -> Result<bool, InternalError> {
        let values = HashMap::from([(":touched".to_owned(), millis(recovery.touched_at))]);
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete
            .set_key(Some(key(recovery.instance_id, SCOPE)))
            .condition_expression("touched_at = :touched")
            .set_expression_attribute_values(Some(values));
        written(delete.send().await, "end a recovery")
    }
}
