//! The state of an instance's polling: what is stored, and what its owner sees.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::cursor::{Cursor, Cursors, OVERLAP, arrange};
use super::next::{Answer, Pace, Status, Usual, after, slot_since};
use super::schedule::{KeyDigest, next_due};
use super::settings::PollerSettings;
use crate::subscriptions::Problem;

/// The polling of one instance, as the pollers table keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polling {
    /// When polling was asked for first.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub registered_at: DateTime<Utc>,
    /// When the instance was last made, changed or enabled.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub configured_at: DateTime<Utc>,
    /// `event.poller.since`, as it was followed.
    #[serde(
        default,
        with = "chrono::serde::ts_microseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub asked_since: Option<DateTime<Utc>>,
    /// Minutes from one poll to the next.
    pub interval: i64,
    /// True while nobody wants its events: it is not due.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    /// How it goes with the whole of it: its settings and its API key.
    #[serde(default, skip_serializing_if = "Pace::is_regular")]
    pub whole: Pace,
    /// How far each resource got.
    #[serde(default)]
    pub cursors: Cursors,
    /// When a poll last went well, as far as it was written: a poll that changes nothing writes nothing.
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub success_at: Option<DateTime<Utc>>,
    /// The last error, fixed since or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<Problem>,
    /// Records that could not be enqueued, ever.
    #[serde(default)]
    pub bad_records: u64,
    /// What was wrong with the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_bad_record: Option<String>,
}

impl Polling {
    /// The polling of an instance that begins at `now`.
    #[must_use]
    pub fn starting_at(now: DateTime<Utc>, settings: &PollerSettings) -> Self {
        let mut polling = Self {
            registered_at: now,
            configured_at: now,
            asked_since: settings.since,
            interval: settings.interval.num_minutes(),
            off: false,
            whole: Pace::default(),
            cursors: Cursors::new(),
            success_at: None,
            last_error: None,
            bad_records: 0,
            last_bad_record: None,
        };
        polling.follow(settings);
        polling
    }

    /// Notes that the instance was changed: what was wrong before may be right, and is asked for at once.
    pub fn configure(&mut self, now: DateTime<Utc>, settings: &PollerSettings) {
        let was_stopped = self.whole.status != Status::Ok;
        for cursor in self.cursors.values_mut() {
            if was_stopped || cursor.pace.status != Status::Ok {
                cursor.pace.next_at = Some(now);
            }
        }
        // Its state is shown as it was until Close has been asked.
        self.whole.next_at = was_stopped.then_some(now);
        (self.configured_at, self.off) = (now, false);
        let known = self.cursors.clone();
        self.follow(settings);
        // The change may yet fail: only a turn, which reads the instance, drops a cursor.
        self.cursors.extend(
            known.into_iter().filter(|(name, _)| !self.cursors.contains_key(name)).collect::<Vec<_>>(),
        );
    }

    /// Brings the cursors in line with the settings. Returns true if anything changed.
    pub fn follow(&mut self, settings: &PollerSettings) -> bool {
        let before = (self.interval, self.asked_since);
        self.interval = settings.interval.num_minutes();
        if settings.since != self.asked_since
            && let Some(since) = settings.since
        {
            for cursor in self.cursors.values_mut() {
                cursor.start_again_at(since);
            }
        }
        self.asked_since = settings.since;
        let added_at = settings.since.unwrap_or(self.configured_at);
        arrange(&mut self.cursors, settings, added_at) || before != (self.interval, self.asked_since)
    }

    /// When its first resource is due; `None` while nobody wants its events. `turn_at` is when the API key last had its
    /// turn.
    #[must_use]
    pub fn due_at(&self, turn_at: DateTime<Utc>, key: &KeyDigest) -> Option<DateTime<Utc>> {
        let regular = next_due(turn_at, self.interval(), key);
        let regular = self.looked_at_again().unwrap_or(regular);
        let resources = self.cursors.values().map(|cursor| cursor.pace.due_at(regular));
        let first = resources.min().unwrap_or(regular);
        (!self.off).then(|| self.whole.next_at.map_or(first, |at| first.max(at)))
    }

