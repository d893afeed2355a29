//! What goes wrong for some time, and what must hold meanwhile.

use chrono::TimeDelta;

use super::{Polls, Scene};
use crate::polling::history::step::{Change, Trouble};
use crate::polling::{State, Status};

/// What was refused is asked for again an hour later.
const AFTER_A_REFUSAL: TimeDelta = TimeDelta::hours(1);

impl Scene<'_> {
    pub(super) async fn trouble(&mut self, trouble: &Trouble, minutes: usize) {
        let began_at = self.bed.now();
        let before = self.rest.quirks();
        self.rest.behave(|quirks| match trouble {
            Trouble::Unauthorized(key) => quirks.revoked = [(*key).to_owned()].into(),
            Trouble::Away(subject, status) => quirks.away = [(subject.clone(), *status)].into(),
            Trouble::Down => quirks.away = [(String::new(), 503)].into(),
            Trouble::Large(rows) => quirks.most_rows = *rows,
        });
        // What fails for other reasons is asked for again by its interval.
        let over =
            began_at + TimeDelta::minutes(i64::try_from(minutes).unwrap_or_default()) + AFTER_A_REFUSAL;
        for number in 0..self.instances.len() {
            match trouble {
                Trouble::Unauthorized(key) if self.instances[number].plan.key != *key => {}
                Trouble::Away(subject, 403) => self.requests.excuse(number, Some(subject), over),
                Trouble::Unauthorized(_) => self.requests.excuse(number, None, over),
                // The event feed waits for the list of what it has lost.
                _ if self.instances[number].plan.begins_before_feed() => {
                    self.requests.excuse(number, Some("event/"), over);
                }
                Trouble::Away(..) | Trouble::Down | Trouble::Large(_) => {}
            }
        }
        self.bed.minutes(minutes / 2).await;
        self.change(&Change::Create("contact", "a"));
        self.change(&Change::Create("opportunity", "a"));
        self.bed.minutes(minutes - minutes / 2).await;
        self.states_in(trouble).await;
        self.rest.behave(|quirks| *quirks = before);
        self.settle(began_at, Polls::Whole);
        if matches!(trouble, Trouble::Large(_)) {
            self.small_pages_suffice(minutes / 2);
        }
    }

    /// A page that is too much is halved until it is not, each time within the interval: from a hundred rows to one.
    fn small_pages_suffice(&mut self, minutes: usize) {
        let quirks = &self.plan.quirks;
        let is_plain =
            quirks.failing_percent == 0 && quirks.limit.is_none() && quirks.request_takes.is_zero();
        for number in 0..self.instances.len() {
            if is_plain && minutes >= 15 * self.instances[number].plan.interval {
                let missing = self.evidence(number).missing();
                let missing = missing.into_iter().map(|it| format!("instance {number} of large pages: {it}"));
                self.problems.extend(missing);
            }
        }
    }

    /// An instance names what is wrong while it is.
    async fn states_in(&mut self, trouble: &Trouble) {
        let (subject, status) = match trouble {
            Trouble::Unauthorized(_) => ("", 401),
            Trouble::Away(subject, status) => (subject.as_str(), *status),
            Trouble::Down => ("", 503),
            Trouble::Large(_) => return,
        };
        let is_plain = self.plan.quirks.failing_percent == 0 && self.plan.quirks.limit.is_none();
        let calls = self.rest.calls();
        for (number, it) in self.instances.iter().enumerate() {
            let asked_by = format!("i{number}");
            let last =
                calls.iter().rfind(|call| call.asked_by == asked_by && call.subject.starts_with(subject));
            if is_plain && last.is_some_and(|call| call.status == status) {
                let state = State::of(&self.bed, it.id).await;
                if state.status == Status::Ok || !state.shown.to_string().contains(&status.to_string()) {
                    let shown = &state.shown;
                    self.problems.push(format!("instance {number} does not say in {trouble:?}: {shown}"));
                }
            }
        }
    }
}
