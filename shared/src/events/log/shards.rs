//! Reading an index of an instance's events in the order of their receipt, over all of its shards.

use std::collections::{HashMap, VecDeque};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;

use super::history::{DynamoDeliveryHistory, Order, Span};
use super::place::{Place, shards, time_key};
use crate::instances::InstanceId;
use crate::platform::aws::{InternalError, Unavailable, text};

const ACTION: &str = "list events";
/// The most keys that one query reads from a shard; keys are short.
const MOST_KEYS: usize = 1_000;

/// An index in shards.
#[derive(Debug, Clone, Copy)]
pub(super) enum Index {
    /// All events.
    ByPlace,
    /// Waiting events.
    ByWaiting,
}

/// A range of places, and the direction in which it is read.
#[derive(Debug, Clone)]
pub(super) struct Range {
    low: String,
    high: String,
    order: Order,
    /// The place that was read last.
    after: Option<Place>,
}

impl Index {
    fn name(self) -> &'static str {
        match self {
            Self::ByPlace => "by_place",
            Self::ByWaiting => "by_waiting",
        }
    }

    fn attribute(self) -> &'static str {
        match self {
            Self::ByPlace => "log_shard",
            Self::ByWaiting => "waiting",
        }
    }
}

impl Range {
    /// The places of a span of time.
    pub(super) fn of(span: Span, order: Order) -> Self {
        // The character after the one that ends the time.
        let high = format!("{}$", time_key(span.to));
        Self { low: time_key(span.from), high, order, after: None }
    }

    /// The part of it after a place.
    pub(super) fn after(mut self, place: Option<&Place>) -> Self {
        if let Some(place) = place {
            match self.order {
                Order::NewestFirst => self.high = self.high.min(place.key()),
                Order::OldestFirst => self.low = self.low.max(place.key()),
            }
            self.after = Some(place.clone());
        }
        self
    }
}

/// Places of a shard that were read and not yet taken.
struct Shard {
    name: String,
    read: VecDeque<Place>,
    next: Next,
}

enum Next {
    Page(Option<HashMap<String, AttributeValue>>),
    End,
}

impl DynamoDeliveryHistory {
    /// The first places of a range, at most `most`.
    pub(super) async fn places(
        &self,
        index: Index,
        instance: InstanceId,
        range: &Range,
        most: usize,
    ) -> Result<Vec<Place>, InternalError> {
        if range.low > range.high {
            return Ok(Vec::new());
        }
        let shard = |name| Shard { name, read: VecDeque::new(), next: Next::Page(None) };
        let mut shards: Vec<Shard> = shards(instance).map(shard).collect();
        // Reads are billed, so about as many are read from each shard as it will contribute.
        let page = (most / shards.len() + 8).min(MOST_KEYS).min(most + 1);
        let mut found = Vec::new();
        while found.len() < most {
            let unread = shards.iter_mut().filter(|shard| shard.read.is_empty());
            try_join_all(unread.map(|shard| self.read(index, shard, range, page))).await?;
            let heads =
                shards.iter().enumerate().filter_map(|(number, shard)| Some((shard.read.front()?, number)));
            let first = match range.order {
                Order::NewestFirst => heads.max(),
                Order::OldestFirst => heads.min(),
            };
            let Some(number) = first.map(|(_, number)| number) else { break };
            found.extend(shards[number].read.pop_front());
        }
        Ok(found)
    }

    /// Reads from a shard until something is found, or its end.
    async fn read(
        &self,
        index: Index,
        shard: &mut Shard,
        range: &Range,
        page: usize,
    ) -> Result<(), InternalError> {
        while shard.read.is_empty()
            && let Next::Page(start) = &mut shard.next
        {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(index.name())
                .scan_index_forward(range.order == Order::OldestFirst)
                .key_condition_expression("#shard = :shard AND place BETWEEN :low AND :high")
                .expression_attribute_names("#shard", index.attribute())
                .expression_attribute_values(":shard", text(&shard.name))
                .expression_attribute_values(":low", text(&range.low))
                .expression_attribute_values(":high", text(&range.high))
                .set_exclusive_start_key(start.take())
                .limit(i32::try_from(page).unwrap_or(i32::MAX));
            let answer = query.send().await.unavailable(ACTION)?;
            shard.next = answer.last_evaluated_key.map_or(Next::End, |key| Next::Page(Some(key)));
            for item in answer.items.unwrap_or_default() {
                let Some(AttributeValue::S(key)) = item.get("place") else { continue };
                shard.read.extend(Place::read(key).filter(|place| Some(place) != range.after.as_ref()));
            }
        }
        Ok(())
    }
}
