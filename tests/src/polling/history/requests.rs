//! Whether Close is asked often enough, and not more often than it need be.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::expected::Watch;
use super::plan::{InstancePlan, Plan};
use super::resources::Found;
use crate::close::{Call, Close};

/// When each instance asked for each thing.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// By instance and subject; also when nobody could expect it to ask before.
    asked: BTreeMap<(usize, String), DateTime<Utc>>,
    excused: BTreeMap<(usize, String), DateTime<Utc>>,
    pub(super) problems: Vec<String>,
}

/// An instance with what it polls.
pub(super) struct Asking<'a> {
    pub(super) number: usize,
    pub(super) plan: &'a InstancePlan,
    pub(super) watches: &'a [Watch],
}

impl Asking<'_> {
    /// What it has to ask for.
    fn subjects(&self) -> BTreeMap<&'static str, usize> {
        let mut subjects = BTreeMap::new();
        for watch in self.watches.iter().filter(|it| it.alive && !it.is_useless()) {
            *subjects.entry(watch.resource.kind().subject).or_default() += 1;
        }
        subjects
    }
}

/// What the bounds depend on.
pub(super) struct Load {
    /// Resources of all instances.
    watches: usize,
    /// Requests of the longest walk.
    pages: usize,
    /// What one of them takes.
    cost: TimeDelta,
    fails: bool,
    /// True if a cursor may have expired when the next page is asked for.
    cursors_expire: bool,
}

impl Load {
    pub(super) fn of(plan: &Plan, close: &Close, instances: &[Asking<'_>]) -> Self {
        let quirks = &plan.quirks;
        let rows = close.objects().len().max(close.events().len());
        let sizes = instances.iter().flat_map(|it| it.watches).filter_map(|watch| {
            let size = watch.resource.settings.get("pageSize")?;
            size.as_u64().or_else(|| size.as_str()?.parse().ok())
        });
        let page = sizes.map(|size| usize::try_from(size).unwrap_or(1)).min().unwrap_or(50);
        let page = page.min(quirks.page_cap).clamp(1, 50);
        let window = quirks.limit.map_or(TimeDelta::zero(), |limit| {
            TimeDelta::milliseconds(limit.window * 1000 / i64::from(limit.requests))
        });
        let cost = quirks.request_takes + window;
        Self {
            watches: instances.iter().map(|it| it.watches.iter().filter(|watch| watch.alive).count()).sum(),
            pages: rows.div_ceil(page),
            cost,
            fails: quirks.failing_percent > 0,
            cursors_expire: quirks.search_cursor_life.min(quirks.event_cursor_life) <= cost,
        }
    }

    /// The longest that a resource may wait for its turn.
    fn longest_wait(&self, interval: usize) -> TimeDelta {
        let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let turn = (self.cost * number(self.pages + 2)).min(TimeDelta::seconds(60));
        let failing = if self.fails { TimeDelta::minutes(15) } else { TimeDelta::zero() };
        TimeDelta::minutes(2) * number(interval)
            + TimeDelta::seconds(90)
            + turn * (2 * number(self.watches))
            + failing
    }

    /// The most requests for a resource in so many minutes.
    fn most_requests(&self, minutes: usize, interval: usize) -> usize {
        let polls = minutes / interval + 2;
        // A cursor that has expired is refused before the page is asked for again, by date.
        let asked_for_a_page = if self.cursors_expire { 2 } else { 1 };
        polls * (self.pages + 3) * asked_for_a_page * if self.fails { 3 } else { 1 }
    }
}

impl Requests {
    /// Nobody can expect an instance to ask for something before then; or for anything.
    pub(super) fn excuse(&mut self, number: usize, subject: Option<&str>, until: DateTime<Utc>) {
        let key = (number, subject.unwrap_or_default().to_owned());
        let excused = self.excused.entry(key).or_insert(until);
        *excused = until.max(*excused);
    }

    /// Takes over the requests of a step that took so many minutes.
    pub(super) fn take(
        &mut self,
        calls: &[Call],
        instances: &[Asking<'_>],
        load: &Load,
        (began_at, now): (DateTime<Utc>, DateTime<Utc>),
    ) {
        let minutes = usize::try_from((now - began_at).num_minutes()).unwrap_or_default() + 1;
        for it in instances {
            let asked_by = format!("i{}", it.number);
            let calls = || calls.iter().filter(|call| call.asked_by == asked_by);
            for (subject, watches) in it.subjects() {
                let mut count = 0;
                for call in calls().filter(|call| call.subject == subject) {
                    self.gap(it, subject, call.at, load);
                    self.asked.insert((it.number, subject.to_owned()), call.at);
                    count += 1;
                }
                self.gap(it, subject, now, load);
                let most = watches * load.most_requests(minutes, it.plan.interval);
                if count > most {
                    self.problems.push(format!(
                        "instance {} asked for {subject} {count} times in {minutes} minutes; {most} were enough",
                        it.number
                    ));
                }
            }
            let past = calls().filter(|call| call.subject.starts_with("activity/")).count();
            let most = 4 * (load.pages + 3) * load.watches + 100;
            if past > most {
                self.problems.push(format!("instance {} asked for activities {past} times", it.number));
            }
            self.useless(it, calls());
        }
    }

    /// Says if an instance has not asked for something for too long.
    fn gap(&mut self, it: &Asking<'_>, subject: &str, now: DateTime<Utc>, load: &Load) {
        let key = (it.number, subject.to_owned());
        let of_all = self.excused.get(&(it.number, String::new())).copied().unwrap_or_default();
        let last = self.asked.get(&key).copied().unwrap_or_default();
        let last = last.max(of_all).max(self.excused.get(&key).copied().unwrap_or_default());
        let most = load.longest_wait(it.plan.interval);
        if now - last > most {
            self.problems.push(format!(
                "instance {} did not ask for {subject} for {} seconds until {now}; {} were time enough",
                it.number,
                (now - last).num_seconds(),
                most.num_seconds()
            ));
            // Once is enough.
            self.asked.insert(key, now + TimeDelta::days(1000));
        }
    }

    /// Says if an instance asked for what nobody wants.
    fn useless<'a>(&mut self, it: &Asking<'_>, mut calls: impl Iterator<Item = &'a Call>) {
        let useful = it.subjects();
        let useless = it.watches.iter().filter(|watch| watch.alive).map(|watch| watch.resource.kind());
        let useless: Vec<_> = useless
            .filter(|kind| !useful.contains_key(kind.subject) && kind.found == Found::Objects)
            .map(|kind| kind.subject)
            .collect();
        if let Some(call) = calls.find(|call| useless.contains(&call.subject.as_str())) {
            self.problems
                .push(format!("instance {} asked for {}, which nobody wants", it.number, call.subject));
        }
    }
}
