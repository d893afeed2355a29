//! Close's API, as far as polling needs it.

mod client;
mod error;
mod rate_limit;

pub(crate) use client::{Account, CloseClient, key_digest};
pub use error::CloseError;
pub use rate_limit::RateLimit;
