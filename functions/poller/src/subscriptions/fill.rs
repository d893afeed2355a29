//! Telling from Close's event log what a subscription did not send.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use close::LoggedEvent;
use close::object_types::Subscribed;
use serde_json::value::RawValue;
use shared::events::id::EventId;
use shared::platform::aws::AwsError;
use shared::polling::ceql::Scope;
use shared::polling::configuration::of_resource;
use shared::polling::resource::Resource;
use shared::polling::template::Times;
use shared::polling::window::Walk;
use shared::subscriptions::{Check, Gap};

use super::{Look, Stop};
use crate::Poller;
use crate::judge::Change;
use crate::walk::Walker;
use close::exhausted;

/// No page is asked for with less time left: an answer of Close's at its slowest, and the writes after it.
const TIME_FOR_ONE: TimeDelta = TimeDelta::seconds(25);

impl Poller {
    /// Fills the gap as far as time allows, and says when to go on or look again.
    pub(super) async fn fill(&self, look: &mut Look) -> Result<DateTime<Utc>, Stop> {
        let now = self.clock.now();
        let Some(gap) = look.check.findings.gap.clone() else { return Ok(Check::regular(now, &look.key)) };
        let walk = gap.walk.clone().unwrap_or(Walk { began_at: now, at: None, run: None });
        match self.walk(look, gap.since, &walk).await {
            Ok(told) => {
                tracing::info!(instance = %look.check.instance_id, since = %gap.since, told, "a gap is filled");
                Ok(self.filled(look, &gap, &walk))
            }
            Err((walk, stop)) => {
                look.check.findings.gap = Some(Gap { walk: Some(walk), ..gap });
                // What there was no time for goes on at once.
                if let Stop::Elsewhere = stop { Ok(self.clock.now()) } else { Err(stop) }
            }
        }
    }

    /// Walks through the event log, and says how much of it was missing here; or how far it got and why no further.
    async fn walk(&self, look: &Look, since: DateTime<Utc>, walk: &Walk) -> Result<usize, (Walk, Stop)> {
        let configuration = of_resource(Resource::Events);
        let scope = Scope { times: Times { last_poll: since, now: walk.began_at }, pattern: None };
        let mut walker = Walker::new(&look.account, &configuration, since, walk, &scope);
        let subscribed: HashSet<Subscribed> = look.events.iter().cloned().collect();
        let mut told = 0;
        loop {
            if look.ends_at - self.clock.now() < TIME_FOR_ONE {
                return Err((walker.pause(walk), Stop::Elsewhere));
            }
            let page = walker.next().await;
            let page = page.map_err(|error| (walker.pause(walk), error.into()))?;
            let changes = page.records.iter().filter_map(|entry| change(look, &subscribed, since, entry));
            let missing = self.tell_missing(look, changes.collect()).await;
            told += missing.map_err(|error| (walk.clone(), error.into()))?;
            if page.last {
                return Ok(told);
            }
            if let Some(error) = exhausted(page.rate_limit) {
                return Err((walker.pause(walk), error.into()));
            }
        }
    }

    /// A walk came to the end of the gap: it is closed, or walked once more when the log has settled.
    fn filled(&self, look: &mut Look, gap: &Gap, walk: &Walk) -> DateTime<Utc> {
        if let Some((again, when)) = gap.walked(walk) {
            look.check.findings.gap = Some(again);
            return when;
        }
        let now = self.clock.now();
        look.check.findings.gap = None;
        look.check.good(now);
        Check::regular(now, &look.key)
    }

    /// Queues what the log of this system has nothing of, oldest first.
    async fn tell_missing(&self, look: &Look, mut changes: Vec<Change>) -> Result<usize, AwsError> {
        let instance = look.check.instance_id;
        let ids: Vec<_> = changes.iter().map(|change| change.event_id.clone()).collect();
        let missing = self.log.missing(&ids).await?;
        changes.retain(|change| missing.contains(&change.event_id));
        changes.sort_by_key(|change| change.changed_at);
        let told = changes.len();
        self.tell(instance, changes).await?;
        Ok(told)
    }
}

/// An entry of the event log as the webhook that the subscription would have sent; `None` when it would not have.
fn change(
    look: &Look,
    subscribed: &HashSet<Subscribed>,
    since: DateTime<Utc>,
    entry: &RawValue,
) -> Option<Change> {
    let instance = look.check.instance_id;
    let logged = LoggedEvent::read(entry).inspect_err(|error| {
        tracing::warn!(%instance, %error, "an entry of Close's event log is unusable");
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
        event: logged.event,
        changed_at: logged.date_updated,
        raw,
    })
}
