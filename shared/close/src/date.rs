//! Times as Close spells them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// Reads a time as Close writes it; `None` for anything else.
///
/// Objects carry an offset (`2013-02-01T00:54:51.274000+00:00`), events none (`2019-01-15T12:48:23.395000`,
/// which is UTC), and a few fields are dates (`2019-01-15`, its first moment in UTC).
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
    with_offset
        .or_else(|_| text.parse::<NaiveDateTime>().map(|time| time.and_utc()))
        .ok()
        .or_else(|| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|time| time.and_utc()))
}

/// A time as in Close's events: to the microsecond, in UTC, without a zone.
pub fn naive(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read_as_utc() {
        let rows = [
            ("2013-02-01T00:54:51.274000+00:00", "2013-02-01T00:54:51.274Z"),
            ("2013-02-01T02:54:51+02:00", "2013-02-01T00:54:51Z"),
            ("2022-11-12T18:00:00Z", "2022-11-12T18:00:00Z"),
            ("2019-01-15T12:48:23.395000", "2019-01-15T12:48:23.395Z"),
            ("2019-01-15T12:48:23", "2019-01-15T12:48:23Z"),
            ("2019-01-15", "2019-01-15T00:00:00Z"),
        ];
        for (text, utc) in rows {
            assert_eq!(parse(text), Some(utc.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_a_time() {
        for text in ["", "soon", "2019-13-01", "2019-01-15T25:00:00", "1544271440"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
