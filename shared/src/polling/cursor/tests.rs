use super::*;
use crate::events::id::EventId;
use crate::polling::configuration::of_resource;
use crate::polling::next::Status;
use crate::polling::resource::Resource;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
}

fn version(byte: u8) -> Version {
    Version::of(&EventId::derive(&[&[byte]]))
}

fn remember(cursor: &mut Cursor, byte: u8, changed_at: DateTime<Utc>) {
    cursor.told.insert((version(byte), Object::of("x")), changed_at, changed_at, 100);
}

fn cursor() -> Cursor {
    Cursor::starting_at(at(0), String::new())
}

const DAY: i64 = 24 * 60;

#[test]
fn the_window_moves_up_to_the_beginning_of_a_finished_walk() {
    let mut cursor = cursor();
    remember(&mut cursor, 1, at(3));
    remember(&mut cursor, 2, at(12));
    let walk = cursor.walk(at(15));
    assert!(cursor.finish(&walk, true, TimeDelta::zero()));
    assert_eq!(cursor.since, at(10));
    assert!(!cursor.told.contains(&version(1)) && cursor.told.contains(&version(2)));
    let walk = cursor.walk(at(16));
    assert!(cursor.finish(&walk, true, TimeDelta::minutes(30)), "news");
    assert_eq!(cursor.since, at(10), "it never moves back");
}

#[test]
fn a_paused_walk_goes_on_and_counts_from_when_it_began() {
    let mut cursor = cursor();
    let run = Some(Run::Rows { rows: 3, last: Some("task_1".to_owned()) });
    let walk = Walk { at: Some(at(7)), run, ..cursor.walk(at(15)) };
    cursor.walk = Some(walk.clone());
    assert_eq!(cursor.walk(at(30)), walk);
    assert!(cursor.finish(&walk, false, TimeDelta::zero()));
    assert_eq!((cursor.since, cursor.walk), (at(10), None));
}

#[test]
fn an_idle_resource_is_written_once_a_day_and_when_it_can_forget() {
    let mut cursor = cursor();
    let written = |cursor: &mut Cursor, minutes: std::ops::RangeInclusive<i64>| {
        let mut finish = |minute: i64| {
            let walk = cursor.walk(at(minute));
            cursor.finish(&walk, false, TimeDelta::zero())
        };
        minutes.filter(|minute| finish(*minute)).collect::<Vec<_>>()
    };
    assert_eq!(written(&mut cursor, 1..=3 * DAY), [DAY + 5, 2 * DAY + 5]);
    let mut cursor = Cursor::starting_at(at(0), String::new());
    remember(&mut cursor, 1, at(3));
    assert_eq!(written(&mut cursor, 1..=20), [9], "what left the window is forgotten");
    assert!(cursor.told.is_empty());
}

#[test]
fn what_is_older_than_the_feed_is_walked_once_and_then_the_feed_takes_over() {
    let mut cursor = cursor();
    let history = cursor.walk(at(60 * DAY));
    assert!(history.outlasts_feed(cursor.since));
    cursor.finish_history(&history);
    assert_eq!(cursor.since, at(31 * DAY), "the end does not move with the time that the walk takes");
    let feed = cursor.walk(at(60 * DAY + 23 * 60));
    assert!(!feed.outlasts_feed(cursor.since));
    assert!(!cursor.outlasts_event_feed(feed.began_at) && !cursor.outlasts_event_feed(at(61 * DAY)));
    assert!(cursor.outlasts_event_feed(at(61 * DAY + 1)));
}

#[test]
fn a_cursor_belongs_to_what_is_asked() {
    let settings = |resources: &[Resource]| PollerSettings {
        interval: TimeDelta::minutes(1),
        since: None,
        resources: resources.iter().map(|it| of_resource(*it)).collect(),
    };
    let mut cursors = Cursors::new();
    assert!(arrange(&mut cursors, &settings(&[Resource::Contacts, Resource::Users]), at(1)));
    assert!(!arrange(&mut cursors, &settings(&[Resource::Contacts, Resource::Users]), at(2)));
    assert_eq!(cursors["users"].since, at(1));
    cursors.get_mut("contacts").unwrap().walk = Some(Walk::starting_at(at(2)));
    let mut changed = settings(&[Resource::Contacts, Resource::Tasks]);
    changed.resources[0].resource = Resource::Leads;
    let contacts = cursors.get_mut("contacts").unwrap();
    (contacts.from, contacts.pace.status) = (at(0), Status::Failing);
    contacts.covered = Some(Covered { from: at(-9), until: at(90) });
    assert!(arrange(&mut cursors, &changed, at(3)));
    assert!(!arrange(&mut cursors, &changed, at(4)));
    let contacts = &cursors["contacts"];
    assert_eq!((contacts.from, contacts.covered), (at(1), None), "something else was enqueued");
    assert!(contacts.pace.is_regular());
    assert_eq!(cursors.keys().collect::<Vec<_>>(), ["contacts", "tasks"]);
    assert_eq!((cursors["contacts"].since, &cursors["contacts"].walk), (at(1), &None));
    assert_eq!(cursors["tasks"].since, at(3));
}

