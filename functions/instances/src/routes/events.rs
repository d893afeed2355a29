//! `GET /instances/{id}/events` and, by its token, `GET /instances/events`: the delivery log, newest first.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use shared::events::log::Order;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;
use crate::events::{Entry, Filter, provider_data, span, walk};
use crate::page::{self, Page};
use crate::query::Query;

/// Events of one answer, unless the query says otherwise.
pub(super) const PAGE: usize = 20;
/// And the most that it can say.
pub(super) const LARGEST_PAGE: usize = 200;

/// Answers 200 with the events that fit `from`, `to`, `status`, `deliveryStatus` and `objectType`; there may be none.
///
/// A page can be shorter than asked for, even empty, and still name a next one: one answer has a bound on how many
/// events it looks at, and on its bytes.
pub(crate) async fn events(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    uri: Uri,
) -> Result<(HeaderMap, Json<Vec<Entry>>), Failure> {
    let query = Query::of(&uri);
    let now = state.0.clock.now();
    let (span, filter) = (span(&query, now, None)?, Filter::of(&query)?);
    let page = Page::of(&query, PAGE, LARGEST_PAGE)?;
    let what = (span, Order::NewestFirst, &filter);
    let (found, next) = walk(&state.0.history, instance.id, what, page, now).await?;
    let mut data = provider_data::of_many(&state.0.payloads, &found).await?;
    let shown: Vec<_> = found
        .into_iter()
        .map(|entry| {
            let provider_data = data.remove(&entry.event_id).unwrap_or_default();
            Entry::of(entry, provider_data)
        })
        .collect();
    Ok((page::headers(shown.len(), next.as_ref()), Json(shown)))
}
