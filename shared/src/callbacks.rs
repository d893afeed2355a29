//! Callbacks: what is sent, how it is signed, where it may go, how often it is tried, and how its receiver is doing.

pub mod address;
pub mod health;
pub mod notification;
pub mod retry;
pub mod signatures;
pub mod url;
