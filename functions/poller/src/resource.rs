//! One resource of one instance: walk through its window and tell what is new in it.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use shared::events::id::EventId;
use shared::instances::CachedInstance;
use shared::platform::aws::AwsError;
use shared::polling::ceql::Scope;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::template::Times;
use shared::polling::window::{Cursor, Version};

use crate::Poller;
use crate::judge::{Change, Judge, Unusable};
use crate::walk::{Page, Walker};
use close::{Account, CloseError};

/// No request to Close is begun with less time left: one answer, and the writes after it, at their slowest.
const TIME_FOR_ONE: TimeDelta = TimeDelta::seconds(25);

/// A record that cannot be told has no date to go by; it counts again when a day later it is still there.
const BAD_REMEMBERED: TimeDelta = TimeDelta::days(1);

/// How a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// At the end of the window.
    Drained,
    /// The function's time ran out; it goes on at once.
    OutOfTime,
    /// Close could not be asked further.
    Failed(CloseError),
}

/// What came of polling a resource.
#[derive(Debug)]
pub(crate) struct Polled {
    pub(crate) end: End,
    /// Whether the cursor must be written.
    pub(crate) moved: bool,
    pub(crate) told: usize,
    pub(crate) pages: usize,
    pub(crate) bad: Vec<Unusable>,
    /// How long nothing more may be asked, when the last answer used up the limit.
    pub(crate) wait: Option<TimeDelta>,
}

/// What a poll is made with.
pub(crate) struct Poll<'a> {
    pub(crate) instance: &'a CachedInstance,
    pub(crate) account: &'a Account,
    pub(crate) began_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

impl Poller {
    /// Polls a resource and moves its cursor on in memory; what the cursor passes is durably queued by then.
    ///
    /// An error is one of ours, and leaves the cursor where it was.
    pub(crate) async fn poll_resource(
        &self,
        poll: &Poll<'_>,
        configuration: &ResourceConfiguration,
        cursor: &mut Cursor,
    ) -> Result<Polled, AwsError> {
        let walk = cursor.walk(poll.began_at);
        let scope = scope(configuration, cursor.since, poll.began_at);
        let mut walker = Walker::new(poll.account, configuration, cursor.since, &walk, &scope);
        let judge = Judge {
            instance: poll.instance.instance.id,
            configuration,
            objects: &poll.instance.events.objects,
            since: cursor.since,
            history_until: walker.is_history().then(|| walk.log_begins_at()),
            scope,
        };
        let mut polled =
            Polled { end: End::Drained, moved: false, told: 0, pages: 0, bad: Vec::new(), wait: None };
        loop {
            if poll.ends_at - self.clock.now() < TIME_FOR_ONE {
                polled.end = End::OutOfTime;
                break;
            }
            if let Some(wait) = polled.wait {
                polled.end = End::Failed(CloseError::RateLimited { wait });
                break;
            }
            match walker.next().await {
                Ok(page) => {
                    polled.pages += 1;
                    self.tell_page(&judge, &page, cursor, &mut polled).await?;
                    polled.wait =
                        page.rate_limit.filter(|limit| limit.remaining == 0).map(|limit| limit.reset);
                    if page.last {
                        break;
                    }
                }
                Err(error) => {
                    polled.end = End::Failed(error);
                    break;
                }
            }
        }
        if polled.pages > 0 {
            cursor.answered_at = Some(self.clock.now());
        }
        polled.moved = match &polled.end {
            End::Drained if walker.is_history() => {
                cursor.finish_history(&walk);
                // The event log is walked at once.
                polled.end = End::OutOfTime;
                true
            }
            End::Drained => {
                // What was read is not read again by every poll, though nothing in it was wanted.
                let news = polled.told + polled.bad.len() > 0 || polled.pages > 1;
                cursor.finish(&walk, news, configuration.poll_delay)
            }
            End::OutOfTime | End::Failed(_) => {
                let paused = walker.pause(&walk);
                let began = polled.pages > 0 && cursor.walk.as_ref() != Some(&paused);
                if began {
                    cursor.pause(paused);
                }
                began
            }
        };
        Ok(polled)
    }

    /// Tells what is new on a page, and remembers it.
    async fn tell_page(
        &self,
        judge: &Judge<'_>,
        page: &Page,
        cursor: &mut Cursor,
        polled: &mut Polled,
    ) -> Result<(), AwsError> {
        let (mut changes, mut on_page): (Vec<Change>, HashSet<Version>) = (Vec::new(), HashSet::new());
        let mut bad: Vec<(Unusable, String)> = Vec::new();
        for record in &page.records {
            match judge.judge(record) {
                Ok(Some(change)) => {
                    let version = Version::of(&change.event_id);
                    if !cursor.seen.contains(&version) && on_page.insert(version) {
                        changes.push(change);
                    }
                }
                Ok(None) => {}
                Err(what) => bad.push((what, record.get().to_owned())),
            }
        }
        if let Some(second) = page.cut {
            tracing::error!(instance = %judge.instance, resource = judge.configuration.name, %second,
                "more changed in one second than Close shows of one search; the rest is not told");
            bad.push((Unusable::Cut(second), second.to_rfc3339()));
        }
        for (what, name) in bad {
            // It is remembered too, so that the overlap does not count it again.
            let version = Version::of(&EventId::derive(&[b"bad", name.as_bytes()]));
            if !cursor.seen.contains(&version) {
                cursor.seen.insert(version, self.clock.now() + BAD_REMEMBERED);
                polled.bad.push(what);
            }
        }
        // The event log comes newest first, receivers like it the other way round.
        changes.sort_by_key(|change| change.changed_at);
        let told: Vec<_> = changes.iter().map(|it| (Version::of(&it.event_id), it.changed_at)).collect();
        self.tell(judge.instance, changes).await?;
        polled.told += told.len();
        for (version, changed_at) in told {
            cursor.seen.insert(version, changed_at);
        }
        Ok(())
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
    Scope { times, pattern: configuration.updated.pattern() }
}
