//! `GET /instances/count`: how many instances there are.

use axum::Json;
use axum::extract::{Request, State};
use serde_json::{Value, json};
use shared::callbacks::notification::ELEMENT_KEY;

use super::list::count;
use crate::Instances;
use crate::answer::Failure;
use crate::caller::Scope;

/// Answers 200 with the number of the account's instances, in all and by element.
pub(crate) async fn show(State(state): State<Instances>, request: Request) -> Result<Json<Value>, Failure> {
    let (mut parts, _) = request.into_parts();
    let total = match Scope::of_search(&mut parts, &state).await? {
        Scope::Account(account) => count(&state, account).await?,
        Scope::Instance(_) => 1,
    };
    Ok(Json(json!({ "totalInstances": total, "elementInstances": { ELEMENT_KEY: total } })))
}
