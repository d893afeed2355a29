//! Events on their way: their ids, the queue message, the queue, bodies that a message cannot hold, and the delivery
//! log.

pub mod bodies;
pub mod body;
pub mod id;
pub mod log;
pub mod message;
pub mod queue;

pub use close::event::timestamp;
pub use close::{Event, EventType};
pub use id::EventId;
