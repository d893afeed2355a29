//! The audit: a random window of the past is read again, and nothing new is expected in it.

use chrono::{DateTime, TimeDelta, Utc};
use shared::instances::InstanceId;
use shared::instances::{CachedInstance, EventSource};
use shared::platform::aws::AwsError;
use shared::platform::random;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::settings::PollerSettings;
use shared::polling::store::SHARDS;
use shared::polling::window::{Cursor, Walk};

use crate::Poller;
use crate::account::{account as account_of, key_digest};
use crate::judge::{Change, Judge};
use crate::message::Message;
use crate::resource::scope;
use crate::walk::Walker;
use crate::work::Turn;
use close::{Account, CloseError};

/// A window is this long, if the past is.
const WINDOW: TimeDelta = TimeDelta::minutes(10);
/// Windows lie at most this far back: well within what Close's event log and ours keep.
const REACH: TimeDelta = TimeDelta::days(7);
/// From when to when.
type Window = (DateTime<Utc>, DateTime<Utc>);

/// Pages of one resource; a window with more is audited up to there.
const MOST_PAGES: usize = 5;

impl Poller {
    /// Queues an audit of one instance of each shard.
    pub(crate) async fn plan_audits(&self) -> Result<usize, AwsError> {
        let now = self.clock.now();
        let mut messages = Vec::new();
        for shard in 0..SHARDS {
            let after = now + TimeDelta::seconds(self.draw(900)?);
            if let Some(due) = self.pollers.any_of(shard, after).await? {
                messages.push((Message::Audit(due.instance_id), now));
            }
        }
        self.polls.send(&messages, now).await?;
        Ok(messages.len())
    }

    /// Reads a random window of an instance's past again, while no poll of its API key runs. What cannot be asked now
    /// is left for another time.
    pub(crate) async fn audit(&self, id: InstanceId, mut turn: Turn<'_>) -> Result<(), AwsError> {
        let Some(instance) = self.instances.get(id).await? else { return Ok(()) };
        let Ok(account) = account_of(&instance.instance, &self.close) else { return Ok(()) };
        let held = self.pollers.hold(id, turn.holder, self.clock.now(), turn.lease_until()).await?;
        let Some(lease) = held else { return Ok(()) };
        let audited = self.audit_held(&instance, &account, &mut turn).await;
        self.give_back(turn, None).await?;
        self.pollers.release(&lease).await?;
        audited
    }

    async fn audit_held(
        &self,
        instance: &CachedInstance,
        account: &Account,
        turn: &mut Turn<'_>,
    ) -> Result<(), AwsError> {
        let id = instance.instance.id;
        let Some(poller) = self.pollers.get(id).await? else { return Ok(()) };
        let settings = match PollerSettings::read(&instance.instance.configuration) {
            Ok(settings) if instance.events.source == EventSource::Polling => settings,
            Ok(_) | Err(_) => return Ok(()),
        };
        if self.wait_for_key(&poller, &key_digest(&instance.instance), turn).await?.is_some() {
            return Ok(());
        }
        let cursors = self.pollers.cursors(&poller).await?;
        for configuration in &settings.resources {
            let Some(cursor) = cursors.get(&configuration.name) else { continue };
            // What was polled otherwise before, or not at all, is none of what must have been told.
            let begins_at = settings.begins_at(poller.registered_at).max(poller.configured_at);
            let Some(window) = self.window(cursor, begins_at)? else {
                continue;
            };
            if turn.ends_at - self.clock.now() < TimeDelta::seconds(25) {
                break;
            }
            match self.read_again(instance, account, configuration, window).await {
                Ok(changes) => turn.tally.found(self.compare(id, configuration, changes).await?),
                Err(error) => {
                    tracing::info!(instance = %id, resource = configuration.name, %error, "not audited");
                    break;
                }
            }
        }
        Ok(())
    }

    /// A window between when polling began and where it has got to.
    fn window(&self, cursor: &Cursor, begins_at: DateTime<Utc>) -> Result<Option<Window>, AwsError> {
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
        instance: &CachedInstance,
        account: &Account,
        configuration: &ResourceConfiguration,
        (from, to): Window,
    ) -> Result<Vec<Change>, CloseError> {
        let scope = scope(configuration, from, self.clock.now());
        let objects = &instance.events.objects;
        let judge = Judge {
            instance: instance.instance.id,
            configuration,
            objects,
            since: from,
            history_until: None,
            scope,
        };
        let newest_first =
            matches!(configuration.resource.source(), shared::polling::resource::Source::EventLog { .. });
        let walk = Walk { began_at: from, at: newest_first.then_some(to), run: None };
        let mut walker = Walker::new(account, configuration, from, &walk, &scope);
        let mut changes = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = walker.next().await?;
            let found = page.records.iter().filter_map(|record| judge.judge(record).ok().flatten());
            changes.extend(found.filter(|change| change.changed_at < to));
            if page.last || (!newest_first && walker.at() >= Some(to)) {
                break;
            }
        }
        Ok(changes)
    }

    /// Tells, counts and reports what the event log does not have; how much that is.
    async fn compare(
        &self,
        id: InstanceId,
        configuration: &ResourceConfiguration,
        mut changes: Vec<Change>,
    ) -> Result<usize, AwsError> {
        let read = changes.len();
        let ids: Vec<_> = changes.iter().map(|change| change.event_id.clone()).collect();
        let missing = self.log.missing(&ids).await?;
        changes.retain(|change| missing.contains(&change.event_id));
        let finds = changes.len();
        tracing::info!(instance = %id, resource = configuration.name, read, finds, "audited");
        if finds > 0 {
            // An alarm counts these lines.
            tracing::error!(instance = %id, resource = configuration.name, finds, "audit found missed changes");
            self.tell(id, changes).await?;
            self.pollers.count_finds(id, finds).await?;
        }
        Ok(finds)
    }

    /// A random number below `limit`.
    fn draw(&self, limit: i64) -> Result<i64, AwsError> {
        let bytes = random::array(&*self.random);
        let bytes = bytes.map_err(|error| AwsError::new("plan an audit", error.to_string()))?;
        let drawn = u64::from_be_bytes(bytes) % limit.max(1).unsigned_abs();
        Ok(i64::try_from(drawn).unwrap_or_default())
    }
}
