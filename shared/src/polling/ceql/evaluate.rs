//! Evaluates a condition on a record.
//!
//! A template is an instant, and a value is read as one: patterns and zones are spellings. Where a spelling says less
//! than the instant (a day, a minute), a bound admits whatever may lie within it, so that no change is lost.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Condition, Literal, Operator, Piece, Scope};
use crate::polling::pattern::Unit;
use crate::polling::reading::Reading;
use crate::polling::record::at_path;
use crate::polling::zone::{GMT, Zone};

/// What a comparison comes to that may be either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    Holds,
    Fails,
}

impl Condition {
    /// True if `record` fulfils the condition. A column that is absent or null fulfils no comparison but `!=`.
    pub fn holds(&self, record: &Value, scope: &Scope<'_>) -> bool {
        self.judge(record, scope, Doubt::Holds)
    }

    fn judge(&self, record: &Value, scope: &Scope<'_>, doubt: Doubt) -> bool {
        let compares = |column: &str, operator, literal: &Literal| {
            let Some(value) = at_path(record, column) else {
                return if scope.is_partial { doubt == Doubt::Holds } else { operator == Operator::NotEqual };
            };
            Comparison { column, operator, literal, scope, doubt }.holds(value)
        };
        match self {
            Self::All(conditions) => conditions.iter().all(|it| it.judge(record, scope, doubt)),
            Self::Any(conditions) => conditions.iter().any(|it| it.judge(record, scope, doubt)),
            Self::Not(condition) => !condition.judge(record, scope, doubt.other()),
            Self::IsNull(column) => {
                at_path(record, column).is_none() && (!scope.is_partial || doubt == Doubt::Holds)
            }
            Self::In(column, literals) => {
                let among = |literal| compares(column, Operator::Equal, literal);
                (scope.is_partial || at_path(record, column).is_some()) && literals.iter().any(among)
            }
            Self::Compare(column, operator, literal) => compares(column, *operator, literal),
        }
    }
}

impl Doubt {
    fn other(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
        }
    }
}

struct Comparison<'a> {
    column: &'a str,
    operator: Operator,
    literal: &'a Literal,
    scope: &'a Scope<'a>,
    doubt: Doubt,
}

/// The instant that a literal stands for, and how fine and where it is written.
struct Instant {
    at: DateTime<Utc>,
    unit: Unit,
    zone: Zone,
}

impl Comparison<'_> {
    fn holds(&self, value: &Value) -> bool {
        if let Value::Array(values) = value {
            return values.iter().any(|value| self.holds(value));
        }
        let literal = self.literal.expand(self.scope);
        if self.operator == Operator::Like {
            return like(&text(value).to_lowercase(), &literal.to_lowercase());
        }
        let (instant, reading) = (self.instant(&literal), self.reading(value));
        match (instant, reading) {
            (Some(instant), Some(reading)) => match self.doubt {
                Doubt::Holds => instant.admits(self.operator, &reading),
                Doubt::Fails => !instant.admits(self.operator.negated(), &reading),
            },
            (Some(_), None) => !self.operator.is_order() && fulfils(self.operator, text(value).cmp(&literal)),
            (None, _) => self.order(value, &literal).is_some_and(|order| fulfils(self.operator, order)),
        }
    }

    /// What templates stand for. With text around them, what that says, but no bound narrower than theirs.
    fn instant(&self, text: &str) -> Option<Instant> {
        if let Some(template) = self.literal.template() {
            let (unit, zone) = template.unit(self.scope.pattern);
            return Some(Instant { at: template.instant(&self.scope.times), unit, zone });
        }
        let instants = self.literal.0.iter().filter_map(|piece| match piece {
            Piece::Template(template) => Some(template.instant(&self.scope.times)),
            Piece::Text(_) => None,
        });
        let operator = match self.doubt {
            Doubt::Holds => self.operator,
            Doubt::Fails => self.operator.negated(),
        };
        let at = match operator {
            Operator::Greater | Operator::AtLeast => instants.min()?.min(self.time(text)?),
            Operator::Less | Operator::AtMost => instants.max()?.max(self.time(text)?),
            Operator::Equal | Operator::NotEqual | Operator::Like => return None,
        };
        Some(Instant { at, unit: Unit::Fraction(9), zone: GMT })
    }

    fn time(&self, literal: &str) -> Option<DateTime<Utc>> {
        let literal = Value::String(literal.to_owned());
        Reading::of(self.column, &literal, self.scope.pattern).map(|reading| reading.at)
    }

    /// The value as a time: as a template of numbers counts, as configured, as Close writes it, or as the template.
    fn reading(&self, value: &Value) -> Option<Reading> {
        let template = self.literal.template();
        let counted = template.filter(|template| template.is_number()).and_then(|it| it.read(value));
        let configured = || Reading::of(self.column, value, self.scope.pattern);
        counted.or_else(configured).or_else(|| template?.read(value))
    }

    /// As numbers or as times when both are that, otherwise texts as texts.
    fn order(&self, value: &Value, literal: &str) -> Option<Ordering> {
        let order = |text: &str| numbers(text, literal);
        if let Value::Number(number) = value
            && let Some(order) = order(&number.to_string())
        {
            return Some(order);
        }
        if let (Some(reading), Some(time)) = (self.reading(value), self.time(literal)) {
            return Some(reading.at.cmp(&time));
        }
        if let Value::String(text) = value {
            return order(text).or_else(|| Some(text.as_str().cmp(literal)));
        }
        // Of a number and a word neither comes first.
        (!self.operator.is_order()).then(|| text(value).as_str().cmp(literal))
    }
}

impl Instant {
    /// True unless the value certainly does not fulfil the comparison.
    fn admits(&self, operator: Operator, value: &Reading) -> bool {
        let begin = self.unit.floor(self.at, self.zone);
        // A day without a zone is compared with the template's day, where that is one.
        let today = self.zone.local(self.at).date_naive();
        let day = value.day().filter(|_| self.unit == Unit::Day);
        match operator {
            Operator::Greater => value.may_be_after(begin) || value.day().is_some_and(|day| day >= today),
            Operator::AtLeast => value.may_reach(begin) || value.day().is_some_and(|day| day >= today),
            Operator::Less => day.map_or(value.at < self.at, |day| day < today),
            Operator::AtMost => value.at <= self.at || day.is_some_and(|day| day <= today),
            Operator::Equal | Operator::Like => {
                let same = || value.is_within(self.unit, self.at, self.zone);
                day.map_or_else(same, |day| day == today)
            }
            Operator::NotEqual => !self.admits(Operator::Equal, value),
        }
    }
}

impl Operator {
    fn negated(self) -> Self {
        match self {
            Self::Equal | Self::Like => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::Greater,
            Self::Greater => Self::AtMost,
            Self::AtLeast => Self::Less,
        }
    }
}

fn fulfils(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal | Operator::Like => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::AtMost => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::AtLeast => order.is_ge(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn numbers(one: &str, other: &str) -> Option<Ordering> {
    if let (Ok(one), Ok(other)) = (one.parse::<i128>(), other.parse::<i128>()) {
        return Some(one.cmp(&other));
    }
    one.parse::<f64>().ok()?.partial_cmp(&other.parse::<f64>().ok()?)
}

/// True if `text` is as the pattern says; `%` stands for anything.
fn like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('%');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
