//! Asking Close for one resource: walk through its window, and enqueue what is new in it.

mod objects;

use chrono::{DateTime, TimeDelta, Utc};
use close::{CloseAccount, CloseError, ObjectFilter, exhausted};
use serde_json::value::RawValue;
use shared::events::id::EventId;
use shared::instances::InstanceId;
use shared::platform::aws::InternalError;
use shared::polling::ceql::Scope;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::cursor::{Cursor, OVERLAP, Object, Told, Version, Walk};
use shared::polling::next::Answer;
use shared::polling::template::Times;

use crate::Poller;
use crate::judge::{Change, Judge, Unusable};
use crate::walk::{Page, Walker};
use crate::work::TIME_FOR_ONE;
use objects::Objects;

/// A record that cannot be enqueued has no date to go by; it counts again when a day later it is still there.
const BAD_REMEMBERED: TimeDelta = TimeDelta::days(1);

/// The event feed comes newest first: so many of its entries are collected, and enqueued oldest first. It bounds what is
/// in memory, and what is read again after a crash. Of more than that the newest part is put off and read again later.
const MOST_COLLECTED: usize = 2_000;
const MOST_COLLECTED_BYTES: usize = 8 * 1024 * 1024;

/// What Close is asked for.
pub(crate) struct Request<'a> {
    pub(crate) instance: InstanceId,
    pub(crate) objects: &'a ObjectFilter,
    pub(crate) account: &'a CloseAccount,
    pub(crate) configuration: &'a ResourceConfiguration,
    pub(crate) began_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    /// How many versions its cursor may remember.
    pub(crate) room: usize,
}

/// The outcome of asking for a resource.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) answer: Answer,
    pub(crate) enqueued: usize,
    pub(crate) pages: usize,
    pub(crate) bad: Vec<Unusable>,
    /// How long nothing more may be asked, when the last answer used up the limit.
    pub(crate) rest: Option<TimeDelta>,
}

/// How far a walk is, with what it found and did not enqueue yet.
struct Course<'a> {
    cursor: &'a mut Cursor,
    changes: Vec<Change>,
    bytes: usize,
    /// How many versions the cursor may remember.
    room: usize,
    /// Where the walk goes on.
    reached: Walk,
    asked: Asked,
    /// The memory, and how much was bad, before the changes were collected; `None` if what comes first is the oldest.
    before: Option<(Told, usize)>,
}

/// What is wrong where Close does not know a filter, which it passes over in silence.
const IGNORED: &str =
    "Close shows records older than it was asked for: it ignores the filter by date_updated";

impl Poller {
    /// Asks Close for a resource, and moves its cursor on in memory; what the cursor passes is durably queued by then.
    ///
    /// An error is a fault of this system.
    pub(crate) async fn ask(
        &self,
        request: &Request<'_>,
        cursor: &mut Cursor,
    ) -> Result<Asked, InternalError> {
        let Request { configuration, began_at, .. } = *request;
        let walk = cursor.walk(began_at);
        let scope = scope(configuration, cursor.since, began_at);
        let mut walker =
            Walker::new(request.account, configuration, cursor.since, &walk, (cursor.pace.page_size, &scope));
        let judge = Judge {
            instance: request.instance,
            configuration,
            objects: request.objects,
            since: cursor.since,
            history_until: walker.is_history().then(|| walk.feed_begins_at()),
            scope,
        };
        let mut course = Course::new(cursor, &walk, request.room);
        course.before = walker.is_newest_first().then(|| course.mark());
        let mut objects = Objects::of(request.account, course.cursor.pace.failures);
        let answer = loop {
            if let Some(answer) = stop(request.ends_at - self.clock.now(), course.asked.rest) {
                break answer;
            }
            let page = match walker.next().await {
                Ok(page) => page,
                Err(error) => break Answer::Failed(error),
            };
            let has_time = || request.ends_at - self.clock.now() >= TIME_FOR_ONE;
            let rest = match objects.find(&judge, &page.records, has_time).await {
                Ok(rest) => rest,
                Err(error) => break Answer::Failed(error),
            };
            course.asked.rest = rest.or_else(|| exhausted(page.rate_limit));
            course.take(&judge, &page, &objects, began_at);
            course.reached = walker.walk().clone();
            if page.ignored {
                break Answer::FilterIgnored(IGNORED.to_owned());
            }
            if page.last && course.reached.until().is_none() {
                break Answer::Drained;
            }
            if page.last || course.is_due() {
                self.flush(request.instance, &mut course).await?;
            }
            if page.last {
                course.next_part(configuration.poll_delay);
            }
            if course.reached != *walker.walk() {
                walker.resume(course.reached.clone());
            }
        };
        course.stop(&answer);
        self.flush(request.instance, &mut course).await?;
        Ok(course.end(&walk, answer, walker.is_history(), configuration.poll_delay))
    }

    /// Enqueues what was found, oldest first.
    async fn flush(&self, instance: InstanceId, course: &mut Course<'_>) -> Result<(), InternalError> {
        let mut changes = std::mem::take(&mut course.changes);
        changes.sort_by_key(|change| change.changed_at);
        course.asked.enqueued += changes.len();
        course.bytes = 0;
        course.before = course.before.is_some().then(|| course.mark());
        self.enqueue(instance, changes).await
    }
}

/// Why no further page is asked for, if it is not.
fn stop(time_left: TimeDelta, rest: Option<TimeDelta>) -> Option<Answer> {
    if let Some(wait) = rest {
        return Some(Answer::Failed(CloseError::RateLimited { wait }));
    }
    (time_left < TIME_FOR_ONE).then_some(Answer::OutOfTime)
}

