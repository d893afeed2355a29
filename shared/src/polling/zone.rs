//! Time zones as Java names them.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDateTime, Offset as _, TimeZone as _, Utc};
use chrono_tz::Tz;

/// Java's three-letter ids that the IANA database does not have (Java SE, `java.time.ZoneId.SHORT_IDS`).
const JAVA_IDS: &[(&str, Tz)] = &[
    ("PST", Tz::America__Los_Angeles),
    ("CST", Tz::America__Chicago),
    ("IST", Tz::Asia__Kolkata),
    ("JST", Tz::Asia__Tokyo),
    ("Z", Tz::UTC),
];

/// A time zone: a place, or an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// One of the IANA database (`America/Denver`), or one of Java's short ids.
    Place(Tz),
    /// An offset (`-8:00`, `+02:00`, `+0530`).
    Offset(FixedOffset),
}

/// The default of the wire contract.
pub const GMT: Zone = Zone::Place(Tz::GMT);

/// A name that is not a time zone's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time zone; examples: GMT, America/Denver, -8:00")]
pub struct UnknownZone(String);

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let name = name.trim();
        let java = JAVA_IDS.iter().find(|(id, _)| *id == name).map(|(_, tz)| *tz);
        if let Some(place) = java.or_else(|| name.parse().ok()) {
            return Ok(Self::Place(place));
        }
        offset(name).map(Self::Offset).ok_or_else(|| UnknownZone(name.to_owned()))
    }
}

impl Zone {
    /// The zone at the beginning of `text`, which ends it or is followed by a colon; and what follows the colon.
    ///
    /// An offset may hold a colon itself (`-8:00:yyyy`), so the longest zone is taken.
    pub fn split(text: &str) -> Option<(Self, &str)> {
        let ends: Vec<usize> = text.match_indices(':').map(|(at, _)| at).take(3).collect();
        ends.into_iter().rev().find_map(|at| Some((text[..at].parse().ok()?, &text[at + 1..])))
    }

    /// The time there, with its offset.
    pub fn local(self, time: DateTime<Utc>) -> DateTime<FixedOffset> {
        match self {
            Self::Place(tz) => time.with_timezone(&time.with_timezone(&tz).offset().fix()),
            Self::Offset(offset) => time.with_timezone(&offset),
        }
    }

    /// The time that a clock there shows as `local`; the earlier one when it shows it twice, `None` when never.
    pub fn utc(self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        self.both(local).map(|(earliest, _)| earliest)
    }

    /// The first and the last time that a clock there shows as `local`, which mostly are the same; `None` when never.
    pub fn both(self, local: NaiveDateTime) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let shown: LocalResult<DateTime<Utc>> = match self {
            Self::Place(tz) => tz.from_local_datetime(&local).map(|time| time.to_utc()),
            Self::Offset(offset) => offset.from_local_datetime(&local).map(|time| time.to_utc()),
        };
        Some((shown.earliest()?, shown.latest()?))
    }
}

/// An offset as `±h`, `±hh`, `±hmm`, `±hhmm`, `±h:mm` or `±hh:mm`, with `GMT` or `UTC` before it or not.
pub(super) fn offset(text: &str) -> Option<FixedOffset> {
    let text = text.strip_prefix("GMT").or_else(|| text.strip_prefix("UTC")).unwrap_or(text);
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(halves) => halves,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let number = |text: &str, most: usize| {
        let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    (hours <= 18 && minutes < 60).then(|| FixedOffset::east_opt(sign * (hours * 60 + minutes) * 60)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_short_ids_and_offsets_are_zones() {
        let time: DateTime<Utc> = "2026-01-15T12:00:00Z".parse().unwrap();
        let rows = [
            ("GMT", "12:00"),
            ("UTC", "12:00"),
            ("PST", "04:00"),
            ("America/Denver", "05:00"),
            ("-8:00", "04:00"),
            ("+02", "14:00"),
            ("+0530", "17:30"),
            ("GMT-08:00", "04:00"),
        ];
        for (name, local) in rows {
            let zone: Zone = name.parse().unwrap();
            assert_eq!(zone.local(time).format("%H:%M").to_string(), local, "{name}");
        }
        for wrong in ["", "Mars/Base", "+", "+25:00", "8:00", "+1:2:3", "-:00", "+é"] {
            assert!(wrong.parse::<Zone>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_zone_ends_at_the_colon_that_is_not_its_own() {
        let rest = |text| Zone::split(text).map(|(_, rest)| rest);
        assert_eq!(rest("-8:00:yyyy-MM-dd HH:mm"), Some("yyyy-MM-dd HH:mm"));
        assert_eq!(rest("America/Denver:HH:mm"), Some("HH:mm"));
        assert_eq!(rest("nowhere:HH:mm"), None);
    }
}
