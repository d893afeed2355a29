//! A page of the events of an instance, or of an account.

use axum::http::{HeaderMap, HeaderValue, Uri};
use chrono::{DateTime, Utc};
use shared::events::log::{LogEntry, Order, Place, Span};

use super::account::{MOST_INSTANCES, Members};
use super::walk::Found;
use super::{Filter, span, walk};
use crate::Instances;
use crate::answer::Failure;
use crate::caller::Scope;
use crate::page::{self, Page};
use crate::query::Query;

const PAGE: usize = 20;
const LARGEST_PAGE: usize = 200;

/// Events, newest first, with the headers of their page.
pub(crate) struct Listing {
    pub(crate) headers: HeaderMap,
    pub(crate) entries: Vec<LogEntry>,
}

impl Listing {
    pub(crate) async fn of(state: &Instances, scope: &Scope, uri: &Uri) -> Result<Self, Failure> {
        let query = Query::of(uri);
        let now = state.0.clock.now();
        let (span, filter) = (span(&query, now, None)?, Filter::of(&query)?);
        let page = Page::of(&query, PAGE, LARGEST_PAGE)?;
        let what = (span, Order::NewestFirst, &filter);
        let ((entries, next), bound) = find(state, scope, what, &page, now).await?;
        let mut headers = page.headers(entries.len(), next.as_ref());
        headers.extend(bound);
        Ok(Self { headers, entries })
    }
}

/// The events that match, in this order, the place to continue from, and a header that says if some were not looked at.
pub(crate) async fn find(
    state: &Instances,
    scope: &Scope,
    what: (Span, Order, &Filter),
    page: &Page<Place>,
    now: DateTime<Utc>,
) -> Result<(Found<Place>, HeaderMap), Failure> {
    let history = &state.0.history;
    match scope {
        Scope::Instance(instance) => {
            Ok((walk(history, instance.id, what, page, now).await?, HeaderMap::new()))
        }
        Scope::Account(account) => {
            let members = Members::of(state, *account).await?;
            let bound = members.is_partial.then(|| (page::ERROR, bound_met()));
            Ok((members.walk(history, what, page, now).await?, bound.into_iter().collect()))
        }
    }
}

/// Says that the events of some instances are missing.
fn bound_met() -> HeaderValue {
    let text = format!(
        "The account has more than {MOST_INSTANCES} instances; these are the events of those with the smallest numbers."
    );
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("incomplete"))
}
