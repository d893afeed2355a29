//! `PUT /instances/{id}` and, by its token, `PUT /instances`: makes an instance what the body says.

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

/// Answers 200 with the instance as it is now: name, tags and settings are replaced.
pub(crate) async fn replace(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Representation>, Failure> {
    let instance = state.apply(instance, Change::put(&body)).await?;
    show::answer(&state, &instance, &headers).await
}
