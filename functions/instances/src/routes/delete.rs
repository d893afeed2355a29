//! `DELETE /instances/{id}` and, by its token, `DELETE /instances`: ends an instance.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use shared::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;
use crate::subscription;

/// Answers 200 with `{}`; the token and the webhook URL are dead from then on. A subscription that this system made
/// at Close goes first: when Close cannot be asked, the answer is 502 and the instance stays. Its event log stays until it
/// expires, for whoever may read the table.
pub(crate) async fn delete(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
) -> Result<Json<Value>, Failure> {
    subscription::end(&instance).await.map_err(ApiError::from)?;
    state.0.instances.delete(&instance, &state.0.credentials_table).await?;
    tracing::info!(instance = %instance.id, "instance deleted");
    Ok(Json(json!({})))
}
