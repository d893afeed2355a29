//! `GET /elements/{element}` and `GET /elements/{element}/metadata`: the one element that there is.

use axum::Json;
use serde_json::Value;

use crate::caller::Caller;
use crate::catalogue::element::{self, ElementWithSettings};

/// Answers 200 with the element and the settings that its instances may have.
pub(crate) async fn show(_: Caller) -> Json<ElementWithSettings> {
    Json(element::with_settings())
}

/// Answers 200 with its event sources, object types and default settings.
pub(crate) async fn metadata(_: Caller) -> Json<Value> {
    Json(element::metadata())
}
