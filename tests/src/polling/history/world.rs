//! How Close behaves in a history.

use chrono::TimeDelta;

use super::draw::Draw;
use crate::close::{Limit, Quirks, Spelling};

/// Quirks, each of them in so many of a hundred plans.
pub(super) fn quirks(draw: &mut Draw, peculiar: usize) -> Quirks {
    let mut quirks = Quirks::default();
    if draw.percent(peculiar) {
        quirks.index_lag = TimeDelta::seconds(draw.signed(1, 200));
    }
    if draw.percent(peculiar) {
        quirks.event_lag = TimeDelta::seconds(draw.signed(1, 200));
    }
    if draw.percent(peculiar) {
        // With the longest lag this is less than the five minutes that are read again.
        quirks.ahead = TimeDelta::seconds(draw.signed(0, 160) - 80);
    }
    if draw.percent(2 * peculiar) {
        quirks.page_cap = draw.number(1, 6);
    }
    if draw.percent(peculiar) {
        quirks.request_takes = TimeDelta::milliseconds(draw.of(&[100, 1000, 3000, 9000, 14_000]));
    }
    if draw.percent(peculiar) {
        let requests = u32::try_from(draw.number(3, 8)).unwrap_or(3);
        quirks.limit = Some(Limit { requests, window: draw.signed(2, 5) });
        quirks.spelling = draw.of(&[Spelling::Commas, Spelling::Semicolons, Spelling::BodyOnly]);
    }
    if draw.percent(peculiar) {
        quirks.failing_percent = draw.number(1, 7) as u64;
    }
    if draw.percent(peculiar) {
        let life = TimeDelta::seconds(draw.signed(0, 40)).max(quirks.request_takes);
        (quirks.search_cursor_life, quirks.event_cursor_life) = (life, life);
    }
    quirks.pretty = draw.percent(10);
    quirks.consolidates = draw.percent(80);
    quirks.naive_dates = draw.percent(90);
    quirks
}
