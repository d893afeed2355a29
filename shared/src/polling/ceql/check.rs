//! Which comparisons cannot be judged; they are refused when an instance is provisioned.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Literal, Operator, Piece, Problem, Scope};
use crate::polling::configuration::DateField;
use crate::polling::reading::Reading;
use crate::polling::template::{Template, Times};

/// What is known of a resource's columns.
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns<'a> {
    /// The configured dates, whose formats also a literal may have.
    pub dates: &'a [&'a DateField],
}

impl Columns<'_> {
    /// Refuses a comparison that cannot be judged.
    pub(super) fn check(&self, column: &str, operator: Operator, literal: &Literal) -> Result<(), Problem> {
        let gap = literal.template().and_then(Template::gap);
        match (operator, gap) {
            // Texts are compared.
            (Operator::Like, _) => Ok(()),
            (_, Some(lacks)) if operator.is_order() => Err(Problem::NotAnInstant(lacks)),
            _ if literal.template().is_some() => Ok(()),
            _ if literal.has_template() => {
                let sound = !operator.is_order() || self.is_time(column, literal);
                if sound { Ok(()) } else { Err(Problem::TextAroundTemplate) }
            }
            _ if self.is_date(column) && !self.is_time(column, literal) => Err(Problem::NotATime {
                column: column.to_owned(),
                literal: literal.expand(&Scope { times: sample(), pattern: None, is_partial: false }),
            }),
            _ => Ok(()),
        }
    }

    /// True if a column has dates: Close's are told by their names.
    fn is_date(&self, column: &str) -> bool {
        let name = column.rsplit('.').next().unwrap_or(column);
        let is_closes = name == "date"
            || name.starts_with("date_")
            || ["_at", "_date"].iter().any(|it| name.ends_with(it));
        is_closes || self.dates.iter().any(|field| field.path == column)
    }

    /// True if a literal is a time, as configured or as Close writes it.
    fn is_time(&self, column: &str, literal: &Literal) -> bool {
        let patterns = self.dates.iter().map(|field| field.pattern());
        let mut patterns = patterns.chain([None]);
        patterns.any(|pattern| {
            let text = Value::String(literal.expand(&Scope { times: sample(), pattern, is_partial: false }));
            let configured = || self.dates.iter().any(|field| field.read(&text).is_some());
            Reading::of(column, &text, pattern).is_some() || configured()
        })
    }
}

impl Operator {
    pub(super) fn is_order(self) -> bool {
        match self {
            Self::Less | Self::AtMost | Self::Greater | Self::AtLeast => true,
            Self::Equal | Self::NotEqual | Self::Like => false,
        }
    }
}

impl Literal {
    pub(super) fn has_template(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Template(_)))
    }
}

/// Any times: whether a text is a time does not depend on which.
fn sample() -> Times {
    let last_poll =
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::microseconds(45_296_123_456);
    Times { last_poll, now: last_poll + TimeDelta::minutes(1) }
}
