//! The templates `${…}` in a resource's URL.
//!
//! Each stands for an instant, whatever its pattern and zone: that of the last poll, or `nowTimeZone` that of this one.
//! Its text matters only where a condition compares texts.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::pattern::{DatePattern, InvalidPattern, Unit};
use super::reading::Reading;
use super::zone::{GMT, Zone};

/// One template, such as `${gmtDate:yyyy-MM-dd'T'HH:mm:ssXXX}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    moment: Moment,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    LastPoll,
    Now,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Pattern(DatePattern, Zone),
    /// Without a pattern of its own: that of the resource's updated date.
    ResourcePattern,
    Seconds,
    Millis,
    Micros,
}

/// The times that templates stand for.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// The last poll.
    pub last_poll: DateTime<Utc>,
    /// This poll.
    pub now: DateTime<Utc>,
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTemplate {
    /// Its name is unknown.
    #[error(
        "the template ${{{0}}} is unknown; there are date, gmtDate, dateTimeZone, nowTimeZone, epoch and \
         milliseconds, for example ${{gmtDate:yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX}}"
    )]
    Unknown(String),
    /// It has no date pattern and needs one.
    #[error("the template ${{{0}}} needs a date pattern; an example: ${{{0}:yyyy-MM-dd'T'HH:mm:ssXXX}}")]
    NoPattern(&'static str),
    /// It does not begin with a time zone and needs one.
    #[error(
        "the template ${{{0}:…}} needs a time zone first; an example: ${{{0}:America/Denver:yyyy-MM-dd HH:mm}}"
    )]
    NoZone(&'static str),
    /// There is no such unit.
    #[error(
        "the template ${{epoch:{0}}} has an unknown unit; there are s, ms and us, for example ${{epoch:ms}}"
    )]
    Unit(String),
    /// Its pattern cannot be used.
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
}

impl Template {
    /// Reads what stands between `${` and `}`.
    ///
    /// # Errors
    /// When there is no such template.
    pub fn parse(inside: &str) -> Result<Self, InvalidTemplate> {
        let (name, rest) = inside.split_once(':').map_or((inside, None), |(name, rest)| (name, Some(rest)));
        let (moment, form) = match (name.trim(), rest) {
            ("date", None) => (Moment::LastPoll, Form::ResourcePattern),
            ("date" | "gmtDate", Some(pattern)) => (Moment::LastPoll, Form::Pattern(pattern.parse()?, GMT)),
            ("gmtDate", None) => return Err(InvalidTemplate::NoPattern("gmtDate")),
            ("dateTimeZone", rest) => (Moment::LastPoll, zoned("dateTimeZone", rest)?),
            ("nowTimeZone", rest) => (Moment::Now, zoned("nowTimeZone", rest)?),
            // `${epoch:0}` is in one element's export; milliseconds are the word's default.
            ("milliseconds", None) | ("epoch", None | Some("ms" | "0")) => (Moment::LastPoll, Form::Millis),
            ("epoch", Some("s")) => (Moment::LastPoll, Form::Seconds),
            ("epoch", Some("us")) => (Moment::LastPoll, Form::Micros),
            ("epoch", Some(unit)) => return Err(InvalidTemplate::Unit(unit.to_owned())),
            _ => return Err(InvalidTemplate::Unknown(inside.to_owned())),
        };
        Ok(Self { moment, form })
    }

    /// The instant that it stands for.
    pub fn instant(&self, times: &Times) -> DateTime<Utc> {
        match self.moment {
            Moment::LastPoll => times.last_poll,
            Moment::Now => times.now,
        }
    }

    /// How fine its text is, and the zone that it is written in; `resource` is the pattern and zone of the resource's
    /// updated date.
    pub fn unit(&self, resource: Option<(&DatePattern, Zone)>) -> (Unit, Zone) {
        match &self.form {
            Form::Pattern(pattern, zone) => (pattern.unit(), *zone),
            Form::ResourcePattern => {
                resource.map_or((Unit::Fraction(6), GMT), |(pattern, zone)| (pattern.unit(), zone))
            }
            Form::Seconds => (Unit::Second, GMT),
            Form::Millis => (Unit::Fraction(3), GMT),
            Form::Micros => (Unit::Fraction(6), GMT),
        }
    }

