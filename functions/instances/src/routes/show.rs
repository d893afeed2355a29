//! `GET /instances/{id}` and, by its token, `GET /instances`: one instance.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use shared::instances::Instance;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;
use crate::representation::{self, Representation};

pub(crate) async fn show(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    headers: HeaderMap,
) -> Result<Json<Representation>, Failure> {
    answer(&state, &instance, &headers).await
}

/// The answer with an instance and its condition.
pub(super) async fn answer(
    state: &Instances,
    instance: &Instance,
    headers: &HeaderMap,
) -> Result<Json<Representation>, Failure> {
    let base = representation::base_url(headers);
    Ok(Json(Representation::of(instance, &state.condition(instance).await?, &base)))
}
