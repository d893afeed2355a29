//! All that is Close's: what its webhooks and its event feed say, who signed them, and a client of its REST API.
//!
//! [`signature`] says who sent a webhook, [`normalize()`] what happened; both work on the raw bytes, take the time as an
//! argument and touch nothing outside. [`Account`] is one API key's view of Close: the only client of its API.
//! Nothing here knows AWS, the environment or the clock.

mod client;
pub mod date;
mod error;
pub mod event;
mod hosts;
pub mod json;
mod normalize;
pub mod object_types;
mod rate_limit;
pub mod signature;
mod subscriptions;
mod wire;

pub use client::{Account, Answer, CloseClient};
pub use error::CloseError;
pub use event::{Event, EventKey, EventType};
pub use hosts::CloseApiHosts;
pub use normalize::{IgnoredReason, LoggedEvent, Normalized, ObjectFilter, Occurrence, normalize};
pub use rate_limit::{RateLimit, exhausted};
pub use subscriptions::{NewSubscription, Subscription};
pub use wire::Malformed;
