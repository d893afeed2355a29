//! The events of an account: the logs of its instances, merged. There is no index for this, so the work has a bound.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use shared::accounts::Account;
use shared::events::id::EventId;
use shared::events::log::{self, DynamoEventHistory, LogEntry, Span};
use shared::instances::InstanceId;
use shared::platform::aws::AwsError;

use super::Filter;
use super::walk::{Found, MOST_BYTES, MOST_EXAMINED};
use crate::Instances;
use crate::page::Page;

/// Instances whose logs are merged: each costs a query with every answer.
pub(crate) const MOST_INSTANCES: usize = 1_000;
/// Instances that are asked about together.
const TOGETHER: usize = 32;

/// A place in the events of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    #[serde(rename = "of")]
    instance: InstanceId,
    #[serde(with = "chrono::serde::ts_milliseconds", rename = "t")]
    received_at: DateTime<Utc>,
    #[serde(rename = "in")]
    in_log: log::Place,
}

/// The instances whose logs are merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Members {
    pub(crate) ids: Vec<InstanceId>,
    /// True if the account has more.
    pub(crate) is_partial: bool,
}

impl Members {
    /// The first instances of an account, by their numbers.
    pub(crate) async fn of(state: &Instances, account: Account) -> Result<Self, AwsError> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let (found, next) = state.0.instances.ids(account.account_id, after).await?;
            ids.extend(found);
            after = next;
            let is_partial = ids.len() > MOST_INSTANCES || (ids.len() == MOST_INSTANCES && after.is_some());
            if after.is_none() || is_partial {
                ids.truncate(MOST_INSTANCES);
                return Ok(Self { ids, is_partial });
            }
        }
    }

    /// The event of this id, whichever of them it is of.
    pub(crate) async fn find(
        &self,
        history: &DynamoEventHistory,
        event: &EventId,
    ) -> Result<Option<LogEntry>, AwsError> {
        let find = |instance: &InstanceId| history.find(*instance, event);
        let mut found = stream::iter(self.ids.iter().map(find)).buffer_unordered(TOGETHER);
        while let Some(entry) = found.try_next().await? {
            if entry.is_some() {
                return Ok(entry);
            }
        }
        Ok(None)
    }

    /// The events that fit, newest first, and the place to go on from.
    pub(crate) async fn walk(
        &self,
        history: &DynamoEventHistory,
        (span, filter): (Span, &Filter),
        page: &Page<Place>,
        now: DateTime<Utc>,
    ) -> Result<Found<Place>, AwsError> {
        let mut logs = self.logs(history, span, page.after.as_ref()).await?;
        let (mut found, mut examined, mut bytes) = (Vec::new(), 0, 0);
        while let Some(mut log) = logs.pop() {
            let Some(entry) = log.read.pop_front() else {
                log.read_on(history).await?;
                logs.extend(log.ahead());
                continue;
            };
            examined += 1;
            let here =
                Place { instance: log.instance, received_at: entry.received_at, in_log: entry.place() };
            logs.extend(log.ahead());
            if entry.expires_at > now.timestamp() && filter.fits(&entry) {
                bytes += entry.raw.as_ref().map_or(0, String::len);
                found.push(entry);
            }
            if found.len() == page.size || bytes > MOST_BYTES || examined >= MOST_EXAMINED {
                return Ok((found, Some(here).filter(|_| !logs.is_empty())));
            }
        }
        Ok((found, None))
    }

    /// The logs that have events, as far as they come after a place.
    async fn logs(
        &self,
        history: &DynamoEventHistory,
        span: Span,
        after: Option<&Place>,
    ) -> Result<BinaryHeap<Log>, AwsError> {
        let open = |instance: InstanceId| async move {
            let (mut log, Some(span)) = (Log::new(instance, span), rest_of(instance, span, after)) else {
                return Ok(None);
            };
            log.span = span;
            log.after = after.filter(|place| place.instance == instance).map(|place| place.in_log.clone());
            // The key of the newest event says whose turn it is; the events are read when it comes.
            log.newest = history.times(instance, span, 1).await?.pop();
            Ok::<_, AwsError>(log.newest.map(|_| log))
        };
        let logs = stream::iter(self.ids.iter().copied().map(open)).buffer_unordered(TOGETHER);
        logs.try_filter_map(async |log| Ok(log)).try_collect().await
    }
}

/// What is left of a span for an instance after a place. Of events that came in the same millisecond those of the
/// instance with the smaller number come first.
fn rest_of(instance: InstanceId, span: Span, after: Option<&Place>) -> Option<Span> {
    let Some(place) = after else { return Some(span) };
    let is_before = instance < place.instance;
    let to = if is_before { place.received_at - TimeDelta::milliseconds(1) } else { place.received_at };
    let to = to.min(span.to);
    (span.from <= to).then_some(Span { from: span.from, to })
}

/// The log of one instance, read part by part.
struct Log {
    instance: InstanceId,
    span: Span,
    /// When the newest event came that was not given yet.
    newest: Option<DateTime<Utc>>,
    read: VecDeque<LogEntry>,
    after: Option<log::Place>,
    is_read: bool,
}

impl Log {
    fn new(instance: InstanceId, span: Span) -> Self {
        Self { instance, span, newest: None, read: VecDeque::new(), after: None, is_read: false }
    }

    async fn read_on(&mut self, history: &DynamoEventHistory) -> Result<(), AwsError> {
        while self.read.is_empty() && !self.is_read {
            let (entries, next) = history.part(self.instance, self.span, self.after.as_ref()).await?;
            self.is_read = next.is_none();
            self.after = next;
            self.read.extend(entries);
        }
        Ok(())
    }

    /// Itself, if there is more in it.
    fn ahead(mut self) -> Option<Self> {
        match self.read.front() {
            Some(entry) => self.newest = Some(entry.received_at),
            None if self.is_read => return None,
            // What is not read yet is no newer than what was read last.
            None => {}
        }
        Some(self)
    }

    fn turn(&self) -> (Option<DateTime<Utc>>, Reverse<InstanceId>) {
        (self.newest, Reverse(self.instance))
    }
}

impl PartialEq for Log {
    fn eq(&self, other: &Self) -> bool {
        self.turn() == other.turn()
    }
}

impl Eq for Log {}

impl PartialOrd for Log {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Log {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.turn().cmp(&other.turn())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_same_millisecond_the_smaller_number_comes_first_and_nothing_comes_twice() {
        let at = |millis| DateTime::from_timestamp_millis(millis).unwrap();
        let id = |number: u64| InstanceId::try_from(number).unwrap();
        let in_log = serde_json::from_str(r#"{"at":500,"id":"e"}"#).unwrap();
        let place = Place { instance: id(5), received_at: at(500), in_log };
        let span = Span { from: at(100), to: at(900) };
        let rest = |instance, span| rest_of(id(instance), span, Some(&place)).map(|span| span.to);
        assert_eq!(rest(4, span), Some(at(499)), "its events of that millisecond were given before");
        assert_eq!(rest(5, span), Some(at(500)));
        assert_eq!(rest(6, span), Some(at(500)), "and its are still to come");
        assert_eq!(rest(4, Span { from: at(500), to: at(900) }), None);
        assert_eq!(rest_of(id(4), span, None), Some(span));
    }
}
