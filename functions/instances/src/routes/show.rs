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
    Ok(Json(full(&state, &instance, &representation::base_url(&headers)).await?))
}

pub(super) async fn full(
    state: &Instances,
    instance: &Instance,
    base: &str,
) -> Result<Representation, Failure> {
    Ok(Representation::of(instance, &state.condition(instance).await?, base))
}
