//! The HTTP client of callbacks: bounded in time and size, and going only where it may.
//!
//! One exchange reads [`client`] (one deadline over everything) → [`pool`] or [`connection`] (look up, judge, dial,
//! TLS) → [`metered`] (what arrives is counted). [`resolver`] knows whose fault a failed look-up is.

mod client;
mod connection;
mod error;
mod limits;
mod metered;
mod pool;
mod resolver;

pub use client::{Answer, CallbackClient};
pub use error::{ClientError, Phase, Unreachable};
pub use limits::Limits;
pub use resolver::{NameServers, Resolver};
