#![doc = include_str!("../README.md")]

mod data;
mod developer;
mod dynamodb;
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
pub use developer::AccountError;
pub use dynamodb::TablesError;
pub use functions::StartError;
pub use gateway::RouteError;
pub use kms::KeysError;
pub use options::Options;
pub use permissions::{Permissions, Used};
pub use recursion::Recursion;
pub use system::{OpenError, Running, Setup, System};
pub use terminal::main;
