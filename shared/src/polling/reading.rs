//! A time as a record has it, which may be no finer than a day.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::pattern::{DatePattern, Unit};
use super::resource::{DATE_CREATED, DATE_UPDATED};
use super::zone::{GMT, Zone};
use close::date;

/// A time that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The time, or the beginning of the unit that it says.
    pub at: DateTime<Utc>,
    /// The same, but where a clock shows a time twice the later one.
    latest: DateTime<Utc>,
    unit: Unit,
    zone: Zone,
}

impl Reading {
    pub(super) fn exact(at: DateTime<Utc>) -> Self {
        Self::of_unit(at, Unit::Fraction(9))
    }

    pub(super) fn of_unit(at: DateTime<Utc>, unit: Unit) -> Self {
        Self { at, latest: at, unit, zone: GMT }
    }

    /// Reads the value of a column: by the configured pattern, else as Close writes times.
    ///
    /// The dates that Close sets itself are read as Close writes them, whatever pattern and zone are configured.
    pub fn of(column: &str, value: &Value, pattern: Option<(&DatePattern, Zone)>) -> Option<Self> {
        match value {
            Value::String(text) if is_own(column) => {
                Self::of_close(text).or_else(|| Self::of_pattern(text, pattern))
            }
            Value::String(text) => Self::of_pattern(text, pattern).or_else(|| Self::of_close(text)),
            Value::Number(number) => Self::of_pattern(&number.to_string(), pattern).or_else(|| {
                let at = DateTime::from_timestamp_millis(number.as_i64()?)?;
                Some(Self::of_unit(at, Unit::Fraction(3)))
            }),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    pub(super) fn of_pattern(text: &str, pattern: Option<(&DatePattern, Zone)>) -> Option<Self> {
        let (pattern, zone) = pattern?;
        let (at, latest) = pattern.parse_both(text, zone)?;
        Some(Self { at, latest, unit: pattern.unit(), zone })
    }

    fn of_close(text: &str) -> Option<Self> {
        let at = date::parse(text)?;
        Some(if text.parse::<NaiveDate>().is_ok() { Self::of_unit(at, Unit::Day) } else { Self::exact(at) })
    }

    /// True unless it is certainly before `time`: a day reaches all times in it.
    pub fn may_reach(&self, time: DateTime<Utc>) -> bool {
        self.latest >= self.unit.floor(time, self.zone)
    }

    /// True unless it is certainly not after `time`.
    pub(super) fn may_be_after(&self, time: DateTime<Utc>) -> bool {
        if self.unit.is_exact() { self.latest > time } else { self.may_reach(time) }
    }

    /// True if `time` is the same, as far as both this and `unit` say.
    pub(super) fn is_within(&self, unit: Unit, time: DateTime<Utc>, zone: Zone) -> bool {
        let unit = self.unit.min(unit);
        unit.floor(self.at, zone) == unit.floor(time, zone)
    }

    /// The calendar day, when it says no more and no zone.
    pub(super) fn day(&self) -> Option<NaiveDate> {
        (self.unit == Unit::Day && self.zone == GMT).then(|| self.at.date_naive())
    }
}

/// True for the dates that Close sets itself and never writes otherwise.
fn is_own(column: &str) -> bool {
    [DATE_CREATED, DATE_UPDATED].contains(&column.rsplit('.').next().unwrap_or(column))
}