    /// The resources that are due, each with the time since when it is. `turn_before` is when the API key had its
    /// turn before this one.
    #[must_use]
    pub fn due(
        &self,
        turn_before: Option<DateTime<Utc>>,
        key: &KeyDigest,
        now: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, String)> {
        if self.off || self.whole.next_at.is_some_and(|at| at > now) {
            return Vec::new();
        }
        let regular = slot_since(turn_before, self.interval(), key, now);
        let regular = self.looked_at_again().unwrap_or(regular);
        let due = self.cursors.iter().map(|(name, cursor)| (cursor.pace.due_at(regular), name.clone()));
        due.filter(|(due_at, _)| *due_at <= now).collect()
    }

    /// When what stopped the whole of it is looked at again, which may be before the next time of its interval.
    fn looked_at_again(&self) -> Option<DateTime<Utc>> {
        self.whole.next_at.filter(|_| self.whole.status != Status::Ok)
    }

    /// What the settings say of one of its resources, which has pages of this size.
    #[must_use]
    pub fn usual(&self, page_size: u32) -> Usual {
        Usual { page_size, interval: self.interval() }
    }

    /// From one poll to the next.
    #[must_use]
    pub fn interval(&self) -> TimeDelta {
        TimeDelta::minutes(self.interval)
    }

    /// Notes that the instance as a whole cannot be polled, and is looked at again later.
    pub fn stopped_by(&mut self, answer: &Answer, now: DateTime<Utc>) {
        self.whole = after(&self.whole, answer, self.usual(1), now).pace;
        let message = self.whole.error.clone().unwrap_or_default();
        self.last_error = Some(Problem { at: now, message });
    }

    /// What is wrong, worst first: with the whole, or with some resources.
    fn worst(&self) -> (&Pace, Option<&str>) {
        let resources = self.cursors.iter().map(|(name, cursor)| (&cursor.pace, Some(&**name)));
        let all = std::iter::once((&self.whole, None)).chain(resources);
        all.reduce(|worst, it| if it.0.status > worst.0.status { it } else { worst })
            .unwrap_or((&self.whole, None))
    }

    /// The worst of the instance and its resources.
    #[must_use]
    pub fn status(&self) -> Status {
        self.worst().0.status
    }

    /// When a poll last went well. `turn_at` is when the API key last had its turn.
    #[must_use]
    pub fn last_success(&self, turn_at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let idle = turn_at.filter(|at| self.status() == Status::Ok && !self.off && *at > self.registered_at);
        self.success_at.max(idle)
    }

    /// What its owner sees. `turn_at` is when the API key last had its turn.
    #[must_use]
    pub fn state(&self, key: &KeyDigest, turn_at: Option<DateTime<Utc>>, audit_finds: u64) -> PollingState {
        let (pace, resource) = self.worst();
        let error = pace.error.clone().map(|error| match resource {
            Some(resource) => format!("{resource}: {error}"),
            None => error,
        });
        let next = next_due(turn_at.unwrap_or(self.registered_at), self.interval(), key);
        let resources = self.cursors.iter();
        PollingState {
            status: pace.status,
            error,
            last_error: self.last_error.clone(),
            last_success: self.last_success(turn_at),
            since: pace.since,
            failures: pace.failures,
            bad_records: self.bad_records,
            last_bad_record: self.last_bad_record.clone(),
            audit_finds,
            resources: resources.map(|(name, it)| (name.clone(), self.progress(it, turn_at, next))).collect(),
        }
    }

    /// How far a resource got, and when it is asked next. `next` is the next time of the interval.
    fn progress(&self, cursor: &Cursor, turn_at: Option<DateTime<Utc>>, next: DateTime<Utc>) -> Progress {
        // An idle poll writes nothing: it has read all that changed before it but for the overlap.
        let polled_at = turn_at.map(|_| next - self.interval() - OVERLAP);
        let polled_at = polled_at.filter(|_| cursor.walk.is_none() && cursor.pace.is_regular() && !self.off);
        let next = self.looked_at_again().unwrap_or_else(|| cursor.pace.due_at(next));
        Progress {
            pace: cursor.pace.clone(),
            cursor: polled_at.map_or(cursor.since, |at| at.max(cursor.since)),
            next_at: (!self.off).then_some(next),
        }
    }
}

