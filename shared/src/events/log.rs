//! The delivery log: the outcome of every event, and the claims that keep two attempts apart.
//!
//! One item per event, by its id, so that the writes of one instance spread over the table.
//! [`DynamoDeliveryLog::claim`] writes before an attempt, [`DynamoDeliveryLog::record`] after it, and
//! [`DynamoDeliveryLog::park`] when the callback is open. Each is one write unit, since a larger body is in the payloads
//! table. [`Claim::refused`] decides what a refused claim means. [`DynamoDeliveryHistory`] reads the log.

mod changes;
mod claim;
mod claim_id;
mod decision;
mod history;
mod item;
mod missing;
mod place;
mod redelivery;
mod shards;
mod store;
mod waiting;

pub use claim::{Claim, Claimed, KeptBody, Refusal};
pub use claim_id::ClaimId;
pub use decision::{Decision, Settlement};
pub use history::{DynamoDeliveryHistory, Fate, LogEntry, Order, Span};
pub use item::{AttemptRecord, DeliveryState, DeliveryStatus, clip};
pub use place::Place;
pub use store::DynamoDeliveryLog;
pub use waiting::Waiting;
