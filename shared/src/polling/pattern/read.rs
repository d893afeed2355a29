//! A time as a pattern reads it.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};

use super::{DatePattern, Field, MONTHS, Part, WEEKDAYS, short};
use crate::polling::zone::{self, Zone};

/// What the fields of a text said.
#[derive(Default)]
struct Found {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: Option<u32>,
    hour_of_half: Option<u32>,
    afternoon: bool,
    minute: u32,
    second: u32,
    nanos: u32,
    zone: Option<Zone>,
}

impl DatePattern {
    /// Reads a time; `zone` is where it is when the text does not say. `None` when it is not as the pattern has it.
    ///
    /// Of two times that a clock shows alike the earlier one is taken.
    pub fn parse(&self, text: &str, zone: Zone) -> Option<DateTime<Utc>> {
        self.parse_both(text, zone).map(|(earliest, _)| earliest)
    }

    /// Reads a time that may be either of two, in the hour that a clock shows twice; otherwise they are the same.
    pub fn parse_both(&self, text: &str, zone: Zone) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (mut found, mut rest) = (Found::default(), text);
        for (place, part) in self.0.iter().enumerate() {
            rest = match part {
                Part::Text(literal) => rest.strip_prefix(literal.as_str())?,
                Part::Field(field, width) => {
                    // Two numbers without anything between them have the widths of the pattern.
                    let tight =
                        matches!(self.0.get(place + 1), Some(Part::Field(next, _)) if next.is_number());
                    found.field(*field, *width, tight, rest)?
                }
            };
        }
        if rest.is_empty() { found.time(zone) } else { None }
    }
}

impl Field {
    fn is_number(self) -> bool {
        !matches!(
            self,
            Self::Era | Self::WeekdayName | Self::HalfDay | Self::ZoneName | Self::ZoneRfc822 | Self::ZoneIso
        )
    }
}

impl Found {
    /// Reads one field from the beginning of `text` and returns what follows it.
    fn field<'a>(&mut self, field: Field, width: usize, tight: bool, text: &'a str) -> Option<&'a str> {
        if !field.is_number() || (field == Field::Month && width > 2) {
            return self.word(field, text);
        }
        let (digits, rest) = digits(text, if tight { width } else { 9 })?;
        if field == Field::Fraction {
            self.nanos = format!("{digits:0<9}").get(..9)?.parse().ok()?;
            return Some(rest);
        }
        let value: u32 = digits.parse().ok()?;
        if field == Field::Year {
            self.year = i32::try_from(value).ok().map(|year| full_year(year, width));
        } else {
            self.number(field, value);
        }
        Some(rest)
    }

    fn word<'a>(&mut self, field: Field, text: &'a str) -> Option<&'a str> {
        if field == Field::Era {
            return text.strip_prefix("AD");
        }
        if field == Field::WeekdayName {
            // A weekday follows from the date.
            return name(&WEEKDAYS, text).map(|(_, rest)| rest);
        }
        if field == Field::HalfDay {
            let half = text.get(..2)?;
            self.afternoon = half.eq_ignore_ascii_case("PM");
            return (self.afternoon || half.eq_ignore_ascii_case("AM")).then(|| &text[2..]);
        }
        if field == Field::Month {
            let (month, rest) = name(&MONTHS, text)?;
            self.month = u32::try_from(month).ok().map(|month| month + 1);
            return Some(rest);
        }
        let (zone, rest) = zone_of(text)?;
        self.zone = Some(zone);
        Some(rest)
    }

    fn number(&mut self, field: Field, value: u32) {
        let place = match field {
            Field::Month => &mut self.month,
            Field::DayOfYear => &mut self.day_of_year,
            Field::Day => &mut self.day,
            Field::Hour0To23 | Field::Hour1To24 => &mut self.hour,
            Field::Hour0To11 | Field::Hour1To12 => &mut self.hour_of_half,
            Field::Minute => return self.minute = value,
            Field::Second => return self.second = value,
            // The number of a weekday follows from the date; the others are read elsewhere.
            Field::WeekdayNumber
            | Field::Year
            | Field::Fraction
            | Field::Era
            | Field::WeekdayName
            | Field::HalfDay
            | Field::ZoneName
            | Field::ZoneRfc822
            | Field::ZoneIso => return,
        };
        let midnight = (field, value) == (Field::Hour1To24, 24) || (field, value) == (Field::Hour1To12, 12);
        *place = Some(if midnight { 0 } else { value });
    }

    fn time(&self, zone: Zone) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let year = self.year.unwrap_or(1970);
        let date = match self.day_of_year {
            Some(day) => NaiveDate::from_yo_opt(year, day)?,
            None => NaiveDate::from_ymd_opt(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?,
        };
        let half = self.hour_of_half.map(|hour| hour + if self.afternoon { 12 } else { 0 });
        let hour = self.hour.or(half).unwrap_or(0);
        let time = NaiveTime::from_hms_nano_opt(hour, self.minute, self.second, self.nanos)?;
        self.zone.unwrap_or(zone).both(date.and_time(time))
    }
}

/// A year of two digits is the one nearest to now that Java would take: from 80 years back to 20 ahead.
fn full_year(year: i32, width: usize) -> i32 {
    if width == 2 && year < 100 { if year < 50 { 2000 + year } else { 1900 + year } } else { year }
}

fn digits(text: &str, most: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (count > 0).then(|| text.split_at(count))
}

/// The place of the full or short name that `text` begins with, and what follows it.
fn name<'a>(names: &[&str], text: &'a str) -> Option<(usize, &'a str)> {
    let begins = |name: &str| text.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
    names.iter().enumerate().find_map(|(place, name)| {
        let length = [*name, short(name)].into_iter().find(|spelling| begins(spelling))?.len();
        Some((place, &text[length..]))
    })
}

/// The zone that `text` begins with: `Z`, an offset in any of its spellings, or a name.
fn zone_of(text: &str) -> Option<(Zone, &str)> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | ':' | '/' | '_');
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let offset: Option<FixedOffset> = zone::offset(name);
    Some((offset.map_or_else(|| name.parse().ok(), |offset| Some(Zone::Offset(offset)))?, rest))
}
