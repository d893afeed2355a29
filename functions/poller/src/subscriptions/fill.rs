//! Enqueuing from Close's event feed what a subscription did not send.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use close::LoggedEvent;
use close::object_types::Subscribed;
use serde_json::value::RawValue;
use shared::events::id::EventId;
use shared::platform::aws::InternalError;
use shared::polling::ceql::Scope;
use shared::polling::configuration::of_resource;
use shared::polling::cursor::{Object, Walk};
use shared::polling::resource::Resource;
use shared::polling::template::Times;
use shared::subscriptions::Gap;

use super::{Look, Stop};
use crate::Poller;
use crate::judge::Change;
use crate::walk::Walker;
use crate::work::TIME_FOR_ONE;
use close::{CloseError, exhausted};

impl Poller {
    /// Fills the gap as far as time allows, and returns when to resume or check again.
    pub(super) async fn fill(&self, look: &mut Look) -> Result<DateTime<Utc>, Stop> {
        let now = self.clock.now();
        let Some(gap) = look.check.value.findings.gap.clone() else { return Ok(look.regular(now)) };
        let walk = gap.walk.clone().unwrap_or(Walk::starting_at(now));
        match self.walk(look, gap.since, &walk).await {
            Ok(enqueued) => {
                tracing::info!(instance = %look.check.id, since = %gap.since, enqueued, "gap filled");
                Ok(self.filled(look, &gap, &walk))
            }
            Err((walk, stop)) => {
                look.check.value.findings.gap = Some(Gap { walk: Some(walk), ..gap });
                // A walk cut short resumes at once.
                if let Stop::Elsewhere = stop { Ok(self.clock.now()) } else { Err(stop) }
            }
        }
    }

    /// Walks through the event feed, and says how much of it was missing here; or how far it got and why no further.
    async fn walk(&self, look: &Look, since: DateTime<Utc>, walk: &Walk) -> Result<usize, (Walk, Stop)> {
        let configuration = of_resource(Resource::Events);
        let scope =
            Scope { times: Times { last_poll: since, now: walk.began_at }, pattern: None, is_partial: false };
        let mut walker = Walker::new(&look.account, &configuration, since, walk, (None, &scope));
        let subscribed: HashSet<Subscribed> = look.events.iter().cloned().collect();
        let mut enqueued = 0;
        loop {
            if look.ends_at - self.clock.now() < TIME_FOR_ONE {
                return Err((walker.walk().clone(), Stop::Elsewhere));
            }
            let page = walker.next().await;
            let page = page.map_err(|error| (walker.walk().clone(), error.into()))?;
            let changes = page.records.iter().filter_map(|entry| change(look, &subscribed, since, entry));
            let missing = self.enqueue_missing(look, changes.collect()).await;
            enqueued += missing.map_err(|error| (walk.clone(), error.into()))?;
            if page.last {
                return Ok(enqueued);
            }
            if let Some(wait) = exhausted(page.rate_limit) {
                return Err((walker.walk().clone(), CloseError::RateLimited { wait }.into()));
            }
        }
    }

    /// A walk came to the end of the gap: it is closed, or walked once more when the log has settled.
    fn filled(&self, look: &mut Look, gap: &Gap, walk: &Walk) -> DateTime<Utc> {
        if let Some((again, when)) = gap.walked(walk) {
            look.check.value.findings.gap = Some(again);
            return when;
        }
        let now = self.clock.now();
        look.check.value.findings.gap = None;
        look.check.value.good(now);
        look.regular(now)
    }

    /// Queues what the log of this system has nothing of, oldest first.
    async fn enqueue_missing(&self, look: &Look, mut changes: Vec<Change>) -> Result<usize, InternalError> {
        let instance = look.check.id;
        let ids: Vec<_> = changes.iter().map(|change| change.event_id.clone()).collect();
        let missing = self.log.missing(&ids).await?;
        changes.retain(|change| missing.contains(&change.event_id));
        changes.sort_by_key(|change| change.changed_at);
        let enqueued = changes.len();
        self.enqueue(instance, changes).await?;
        Ok(enqueued)
    }
}

/// An entry of the event feed as the webhook that the subscription would have sent; `None` when it would not have.
fn change(
    look: &Look,
    subscribed: &HashSet<Subscribed>,
    since: DateTime<Utc>,
    entry: &RawValue,
) -> Option<Change> {
    let instance = look.check.id;
    let logged = LoggedEvent::read(entry).inspect_err(|error| {
        tracing::warn!(%instance, %error, "event feed entry unusable");
    });
    let logged = logged.ok()?;
    let kind = Subscribed { object_type: logged.object_type, action: logged.action };
    if logged.date_updated < since || !subscribed.contains(&kind) {
        return None;
    }
    let envelope = format!(r#"{{"event":{entry},"subscription_id":"{}"}}"#, look.id);
    let raw = RawValue::from_string(envelope).ok()?;
    Some(Change {
        event_id: EventId::of(instance, &logged.key),
        object: Object::of(&logged.event.object_id),
        event: logged.event,
        changed_at: logged.date_updated,
        shown_until: logged.date_updated,
        raw,
    })
}
