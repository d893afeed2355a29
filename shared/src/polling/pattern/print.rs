//! A time as a pattern prints it.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, FixedOffset, Timelike as _, Utc};

use super::{DatePattern, Field, MONTHS, Part, WEEKDAYS, short};
use crate::polling::zone::Zone;

impl DatePattern {
    /// Prints `time` as it is in `zone`.
    pub fn format(&self, time: DateTime<Utc>, zone: Zone) -> String {
        let local = zone.local(time);
        self.0.iter().fold(String::new(), |mut printed, part| {
            match part {
                Part::Text(text) => printed.push_str(text),
                Part::Field(field, width) => printed.push_str(&of_field(*field, *width, &local, zone)),
            }
            printed
        })
    }
}

fn of_field(field: Field, width: usize, time: &DateTime<FixedOffset>, zone: Zone) -> String {
    let number = |value: u32| format!("{value:0width$}");
    let named = |name: &str| if width > 3 { name.to_owned() } else { short(name).to_owned() };
    match field {
        Field::Era => "AD".to_owned(),
        Field::Year if width == 2 => format!("{:02}", time.year().rem_euclid(100)),
        Field::Year => format!("{:0width$}", time.year()),
        Field::Month if width > 2 => {
            MONTHS.get(time.month0() as usize).map_or_else(String::new, |it| named(it))
        }
        Field::Month => number(time.month()),
        Field::DayOfYear => number(time.ordinal()),
        Field::Day => number(time.day()),
        Field::WeekdayName => {
            let day = time.weekday().num_days_from_monday() as usize;
            WEEKDAYS.get(day).map_or_else(String::new, |it| named(it))
        }
        Field::WeekdayNumber => number(time.weekday().number_from_monday()),
        Field::HalfDay => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        Field::Hour0To23 => number(time.hour()),
        Field::Hour1To24 => number(if time.hour() == 0 { 24 } else { time.hour() }),
        Field::Hour0To11 => number(time.hour() % 12),
        Field::Hour1To12 => number(time.hour12().1),
        Field::Minute => number(time.minute()),
        Field::Second => number(time.second()),
        Field::Fraction => {
            let nanos = format!("{:09}", time.nanosecond() % 1_000_000_000);
            nanos[..width.min(9)].to_owned()
        }
        Field::ZoneName => zone_name(time, zone),
        Field::ZoneRfc822 => offset(time, Style::HoursAndMinutes),
        Field::ZoneIso if time.offset().local_minus_utc() == 0 => "Z".to_owned(),
        Field::ZoneIso => offset(
            time,
            match width {
                1 => Style::Hours,
                2 => Style::HoursAndMinutes,
                _ => Style::WithColon,
            },
        ),
    }
}

#[derive(Clone, Copy)]
enum Style {
    Hours,
    HoursAndMinutes,
    WithColon,
}

fn offset(time: &DateTime<FixedOffset>, style: Style) -> String {
    let seconds = time.offset().local_minus_utc();
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    let mut text = format!("{sign}{:02}", minutes / 60);
    // Writing to a String cannot fail.
    let _ = match style {
        Style::Hours => Ok(()),
        Style::HoursAndMinutes => write!(text, "{:02}", minutes % 60),
        Style::WithColon => write!(text, ":{:02}", minutes % 60),
    };
    text
}

/// The abbreviation where the zone has one, as `GMT`, `PST`, `MDT`; otherwise `GMT-08:00`.
fn zone_name(time: &DateTime<FixedOffset>, zone: Zone) -> String {
    if let Zone::Place(tz) = zone {
        let name = time.with_timezone(&tz).format("%Z").to_string();
        if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return name;
        }
    }
    format!("GMT{}", offset(time, Style::WithColon))
}
