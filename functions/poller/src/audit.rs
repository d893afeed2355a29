//! The audit: a random window of the past is read again, and nothing new is expected in it.

use chrono::{DateTime, TimeDelta, Utc};
use close::CloseError;
use shared::instances::InstanceId;
use shared::platform::aws::InternalError;
use shared::platform::random;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::cursor::{Cursor, Walk};
use shared::polling::resource::Source;
use shared::polling::schedule::KeyDigest;
use shared::polling::store::SHARDS;

use crate::Poller;
use crate::agenda::{Access, Agenda, Polled};
use crate::ask::scope;
use crate::judge::{Change, Judge};
use crate::message::Message;
use crate::walk::Walker;
use crate::work::Shift;
use crate::work::TIME_FOR_ONE;

/// A window is this long, if the past is.
const WINDOW: TimeDelta = TimeDelta::minutes(10);
/// Windows lie at most this far back: well within what Close's event feed and the delivery log keep.
const REACH: TimeDelta = TimeDelta::days(7);
/// From when to when.
type Window = (DateTime<Utc>, DateTime<Utc>);

/// Pages of one resource; a window with more is audited up to there.
const MOST_PAGES: usize = 5;

impl Poller {
    /// Queues an audit of one API key of each shard.
    pub(crate) async fn plan_audits(&self) -> Result<usize, InternalError> {
        let now = self.clock.now();
        let mut messages = Vec::new();
        for shard in 0..SHARDS {
            // Keys of short intervals are all due soon, and beyond that are only those of long ones.
            let within = if self.draw(2)? == 0 { 60 } else { 900 };
            let after = now + TimeDelta::seconds(self.draw(within)?);
            let until = now + TimeDelta::seconds(within);
            if let Some(due) = self.pollers.any_of(shard, (after, until)).await? {
                messages.push((Message::Audit(due.key), now));
            }
        }
        self.polls.send(&messages, now).await?;
        Ok(messages.len())
    }

    /// Reads a random window of the past of one of a key's instances again, while the key has no turn. What cannot be
    /// asked now is left for another time.
    pub(crate) async fn audit(&self, key: &KeyDigest, shift: Shift<'_>) -> Result<(), InternalError> {
        let held = self.pollers.hold(key, shift.holder, self.clock.now(), shift.lease_until()).await?;
        let Some(lease) = held else { return Ok(()) };
        let audited = self.audit_held(key, shift).await;
        self.pollers.release(&lease).await?;
        audited
    }

    async fn audit_held(&self, key: &KeyDigest, shift: Shift<'_>) -> Result<(), InternalError> {
        let mut agenda = Agenda::of(self.pollers.parts(key).await?);
        let drawn = self.draw(i64::try_from(agenda.polls.len()).unwrap_or(i64::MAX))?;
        let place = usize::try_from(drawn).unwrap_or_default();
        let Some(polled) = agenda.polls.get_mut(place) else { return Ok(()) };
        // Reading the instance follows its settings: what was polled otherwise before must not have been delivered.
        let before = polled.part.value.cursors.clone();
        self.open_one(polled).await?;
        let Polled { part, access: Some(access), .. } = polled else { return Ok(()) };
        let polling = &part.value;
        let begins_at = polling.asked_since.unwrap_or(polling.registered_at).max(polling.configured_at);
        for configuration in &access.settings.resources {
            let Some(cursor) = before.get(&configuration.name) else { continue };
            let Some(window) = self.window(cursor, begins_at)? else { continue };
            if shift.ends_at - self.clock.now() < TIME_FOR_ONE {
                break;
            }
            match self.read_again(part.id, access, configuration, window).await {
                Ok(changes) => shift.tally.found(self.compare((key, part.id), configuration, changes).await?),
                Err(error) => {
                    tracing::info!(instance = %part.id, resource = configuration.name, %error, "not audited");
                    break;
                }
            }
        }
        Ok(())
    }

    /// A window between when polling began and where it has got to.
    fn window(&self, cursor: &Cursor, begins_at: DateTime<Utc>) -> Result<Option<Window>, InternalError> {
        let from = begins_at.max(self.clock.now() - REACH);
        let room = (cursor.since - from).num_seconds();
        if room < 1 {
            return Ok(None);
        }
        let window = WINDOW.num_seconds().min(room);
        let begins = from + TimeDelta::seconds(self.draw(room - window + 1)?);
        Ok(Some((begins, (begins + WINDOW).min(cursor.since))))
    }

    /// The changes of a window, up to some pages of it.
    async fn read_again(
        &self,
        instance: InstanceId,
        access: &Access,
        configuration: &ResourceConfiguration,
        (from, to): Window,
    ) -> Result<Vec<Change>, CloseError> {
        let scope = scope(configuration, from, self.clock.now());
        let objects = &access.instance.events.objects;
        let judge = Judge { instance, configuration, objects, since: from, history_until: None, scope };
        let newest_first = matches!(configuration.resource.source(), Source::EventFeed { .. });
        let ends = if newest_first { vec![to] } else { Vec::new() };
        let walk = Walk { ends, ..Walk::starting_at(from) };
        let mut walker = Walker::new(&access.account, configuration, from, &walk, (None, &scope));
        let blank = Cursor::starting_at(from, String::new());
        let mut changes = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = walker.next().await?;
            let found =
                page.records.iter().filter_map(|record| judge.judge(record, None, &blank).ok().flatten());
            changes.extend(found.filter(|change| change.changed_at < to));
            if page.last || (!newest_first && walker.walk().at >= Some(to)) {
                break;
            }
        }
        Ok(changes)
    }

    /// Enqueues, counts and reports what the delivery log does not have; how much that is.
    async fn compare(
        &self,
        (key, id): (&KeyDigest, InstanceId),
        configuration: &ResourceConfiguration,
        mut changes: Vec<Change>,
    ) -> Result<usize, InternalError> {
        let read = changes.len();
        let ids: Vec<_> = changes.iter().map(|change| change.event_id.clone()).collect();
        let missing = self.log.missing(&ids).await?;
        changes.retain(|change| missing.contains(&change.event_id));
        let finds = changes.len();
        tracing::info!(instance = %id, resource = configuration.name, read, finds, "audited");
        if finds > 0 {
            // An alarm counts these lines.
            tracing::error!(instance = %id, resource = configuration.name, finds, "audit found missed changes");
            self.enqueue(id, changes).await?;
            self.pollers.count_finds(key, id, finds).await?;
        }
        Ok(finds)
    }

    /// A random number below `limit`.
    fn draw(&self, limit: i64) -> Result<i64, InternalError> {
        let bytes = random::array(&*self.random);
        let bytes = bytes.map_err(|error| InternalError::new("plan an audit", error.to_string()))?;
        let drawn = u64::from_be_bytes(bytes) % limit.max(1).unsigned_abs();
        Ok(i64::try_from(drawn).unwrap_or_default())
    }
}
