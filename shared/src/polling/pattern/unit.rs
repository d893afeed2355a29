//! How fine a date pattern is: what it cannot say is below its unit.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _, Utc};

use super::{DatePattern, Field, Part};
use crate::polling::zone::Zone;

/// The finest thing that a pattern has, from coarse to fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// `yyyy`
    Year,
    /// `yyyy-MM`
    Month,
    /// `yyyy-MM-dd`
    Day,
    /// `… HH`
    Hour,
    /// `… HH:mm`
    Minute,
    /// `… HH:mm:ss`
    Second,
    /// So many digits of a second.
    Fraction(usize),
}

impl Unit {
    /// True if it says all that Close says of a time.
    pub fn is_exact(self) -> bool {
        self >= Self::Fraction(6)
    }

    /// The beginning of the unit that `time` lies in, by a clock in `zone`; never later than `time`.
    pub fn floor(self, time: DateTime<Utc>, zone: Zone) -> DateTime<Utc> {
        let local = zone.local(time).naive_local();
        let begin = self.begin(local).unwrap_or(local);
        zone.utc(begin).unwrap_or(time - (local - begin)).min(time)
    }

    fn begin(self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let (date, time) = (local.date(), local.time());
        match self {
            Self::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1)?.and_hms_opt(0, 0, 0),
            Self::Month => date.with_day(1)?.and_hms_opt(0, 0, 0),
            Self::Day => date.and_hms_opt(0, 0, 0),
            Self::Hour => date.and_hms_opt(time.hour(), 0, 0),
            Self::Minute => date.and_hms_opt(time.hour(), time.minute(), 0),
            Self::Second => local.with_nanosecond(0),
            Self::Fraction(digits) => {
                let unit = 10_u32.pow(9 - u32::try_from(digits.min(9)).ok()?);
                let below = time.nanosecond() % 1_000_000_000 % unit;
                local.checked_sub_signed(TimeDelta::nanoseconds(below.into()))
            }
        }
    }
}

impl DatePattern {
    /// The finest thing in it.
    pub fn unit(&self) -> Unit {
        self.units().max().unwrap_or(Unit::Year)
    }

    /// What keeps a text in this pattern from being a time, if something does.
    pub fn gap(&self) -> Option<&'static str> {
        let has = |unit| self.units().any(|it| it == unit);
        let has_field = |field| self.0.iter().any(|part| matches!(part, Part::Field(it, _) if *it == field));
        let finer = |unit| self.units().any(|it| it > unit);
        let in_halves = has_field(Field::Hour0To11) || has_field(Field::Hour1To12);
        if !has(Unit::Year) {
            Some("no year (yyyy)")
        } else if finer(Unit::Month) && !has(Unit::Month) && !has_field(Field::DayOfYear) {
            Some("no month (MM)")
        } else if finer(Unit::Day) && !has(Unit::Day) {
            Some("no day (dd)")
        } else if finer(Unit::Hour) && !has(Unit::Hour) {
            Some("no hour (HH)")
        } else if finer(Unit::Minute) && !has(Unit::Minute) {
            Some("no minute (mm)")
        } else if finer(Unit::Second) && !has(Unit::Second) {
            Some("no second (ss)")
        } else if in_halves && !has_field(Field::HalfDay) {
            Some("an hour of half a day (hh) without its half (a)")
        } else {
            None
        }
    }

    fn units(&self) -> impl Iterator<Item = Unit> {
        self.0.iter().filter_map(|part| match part {
            Part::Field(field, width) => field.unit(*width),
            Part::Text(_) => None,
        })
    }
}

impl Field {
    fn unit(self, width: usize) -> Option<Unit> {
        match self {
            Self::Year => Some(Unit::Year),
            Self::Month => Some(Unit::Month),
            Self::DayOfYear | Self::Day => Some(Unit::Day),
            Self::Hour0To23 | Self::Hour1To24 | Self::Hour0To11 | Self::Hour1To12 => Some(Unit::Hour),
            Self::Minute => Some(Unit::Minute),
            Self::Second => Some(Unit::Second),
            Self::Fraction => Some(Unit::Fraction(width)),
            Self::Era
            | Self::WeekdayName
            | Self::WeekdayNumber
            | Self::HalfDay
            | Self::ZoneName
            | Self::ZoneRfc822
            | Self::ZoneIso => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_begins_where_its_zone_says() {
        let rows = [
            ("yyyy", "GMT", "2026-01-01T00:00:00Z"),
            ("MM yyyy", "GMT", "2026-06-01T00:00:00Z"),
            ("yyyy-DDD", "America/Denver", "2026-06-19T06:00:00Z"),
            ("yyyy-MM-dd", "Asia/Kolkata", "2026-06-18T18:30:00Z"),
            ("yyyy-MM-dd hh a", "GMT", "2026-06-19T15:00:00Z"),
            ("yyyy-MM-dd HH:mm", "+05:45", "2026-06-19T15:04:00Z"),
            ("yyyy-MM-dd HH:mm:ssXXX", "GMT", "2026-06-19T15:04:05Z"),
            ("yyyy-MM-dd HH:mm:ss.SSS", "GMT", "2026-06-19T15:04:05.451Z"),
            ("yyyy-MM-dd HH:mm:ss.SSSSSS", "GMT", "2026-06-19T15:04:05.451007Z"),
        ];
        let time = "2026-06-19T15:04:05.451007Z".parse().unwrap();
        for (pattern, zone, begins) in rows {
            let unit = pattern.parse::<DatePattern>().unwrap().unit();
            let floor = unit.floor(time, zone.parse().unwrap());
            assert_eq!(floor, begins.parse::<DateTime<Utc>>().unwrap(), "{pattern} {zone}");
            assert_eq!(unit.is_exact(), pattern.contains("SSSSSS"));
        }
    }

    #[test]
    fn a_pattern_with_a_gap_is_not_a_time() {
        let gap = |pattern: &str| pattern.parse::<DatePattern>().unwrap().gap();
        let whole = ["yyyy", "yyyy-MM", "yyyy-MM-dd", "yyyyDDD HH", "yyyy-MM-dd h a", "yyyyMMddHHmmssSSS"];
        for pattern in whole {
            assert_eq!(gap(pattern), None, "{pattern}");
        }
        let rows = [
            ("HH:mm", "year"),
            ("yyyy-dd", "month"),
            ("yyyy-MM HH", "day"),
            ("yyyy-MM-dd mm", "hour"),
            ("yyyy-MM-dd HH:ss", "minute"),
            ("yyyy-MM-dd HH:mm.SSS", "second"),
            ("yyyy-MM-dd hh:mm", "half"),
        ];
        for (pattern, lacks) in rows {
            assert!(gap(pattern).is_some_and(|gap| gap.contains(lacks)), "{pattern}: {:?}", gap(pattern));
        }
    }
}
