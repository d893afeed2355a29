//! `PUT /instances/events/redeliver` without a token: the events of an account are sent again, instance by instance.

use axum::http::Uri;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::accounts::Account;
use shared::events::log::Place;
use shared::instances::InstanceId;

use super::{FURTHEST, LARGEST_PAGE, PAGE, answer, later, rate};
use crate::Instances;
use crate::answer::Failure;
use crate::events::{Filter, redeliver, span, walk};
use crate::page::Page;
use crate::query::Query;

/// Logs that one answer looks at; one that finds little gives a short page and the way on.
const MOST_LOGS: usize = 25;

/// Where a redelivery of an account's events goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Resume {
    /// The last instance whose events are all looked at; those with smaller numbers are done too.
    done: Option<InstanceId>,
    /// The place in the log of the instance that is being looked at.
    place: Option<(InstanceId, Place)>,
    /// When the walk began: what was attempted since is not sent again by it.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    began_at: DateTime<Utc>,
    /// Up to when the queue holds messages of this walk back, to keep its rate.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    scheduled_until: DateTime<Utc>,
}

/// Answers as for one instance. Events of instances that are switched off are left out: they would only be dropped.
pub(super) async fn of_account(state: &Instances, account: Account, uri: &Uri) -> Result<Response, Failure> {
    let query = Query::of(uri);
    let now = state.0.clock.now();
    let (span, filter, rate) = (span(&query, now, None)?, Filter::of_what_failed(&query)?, rate(&query)?);
    let Page { size, after } = Page::<Resume>::of(&query, PAGE, LARGEST_PAGE)?;
    let mut at = after.unwrap_or(Resume { done: None, place: None, began_at: now, scheduled_until: now });
    if at.scheduled_until - now > FURTHEST {
        return Ok(later(at.scheduled_until - now - FURTHEST));
    }
    let mut events = Vec::new();
    let (ids, more) = state.0.instances.ids(account.account_id, at.done).await?;
    let looked_at = ids.len().min(MOST_LOGS);
    let mut is_done = more.is_none() && looked_at == ids.len();
    for (number, instance) in ids.into_iter().take(looked_at).enumerate() {
        let place = at.place.take().filter(|(of, _)| *of == instance).map(|(_, place)| place);
        let page = Page { size: size - events.len(), after: place };
        let (mut found, next) = walk(&state.0.history, instance, (span, &filter), &page, now).await?;
        found.retain(|entry| entry.claimed_at <= at.began_at);
        if !found.is_empty() && takes_events(state, instance).await? {
            let from = at.scheduled_until;
            let sent = redeliver(&state.0.queue, &state.0.history, &found, (now, from), rate).await?;
            events.extend(sent.events);
            at.scheduled_until = sent.scheduled_until;
        }
        if let Some(next) = next {
            at.place = Some((instance, next));
            is_done = false;
            break;
        }
        at.done = Some(instance);
        if events.len() == size {
            is_done &= number + 1 == looked_at;
            break;
        }
    }
    let until = at.scheduled_until;
    Ok(answer(&events, until, Some(&at).filter(|_| !is_done)))
}

/// True unless the instance was switched off or deleted meanwhile.
async fn takes_events(state: &Instances, instance: InstanceId) -> Result<bool, Failure> {
    Ok(state.0.instances.get(instance).await?.is_some_and(|instance| !instance.disabled))
}
