//! The rules of polling: what is asked of Close, when, and what is new in its answers.
//!
//! In reading order: an instance's [`settings`] hold one [`configuration::ResourceConfiguration`] for each
//! [`resource::Resource`], whose URL has a [`ceql`] condition with [`template`]s and date [`pattern`]s in it.
//! A [`record`] that Close returns is judged by that; a [`cursor`] keeps what was enqueued apart from what was not;
//! [`next`] says what comes after an answer, [`schedule`] when an API key is due, and [`state`] how an instance's polling
//! goes. All of that is pure. Only [`store`] does anything: it keeps API keys and what is under them in DynamoDB.

pub mod ceql;
pub mod configuration;
pub mod cursor;
pub mod next;
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
pub mod zone;
