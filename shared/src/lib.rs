//! What the functions have in common: the events and the instances, and the way to their tables and queues.
//!
//! In reading order: what Close sends ([`close`]) becomes an [`event::Event`] with an [`event_id::EventId`],
//! travels as a [`delivery::QueuedDelivery`] for an [`instance::Instance`], and leaves as a [`notification`];
//! the [`event_log`] knows what became of it. Rules take data and the time and return values; the adapters to
//! DynamoDB and SQS are the types named `Dynamo…` and `Sqs…`.

pub mod close;
pub mod close_api_hosts;
pub mod event;
pub mod event_id;
pub mod instance;
pub mod instance_id;

pub mod delivery;
pub mod delivery_queue;
pub mod endpoint;
pub mod event_log;
pub mod notification;
pub mod order;
pub mod payload_store;
pub mod retry;
pub mod signing_key;

pub mod polling;
pub mod subscription;

pub mod account;
pub mod address;
pub mod api_error;
pub mod callback_url;

pub mod aws;
pub mod clock;
pub mod deadline;
pub mod json;
pub mod metrics;
pub mod random;
pub mod secret;
pub mod settings;
pub mod vault;
