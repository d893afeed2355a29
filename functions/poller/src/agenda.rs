//! What is due of an API key in one turn, and what comes of it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use close::{CloseAccount, CloseError};
use shared::callbacks::url::Reach;
use shared::instances::{CachedInstance, EventSettings, EventSource, Instance, InstanceId};
use shared::platform::aws::InternalError;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::next::{Answer, Next, Status, after, key_due_at};
use shared::polling::resource::Source;
use shared::polling::schedule::KeyDigest;
use shared::polling::settings::PollerSettings;
use shared::polling::state::Polling;
use shared::polling::store::{Due, GrantedTurn, Parts, Versioned};
use shared::subscriptions::{CHECK_EVERY, Check, RecordedError};

use crate::Poller;
use crate::ask::Asked;

/// A part without an instance is given this time for one to come: it is registered first.
const ORPHANED_AFTER: TimeDelta = TimeDelta::minutes(10);
/// How long until it is looked for again.
const ORPHAN_WAIT: TimeDelta = TimeDelta::minutes(1);

/// One instance in a turn.
pub(crate) struct Polled {
    pub(crate) part: Versioned<Polling>,
    before: Polling,
    /// What it is polled with; `None` while it is not to be.
    pub(crate) access: Option<Access>,
    pub(crate) removed: bool,
    succeeded: bool,
}

/// What an instance is polled with.
pub(crate) struct Access {
    pub(crate) instance: Arc<CachedInstance>,
    pub(crate) settings: PollerSettings,
    pub(crate) account: CloseAccount,
}

/// Something to do in a turn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Job {
    /// A resource of the instance at this place.
    Resource(usize, String),
    /// The check at this place.
    Check(usize),
}

/// All that an API key has in a turn.
pub(crate) struct Agenda {
    pub(crate) polls: Vec<Polled>,
    /// `None` for one that was removed.
    pub(crate) checks: Vec<Option<Versioned<Check>>>,
    /// Until when nothing more of the key is asked.
    pub(crate) hold: Option<DateTime<Utc>>,
    /// True if Close does not take the key: nothing more is asked in this turn.
    refused: bool,
}

/// Why an instance is not polled now.
enum Unready {
    /// It is not there, or is not polled with this key.
    Orphan,
    /// Nobody wants its events.
    Off,
    Faulty(Answer),
}

impl Agenda {
    pub(crate) fn of(parts: Parts) -> Self {
        let polled = |part: Versioned<Polling>| {
            let before = part.value.clone();
            Polled { part, before, access: None, removed: false, succeeded: false }
        };
        Self {
            polls: parts.polls.into_iter().map(polled).collect(),
            checks: parts.checks.into_iter().map(Some).collect(),
            hold: None,
            refused: false,
        }
    }

    /// What is due, what has waited longest first.
    pub(crate) fn jobs(
        &self,
        turn_before: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, Job)> {
        let mut jobs = Vec::new();
        for (place, polled) in self.polls.iter().enumerate().filter(|(_, it)| it.access.is_some()) {
            let due = polled.part.value.due(turn_before, &polled.part.key, now);
            jobs.extend(due.into_iter().map(|(at, name)| (at, Job::Resource(place, name))));
        }
        let checks = self.checks.iter().enumerate();
        let checks =
            checks.filter_map(|(place, check)| Some((check.as_ref()?.value.due_at, Job::Check(place))));
        jobs.extend(checks.filter(|(due_at, _)| *due_at <= now));
        jobs.sort();
        jobs
    }

    /// Records the outcome of asking for a resource.
    pub(crate) fn note(&mut self, (place, name): (usize, &str), asked: &Asked, now: DateTime<Utc>) {
        if let Some(rest) = asked.rest {
            self.hold = self.hold.max(Some(now + rest));
        }
        let Asked { answer, .. } = asked;
        if let Answer::Failed(CloseError::Unauthorized(_)) = answer {
            let polls = self.polls.iter_mut().filter(|it| !it.part.value.off);
            polls.for_each(|polled| polled.part.value.stopped_by(answer, now));
            self.refused = true;
            return;
        }
        let Some(polled) = self.polls.get_mut(place) else { return };
        let Some(next) = polled.note(name, asked, now) else { return };
        self.hold = self.hold.max(next.hold);
    }