/// How polling goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollingState {
    /// The worst of the instance and its resources.
    pub status: Status,
    /// What is wrong.
    pub error: Option<String>,
    /// The last error, fixed since or not.
    pub last_error: Option<Problem>,
    /// When a poll last went well.
    pub last_success: Option<DateTime<Utc>>,
    /// Since when it is so.
    pub since: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
    /// Records that could not be enqueued, ever.
    pub bad_records: u64,
    /// What was wrong with the last of them.
    pub last_bad_record: Option<String>,
    /// Changes that only an audit found; none is expected.
    pub audit_finds: u64,
    /// Each resource, by its name.
    pub resources: BTreeMap<String, Progress>,
}

/// How polling of one resource goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Whether it can be polled.
    pub pace: Pace,
    /// Everything that changed before this was enqueued.
    pub cursor: DateTime<Utc>,
    /// When it is asked next; `None` while nobody wants its events.
    pub next_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::polling::configuration::of_resource;
    use crate::polling::resource::Resource;
    use close::CloseError;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
    }

    fn settings(since: Option<DateTime<Utc>>, resources: &[Resource]) -> PollerSettings {
        let resources = resources.iter().map(|it| of_resource(*it)).collect();
        PollerSettings { interval: TimeDelta::minutes(15), since, resources }
    }

    #[test]
    fn a_change_of_since_takes_effect_and_a_new_resource_begins_when_it_was_added() {
        let mut polling = Polling::starting_at(at(0), &settings(None, &[Resource::Contacts]));
        assert_eq!(polling.cursors["contacts"].since, at(0));
        polling.configure(at(60), &settings(None, &[Resource::Contacts, Resource::Tasks]));
        polling.configure(at(70), &settings(None, &[Resource::Contacts, Resource::Tasks]));
        assert_eq!((polling.cursors["contacts"].since, polling.cursors["tasks"].since), (at(0), at(60)));
        polling.configure(at(80), &settings(Some(at(-90)), &[Resource::Contacts]));
        assert_eq!(polling.cursors["contacts"].since, at(-90));
        assert!(polling.cursors.contains_key("tasks"), "the change may yet fail");
        assert!(polling.follow(&settings(Some(at(-90)), &[Resource::Contacts])));
        assert!(!polling.cursors.contains_key("tasks"));
        assert!(!polling.follow(&settings(Some(at(-90)), &[Resource::Contacts])));
        polling.follow(&settings(Some(at(-90)), &[Resource::Contacts, Resource::Users]));
        assert_eq!(polling.cursors["users"].since, at(-90), "added where since is asked for");
        polling.cursors.get_mut("contacts").unwrap().since = at(80);
        let hourly = PollerSettings {
            interval: TimeDelta::minutes(60),
            ..settings(Some(at(-90)), &[Resource::Contacts, Resource::Users])
        };
        assert!(polling.follow(&hourly));
        assert_eq!(polling.cursors["contacts"].since, at(80), "only a change of since begins anew");
        assert!(polling.follow(&PollerSettings { since: None, ..hourly.clone() }));
        assert!(!polling.follow(&PollerSettings { since: None, ..hourly }));
    }

    #[test]
    fn a_changed_instance_asks_at_once_for_what_was_wrong_and_for_nothing_else() {
        let both = settings(None, &[Resource::Contacts, Resource::Users]);
        let mut polling = Polling { off: true, ..Polling::starting_at(at(0), &both) };
        polling.cursors.get_mut("users").unwrap().pace =
            after(&Pace::default(), &Answer::FilterIgnored("x".to_owned()), polling.usual(1), at(5)).pace;
        polling.configure(at(10), &both);
        let asked = |polling: &Polling| {
            let next = ["contacts", "users"].map(|name| polling.cursors[name].pace.next_at);
            (next, polling.whole.next_at, polling.off, polling.configured_at)
        };
        assert_eq!(asked(&polling), ([None, Some(at(10))], None, false, at(10)));
        polling.stopped_by(&Answer::Unusable("x".to_owned()), at(11));
        polling.configure(at(12), &both);
        assert_eq!(asked(&polling), ([Some(at(12)); 2], Some(at(12)), false, at(12)));
    }

    #[test]
    fn what_stopped_the_whole_is_looked_at_again_before_its_interval() {
        let key = KeyDigest::from_text("");
        let mut polling = Polling::starting_at(at(0), &settings(None, &[Resource::Contacts]));
        polling.interval = 600;
        polling.stopped_by(&Answer::Unusable("x".to_owned()), at(10));
        assert_eq!(polling.last_error.as_ref().map(|it| it.message.as_str()), Some("x"));
        assert_eq!(polling.due_at(at(10), &key), Some(at(70)));
        assert_eq!(polling.due(Some(at(10)), &key, at(70)).len(), 1);
        // A wait that is no fault does not take the place of the interval.
        polling.whole = Pace { next_at: Some(at(20)), ..Pace::default() };
        assert_eq!(polling.due_at(at(10), &key), Some(at(600)));
        assert!(polling.due(Some(at(10)), &key, at(20)).is_empty());
        assert_eq!(polling.due(Some(at(10)), &key, at(600)).len(), 1, "due at its very time");
    }

    #[test]
    fn resources_are_due_by_their_interval_or_at_a_time_of_their_own() {
        let key = KeyDigest::from_text("");
        let mut polling = Polling::starting_at(
            at(0),
            &settings(None, &[Resource::Contacts, Resource::Tasks, Resource::Users]),
        );
        polling.cursors.get_mut("tasks").unwrap().pace.next_at = Some(at(17));
        polling.cursors.get_mut("users").unwrap().pace.next_at = Some(at(8));
        let names = |before, now| -> Vec<_> {
            let due = polling.due(Some(at(before)), &key, at(now));
            due.into_iter().map(|(due_at, name)| ((due_at - at(0)).num_minutes(), name)).collect()
        };
        assert_eq!(names(1, 7), []);
        assert_eq!(names(1, 9), [(8, "users".to_owned())]);
        assert_eq!(names(1, 16), [(15, "contacts".to_owned()), (8, "users".to_owned())]);
        assert_eq!(names(16, 18).len(), 2, "the interval has not passed for contacts");
        assert_eq!(polling.due_at(at(1), &key), Some(at(8)));
        polling.stopped_by(&Answer::Failed(CloseError::Unauthorized("no".to_owned())), at(10));
        assert_eq!(polling.due_at(at(1), &key), Some(at(70)));
        assert!(polling.due(Some(at(1)), &key, at(69)).is_empty());
        polling.off = true;
        assert_eq!(polling.due_at(at(1), &key), None);
    }

    #[test]
    fn the_worst_is_what_the_owner_sees() {
        let mut polling =
            Polling::starting_at(at(0), &settings(None, &[Resource::Contacts, Resource::Users]));
        let key = KeyDigest::from_text("");
        let idle = polling.state(&key, Some(at(45)), 0);
        assert_eq!(idle.last_success, Some(at(45)));
        let contacts = &idle.resources["contacts"];
        assert_eq!((contacts.cursor, contacts.next_at), (at(40), Some(at(60))));
        assert_eq!(polling.last_success(Some(at(0))), None, "the turn before it was registered");
        let off = Polling { off: true, ..polling.clone() };
        assert_eq!(off.last_success(Some(at(5))), None);
        let written = Polling { success_at: Some(at(7)), ..polling.clone() };
        assert_eq!(written.last_success(Some(at(5))), Some(at(7)));
        let forbidden = Answer::Failed(CloseError::Forbidden("no".to_owned()));
        polling.cursors.get_mut("users").unwrap().pace =
            after(&Pace::default(), &forbidden, polling.usual(1), at(6)).pace;
        let state = polling.state(&key, Some(at(6)), 3);
        assert_eq!((state.status, state.audit_finds, state.last_success), (Status::Refused, 3, None));
        assert_eq!(state.error.as_deref(), Some("users: Close answered 403: no"));
        let users = &state.resources["users"];
        assert_eq!((users.pace.status, users.cursor, users.next_at), (Status::Refused, at(0), Some(at(66))));
        assert_eq!(state.resources["contacts"].pace.status, Status::Ok);
        polling.cursors.get_mut("contacts").unwrap().pace = polling.cursors["users"].pace.clone();
        let error = polling.state(&key, Some(at(6)), 3).error.unwrap_or_default();
        assert!(error.starts_with("contacts: "), "of two alike the first by name: {error}");
    }
}
