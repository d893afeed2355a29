//! The bodies that pages come in.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use close::CloseError;

/// A page in any of the three shapes: lists have `has_more`, searches `cursor`, the event feed `cursor_next`.
/// Small lists leave `has_more` out.
#[derive(Debug, Deserialize)]
pub(super) struct Body {
    pub(super) data: Vec<Box<RawValue>>,
    #[serde(default)]
    pub(super) has_more: bool,
    #[serde(default)]
    pub(super) cursor: Option<String>,
    #[serde(default)]
    pub(super) cursor_next: Option<String>,
}

/// Reads a page.
pub(super) fn read(body: &Bytes) -> Result<Body, CloseError> {
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        CloseError::Unavailable(format!("the answer is not a page of records ({place})"))
    })
}
