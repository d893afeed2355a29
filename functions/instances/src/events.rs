//! The delivery log of an instance, as clients ask for it and see it.

mod account;
mod analytics;
mod entry;
mod filter;
mod listing;
pub(crate) mod provider_data;
pub(crate) mod redelivery;
mod span;
mod status;
mod walk;

pub(crate) use analytics::{Bucket, Group, Interval, Whose, buckets, groups};
pub(crate) use entry::{Disposition, Entry};
pub(crate) use filter::Filter;
pub(crate) use listing::{Listing, find};
pub(crate) use span::span;
pub(crate) use walk::walk;

use shared::platform::api_error::ApiError;

use axum::http::StatusCode;

/// 400 for an invalid part of the query.
fn bad(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, message)
}
