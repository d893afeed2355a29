//! What the functions have in common, in rooms by subject.
//!
//! An [`instances::Instance`] belongs to one of the [`accounts`]. What happens at Close becomes an [`events::Event`],
//! which leaves by one of the [`callbacks`]; [`polling`] and [`subscriptions`] find out what happened. The
//! [`platform`] is what a process stands on. Rules take data and the time and return values; the adapters to DynamoDB
//! and SQS are the types named `Dynamo…` and `Sqs…`.

pub mod accounts;
pub mod callbacks;
pub mod events;
pub mod instances;
pub mod platform;
pub mod polling;
pub mod subscriptions;
