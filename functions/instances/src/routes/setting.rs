//! `GET` and `PATCH /instances/{id}/configuration/{setting}`, and the same by token: one setting, by its key or
//! by its number.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use shared::instances::Instance;
use shared::platform::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;
use crate::body::Body;
use crate::caller::Addressed;
use crate::modify::refused;
use crate::provision::{Change, property_value};
use crate::setting::{self, SettingView};

pub(crate) async fn show(
    Addressed(instance): Addressed,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<SettingView>, Failure> {
    let key = key_in(&path, &instance)?;
    Ok(Json(SettingView::of(&instance, &key)))
}

/// Answers 200 with the setting, changed to the body's `propertyValue`.
pub(crate) async fn patch(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    Path(path): Path<HashMap<String, String>>,
    Body(body): Body,
) -> Result<Json<SettingView>, Failure> {
    let key = key_in(&path, &instance)?;
    let value = property_value(&body).map_err(refused)?;
    let change = Change::of_settings([(key.clone(), value)].into_iter().collect());
    let instance = state.apply(instance, Ok(change)).await?;
    Ok(Json(SettingView::of(&instance, &key)))
}

/// The key of the setting that the path names: one that the instance has, or could have.
fn key_in(path: &HashMap<String, String>, instance: &Instance) -> Result<String, ApiError> {
    let named = path.get("setting").map(String::as_str).unwrap_or_default();
    let missing = || ApiError::not_found("The instance has no such setting.");
    setting::key(named, instance).map(str::to_owned).ok_or_else(missing)
}
