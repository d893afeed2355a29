//! `GET /instances/{id}/configuration` and, by its token, `GET /instances/configuration`: the settings one by one.

use axum::Json;
use axum::http::HeaderMap;

use crate::caller::Addressed;
use crate::page;
use crate::setting::SettingView;

/// Answers 200 with every setting that the instance has or could have.
pub(crate) async fn settings(Addressed(instance): Addressed) -> (HeaderMap, Json<Vec<SettingView>>) {
    let settings = SettingView::all(&instance);
    (page::headers(settings.len(), None::<&()>, Some(settings.len())), Json(settings))
}
