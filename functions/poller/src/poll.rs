//! One poll of one instance: claim it, poll its resources one after the other, write down how far that got.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use shared::instances::InstanceId;
use shared::instances::{CachedInstance, EventSource, key};
use shared::platform::aws::AwsError;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::resource::Source;
use shared::polling::schedule::{KeyDigest, next_due, wait_after};
use shared::polling::settings::PollerSettings;
use shared::polling::state::{PollingState, Status};
use shared::polling::store::{Busy, Claim, Cursors, Due, Lease, NextPoll, Poller as PollerItem};
use shared::polling::window::Cursor;

use crate::Poller;
use crate::account::{account as account_of, key_digest};
use crate::resource::{End, Poll};
use crate::work::Turn;
use close::CloseError;

/// A poller without an instance to poll is given this time for one to come: it is registered first.
const ORPHANED_AFTER: TimeDelta = TimeDelta::minutes(10);

/// What is to be done after a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    /// Nothing: the schedule brings the next one.
    Nothing,
    /// The same instance once more, when this is due.
    Again(DateTime<Utc>),
    /// The same message once more, when the lease in its way has run out.
    Later(DateTime<Utc>),
    /// Nothing for this instance, and no other instance of the same API key before then.
    Rest(DateTime<Utc>),
    /// As [`After::Again`], and no other instance of the same API key before then.
    Wait(DateTime<Utc>),
}

/// What the resources of a poll came to.
struct Summary {
    state: PollingState,
    next: NextPoll,
    moved: bool,
    /// Until when Close takes no more requests of the key, as far as it said.
    rest_until: Option<DateTime<Utc>>,
}

impl Poller {
    /// Polls an instance that is due.
    pub(crate) async fn poll(&self, due: &Due, turn: &mut Turn<'_>) -> Result<After, AwsError> {
        let id = due.instance_id;
        // An instance that is due under another key, or for no reason, was changed since it was last read.
        let cached = self.instances.get(id).await?.filter(|it| is_due(it, due));
        let instance = match cached {
            Some(instance) => instance,
            None => match self.instances.fresh(id).await? {
                Some(instance) if instance.events.source == EventSource::Polling => instance,
                Some(_) | None => return self.orphan(due).await,
            },
        };
        let settings = settings(&instance)?;
        let began_at = self.clock.now();
        let key = key_digest(&instance.instance);
        let claim = Claim {
            instance_id: id,
            due_at: due.due_at,
            now: began_at,
            until: turn.lease_until(),
            next_due: next_due(began_at, settings.interval, &key),
            key: &key,
            holder: turn.holder,
        };
        let (lease, poller) = match self.pollers.claim(&claim).await? {
            Ok(claimed) => claimed,
            Err(Busy::Stale) => return Ok(After::Nothing),
            Err(Busy::Until(until)) => return Ok(After::Later(until)),
        };
        if is_silent(&instance) {
            self.pollers.unclaim(&lease, None).await?;
            return Ok(After::Nothing);
        }
        if let Some(at) = self.wait_for_key(&poller, &key, turn).await? {
            self.pollers.unclaim(&lease, Some(at)).await?;
            return Ok(After::Wait(at));
        }
        let mut cursors = self.pollers.cursors(&poller).await?;
        let summary = self
            .poll_resources(&instance, &settings, &poller, &mut cursors, (began_at, turn.ends_at))
            .await?;
        if summary.next == NextPoll::Never && self.is_outdated(&instance).await? {
            // What is refused is not what the owner wants asked any more.
            let now = self.clock.now();
            self.pollers.unclaim(&lease, Some(now)).await?;
            return Ok(After::Again(now));
        }
        let skipped = summary.state.bad_records.saturating_sub(poller.state.bad_records);
        turn.tally.polled(summary.state.status, skipped);
        self.write(&lease, &poller, &cursors, summary, began_at).await
    }

    /// Takes the lease on the API key, if others may have the key; when that has to wait, until when.
    pub(crate) async fn wait_for_key(
        &self,
        poller: &PollerItem,
        key: &KeyDigest,
        turn: &mut Turn<'_>,
    ) -> Result<Option<DateTime<Utc>>, AwsError> {
        if poller.shares_key { self.take_key(key, turn).await } else { Ok(None) }
    }

