#![doc = include_str!("../README.md")]

mod data;
mod developer;
mod dynamodb;
mod failure;
mod functions;
mod gateway;
mod kms;
mod mapping;
mod options;
mod permissions;
mod recursion;
mod schedule;
mod system;
mod terminal;
mod watch;

pub mod template;

pub use data::Data;
pub use failure::Failure;
pub use options::Options;
pub use permissions::{Permissions, Used};
pub use recursion::Recursion;
pub use system::{Running, Setup, System};
pub use terminal::main;
