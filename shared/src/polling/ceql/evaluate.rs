//! Whether a record fulfils a condition.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Condition, Operator, Scope};
use crate::polling::record::at_path;

impl Condition {
    /// Whether `record` fulfils the condition. A column that is absent or null fulfils no comparison but `!=`.
    #[must_use]
    pub fn holds(&self, record: &Value, scope: &Scope<'_>) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|it| it.holds(record, scope)),
            Self::Any(conditions) => conditions.iter().any(|it| it.holds(record, scope)),
            Self::Not(condition) => !condition.holds(record, scope),
            Self::IsNull(column) => at_path(record, column).is_none(),
            Self::In(column, literals) => at_path(record, column).is_some_and(|value| {
                literals.iter().any(|literal| compares(value, Operator::Equal, &literal.expand(scope), scope))
            }),
            Self::Compare(column, operator, literal) => match at_path(record, column) {
                Some(value) => compares(value, *operator, &literal.expand(scope), scope),
                None => *operator == Operator::NotEqual,
            },
        }
    }
}

fn compares(value: &Value, operator: Operator, literal: &str, scope: &Scope<'_>) -> bool {
    if let Value::Array(values) = value {
        return values.iter().any(|value| compares(value, operator, literal, scope));
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    if operator == Operator::Like {
        return like(&text.to_lowercase(), &literal.to_lowercase());
    }
    let order = order(&text, literal, scope);
    match operator {
        Operator::Equal | Operator::Like => order == Ordering::Equal,
        Operator::NotEqual => order != Ordering::Equal,
        Operator::Less => order == Ordering::Less,
        Operator::AtMost => order != Ordering::Greater,
        Operator::Greater => order == Ordering::Greater,
        Operator::AtLeast => order != Ordering::Less,
    }
}

/// As times when both are times, as numbers when both are numbers, otherwise as text.
fn order(text: &str, literal: &str, scope: &Scope<'_>) -> Ordering {
    let time = |text: &str| {
        let by_pattern = scope.pattern.and_then(|(pattern, zone)| pattern.parse(text, zone));
        by_pattern.or_else(|| close::date::parse(text))
    };
    if let (Some(one), Some(other)) = (time(text), time(literal)) {
        return one.cmp(&other);
    }
    if let (Ok(one), Ok(other)) = (text.parse::<f64>(), literal.parse::<f64>())
        && let Some(order) = one.partial_cmp(&other)
    {
        return order;
    }
    text.cmp(literal)
}

/// Whether `text` is as the pattern says; `%` stands for anything.
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
