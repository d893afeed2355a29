//! Values of DynamoDB's attributes.

use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

/// A number.
pub(crate) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A text.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A time, in Unix milliseconds.
pub(crate) fn millis(time: DateTime<Utc>) -> AttributeValue {
    number(time.timestamp_millis())
}
