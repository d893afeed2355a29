//! Stories of the whole system, and the servers they need.

pub mod close;
pub mod receiver;