impl<'a> Course<'a> {
    fn new(cursor: &'a mut Cursor, walk: &Walk, room: usize) -> Self {
        let asked = Asked { answer: Answer::OutOfTime, enqueued: 0, pages: 0, bad: Vec::new(), rest: None };
        Self { cursor, changes: Vec::new(), bytes: 0, room, reached: walk.clone(), asked, before: None }
    }

    /// What is known before changes are collected.
    fn mark(&self) -> (Told, usize) {
        (self.cursor.told.clone(), self.asked.bad.len())
    }

    /// Takes what is new on a page, and remembers it.
    fn take(&mut self, judge: &Judge<'_>, page: &Page, objects: &Objects<'_>, began_at: DateTime<Utc>) {
        self.asked.pages += 1;
        for record in &page.records {
            match judge.judge(record, objects.of_entry(judge, record), self.cursor) {
                Ok(Some(change)) => self.add(change, began_at),
                Ok(None) => {}
                Err(what) => self.pass_over(what, record.get(), began_at),
            }
        }
        if let Some(second) = page.cut {
            tracing::error!(instance = %judge.instance, resource = judge.configuration.name, %second,
                "more changed in one second than Close shows of one search; the rest is not delivered");
            self.pass_over(Unusable::Cut(second), &second.to_rfc3339(), began_at);
        }
    }

    fn add(&mut self, change: Change, began_at: DateTime<Utc>) {
        let version = Version::of(&change.event_id);
        if self.cursor.told.contains(&version) {
            return;
        }
        self.cursor.told.insert((version, change.object), change.shown_until, began_at, self.room);
        self.bytes += change.raw.get().len();
        self.changes.push(change);
    }

    /// Counts a record that cannot be enqueued, once: it is remembered, so that the overlap does not count it again.
    fn pass_over(&mut self, what: Unusable, name: &str, began_at: DateTime<Utc>) {
        let version = Version::of(&EventId::derive(&[b"bad", name.as_bytes()]));
        if !self.cursor.told.contains(&version) {
            let remembered = (version, Object::of(""));
            self.cursor.told.insert(remembered, began_at + BAD_REMEMBERED, began_at, self.room);
            self.asked.bad.push(what);
        }
    }

    /// True if what was found is enqueued before the next page: each page of what comes oldest first. Of the event feed as
    /// much as is kept in memory is put off, because what is older is enqueued first.
    fn is_due(&mut self) -> bool {
        let beginning = self.reached.from(self.cursor.since) + TimeDelta::microseconds(1);
        // Where only the rest of the instant is left with which the part begins, that mostly ends with the next page.
        self.before.is_none()
            || (self.is_full(1) && !self.put_off_newest() && self.is_full(2) && !self.put_off_from(beginning))
    }

    /// True if so many times as much was collected as should be.
    fn is_full(&self, times: usize) -> bool {
        self.changes.len() >= times * MOST_COLLECTED || self.bytes >= times * MOST_COLLECTED_BYTES
    }

    /// Puts off what was collected of a part whose end was not reached.
    fn stop(&mut self, answer: &Answer) {
        if *answer != Answer::Drained {
            self.put_off_newest();
        }
    }

    /// Puts off what was collected, if there may be something older than the last page.
    fn put_off_newest(&mut self) -> bool {
        self.reached.at.is_some_and(|at| self.put_off_from(at))
    }

    fn put_off_from(&mut self, at: DateTime<Utc>) -> bool {
        let Some((told, bad)) = self.before.clone().filter(|_| !self.changes.is_empty()) else {
            return false;
        };
        let divides = self.reached.put_off(at, self.cursor.since);
        if divides {
            self.changes.clear();
            self.bytes = 0;
            self.asked.bad.truncate(bad);
            self.cursor.told = told;
        }
        divides
    }

    /// Moves on to the part that was put off last. What no window will show again is forgotten, so that there is room for
    /// what the next one will.
    fn next_part(&mut self, delay: TimeDelta) {
        self.reached.next_part();
        let begins_at = self.reached.from(self.cursor.since);
        self.cursor.told.forget_before(begins_at.min(self.reached.began_at - OVERLAP - delay));
        self.before = Some(self.mark());
    }

    /// Moves the cursor to where the walk got.
    fn end(self, walk: &Walk, answer: Answer, is_history: bool, delay: TimeDelta) -> Asked {
        let Self { cursor, reached, mut asked, .. } = self;
        asked.answer = answer;
        match &asked.answer {
            Answer::Drained if is_history => {
                cursor.finish_history(walk);
                // The event feed is walked at once.
                asked.answer = Answer::OutOfTime;
            }
            Answer::Drained => {
                // What was read is not read again by every poll, though nothing in it was wanted.
                let news = asked.enqueued + asked.bad.len() > 0 || asked.pages > 1;
                cursor.finish(walk, news, delay);
            }
            // Such a walk would read everything for ever.
            Answer::FilterIgnored(_) => cursor.walk = None,
            Answer::OutOfTime | Answer::NotAsked(_) | Answer::Failed(_) | Answer::Unusable(_) => {
                if asked.pages > 0 {
                    cursor.walk = Some(reached);
                }
            }
        }
        asked
    }
}

/// The times that a resource's templates stand for.
///
/// Theirs is the lower end of the window, and a second more: a pattern may cut a fraction off, and `>` would
/// leave out what changed just then. What that lets in too much is older than the window or known.
pub(crate) fn scope(
    configuration: &ResourceConfiguration,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Scope<'_> {
    let times = Times { last_poll: since - TimeDelta::seconds(1), now };
    Scope { times, pattern: configuration.updated.pattern(), is_partial: false }
}

/// The records of a page.
pub(crate) type Records = [Box<RawValue>];
