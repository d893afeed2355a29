//! `PUT /instances/{id}/callback/enabled`, and the same by token: makes an open or disabled callback
//! healthy.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;

use super::show;
use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;
use crate::representation::Representation;

/// Answers 200 with the instance, whose callback is now healthy. Waiting events follow within a minute; failed ones are not
/// sent again.
pub(crate) async fn enable_callback(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    headers: HeaderMap,
) -> Result<Json<Representation>, Failure> {
    state.0.endpoints.enable(instance.id).await?;
    tracing::info!(instance = %instance.id, "callback enabled by hand");
    show::answer(&state, &instance, &headers).await
}
