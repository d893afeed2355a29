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
    let mut polling =
        Polling::starting_at(at(0), &settings(None, &[Resource::Contacts, Resource::Tasks, Resource::Users]));
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
    let mut polling = Polling::starting_at(at(0), &settings(None, &[Resource::Contacts, Resource::Users]));
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
