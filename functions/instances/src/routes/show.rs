//! `GET /instances/{id}`: one instance of the caller's account.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use shared::api_error::ApiError;
use shared::instance_id::InstanceId;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Caller;
use crate::polling;
use crate::representation::{self, Representation};

/// Answers 200 with the instance; 404 alike for what is no id, nobody's, and another account's.
pub(crate) async fn show(
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
    let polling = polling::state(&state.0.pollers, &instance).await?;
    let shown = Representation::of(&instance, None, &representation::base_url(&headers));
    Ok(Json(shown.with_polling(polling)))
}