#[test]
fn an_idle_cursor_is_small() {
    let item = serde_json::to_string(&cursor()).unwrap();
    assert!(item.len() < 60, "{item}");
}

#[test]
fn what_was_enqueued_before_a_resource_begins_again_is_covered_until_the_window_is_beyond_it() {
    let mut cursor = Cursor::starting_at(at(100), String::new());
    let covered =
        |cursor: &Cursor| [50, 99, 100, 150, 194, 195, 300].map(|minute| cursor.has_covered(at(minute)));
    assert_eq!(covered(&cursor), [false; 7]);
    let walk = cursor.walk(at(200));
    cursor.finish(&walk, true, TimeDelta::zero());
    remember(&mut cursor, 1, at(199));
    cursor.start_again_at(at(0));
    assert!(cursor.told.contains(&version(1)), "what is too young to be covered");
    let from_100_to_195 = [false, false, true, true, true, false, false];
    assert_eq!(covered(&cursor), from_100_to_195);
    // Again, before the walk came to an end.
    cursor.start_again_at(at(60));
    assert_eq!(covered(&cursor), from_100_to_195);
    let walk = cursor.walk(at(300));
    cursor.finish(&walk, true, TimeDelta::zero());
    assert_eq!((cursor.from, cursor.covered), (at(60), None));
}

#[test]
fn a_resource_that_begins_again_forgets_its_walk_and_what_was_wrong() {
    let mut cursor = cursor();
    cursor.walk = Some(Walk::starting_at(at(3)));
    (cursor.pace.status, cursor.pace.next_at) = (Status::Refused, Some(at(60)));
    cursor.start_again_at(at(-10));
    assert_eq!((cursor.since, cursor.from, &cursor.walk), (at(-10), at(-10), &None));
    assert_eq!(cursor.pace, Pace { next_at: Some(at(60)), ..Pace::default() });
}

#[test]
fn what_was_enqueued_before_and_before_that_is_covered() {
    let covered = |from: i64, until: i64| Covered { from: at(from), until: at(until) };
    assert_eq!(covered(100, 195).and(None), covered(100, 195));
    assert_eq!(covered(100, 195).and(Some(covered(50, 120))), covered(50, 195));
    assert_eq!(covered(50, 120).and(Some(covered(100, 195))), covered(50, 195));
}

#[test]
fn what_there_was_no_room_for_may_be_forgotten_if_it_was_seen_before() {
    let mut cursor = cursor();
    let forgotten = |cursor: &Cursor, created, changed| {
        cursor.may_have_forgotten(at(created), at(changed), TimeDelta::minutes(1))
    };
    assert!(!forgotten(&cursor, 0, 200), "there was room");
    cursor.told.insert((version(1), Object::of("x")), at(50), at(100), 0);
    let rows = [
        (0, 10, true, "a poll before may have seen it"),
        (5, 10, true, "that may have waited"),
        (6, 10, false, "only this walk has seen it, and it has not changed since"),
        (6, 94, false, "nor has this"),
        (6, 95, true, "it may have been shown late"),
        (6, 150, true, "it changed during the walk"),
        (99, 150, true, "this too"),
        (100, 150, false, "it was created during the walk"),
    ];
    for (created, changed, expected, why) in rows {
        assert_eq!(forgotten(&cursor, created, changed), expected, "{why}");
    }
}

#[test]
fn a_window_is_walked_in_parts_the_oldest_first() {
    let (since, mut walk) = (at(0), Walk::starting_at(at(100)));
    let part = |walk: &Walk| (walk.from(since), walk.until());
    (walk.at, walk.run) = (Some(at(60)), Some(Run::Rows { rows: 3, last: None }));
    assert!(walk.put_off(at(60), since));
    assert_eq!((part(&walk), walk.at, &walk.run), ((at(0), Some(at(60))), None, &None));
    for minute in [-1, 0, 60, 61] {
        assert!(!walk.put_off(at(minute), since), "{minute} divides nothing");
    }
    assert!(walk.put_off(at(20), since));
    assert_eq!(part(&walk), (at(0), Some(at(20))));
    walk.at = Some(at(5));
    assert!(walk.next_part());
    assert_eq!((part(&walk), walk.at), ((at(20), Some(at(60))), None));
    assert!(!walk.put_off(at(20), since) && walk.put_off(at(40), since));
    assert!(walk.next_part() && walk.next_part());
    assert_eq!(part(&walk), (at(60), None), "the newest part is open");
    assert!(!walk.next_part());
    assert_eq!(part(&walk), (at(60), None));
}

#[test]
fn a_walk_of_very_many_parts_joins_some_and_leaves_out_no_time() {
    let (since, mut walk) = (at(0), Walk::starting_at(at(9000)));
    for minute in (1..900).rev() {
        assert!(walk.put_off(at(minute), since));
        assert!(walk.ends.len() <= 200 && walk.ends.is_sorted_by(|newer, older| newer > older));
    }
    assert_eq!((walk.from(since), walk.until()), (at(0), Some(at(1))));
    assert!(walk.ends[0] > at(800), "the newest part is no larger than it was by far");
    let mut reached = at(0);
    while let Some(until) = walk.until() {
        assert_eq!(walk.from(since), reached);
        assert!(walk.next_part());
        reached = until;
    }
}
