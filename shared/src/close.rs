//! What Close sends, and what it means.
//!
//! [`signature`] says who sent it, [`normalize`] what happened. Both work on the raw bytes, take the time as
//! an argument and touch nothing outside.

pub mod date;
mod normalize;
pub mod signature;
pub mod subscription;
mod wire;

pub use normalize::{IgnoredReason, LoggedEvent, Normalized, ObjectFilter, Occurrence, normalize};
pub use wire::Malformed;
