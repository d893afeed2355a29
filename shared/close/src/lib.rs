//! Everything about Close: webhooks, the event feed, signatures, and a client of its REST API.
//!
//! [`signature`] checks who sent a webhook, and [`normalize()`] says what happened; both work on the raw bytes, take the time
//! as an argument and have no side effects. [`CloseAccount`] is one API key's view of Close, and the only client of its API.
//! Nothing here uses AWS, the environment or the clock.

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

pub use client::{Answer, CloseAccount, CloseClient};
pub use error::CloseError;
pub use event::{Event, EventKey, EventType};
pub use hosts::CloseApiHosts;
pub use normalize::{IgnoredReason, LoggedEvent, Normalized, ObjectFilter, Occurrence, normalize};
pub use rate_limit::{RateLimit, exhausted};
pub use subscriptions::{NewSubscription, Subscription};
pub use wire::Malformed;
