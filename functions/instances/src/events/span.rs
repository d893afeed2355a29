//! `from` and `to`: the time that a query is about.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use shared::events::log::Span;
use shared::platform::api_error::ApiError;

use super::bad;
use crate::query::Query;

/// Larger numbers are milliseconds: as seconds this one is in the year 5138.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// Reads `from` and `to`; without them a query is about all time, or `usual` up to now.
pub(crate) fn span(query: &Query, now: DateTime<Utc>, usual: Option<TimeDelta>) -> Result<Span, ApiError> {
    let read = |name: &str| match query.get(name) {
        None => Ok(None),
        Some(text) => time(text).map(Some).ok_or_else(|| {
            bad(format!("{name} is not a time (for example 2026-11-21T10:00:00Z, or Unix milliseconds)."))
        }),
    };
    let to = read("to")?.unwrap_or(now.max(DateTime::UNIX_EPOCH));
    let from = read("from")?.unwrap_or_else(|| usual.map_or(DateTime::UNIX_EPOCH, |usual| to - usual));
    if from > to {
        return Err(bad("from is later than to."));
    }
    Ok(Span { from, to })
}

/// ISO 8601 with a zone, without one (UTC), a date alone, or a Unix time in seconds or milliseconds.
fn time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(number) = text.parse::<i64>() {
        let millis = if number.abs() < FIRST_MILLIS { number.checked_mul(1000)? } else { number };
        return DateTime::from_timestamp_millis(millis);
    }
    // A plus sign in a query is a space.
    let text = text.replace(' ', "+");
    let zoned = DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc()).ok();
    let naive = || text.parse::<NaiveDateTime>().ok().map(|time| time.and_utc());
    let date = || Some(text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    let time = zoned.or_else(naive).or_else(date)?;
    // What DynamoDB keeps of a time has to fit its numbers; no event is from before 1970 or after 9999.
    (time.timestamp() >= 0 && time.timestamp() < 253_402_300_800).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_every_usual_spelling() {
        let expected = Some("2026-11-21T10:00:00Z".parse().unwrap());
        for text in [
            "2026-11-21T10:00:00Z",
            "2026-11-21T11:00:00+01:00",
            "2026-11-21T11:00:00 01:00",
            "2026-11-21T10:00:00",
            "1795255200",
            "1795255200000",
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
        assert_eq!(time("2026-11-21"), Some("2026-11-21T00:00:00Z".parse().unwrap()));
        for text in ["", "now", "21.11.2026", "9223372036854775807", "-262143-01-01", "-1-01-01"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_ends_now_by_default_and_cannot_be_negative() {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let of = |query: &str| span(&Query::of(&format!("/?{query}").parse().unwrap()), now, None);
        assert_eq!(of(""), Ok(Span { from: DateTime::UNIX_EPOCH, to: now }));
        assert_eq!(
            of("from=2026-11-20").unwrap().from,
            "2026-11-20T00:00:00Z".parse::<DateTime<Utc>>().unwrap()
        );
        assert_eq!(of("from=2026-11-22").unwrap_err().message(), "from is later than to.");
        assert!(of("to=yesterday").unwrap_err().message().starts_with("to is not a time"));
    }
}
