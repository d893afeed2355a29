//! Walks through what changed in a window: page after page, and resumable between any two.
//!
//! Lists and searches go from old to new along a date. A page begins where the one before ended, by date and
//! not by number, because rows move while they are read; the date is taken down to its second, which is how
//! finely Close filters, and what comes twice by that is known already. Only a run of rows of one second is
//! crossed by number (lists) or by Close's own cursor (searches, which live 30 seconds). A run may take more than
//! one poll, so how far it was crossed is kept as well.
//!
//! The event feed goes from new to old with Close's cursors, and resumes by date too. Activities of before it are found
//! by their list, along their creation.

mod event_feed;
mod list;
mod page;
mod search;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::value::RawValue;
use shared::polling::ceql::Scope;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::cursor::{Run, Walk};
use shared::polling::record;
use shared::polling::resource::Source;

use close::{CloseAccount, CloseError, RateLimit};

/// A walk's next page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The records as Close wrote them.
    pub(crate) records: Vec<Box<RawValue>>,
    /// True if the window ends with it.
    pub(crate) last: bool,
    /// True if rows are older than what was asked for: Close ignores the filter.
    pub(crate) ignored: bool,
    /// The second whose rows end with it only because Close shows no more of them.
    pub(crate) cut: Option<DateTime<Utc>>,
    /// What may still be asked.
    pub(crate) rate_limit: Option<RateLimit>,
}

/// A walk under way.
pub(crate) struct Walker<'a> {
    account: &'a CloseAccount,
    configuration: &'a ResourceConfiguration,
    /// The window's lower end.
    since: DateTime<Utc>,
    /// Where the next page begins.
    walk: Walk,
    /// The list of what the event feed is too short for, while that is walked.
    history: Option<&'static str>,
    /// True if the run was begun anew because its rows had moved or its cursor had expired.
    begun_anew: bool,
    /// Records a page.
    page_size: u32,
    /// What Close is asked to filter by itself.
    filters: Vec<(&'a str, String)>,
}

impl<'a> Walker<'a> {
    /// A walk from `since`, or from where an earlier one stopped.
    pub(crate) fn new(
        account: &'a CloseAccount,
        configuration: &'a ResourceConfiguration,
        since: DateTime<Utc>,
        walk: &Walk,
        (page_size, scope): (Option<u32>, &Scope<'_>),
    ) -> Self {
        let equalities = configuration.condition.as_ref().map(|it| it.equalities(scope)).unwrap_or_default();
        let filters = match configuration.resource.source() {
            Source::List(list) => {
                equalities.into_iter().filter(|(name, _)| list.filters.contains(name)).collect()
            }
            Source::Search { .. } | Source::WholeList { .. } | Source::EventFeed { .. } => Vec::new(),
        };
        let history = configuration.resource.history().filter(|_| walk.outlasts_feed(since));
        let page_size = page_size.unwrap_or(configuration.page_size);
        let walk = walk.clone();
        Self { account, configuration, since, walk, history, begun_anew: false, page_size, filters }
    }

    /// How far it is.
    pub(crate) fn walk(&self) -> &Walk {
        &self.walk
    }

    /// Goes on from elsewhere.
    pub(crate) fn resume(&mut self, walk: Walk) {
        (self.walk, self.begun_anew) = (walk, false);
    }

    /// True if what is newer comes before what is older.
    pub(crate) fn is_newest_first(&self) -> bool {
        matches!(self.configuration.resource.source(), Source::EventFeed { .. }) && !self.is_history()
    }

    /// True if it goes through what is older than the event feed.
    pub(crate) fn is_history(&self) -> bool {
        self.history.is_some()
    }

    /// The next page.
    pub(crate) async fn next(&mut self) -> Result<Page, CloseError> {
        if let Some(path) = self.history {
            return self.history(path).await;
        }
        match self.configuration.resource.source() {
            Source::Search { object_type, fields } => self.search(object_type, fields).await,
            Source::List(list) => self.list(&list).await,
            Source::WholeList { path } => self.whole_list(path).await,
            Source::EventFeed { .. } => self.event_feed().await,
        }
    }

    /// Begins a run anew whose cursor is not taken any more, with the next page: that the cursor was refused may have
    /// been the last answer for now. What was told of the run is known.
    ///
    /// Once: where a cursor does not live until the next request, asking on would never end. Later it may.
    fn begin_anew(&mut self, rate_limit: Option<RateLimit>) -> Result<Page, CloseError> {
        if self.begun_anew {
            return Err(CloseError::Unavailable("its cursors expire before they can be used".to_owned()));
        }
        (self.walk.run, self.begun_anew) = (None, true);
        Ok(Page { records: Vec::new(), last: false, ignored: false, cut: None, rate_limit })
    }

    /// Moves on past a page of a walk from old to new; `run` is what crosses a run longer than the page.
    fn advance(&mut self, records: &[Box<RawValue>], key: &str, run: Option<Run>) {
        let last = records.iter().rev().find_map(|raw| record::position(raw, key));
        let last = last.map(|date| date.trunc_subsecs(0));
        if last > self.walk.at {
            (self.walk.at, self.walk.run, self.begun_anew) = (last, None, false);
        } else {
            self.walk.run = run;
        }
    }
}

/// A time as Close's parameters have it.
fn moment(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