    /// What keeps its text from being a time, if something does.
    pub fn gap(&self) -> Option<&'static str> {
        match &self.form {
            Form::Pattern(pattern, _) => pattern.gap(),
            Form::ResourcePattern | Form::Seconds | Form::Millis | Form::Micros => None,
        }
    }

    /// Reads a value that is written as the template is.
    pub fn read(&self, value: &Value) -> Option<Reading> {
        let number = || match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let at = match &self.form {
            Form::Pattern(pattern, zone) => {
                return Reading::of_pattern(value.as_str()?, Some((pattern, *zone)));
            }
            Form::ResourcePattern => None,
            Form::Seconds => DateTime::from_timestamp(number()?, 0),
            Form::Millis => DateTime::from_timestamp_millis(number()?),
            Form::Micros => DateTime::from_timestamp_micros(number()?),
        };
        at.map(|at| Reading::of_unit(at, self.unit(None).0))
    }

    /// True if it is written as a number: of seconds, milliseconds or microseconds.
    pub fn is_number(&self) -> bool {
        matches!(self.form, Form::Seconds | Form::Millis | Form::Micros)
    }

    /// Its text; `resource` is the pattern and zone of the resource's updated date.
    pub fn expand(&self, times: &Times, resource: Option<(&DatePattern, Zone)>) -> String {
        let time = self.instant(times);
        match &self.form {
            Form::Pattern(pattern, zone) => pattern.format(time, *zone),
            Form::ResourcePattern => match resource {
                Some((pattern, zone)) => pattern.format(time, zone),
                None => time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            },
            Form::Seconds => time.timestamp().to_string(),
            Form::Millis => time.timestamp_millis().to_string(),
            Form::Micros => time.timestamp_micros().to_string(),
        }
    }
}

/// A zone and a pattern: `America/Denver:yyyy-MM-dd`, `-8:00:HH:mm`.
fn zoned(name: &'static str, rest: Option<&str>) -> Result<Form, InvalidTemplate> {
    let (zone, pattern) = rest.and_then(Zone::split).ok_or(InvalidTemplate::NoZone(name))?;
    Ok(Form::Pattern(pattern.parse()?, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(inside: &str) -> String {
        let times = Times {
            last_poll: "2026-06-19T15:04:05.451007Z".parse().unwrap(),
            now: "2026-06-19T16:00:00Z".parse().unwrap(),
        };
        let pattern = "yyyy/MM/dd".parse().unwrap();
        Template::parse(inside).unwrap().expand(&times, Some((&pattern, GMT)))
    }

    #[test]
    fn every_form_of_the_wire_contract_expands() {
        let rows = [
            ("gmtDate:yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", "2026-06-19T15:04:05.451007Z"),
            ("date:yyyy-MM-dd HH:mm:ss", "2026-06-19 15:04:05"),
            ("date", "2026/06/19"),
            ("dateTimeZone:GMT:HH:mm", "15:04"),
            ("dateTimeZone:PST:HH:mm z", "08:04 PDT"),
            ("dateTimeZone:America/Denver:HH:mmXXX", "09:04-06:00"),
            ("dateTimeZone:-8:00:HH:mm:ss", "07:04:05"),
            ("nowTimeZone:GMT:HH:mm", "16:00"),
            ("epoch", "1781881445451"),
            ("epoch:ms", "1781881445451"),
            ("epoch:0", "1781881445451"),
            ("milliseconds", "1781881445451"),
            ("epoch:s", "1781881445"),
            ("epoch:us", "1781881445451007"),
        ];
        for (inside, expanded) in rows {
            assert_eq!(expand(inside), expanded, "{inside}");
        }
    }

    #[test]
    fn another_template_is_refused_with_an_example() {
        let rows = [
            ("gmtdate:yyyy", "the template ${gmtdate:yyyy} is unknown"),
            ("", "the template ${} is unknown"),
            ("gmtDate", "an example: ${gmtDate:yyyy"),
            ("dateTimeZone:yyyy-MM-dd", "needs a time zone first"),
            ("dateTimeZone:Mars/Base:yyyy", "needs a time zone first"),
            ("nowTimeZone", "the template ${nowTimeZone:…} needs a time zone first"),
            ("epoch:h", "the template ${epoch:h} has an unknown unit"),
            ("gmtDate:yyyy-YY", "the letter 'Y' at position 6"),
        ];
        for (inside, said) in rows {
            let error = Template::parse(inside).unwrap_err().to_string();
            assert!(error.contains(said), "{inside}: {error}");
        }
    }
}
