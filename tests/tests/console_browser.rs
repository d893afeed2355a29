//! The console in a real browser, on the running system. Skipped, with a message, without Chromium.

mod events;
mod hostile;
mod instances;
mod redelivery;
mod sign_in;
mod stage;
mod views;
