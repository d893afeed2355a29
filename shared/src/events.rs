//! Events: their ids, the queue message, the queues, stored bodies, and the delivery log.

pub mod bodies;
pub mod body;
pub mod id;
pub mod log;
pub mod message;
pub mod queue;

pub use close::event::timestamp;
pub use close::{Event, EventType};
pub use id::EventId;
