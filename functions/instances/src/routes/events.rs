//! `GET /instances/{id}/events` and `GET /instances/events`: the delivery log, newest first. Without an id it is of the
//! instance whose token the caller presents, or else of the whole account.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Scope;
use crate::events::{Entry, Listing};

/// Answers 200 with the events that fit `from`, `to`, `status`, `deliveryStatus` and `objectType`; there may be none.
///
/// A page can be shorter than asked for, even empty, and still name a next one: one answer has a bound on how many
/// events it looks at, and on its bytes.
pub(crate) async fn events(
    State(state): State<Instances>,
    scope: Scope,
    uri: Uri,
) -> Result<(HeaderMap, Json<Vec<Entry>>), Failure> {
    let Listing { headers, entries } = Listing::of(&state, &scope, &uri).await?;
    let shown = entries.into_iter().map(|entry| {
        let elsewhere = entry.stored.as_ref().map(|stored| super::event::elsewhere(stored.bytes));
        Entry::of(entry, elsewhere)
    });
    Ok((headers, Json(shown.collect())))
}
