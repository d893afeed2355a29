//! The rules of polling: what is asked of Close, when, and what is new in its answers.
//!
//! In reading order: an instance's [`settings`] hold one [`configuration::ResourceConfiguration`] for each
//! [`resource::Resource`], whose URL has a [`ceql`] condition with [`template`]s and date [`pattern`]s in it.
//! A [`record`] that Close returns is judged by that; [`window`] keeps what was already told apart from what was
//! not; [`schedule`] says when to come again, and [`state`] how it goes. All of that is pure. Only [`store`]
//! does anything: it keeps the [`window::Cursor`]s and the leases in DynamoDB.

pub mod ceql;
pub mod configuration;
pub mod pattern;
pub mod raw;
pub mod reading;
pub mod record;
pub mod resource;
pub mod schedule;
pub mod settings;
pub mod state;
pub mod store;
pub mod template;
pub mod window;
pub mod zone;
