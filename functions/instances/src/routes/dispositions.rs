//! `GET /instances/{id}/events/dispositions` and `GET /instances/events/dispositions`: the outcomes of events, without
//! their contents.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Scope;
use crate::events::{Disposition, Listing};

/// Answers 200 with the same events as `GET …/events` for the same query.
pub(crate) async fn dispositions(
    State(state): State<Instances>,
    scope: Scope,
    uri: Uri,
) -> Result<(HeaderMap, Json<Vec<Disposition>>), Failure> {
    let Listing { headers, entries } = Listing::of(&state, &scope, &uri).await?;
    Ok((headers, Json(entries.into_iter().map(Disposition::of).collect())))
}
