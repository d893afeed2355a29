//! A test bed for tests of the whole system, and the servers at both its ends.
//!
//! [`bed::Bed`] is the local system under a manual clock; [`close::Close`] is in front of it,
//! [`receiver::Receiver`] behind it. The tests are in `tests/`, one file per subject.

mod accept;
mod batch;
pub mod bed;
pub mod browser;
pub mod client;
pub mod close;
pub mod cloudwatch;
pub mod faults;
pub mod fixtures;
pub mod hostile;
pub mod markdown;
pub mod metered;
pub mod name_server;
pub mod polling;
pub mod program;
pub mod receiver;
pub mod rig;
pub mod statements;
pub mod storm;
pub mod tree;
pub mod wire;
