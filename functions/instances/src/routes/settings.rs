//! `GET /instances/{id}/configuration` and, by its token, `GET /instances/configuration`: the settings one by one.

use axum::Json;

use crate::caller::Addressed;
use crate::setting::Setting;

/// Answers 200 with every setting that the instance has.
pub(crate) async fn settings(Addressed(instance): Addressed) -> Json<Vec<Setting>> {
    let keys = instance.configuration.entries().map(|(key, _)| key);
    Json(keys.map(|key| Setting::of(&instance, key)).collect())
}