    /// Notes that there was no time for a job, which was due at `due_at`.
    pub(crate) fn leave(&mut self, job: &Job, due_at: DateTime<Utc>, now: DateTime<Utc>) {
        let Job::Resource(place, name) = job else { return };
        let Some(polling) = self.polls.get_mut(*place).map(|it| &mut it.part.value) else { return };
        let usual = polling.usual(1);
        if let Some(cursor) = polling.cursors.get_mut(name) {
            cursor.pace = after(&cursor.pace, &Answer::NotAsked(due_at), usual, now).pace;
        }
    }

    /// When the key is due next, and at what interval; `None` if nobody wants anything of it.
    pub(crate) fn next(
        &self,
        turn_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, TimeDelta)> {
        let polls = || self.polls.iter().filter(|it| !it.removed).map(|it| &it.part);
        let due = polls().filter_map(|part| part.value.due_at(turn_at, &part.key));
        let due_at =
            key_due_at(due.chain(self.checks.iter().flatten().map(|it| it.value.due_at)), self.hold, now)?;
        let interval = polls().filter(|it| !it.value.off).map(|it| it.value.interval()).min();
        Some((due_at, interval.unwrap_or(CHECK_EVERY)))
    }

    /// True if nothing more is asked in this turn.
    pub(crate) fn is_over(&self) -> bool {
        self.refused || self.hold.is_some()
    }

    /// True if there is nothing under the key any more.
    pub(crate) fn is_empty(&self) -> bool {
        self.checks.iter().all(Option::is_none) && self.polls.iter().all(|it| it.removed)
    }
}

impl Polled {
    fn note(&mut self, name: &str, asked: &Asked, now: DateTime<Utc>) -> Option<Next> {
        let configuration = self.access.as_ref()?.settings.resources.iter().find(|it| it.name == name)?;
        let polling = &mut self.part.value;
        let usual = polling.usual(configuration.page_size);
        let cursor = polling.cursors.get_mut(name)?;
        let next = after(&cursor.pace, &asked.answer, usual, now);
        cursor.pace = next.pace.clone();
        polling.whole = shared::polling::next::Pace::default();
        if let Some(error) = &next.pace.error {
            polling.last_error = Some(RecordedError { at: now, message: format!("{name}: {error}") });
        }
        if let Some(last) = asked.bad.last() {
            polling.bad_records += asked.bad.len() as u64;
            polling.last_bad_record = Some(format!("{name}: {last}"));
        }
        self.succeeded |= asked.answer == Answer::Drained;
        Some(next)
    }

    fn status(&self) -> Status {
        self.part.value.status()
    }
}

impl Poller {
    /// Reads the instances that have something due, and what each is polled with.
    pub(crate) async fn open(
        &self,
        agenda: &mut Agenda,
        turn_before: Option<DateTime<Utc>>,
    ) -> Result<(), InternalError> {
        let now = self.clock.now();
        for polled in &mut agenda.polls {
            if !polled.part.value.due(turn_before, &polled.part.key, now).is_empty() {
                self.open_one(polled).await?;
            }
        }
        Ok(())
    }

    /// Reads an instance, and what it is polled with.
    pub(crate) async fn open_one(&self, polled: &mut Polled) -> Result<(), InternalError> {
        let now = self.clock.now();
        // What was changed just now may not be written yet.
        let fresh = polled.part.value.configured_at + ORPHAN_WAIT > now;
        let ready = match self.instances.get(polled.part.id).await? {
            Some(instance) => self.ready(polled.part.id, &polled.part.key, instance),
            None => Err(Unready::Orphan),
        };
        match ready {
            Ok(access) => {
                follow(&mut polled.part, &access.settings, now);
                polled.access = Some(access);
            }
            Err(Unready::Off) if !fresh => polled.part.value.off = true,
            Err(Unready::Faulty(answer)) => {
                polled.part.value.stopped_by(&answer, now);
                if fresh {
                    polled.part.value.whole.next_at = Some(now + ORPHAN_WAIT);
                }
            }
            Err(Unready::Orphan) if polled.part.value.configured_at + ORPHANED_AFTER <= now => {
                tracing::info!(instance = %polled.part.id, "the instance is no longer polled with this API key");
                self.pollers.remove::<Polling>(&polled.part.key, polled.part.id).await?;
                polled.removed = true;
            }
            Err(Unready::Orphan | Unready::Off) => polled.part.value.whole.next_at = Some(now + ORPHAN_WAIT),
        }
        Ok(())
    }

