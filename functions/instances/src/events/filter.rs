//! Which events of a log are asked for.

use serde::Deserialize;
use serde_json::Value;
use shared::events::log::{DeliveryStatus, LogEntry};
use shared::platform::api_error::ApiError;

use super::bad;
use super::status::PlatformStatus;
use crate::query::Query;

/// `status`, `deliveryStatus` and `objectType`: comma lists; an event must have one value of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    status: Vec<PlatformStatus>,
    delivery_status: Vec<DeliveryStatus>,
    object_type: Vec<String>,
}

impl Filter {
    pub(crate) fn of(query: &Query) -> Result<Self, ApiError> {
        Ok(Self {
            status: words(
                query,
                "status",
                str::to_uppercase,
                "NEW, RECEIVED, DISPATCHED, CONSUMED, NOTIFIED",
            )?,
            delivery_status: words(
                query,
                "deliveryStatus",
                str::to_lowercase,
                "queued, delivering, retry, waiting, delivered, failed, dropped",
            )?,
            object_type: list(query, "objectType").map(str::to_lowercase).collect(),
        })
    }

    /// The same; by default it matches events that were not delivered.
    pub(crate) fn of_what_failed(query: &Query) -> Result<Self, ApiError> {
        let mut filter = Self::of(query)?;
        if filter.delivery_status.is_empty() && filter.status.is_empty() {
            filter.delivery_status = vec![DeliveryStatus::Failed, DeliveryStatus::Dropped];
        }
        Ok(filter)
    }

    pub(crate) fn fits(&self, entry: &LogEntry) -> bool {
        let status = PlatformStatus::of(entry.delivery_status);
        let is_type = |name: &String| entry.events.iter().any(|it| it.object_type.to_lowercase() == *name);
        (self.status.is_empty() || self.status.contains(&status))
            && (self.delivery_status.is_empty() || self.delivery_status.contains(&entry.delivery_status))
            && (self.object_type.is_empty() || self.object_type.iter().any(is_type))
    }
}

fn list<'a>(query: &'a Query, name: &str) -> impl Iterator<Item = &'a str> {
    let words = query.all(name).flat_map(|words| words.split(','));
    words.map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>().into_iter()
}

fn words<T: for<'de> Deserialize<'de>>(
    query: &Query,
    name: &str,
    case: impl Fn(&str) -> String,
    known: &str,
) -> Result<Vec<T>, ApiError> {
    let word = |word: &str| serde_json::from_value(Value::String(case(word))).ok();
    let words: Option<Vec<T>> = list(query, name).map(word).collect();
    words.ok_or_else(|| bad(format!("{name} is not a comma list of {known}.")))
}
