//! The documents, checked against the system.

mod callbacks;
mod commands;
mod cost;
mod events;
mod migrating;
mod pages;
mod polling;
