//! `PUT` and `DELETE /instances/{id}/enabled` and, by its token, `/instances/enabled`: switches an instance on
//! and off.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use shared::instances::Instance;

use super::show;
use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;
use crate::representation::Representation;

/// Answers 200 with the instance, which accepts events again.
pub(crate) async fn enable(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    headers: HeaderMap,
) -> Result<Json<Representation>, Failure> {
    let instance = state.modify(instance, |instance| Ok(Instance { disabled: false, ..instance })).await?;
    show::answer(&state, &instance, &headers).await
}

/// Answers 200 with the instance; webhooks for it are answered with 403, and nothing is delivered.
pub(crate) async fn disable(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    headers: HeaderMap,
) -> Result<Json<Representation>, Failure> {
    let instance = state.modify(instance, |instance| Ok(Instance { disabled: true, ..instance })).await?;
    show::answer(&state, &instance, &headers).await
}
