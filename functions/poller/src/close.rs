//! Close's API, as far as polling needs it.

mod client;
mod error;
mod rate_limit;
mod subscription;

pub(crate) use client::{Account, CloseClient, key_digest};
pub use error::CloseError;
pub use rate_limit::RateLimit;
pub(crate) use subscription::{Subscription, exhausted};