    /// Polls one resource after the other; one that Close refuses does not stop the next.
    async fn poll_resources(
        &self,
        instance: &CachedInstance,
        settings: &PollerSettings,
        poller: &PollerItem,
        cursors: &mut Cursors,
        (began_at, ends_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Summary, AwsError> {
        // New ones are written at once: where nothing happens, and then Close is away, they would begin too late, and
        // what is added later would be taken for one of the first.
        let has_new = arrange(cursors, settings, poller, began_at);
        let mut summary = Summary {
            state: poller.state.recovered(began_at),
            next: NextPoll::Regular,
            moved: has_new,
            rest_until: None,
        };
        let account = match account_of(&instance.instance, &self.close) {
            Ok(account) => account,
            Err(error) => {
                summary.failed(&poller.state, None, &error, began_at);
                return Ok(summary);
            }
        };
        let poll = Poll { instance, account: &account, began_at, ends_at };
        let regular_since =
            next_due(began_at, settings.interval, &key_digest(&instance.instance)) - settings.interval;
        let resources = in_turn(settings, cursors, poller.state.status, regular_since);
        let mut exhausted = None;
        // Some that are not to be polled now were answered in this interval.
        let (mut answered, mut away) = (resources.len() < settings.resources.len(), 0);
        for configuration in resources {
            if let Some(wait) = exhausted {
                let limited = CloseError::RateLimited { wait };
                summary.failed(&poller.state, None, &limited, self.clock.now());
                break;
            }
            let Some(cursor) = cursors.get_mut(&configuration.name) else { continue };
            if is_forgotten(configuration, cursor, began_at) {
                let lost = format!(
                    "{}: Close keeps its event log for 30 days, and events before that are lost",
                    configuration.name
                );
                tracing::error!(instance = %poller.instance_id, since = %cursor.since, lost);
                summary.state.error = Some(lost);
            }
            let outcome = self.poll_resource(&poll, configuration, cursor).await?;
            summary.moved |= outcome.moved;
            if let Some(last) = outcome.bad.last() {
                summary.state.bad_records += outcome.bad.len() as u64;
                summary.state.last_bad_record = Some(format!("{}: {last}", configuration.name));
            }
            tracing::info!(instance = %poller.instance_id, resource = configuration.name, told = outcome.told,
                pages = outcome.pages, bad = outcome.bad.len(), end = ?outcome.end, "polled");
            match outcome.end {
                End::Drained => (exhausted, answered) = (outcome.wait, true),
                End::OutOfTime => {
                    // What failed before it has a time of its own to be tried again.
                    if away == 0 {
                        summary.next = NextPoll::At(self.clock.now());
                    }
                    break;
                }
                End::Failed(error) => {
                    let others_may_do =
                        matches!(error, CloseError::Invalid { .. } | CloseError::Unavailable(_));
                    let resource = others_may_do.then_some(&*configuration.name);
                    summary.failed(&poller.state, resource, &error, self.clock.now());
                    // One resource that Close cannot show now is no reason to leave the others; two are.
                    away += usize::from(matches!(error, CloseError::Unavailable(_)));
                    if away >= 2 || !others_may_do {
                        break;
                    }
                }
            }
        }
        if let NextPoll::At(at) = summary.next
            && away > 0
            && answered
            && at > regular_since + settings.interval
        {
            // What Close does answer is polled as always, and the rest with it.
            summary.next = NextPoll::Regular;
        }
        summary.rest_until = exhausted.map(|wait| self.clock.now() + wait);
        Ok(summary)
    }

    /// The second write of a poll, when there is anything to write.
    async fn write(
        &self,
        lease: &Lease,
        poller: &PollerItem,
        cursors: &Cursors,
        summary: Summary,
        began_at: DateTime<Utc>,
    ) -> Result<After, AwsError> {
        let Summary { state, next, moved, rest_until } = summary;
        let nothing = rest_until.map_or(After::Nothing, After::Rest);
        let shown = |state: &PollingState| (state.status, state.failures, state.error.clone());
        let changed = shown(&state) != shown(&poller.state);
        if !moved && !changed && next == NextPoll::Regular {
            return Ok(nothing);
        }
        if state.status == Status::Stopped {
            tracing::error!(instance = %poller.instance_id, error = state.error, "polling stopped");
        }
        if !self.pollers.finish(lease, cursors, &state, next).await? {
            let what = "the lease ran out, or the instance was changed, before the poll was written";
            tracing::warn!(instance = %poller.instance_id, %began_at, what);
            self.pollers.release(lease).await?;
            return Ok(After::Nothing);
        }
        Ok(match (next, state.status) {
            (NextPoll::Regular | NextPoll::Never, _) => nothing,
            (NextPoll::At(due_at), Status::RateLimited) => After::Wait(due_at),
            (NextPoll::At(due_at), _) => After::Again(due_at),
        })
    }

    /// A poller without an instance to poll: it was deleted, or is polled no more, or is not written yet.
    async fn orphan(&self, due: &Due) -> Result<After, AwsError> {
        let poller = self.pollers.get(due.instance_id).await?;
        let useless = poller.filter(|it| it.configured_at + ORPHANED_AFTER <= self.clock.now());
        if let Some(poller) = useless {
            tracing::info!(instance = %due.instance_id, "the instance is polled no more, and its poller goes");
            self.pollers.remove_useless(&poller).await?;
        }
        Ok(After::Nothing)
    }

    /// Whether the account of an instance was changed since it was read.
    async fn is_outdated(&self, instance: &CachedInstance) -> Result<bool, AwsError> {
        let account = |it: &CachedInstance| {
            let of = |key| it.instance.configuration.get(key).map(str::to_owned);
            [of(key::USERNAME), of(key::BASE_URL)]
        };
        let fresh = self.instances.fresh(instance.instance.id).await?;
        Ok(fresh.is_some_and(|fresh| account(&fresh) != account(instance)))
    }

    /// The due entry of an instance, for its next message.
    pub(crate) fn due_again(due: &Due, due_at: DateTime<Utc>) -> Due {
        let instance_id: InstanceId = due.instance_id;
        Due { instance_id, due_at, key: due.key.clone() }
    }
}

impl Summary {
    /// What a failure at Close comes to; it is one of everything, or of one resource.
    fn failed(
        &mut self,
        before: &PollingState,
        resource: Option<&str>,
        error: &CloseError,
        now: DateTime<Utc>,
    ) {
        let counted = PollingState {
            bad_records: self.state.bad_records,
            last_bad_record: self.state.last_bad_record.clone(),
            ..before.clone()
        };
        let said = resource.map_or_else(|| error.to_string(), |resource| format!("{resource}: {error}"));
        let failed = |status| counted.failed(status, said.clone(), now);
        (self.state, self.next) = match error {
            CloseError::RateLimited { wait } => {
                // A poll that has to wait has not failed, and the next failure is the first again.
                let state = PollingState { failures: 0, ..failed(Status::RateLimited) };
                (state, NextPoll::At(now + *wait))
            }
            CloseError::Unavailable(_) => {
                let state = failed(Status::Failing);
                let wait = wait_after(state.failures, None);
                (state, NextPoll::At(now + wait))
            }
            CloseError::Refused { .. } | CloseError::NotAllowed(_) => {
                (failed(Status::Stopped), NextPoll::Never)
            }
            // A mistake of the configuration is no outage, after which to wait longer and longer.
            CloseError::Invalid { .. } => {
                (PollingState { failures: 1, ..failed(Status::Failing) }, NextPoll::Regular)
            }
        };
    }
}

/// A cursor for each resource, and none for what is no longer polled. Says whether there are new ones.
///
/// A resource without one was added later, and begins when that was asked for, unless there were none at all.
fn arrange(
    cursors: &mut Cursors,
    settings: &PollerSettings,
    poller: &PollerItem,
    now: DateTime<Utc>,
) -> bool {
    let is_first = cursors.is_empty();
    let names: BTreeSet<&String> = settings.resources.iter().map(|it| &it.name).collect();
    cursors.retain(|name, _| names.contains(name));
    let known = cursors.len();
    let since = if is_first {
        settings.begins_at(poller.registered_at)
    } else {
        let asked_for = poller.configured_at.min(now - settings.interval.min(TimeDelta::days(1)));
        settings.since.unwrap_or(asked_for)
    };
    for name in names {
        cursors.entry(name.clone()).or_insert_with(|| Cursor::starting_at(since));
    }
    cursors.len() > known
}

/// The resources to poll, in turn.
///
/// A long walk goes on after the others had their turn. Where the rate limit or a failure stopped a poll, the next one
/// is for what that one did not come to, or not to the end of, and those that are done wait for the next regular poll.
/// After the rate limit those that waited longest come first: however few requests Close allows, each resource has its
/// share of them. After a failure they come last, for what fails may take its time.
fn in_turn<'a>(
    settings: &'a PollerSettings,
    cursors: &Cursors,
    before: Status,
    regular_since: DateTime<Utc>,
) -> Vec<&'a ResourceConfiguration> {
    let mut resources: Vec<_> = settings.resources.iter().collect();
    let cursor = |it: &ResourceConfiguration| cursors.get(&it.name);
    let answered_at = |it: &&ResourceConfiguration| cursor(it).and_then(|cursor| cursor.answered_at);
    match before {
        Status::RateLimited | Status::Failing => {
            resources.retain(|it| cursor(it).is_some_and(|cursor| cursor.is_open_since(regular_since)));
            resources.sort_by_key(answered_at);
            if before == Status::Failing {
                resources.reverse();
            }
        }
        Status::Ok | Status::Stopped => {
            resources.sort_by_key(|it| cursor(it).is_some_and(|cursor| cursor.walk.is_some()));
        }
    }
    resources
}

fn settings(instance: &CachedInstance) -> Result<PollerSettings, AwsError> {
    PollerSettings::read(&instance.instance.configuration).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        AwsError::new("read a poller's settings", faults.join("; "))
    })
}

/// Whether events that were not polled yet are older than Close keeps them.
fn is_forgotten(configuration: &ResourceConfiguration, cursor: &Cursor, now: DateTime<Utc>) -> bool {
    let resource = configuration.resource;
    let is_log = matches!(resource.source(), Source::EventLog { .. }) && resource.history().is_none();
    is_log && cursor.outlasts_event_log(now)
}

/// Whether an instance, as it was read, is what is due.
fn is_due(instance: &CachedInstance, due: &Due) -> bool {
    instance.events.source == EventSource::Polling && key_digest(&instance.instance) == due.key
}

/// Whether nobody wants the instance's events now; its cursor waits for when somebody does.
fn is_silent(instance: &CachedInstance) -> bool {
    let events = &instance.events;
    instance.instance.disabled || !events.enabled || events.callback_url.is_none()
}
