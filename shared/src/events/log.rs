//! The event log: what became of every event, and the claims that keep two attempts apart.
//!
//! One item an event. [`DynamoEventLog::claim`] is written before an attempt, [`DynamoEventLog::record`] after
//! it; what a refused claim means is the pure function [`Claim::refused`]. [`DynamoEventHistory`] reads the log
//! back.

mod claim;
mod history;
mod item;
mod missing;
mod store;

pub use claim::{Claim, Claimed, Refusal};
pub use history::{DynamoEventHistory, Fate, LogEntry, Place, Span};
pub use item::{AttemptRecord, DeliveryState, DeliveryStatus};
pub use store::{DynamoEventLog, Outcome};
