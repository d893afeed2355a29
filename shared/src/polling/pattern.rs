//! Java's date patterns, for printing and for reading (Java SE, `java.text.SimpleDateFormat`).
//!
//! One divergence, on purpose: a run of `S` is a fraction of a second, as in Java's newer
//! `DateTimeFormatter`. `SimpleDateFormat` has milliseconds there, with which Close's microseconds
//! (`…26.451000+00:00` under `ss.SSSSSSXXX`) would be read as seven minutes and a half.

mod print;
mod read;
mod unit;

use std::str::FromStr;

pub use unit::Unit;

/// A pattern such as `yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field, usize),
}

/// What a letter stands for; a run's length is its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Era,
    Year,
    Month,
    DayOfYear,
    Day,
    WeekdayName,
    WeekdayNumber,
    HalfDay,
    Hour0To23,
    Hour1To24,
    Hour0To11,
    Hour1To12,
    Minute,
    Second,
    Fraction,
    ZoneName,
    ZoneRfc822,
    ZoneIso,
}

/// A pattern that cannot be used. Positions are counted in characters, from one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// There is nothing in it.
    #[error("the date pattern is empty; an example: yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX")]
    Empty,
    /// A letter that is not one of Java's, or one of those that make no sense here.
    #[error(
        "the date pattern has the letter {letter:?} at position {position}, which is not supported; \
         supported are GyMLDdEuaHkKhmsSzZX; an example: yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"
    )]
    Letter {
        /// The letter.
        letter: char,
        /// Where its run begins.
        position: usize,
    },
    /// A run that is longer than the letter can be.
    #[error(
        "the date pattern has {width} times {letter:?} at position {position}, at most {most} are possible"
    )]
    Width {
        /// The letter.
        letter: char,
        /// Where its run begins.
        position: usize,
        /// The length of the run.
        width: usize,
        /// The longest possible.
        most: usize,
    },
    /// A quote that does not end.
    #[error(
        "the date pattern has a quote at position {position} that does not end; an example: \
         yyyy-MM-dd'T'HH:mm:ssXXX"
    )]
    Quote {
        /// Where it begins.
        position: usize,
    },
}

impl Field {
    /// The field of a letter, and the longest run of it.
    fn of(letter: char) -> Option<(Self, usize)> {
        Some(match letter {
            'G' => (Self::Era, 3),
            'y' => (Self::Year, 9),
            'M' | 'L' => (Self::Month, 9),
            'D' => (Self::DayOfYear, 3),
            'd' => (Self::Day, 9),
            'E' => (Self::WeekdayName, 9),
            'u' => (Self::WeekdayNumber, 1),
            'a' => (Self::HalfDay, 9),
            'H' => (Self::Hour0To23, 9),
            'k' => (Self::Hour1To24, 9),
            'K' => (Self::Hour0To11, 9),
            'h' => (Self::Hour1To12, 9),
            'm' => (Self::Minute, 9),
            's' => (Self::Second, 9),
            'S' => (Self::Fraction, 9),
            'z' => (Self::ZoneName, 9),
            'Z' => (Self::ZoneRfc822, 3),
            'X' => (Self::ZoneIso, 3),
            _ => return None,
        })
    }
}

impl FromStr for DatePattern {
    type Err = InvalidPattern;

    fn from_str(pattern: &str) -> Result<Self, InvalidPattern> {
        let characters: Vec<char> = pattern.chars().collect();
        let (mut parts, mut at) = (Vec::new(), 0);
        while let Some(&letter) = characters.get(at) {
            let position = at + 1;
            if letter == '\'' {
                let (text, end) = quoted(&characters, at).ok_or(InvalidPattern::Quote { position })?;
                push_text(&mut parts, &text);
                at = end;
            } else if letter.is_ascii_alphabetic() {
                let width = characters[at..].iter().take_while(|next| **next == letter).count();
                let (field, most) = Field::of(letter).ok_or(InvalidPattern::Letter { letter, position })?;
                if width > most {
                    return Err(InvalidPattern::Width { letter, position, width, most });
                }
                parts.push(Part::Field(field, width));
                at += width;
            } else {
                push_text(&mut parts, &letter.to_string());
                at += 1;
            }
        }
        if parts.is_empty() { Err(InvalidPattern::Empty) } else { Ok(Self(parts)) }
    }
}

/// The text of the quote that begins at `start`, and where it ends. Two quotes are one quote, inside and out.
fn quoted(characters: &[char], start: usize) -> Option<(String, usize)> {
    if characters.get(start + 1) == Some(&'\'') {
        return Some(("'".to_owned(), start + 2));
    }
    let (mut text, mut at) = (String::new(), start + 1);
    loop {
        match (characters.get(at)?, characters.get(at + 1)) {
            ('\'', Some('\'')) => {
                text.push('\'');
                at += 2;
            }
            ('\'', _) => return Some((text, at + 1)),
            (letter, _) => {
                text.push(*letter);
                at += 1;
            }
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The first three letters, as English abbreviates both.
fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

#[cfg(test)]
mod tests;
