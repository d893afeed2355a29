//! `DELETE /instances/{id}` and, by its token, `DELETE /instances`: ends an instance.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;

/// Answers 200 with `{}`; the token and the webhook URL are dead from then on. Its event log stays until it
/// expires, for whoever may read the table.
pub(crate) async fn delete(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
) -> Result<Json<Value>, Failure> {
    state.0.instances.delete(&instance, &state.0.credentials_table).await?;
    tracing::info!(instance = %instance.id, "instance deleted");
    Ok(Json(json!({})))
}
