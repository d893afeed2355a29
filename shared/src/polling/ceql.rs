//! CEQL, the old platform's query language: the `where` of a resource's URL.
//!
//! `AND OR NOT = != <> < > <= >= LIKE IN IS NULL`, parentheses, strings in single quotes, bare words and
//! numbers, back-ticks around an odd column. A literal may hold templates. [`Condition::parse`] reads it and refuses
//! what cannot be judged, [`Condition::holds`] judges a record by it, and [`Condition::equalities`] are what Close can
//! be asked to filter by itself.

mod check;
mod evaluate;
mod lexer;
mod parser;

use super::pattern::DatePattern;
use super::template::{InvalidTemplate, Template, Times};
use super::zone::Zone;

pub use check::Columns;

/// A condition on a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All of them hold.
    All(Vec<Condition>),
    /// One of them holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A column compared with a literal.
    Compare(String, Operator, Literal),
    /// A column equal to one of the literals.
    In(String, Vec<Literal>),
    /// A column that is absent or null.
    IsNull(String),
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=` or `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `LIKE`, with `%` for anything; case does not count.
    Like,
}

/// A literal, with the templates in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Template(Template),
}

/// What a condition needs to know to judge a record.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The times that templates stand for.
    pub times: Times,
    /// How the resource writes its dates, beside Close's own ways.
    pub pattern: Option<(&'a DatePattern, Zone)>,
    /// True if Close may have withheld columns of the record: one that is absent then fulfils whatever is asked of it.
    pub is_partial: bool,
}

/// A condition that cannot be read; the position is counted in characters of the condition, from one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Error parsing query: at character {position}: {problem}")]
pub struct SyntaxError {
    /// Where.
    pub position: usize,
    /// What.
    pub problem: Problem,
}

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else belongs here.
    #[error(
        "expected {expected}, found {found}; an example: date_updated>'2026-01-31T00:00:00Z' AND status_type='won'"
    )]
    Unexpected {
        /// What belongs here.
        expected: &'static str,
        /// What is here.
        found: String,
    },
    /// A quote does not end.
    #[error("the {0} that begins here does not end")]
    Unbalanced(&'static str),
    /// A template in it cannot be used.
    #[error(transparent)]
    Template(#[from] InvalidTemplate),
    /// A column of dates is compared with something else.
    #[error(
        "{column} has dates, and {literal:?} is not one; there may be a time such as '2026-01-31T00:00:00Z' or \
         '2026-01-31', one in the resource's updatedDateFormat, or a template such as \
         '${{gmtDate:yyyy-MM-dd'T'HH:mm:ssXXX}}'"
    )]
    NotATime {
        /// The column.
        column: String,
        /// What it is compared with.
        literal: String,
    },
    /// A template that does not say which time it is stands where there must be one.
    #[error(
        "the template has {0}, so that it cannot be compared by < or >; an example: \
         '${{gmtDate:yyyy-MM-dd'T'HH:mm:ssXXX}}'"
    )]
    NotAnInstant(&'static str),
    /// A template and its surroundings together are not a time.
    #[error(
        "with the text around its template this literal is not a time, and cannot be compared by < or >; there may be a \
         template alone, such as '${{gmtDate:yyyy-MM-dd'T'HH:mm:ssXXX}}', or what makes a time with it, such as \
         '${{gmtDate:yyyy-MM-dd}}T00:00:00Z'"
    )]
    TextAroundTemplate,
    /// It is nested too deep.
    #[error("parentheses and NOT are nested more than {} deep", parser::MAX_DEPTH)]
    TooDeep,
}

impl Literal {
    /// The template that it is, with nothing around it.
    fn template(&self) -> Option<&Template> {
        match &self.0[..] {
            [Piece::Template(template)] => Some(template),
            _ => None,
        }
    }

    /// The text that it is now.
    pub fn expand(&self, scope: &Scope<'_>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Template(template) => template.expand(&scope.times, scope.pattern),
        };
        self.0.iter().map(piece).collect()
    }
}

impl Condition {
    /// The columns that it is about.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::All(conditions) | Self::Any(conditions) => {
                conditions.iter().flat_map(Self::columns).collect()
            }
            Self::Not(condition) => condition.columns(),
            Self::Compare(column, ..) | Self::In(column, _) | Self::IsNull(column) => vec![column],
        }
    }

    /// The columns that must equal one text each for the condition to hold, whatever else it says.
    pub fn equalities(&self, scope: &Scope<'_>) -> Vec<(&str, String)> {
        match self {
            Self::All(conditions) => conditions.iter().flat_map(|it| it.equalities(scope)).collect(),
            Self::Compare(column, Operator::Equal, literal) => vec![(column, literal.expand(scope))],
            Self::Compare(..) | Self::Any(_) | Self::Not(_) | Self::In(..) | Self::IsNull(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
