//! Behaviour of Close that a client may not expect; each can be switched.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chrono::TimeDelta;

/// The behaviour of the API.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Quirks {
    /// The longest lag of the search index; each change has a lag of its own.
    pub index_lag: TimeDelta,
    /// The longest lag of the event feed, whose entries therefore become visible out of order.
    pub event_lag: TimeDelta,
    /// Close's clock is ahead of others by so much, or behind.
    pub ahead: TimeDelta,
    /// How long a cursor of a search lives.
    pub search_cursor_life: TimeDelta,
    /// How long a cursor of the event log lives.
    pub event_cursor_life: TimeDelta,
    /// How long the event log keeps an event.
    pub event_log_keeps: TimeDelta,
    /// The largest `_skip`.
    pub max_skip: usize,
    /// The most objects of one search walk.
    pub max_walk: usize,
    /// Pages have at most this many objects, even if more are asked for.
    pub page_cap: usize,
    /// Requests a window of one API key; `None` for no limit and no header.
    pub limit: Option<Limit>,
    /// How answers spell the limit.
    pub spelling: Spelling,
    /// Time that passes on the clock with every request.
    pub request_takes: TimeDelta,
    /// Real time that passes before an answer, so that requests can overlap.
    pub answers_after: Duration,
    /// The faults of the next requests, one each.
    pub faults: VecDeque<Fault>,
    /// This many of a hundred requests fail at random: 503s, resets, and truncated answers.
    pub failing_percent: u64,
    /// Paths below the version that are answered with a status, and nothing else; a search may be named by its type
    /// (`data/search/contact`), and many by the beginning of their paths (`activity/`).
    pub away: BTreeMap<String, u16>,
    /// API keys that are refused.
    pub revoked: BTreeSet<String>,
    /// Bodies are written over several lines.
    pub pretty: bool,
    /// API keys of users who are not administrators: events show them no data once they are an hour old.
    pub without_rights: BTreeSet<String>,
    /// Parameters of lists that are ignored, by path and beginning (`task/`, `date_updated`).
    pub ignored: BTreeSet<(String, String)>,
    /// A page with more rows than this takes too long: the gateway answers 504.
    pub most_rows: usize,
    /// Every object is this many bytes larger.
    pub padding: usize,
    /// Unknown parameters of a list are ignored; otherwise refused.
    pub ignores_unknown: bool,
    /// Filters of the event feed that exclude each other are refused; otherwise all are applied.
    pub refuses_combinations: bool,
    /// An update soon after another is consolidated into its event ([`Close::update_again`]); otherwise it has its own.
    ///
    /// [`Close::update_again`]: crate::close::Close::update_again
    pub consolidates: bool,
    /// The event feed shows dates without a zone; otherwise with one.
    pub naive_dates: bool,
}

/// A rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Requests.
    pub requests: u32,
    /// Seconds of a window.
    pub window: i64,
}

/// How answers state a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As documented: `limit=100, remaining=50, reset=5`, and the body of 2022.
    Commas,
    /// As sent: `limit=100; remaining=50; reset=5`, and the flat body of 2017.
    Semicolons,
    /// Only in the body of a 429.
    BodyOnly,
}

/// A fault of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status, with an empty body.
    Status(u16),
    /// The connection is reset before the request is read.
    Reset,
    /// The request is answered with half a body.
    CutOff,
    /// The usual answer.
    Nothing,
}

impl Quirks {
    /// The status of every answer at a path that is down.
    pub(super) fn is_away(&self, subject: &str) -> Option<u16> {
        self.away.iter().find(|(path, _)| subject.starts_with(*path)).map(|(_, status)| *status)
    }
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            index_lag: TimeDelta::zero(),
            event_lag: TimeDelta::zero(),
            ahead: TimeDelta::zero(),
            search_cursor_life: TimeDelta::seconds(30),
            event_cursor_life: TimeDelta::minutes(10),
            event_log_keeps: TimeDelta::days(30),
            max_skip: 250_000,
            max_walk: 10_000,
            page_cap: 200,
            limit: None,
            spelling: Spelling::Semicolons,
            request_takes: TimeDelta::zero(),
            answers_after: Duration::ZERO,
            faults: VecDeque::new(),
            failing_percent: 0,
            away: BTreeMap::new(),
            revoked: BTreeSet::new(),
            pretty: false,
            without_rights: BTreeSet::new(),
            ignored: BTreeSet::new(),
            most_rows: usize::MAX,
            padding: 0,
            ignores_unknown: true,
            refuses_combinations: true,
            consolidates: true,
            naive_dates: true,
        }
    }
}