    fn ready(&self, id: InstanceId, key: &KeyDigest, instance: Instance) -> Result<Access, Unready> {
        let unusable = |what: String| {
            tracing::error!(instance = %id, what, "the instance's settings cannot be used");
            Unready::Faulty(Answer::Unusable(what))
        };
        let events = EventSettings::read(&instance.configuration, Reach::Any);
        let events = events.map_err(|faults| unusable(joined(&faults)))?;
        // One that nothing says a source of is polled again when its events are wanted again.
        let is_polled =
            events.source == EventSource::Polling || EventSource::is_unstated(&instance.configuration);
        if !is_polled || KeyDigest::of(&instance.configuration) != *key {
            return Err(Unready::Orphan);
        }
        if instance.disabled || events.why_unwanted().is_some() {
            return Err(Unready::Off);
        }
        let settings = PollerSettings::read(&instance.configuration);
        let mut settings = settings.map_err(|faults| unusable(joined(&faults)))?;
        settings.resources.retain(|it| it.resource.is_wanted(&it.name, &events.objects));
        if settings.resources.is_empty() {
            return Err(Unready::Off);
        }
        let account = account_of(&instance, &self.close);
        let account = account.map_err(|error| Unready::Faulty(Answer::Failed(error)))?;
        Ok(Access { instance: Arc::new(CachedInstance { instance, events }), settings, account })
    }

    /// Writes down what changed of the parts, and when the key is due next if that is not what the claim said.
    pub(crate) async fn conclude(
        &self,
        due: &Due,
        claimed: &GrantedTurn,
        mut agenda: Agenda,
        turn_at: DateTime<Utc>,
    ) -> Result<Option<(Due, DateTime<Utc>)>, InternalError> {
        let now = self.clock.now();
        for polled in agenda.polls.iter_mut().filter(|it| !it.removed && it.part.value != it.before) {
            // The turns before wrote nothing if all was well.
            let before = polled.before.last_success(claimed.turn_before);
            polled.part.value.success_at = if polled.succeeded { Some(now) } else { before };
            if !self.pollers.write(&mut polled.part).await? {
                tracing::warn!(instance = %polled.part.id, "instance changed during its poll");
            }
        }
        let next = agenda.next(turn_at, now);
        if agenda.is_empty() {
            self.pollers.forget(claimed).await?;
            return Ok(None);
        }
        let is_as_claimed = next == Some((claimed.next_due, due.interval));
        if !is_as_claimed || agenda.hold.is_some() || claimed.hold.is_some() {
            self.pollers.finish(claimed, next, agenda.hold).await?;
        }
        let next = next.filter(|_| !is_as_claimed);
        Ok(next.map(|(due_at, interval)| (Due { key: due.key.clone(), due_at, interval }, due_at)))
    }
}

impl Agenda {
    /// The states that a turn left its instances in.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = Status> {
        self.polls.iter().filter(|it| it.access.is_some()).map(Polled::status)
    }
}

/// The account that an instance's settings give access to.
pub(crate) fn account_of(
    instance: &Instance,
    client: &close::CloseClient,
) -> Result<CloseAccount, CloseError> {
    use shared::instances::key;
    let of = |key| instance.configuration.get(key);
    CloseAccount::new(client, of(key::BASE_URL), of(key::USERNAME).unwrap_or_default())
}

fn joined(faults: &[impl ToString]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Takes over the settings of an instance, and reports the resources that have lost events.
fn follow(part: &mut Versioned<Polling>, settings: &PollerSettings, now: DateTime<Utc>) {
    part.value.follow(settings);
    for configuration in settings.resources.iter().filter(|it| has_lost(&part.value, it, now)) {
        tracing::error!(instance = %part.id, resource = configuration.name,
            "Close keeps its event feed for 30 days, and events before that are lost");
    }
}

/// True if events that were not polled yet are older than Close keeps them.
fn has_lost(polling: &Polling, configuration: &ResourceConfiguration, now: DateTime<Utc>) -> bool {
    let resource = configuration.resource;
    let is_feed = matches!(resource.source(), Source::EventFeed { .. }) && resource.history().is_none();
    let cursor = polling.cursors.get(&configuration.name);
    is_feed && cursor.is_some_and(|cursor| cursor.outlasts_event_feed(now))
}
