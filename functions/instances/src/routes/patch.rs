//! `PATCH /instances/{id}` and, by its token, `PATCH /instances`: changes what the body names.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;

use super::show;
use crate::Instances;
use crate::answer::Failure;
use crate::body::Body;
use crate::caller::Addressed;
use crate::provision::Change;
use crate::representation::Representation;

/// Answers 200 with the instance as it is now: settings are merged, tags are replaced.
pub(crate) async fn patch(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Representation>, Failure> {
    let instance = state.apply(instance, Change::patch(&body)).await?;
    show::answer(&state, &instance, &headers).await
}
