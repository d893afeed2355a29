//! `GET /instances/{id}/events` and `GET /instances/events`: the delivery log, newest first. Without an id it is of the
//! instance whose token the caller presents, or else of the whole account.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Scope;
use crate::events::{Entry, Listing, provider_data};

/// Answers 200 with the events that match `from`, `to`, `status`, `deliveryStatus` and `objectType`; there may be none.
///
/// A page can be shorter than asked for, even empty, and still name a next one: one answer has a bound on how many
/// events it looks at, and on its bytes.
pub(crate) async fn events(
    State(state): State<Instances>,
    scope: Scope,
    uri: Uri,
) -> Result<(HeaderMap, Json<Vec<Entry>>), Failure> {
    let Listing { headers, entries } = Listing::of(&state, &scope, &uri).await?;
    let mut data = provider_data::of_many(&state.0.payloads, &entries).await?;
    let shown = entries.into_iter().map(|entry| {
        let provider_data = data.remove(&entry.event_id).unwrap_or_default();
        Entry::of(entry, provider_data)
    });
    Ok((headers, Json(shown.collect())))
}
