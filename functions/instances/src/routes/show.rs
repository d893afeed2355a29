//! `GET /instances/{id}` and, by its token, `GET /instances`: one instance.

use axum::Json;
use axum::http::HeaderMap;

use crate::caller::Addressed;
use crate::representation::{self, Representation};

/// Answers 200 with the instance.
pub(crate) async fn show(Addressed(instance): Addressed, headers: HeaderMap) -> Json<Representation> {
    Json(Representation::of(&instance, None, &representation::base_url(&headers)))
}
