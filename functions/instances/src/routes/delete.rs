//! `DELETE /instances/{id}` and, by its token, `DELETE /instances`: deletes an instance.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;

/// Answers 200 with `{}`. The token and the webhook URL no longer work; only the delivery log remains until it expires.
///
/// An automatic subscription at Close is deleted first: if Close cannot be reached, the answer is 502 and the instance
/// stays.
pub(crate) async fn delete(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
) -> Result<Json<Value>, Failure> {
    let id = instance.id;
    state.end(instance).await?;
    tracing::info!(instance = %id, "instance deleted");
    Ok(Json(json!({})))
}
