//! The HTTP client of callbacks: bounded in time and size, and going only where it may.

mod client;
mod connector;

pub(crate) use client::Answer;
pub use client::{CallbackClient, ClientError};
