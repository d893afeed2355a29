//! One object at a time: the line in which the events of an object wait for each other.
//!
//! An instance that asks for it (`event.notification.ordering: object`) gets the events of one object in the order
//! in which they were received: the first of the line is tried until it is delivered or given up, the others wait.
//! The line is one small item an object, there only while something is under way. It costs such an instance two
//! writes more an event.
//!
//! What the line cannot know is an event that has not come to it yet: two events received within the same moment
//! may reach it the wrong way round, since a standard queue does not keep order.

mod store;

pub use store::DynamoOrderStore;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The events of one object that may wait in line; those behind wait outside, in no particular order.
const LONGEST: usize = 200;
/// The first of a line that has not been heard of for so long is lost: retries are 15 minutes apart at most, and a
/// message that failed for reasons of ours comes again within minutes.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(2);
/// How long to wait for an event that is being tried right now.
const SOON: TimeDelta = TimeDelta::seconds(20);

/// How events of one instance are ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ordering {
    /// Each goes as soon as it can.
    #[default]
    None,
    /// Those of one object go one after the other.
    Object,
}

/// A place in a line: by time of receipt, then by event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// When the event was received, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub received_at: DateTime<Utc>,
    /// Its id.
    pub event: String,
}

/// The events of one object: whose turn it is, and who waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who was told that it is its turn, until it leaves.
    going: Option<Place>,
    /// Who comes next, earliest first.
    waiting: Vec<Place>,
    /// When whose turn it is was last heard of, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    heard_at: DateTime<Utc>,
    /// When it will be tried next, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    due_at: DateTime<Utc>,
}

/// Whether it is an event's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is.
    Now,
    /// Not before this time.
    At(DateTime<Utc>),
}

impl Line {
    /// Asks for a turn, and gets in line.
    pub fn ask(&mut self, place: &Place, now: DateTime<Utc>) -> Turn {
        if now - self.heard_at > FORGOTTEN_AFTER {
            self.forget(now);
        }
        let is_next = || self.waiting.first().is_none_or(|first| place <= first);
        if self.going.as_ref().map_or_else(is_next, |going| going == place) {
            self.waiting.retain(|other| other != place);
            self.going = Some(place.clone());
            self.heard_at = now;
            self.due_at = now;
            return Turn::Now;
        }
        if let Err(at) = self.waiting.binary_search(place)
            && self.waiting.len() < LONGEST
        {
            self.waiting.insert(at, place.clone());
        }
        Turn::At(self.due_at.max(now + SOON))
    }

    /// The one whose turn it is will be tried again at `due`.
    pub fn keep(&mut self, place: &Place, due: DateTime<Utc>, now: DateTime<Utc>) {
        if self.going.as_ref() == Some(place) {
            self.heard_at = now;
            self.due_at = due;
        }
    }

    /// An event is done with, one way or the other.
    pub fn leave(&mut self, place: &Place, now: DateTime<Utc>) {
        if self.going.as_ref() == Some(place) {
            self.going = None;
            self.heard_at = now;
            self.due_at = now;
        }
        self.waiting.retain(|other| other != place);
    }

    /// Passes over whoever did not use its turn.
    fn forget(&mut self, now: DateTime<Utc>) {
        if self.going.take().is_none() && !self.waiting.is_empty() {
            self.waiting.remove(0);
        }
        self.heard_at = now;
        self.due_at = now;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

    fn place(second: i64) -> Place {
        Place { received_at: NOW + TimeDelta::seconds(second), event: format!("e{second}") }
    }

    #[test]
    fn a_later_event_waits_until_the_one_before_is_done_with() {
        let (mut line, due) = (Line::default(), NOW + TimeDelta::seconds(300));
        assert_eq!(line.ask(&place(1), NOW), Turn::Now);
        assert_eq!(line.ask(&place(2), NOW), Turn::At(NOW + SOON));
        line.keep(&place(1), due, NOW);
        assert_eq!(line.ask(&place(2), NOW), Turn::At(due));
        assert_eq!(line.ask(&place(1), due), Turn::Now);
        line.leave(&place(1), due);
        assert_eq!(line.ask(&place(2), due), Turn::Now);
        line.leave(&place(2), due);
        assert_eq!((line.going, line.waiting.len()), (None, 0));
    }

    #[test]
    fn those_who_wait_go_in_the_order_of_receipt_however_they_came() {
        let mut line = Line::default();
        let turns = [1, 4, 3, 2].map(|second| line.ask(&place(second), NOW));
        assert_eq!(turns[0], Turn::Now);
        for first in 1..=4 {
            for second in first + 1..=4 {
                assert_ne!(line.ask(&place(second), NOW), Turn::Now, "{second} before {first}");
            }
            assert_eq!(line.ask(&place(first), NOW), Turn::Now);
            line.leave(&place(first), NOW);
        }
    }

    #[test]
    fn one_who_comes_late_still_goes_before_those_who_have_not_begun() {
        let mut line = Line::default();
        line.ask(&place(5), NOW);
        line.ask(&place(3), NOW);
        line.leave(&place(5), NOW);
        assert_eq!(line.ask(&place(1), NOW), Turn::Now);
        assert_ne!(line.ask(&place(3), NOW), Turn::Now);
    }

    #[test]
    fn an_event_that_is_lost_holds_up_the_others_for_two_hours_only() {
        let mut line = Line::default();
        line.ask(&place(1), NOW);
        line.ask(&place(2), NOW);
        let second = TimeDelta::seconds(1);
        assert_ne!(line.ask(&place(2), NOW + FORGOTTEN_AFTER), Turn::Now);
        assert_eq!(line.ask(&place(2), NOW + FORGOTTEN_AFTER + second), Turn::Now);

        let mut line = Line::default();
        for second in 1..=3 {
            line.ask(&place(second), NOW);
        }
        line.leave(&place(1), NOW);
        assert_ne!(line.ask(&place(3), NOW + FORGOTTEN_AFTER), Turn::Now, "it is version 2's turn");
        assert_eq!(line.ask(&place(3), NOW + FORGOTTEN_AFTER + second), Turn::Now);
    }

    proptest! {
        /// Whatever order they come in and however often: one at a time, and of those who wait the earliest next.
        #[test]
        fn nobody_goes_before_the_first_has_left(asks in prop::collection::vec((0..6i64, any::<bool>()), 1..60)) {
            let (mut line, mut going) = (Line::default(), None::<i64>);
            let mut waiting = std::collections::BTreeSet::new();
            for (second, leaves) in asks {
                if leaves && going == Some(second) {
                    line.leave(&place(second), NOW);
                    going = None;
                } else if line.ask(&place(second), NOW) == Turn::Now {
                    prop_assert!(going.is_none_or(|first| first == second));
                    prop_assert!(going.is_some() || waiting.first().is_none_or(|first| *first >= second));
                    waiting.remove(&second);
                    going = Some(second);
                } else {
                    prop_assert!(going.is_some() || waiting.first() != Some(&second));
                    waiting.insert(second);
                }
            }
        }
    }

    #[test]
    fn a_line_has_an_end() {
        let mut line = Line::default();
        for second in 0..1000 {
            line.ask(&place(second), NOW);
        }
        assert_eq!(line.waiting.len(), LONGEST);
    }
}
