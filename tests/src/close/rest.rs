//! Close's REST API on loopback, as far as polling and provisioning meet it, with its quirks (Close API,
//! "Event Log", "Advanced Filtering" and "Webhook subscriptions"). What it shows is derived from the organisation's state.

mod answer;
mod event_feed;
mod index;
mod lists;
mod query;
mod quirks;
mod search;
mod server;
mod subscriptions;

pub use quirks::{Fault, Limit, Quirks, Spelling};
pub use server::{Call, Rest};

pub(super) use index::Index;
pub(super) use search::Cursors;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// A time in a parameter: with or without a zone, or a date.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    close::date::parse(text)
}

/// A date of an object.
fn date_of(object: &Value, field: &str) -> Option<DateTime<Utc>> {
    moment(object[field].as_str()?)
}
