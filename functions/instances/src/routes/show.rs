//! `GET /instances/{id}` and, by its token, `GET /instances`: one instance.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;

use crate::Instances;
use crate::answer::Failure;
use crate::callback_health::callback_health;
use crate::caller::Addressed;
use crate::representation::{self, Representation};

/// Answers 200 with the instance, and how its callback is doing.
pub(crate) async fn show(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    headers: HeaderMap,
) -> Result<Json<Representation>, Failure> {
    let callback = callback_health(&state, &instance).await?;
    let base = representation::base_url(&headers);
    Ok(Json(Representation::of(&instance, None, &base).with_callback(&callback)))
}
