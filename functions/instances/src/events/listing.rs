//! A page of the events of an instance, or of an account.

use axum::http::{HeaderMap, HeaderValue, Uri};
use shared::events::log::LogEntry;

use super::account::MOST_INSTANCES;
use super::{Filter, Members, span, walk};
use crate::Instances;
use crate::answer::Failure;
use crate::caller::Scope;
use crate::page::{self, Page};
use crate::query::Query;

/// Events of one answer, unless the query says otherwise.
const PAGE: usize = 20;
/// And the most that it can say.
const LARGEST_PAGE: usize = 200;

/// Events, newest first, with the headers of their page.
pub(crate) struct Listing {
    pub(crate) headers: HeaderMap,
    pub(crate) entries: Vec<LogEntry>,
}

impl Listing {
    /// The events that a query asks for.
    pub(crate) async fn of(state: &Instances, scope: &Scope, uri: &Uri) -> Result<Self, Failure> {
        let query = Query::of(uri);
        let now = state.0.clock.now();
        let (span, filter) = (span(&query, now, None)?, Filter::of(&query)?);
        let history = &state.0.history;
        match scope {
            Scope::Instance(instance) => {
                let page = Page::of(&query, PAGE, LARGEST_PAGE)?;
                let (entries, next) = walk(history, instance.id, (span, &filter), &page, now).await?;
                Ok(Self { headers: page.headers(entries.len(), next.as_ref()), entries })
            }
            Scope::Account(account) => {
                let page = Page::of(&query, PAGE, LARGEST_PAGE)?;
                let members = Members::of(state, *account).await?;
                let (entries, next) = members.walk(history, (span, &filter), &page, now).await?;
                let mut headers = page.headers(entries.len(), next.as_ref());
                if members.is_partial {
                    headers.insert(page::ERROR, bound_met());
                }
                Ok(Self { headers, entries })
            }
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
