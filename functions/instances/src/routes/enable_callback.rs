//! `PUT /instances/{id}/callback/enabled`: closes by hand what failures have opened or disabled.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use shared::api_error::ApiError;
use shared::endpoint::Health;
use shared::instance_id::InstanceId;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Caller;
use crate::representation::{self, Representation};

/// Answers 200 with the instance, whose callback counts as healthy from now on; running functions see it within a
/// minute. Events that failed meanwhile are not sent again by this.
pub(crate) async fn enable_callback(
    Caller(account): Caller,
    State(state): State<Instances>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Representation>, Failure> {
    let instance = match id.parse::<InstanceId>() {
        Ok(id) => state.0.instances.get(id).await?,
        Err(_) => None,
    };
    let instance = instance
        .filter(|instance| instance.account.account_id == account.account_id)
        .ok_or_else(|| ApiError::not_found("There is no instance with this ID."))?;
    state.0.endpoints.enable(instance.id).await?;
    tracing::info!(instance = %instance.id, "callback enabled by hand");
    let base = representation::base_url(&headers);
    Ok(Json(Representation::of(&instance, None, &base).with_callback(&Health::Healthy)))
}
