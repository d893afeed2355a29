//! `GET /instances/{id}/events/dispositions` and, by its token, `GET /instances/events/dispositions`: the outcomes of
//! events, without their contents.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use shared::events::log::Order;

use super::events::{LARGEST_PAGE, PAGE};
use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;
use crate::events::{Disposition, Filter, span, walk};
use crate::page::{self, Page};
use crate::query::Query;

/// Answers 200 with the same events as `GET …/events` for the same query.
pub(crate) async fn dispositions(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    uri: Uri,
) -> Result<(HeaderMap, Json<Vec<Disposition>>), Failure> {
    let query = Query::of(&uri);
    let now = state.0.clock.now();
    let (span, filter) = (span(&query, now, None)?, Filter::of(&query)?);
    let page = Page::of(&query, PAGE, LARGEST_PAGE)?;
    let what = (span, Order::NewestFirst, &filter);
    let (found, next) = walk(&state.0.history, instance.id, what, page, now).await?;
    let shown: Vec<_> = found.into_iter().map(Disposition::of).collect();
    Ok((page::headers(shown.len(), next.as_ref()), Json(shown)))
}
