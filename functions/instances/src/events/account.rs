//! The events of an account: the logs of its instances, merged. There is no index for this, so the work is limited.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use shared::accounts::Account;
use shared::events::log::{DynamoDeliveryHistory, LogEntry, Order, Place, Span};
use shared::instances::InstanceId;
use shared::platform::aws::InternalError;

use super::Filter;
use super::provider_data::shown_bytes;
use super::walk::{Found, MOST_BYTES, MOST_EXAMINED};
use crate::Instances;
use crate::page::Page;

/// Instances whose logs are merged: each costs a few queries with every answer.
pub(crate) const MOST_INSTANCES: usize = 200;
/// Instances that are queried at the same time.
const TOGETHER: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Members {
    ids: Vec<InstanceId>,
    /// True if the account has more.
    pub(crate) is_partial: bool,
}

impl Members {
    /// The first instances of an account, by their numbers.
    pub(crate) async fn of(state: &Instances, account: Account) -> Result<Self, InternalError> {
        let mut ids = state.0.instances.ids(account.account_id, MOST_INSTANCES).await?;
        let is_partial = ids.len() > MOST_INSTANCES;
        ids.truncate(MOST_INSTANCES);
        Ok(Self { ids, is_partial })
    }

    /// The events that match, in this order, and the place to continue from.
    pub(crate) async fn walk(
        &self,
        history: &DynamoDeliveryHistory,
        (span, order, filter): (Span, Order, &Filter),
        page: &Page<Place>,
        now: DateTime<Utc>,
    ) -> Result<Found<Place>, InternalError> {
        let mut logs = self.logs(history, (span, order), page.after.as_ref()).await?;
        let mut turns: BinaryHeap<_> =
            logs.iter().enumerate().map(|(log, it)| (Turn::of(it.last.clone(), order), log)).collect();
        let (mut found, mut examined, mut bytes) = (Vec::new(), 0, 0);
        while let Some((_, index)) = turns.pop() {
            let log = &mut logs[index];
            let Some(entry) = log.read.pop_front() else {
                log.read_on(history).await?;
                turns.extend(log.next().map(|place| (Turn::of(place, order), index)));
                continue;
            };
            examined += 1;
            let here = entry.place();
            log.last = here.clone();
            turns.extend(log.next().map(|place| (Turn::of(place, order), index)));
            if entry.expires_at > now.timestamp() && filter.fits(&entry) {
                bytes += shown_bytes(&entry);
                found.push(entry);
            }
            if found.len() == page.size || bytes > MOST_BYTES || examined >= MOST_EXAMINED {
                return Ok((found, Some(here).filter(|_| !turns.is_empty())));
            }
        }
        Ok((found, None))
    }

    /// The logs with events after a place.
    async fn logs(
        &self,
        history: &DynamoDeliveryHistory,
        what: (Span, Order),
        after: Option<&Place>,
    ) -> Result<Vec<Log>, InternalError> {
        let open = |instance: InstanceId| async move {
            // The place of its first event orders a log; its events are read when it is its turn.
            let first = history.first_place(instance, what, after).await?;
            let log = first.map(|first| Log {
                instance,
                what,
                last: first,
                read: VecDeque::new(),
                after: after.cloned(),
                is_read: false,
            });
            Ok::<_, InternalError>(log)
        };
        let logs = stream::iter(self.ids.iter().copied().map(open)).buffer_unordered(TOGETHER);
        logs.try_filter_map(async |log| Ok(log)).try_collect().await
    }
}

/// Orders the logs: the greatest is read first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    NewestFirst(Place),
    OldestFirst(Reverse<Place>),
}

impl Turn {
    fn of(place: Place, order: Order) -> Self {
        match order {
            Order::NewestFirst => Self::NewestFirst(place),
            Order::OldestFirst => Self::OldestFirst(Reverse(place)),
        }
    }
}

/// The log of one instance, read part by part.
struct Log {
    instance: InstanceId,
    what: (Span, Order),
    /// The place of the last event that was taken, at first that of the first event.
    last: Place,
    read: VecDeque<LogEntry>,
    after: Option<Place>,
    is_read: bool,
}

impl Log {
    async fn read_on(&mut self, history: &DynamoDeliveryHistory) -> Result<(), InternalError> {
        while self.read.is_empty() && !self.is_read {
            let (entries, next) = history.part(self.instance, self.what, self.after.as_ref()).await?;
            self.is_read = next.is_none();
            self.after = next;
            self.read.extend(entries);
        }
        Ok(())
    }

    /// The place of the next event, or of the one before it if the next is not read yet; `None` at the end.
    fn next(&self) -> Option<Place> {
        match self.read.front() {
            Some(entry) => Some(entry.place()),
            None => Some(self.last.clone()).filter(|_| !self.is_read),
        }
    }
}
