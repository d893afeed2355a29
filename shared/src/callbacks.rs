//! Callbacks: their body, signatures, allowed addresses, retries and health.

pub mod address;
pub mod headers;
pub mod health;
pub mod notification;
pub mod retry;
pub mod signatures;
pub mod url;
