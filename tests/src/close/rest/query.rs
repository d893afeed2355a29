//! The query of a request.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use serde_json::Value;

use super::{date_of, moment};

/// The parameters of a request.
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    pub(super) fn of(request: &Request<Bytes>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, value)| (decode(name), decode(value))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// True if a date of an object is within the bounds of the query.
    pub(super) fn admits(&self, object: &Value, field: &str) -> bool {
        self.admits_date(field, date_of(object, field))
    }

    /// True if a date is within the bounds that the query has for a field.
    pub(super) fn admits_date(&self, field: &str, date: Option<DateTime<Utc>>) -> bool {
        let bound = |operator: &str| self.get(&format!("{field}__{operator}")).and_then(moment);
        bound("gte").is_none_or(|bound| date >= Some(bound))
            && bound("gt").is_none_or(|bound| date > Some(bound))
            && bound("lte").is_none_or(|bound| date.is_some_and(|date| date <= bound))
            && bound("lt").is_none_or(|bound| date.is_some_and(|date| date < bound))
    }
}
