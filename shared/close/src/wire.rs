//! The two shapes of a webhook body, read without copying and without losing a byte of it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json;

/// The longest id. Close's are short; they are stored apart from the body, where space is limited.
const MAX_FIELD: usize = 1024;

/// Why a body is not a webhook of Close. The texts say what is wrong and where, and quote no values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The body does not parse.
    #[error("the body is not a JSON object: {problem} at line {line} column {column}")]
    NotAnObject {
        /// What the parser found.
        problem: &'static str,
        /// Counted from one.
        line: usize,
        /// Counted from one; zero at the end of the body.
        column: usize,
    },
    /// Objects and arrays are nested deeper than [`json::MAX_DEPTH`].
    #[error("the body nests objects and arrays more than {} deep", json::MAX_DEPTH)]
    TooDeep,
    /// A field that identifies the event is absent or null.
    #[error("\"{0}\" is missing")]
    Missing(&'static str),
    /// A field does not have the type that Close gives it.
    #[error("\"{field}\" is not {expected}")]
    WrongType {
        /// The path of the field.
        field: &'static str,
        /// What it should be, with its article.
        expected: &'static str,
    },
}

/// A body of either kind.
pub(super) enum Body<'a> {
    Modern(ModernEvent<'a>),
    Legacy(LegacyEvent<'a>),
}

/// Today's event: only its identifying fields are read, the rest stays in `raw`.
pub(super) struct ModernEvent<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) object_type: Cow<'a, str>,
    pub(super) object_id: Cow<'a, str>,
    pub(super) action: Cow<'a, str>,
    /// When it was last consolidated; Close moves this and keeps the id.
    pub(super) date_updated: Option<Cow<'a, str>>,
}

/// A webhook of before 2019.
pub(super) struct LegacyEvent<'a> {
    pub(super) model: Cow<'a, str>,
    pub(super) event: Cow<'a, str>,
    pub(super) ids: LegacyIds<'a>,
    pub(super) date_updated: Option<Cow<'a, str>>,
}

pub(super) enum LegacyIds<'a> {
    One(Cow<'a, str>),
    Merge { source: Cow<'a, str>, destination: Cow<'a, str> },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ModernFields<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    object_type: Option<&'a RawValue>,
    #[serde(borrow)]
    object_id: Option<&'a RawValue>,
    #[serde(borrow)]
    action: Option<&'a RawValue>,
    #[serde(borrow)]
    date_created: Option<&'a RawValue>,
    #[serde(borrow)]
    date_updated: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct LegacyFields<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    source_id: Option<&'a RawValue>,
    #[serde(borrow)]
    destination_id: Option<&'a RawValue>,
    #[serde(borrow)]
    date_updated: Option<&'a RawValue>,
}

/// The body as one JSON value, byte for byte.
pub(super) fn raw(body: &[u8]) -> Result<&RawValue, Malformed> {
    if json::is_too_deep(body) {
        return Err(Malformed::TooDeep);
    }
    let raw: &RawValue = serde_json::from_slice(body).map_err(|error| not_an_object(&error))?;
    if raw.get().starts_with('{') {
        Ok(raw)
    } else {
        Err(Malformed::NotAnObject { problem: "another value", line: 1, column: 1 })
    }
}

pub(super) fn parse(raw: &RawValue) -> Result<Body<'_>, Malformed> {
    let envelope: Envelope<'_> = fields(raw)?;
    let event = envelope.event.ok_or(Malformed::Missing("event"))?;
    if event.get().starts_with('{') {
        return modern(event).map(Body::Modern);
    }
    let expected = "an object (today's webhooks) or a string (legacy webhooks)";
    if !event.get().starts_with('"') {
        return Err(Malformed::WrongType { field: "event", expected });
    }
    legacy(&envelope, event).map(Body::Legacy)
}

/// An entry of Close's event feed.
pub(super) fn log_entry(raw: &RawValue) -> Result<ModernEvent<'_>, Malformed> {
    if json::is_too_deep(raw.get().as_bytes()) {
        return Err(Malformed::TooDeep);
    }
    if !raw.get().starts_with('{') {
        return Err(Malformed::WrongType { field: "event", expected: "an object" });
    }
    modern(raw)
}

fn modern(event: &RawValue) -> Result<ModernEvent<'_>, Malformed> {
    let event: ModernFields<'_> = fields(event)?;
    Ok(ModernEvent {
        id: required("event.id", event.id)?,
        object_type: required("event.object_type", event.object_type)?,
        object_id: required("event.object_id", event.object_id)?,
        action: required("event.action", event.action)?,
        date_updated: text(event.date_updated).or_else(|| text(event.date_created)),
    })
}

fn legacy<'a>(envelope: &Envelope<'a>, event: &'a RawValue) -> Result<LegacyEvent<'a>, Malformed> {
    let model = required("model", envelope.model)?;
    let event = required("event", Some(event))?;
    let data = envelope.data.ok_or(Malformed::Missing("data"))?;
    if !data.get().starts_with('{') {
        return Err(Malformed::WrongType { field: "data", expected: "an object" });
    }
    let data: LegacyFields<'_> = fields(data)?;
    let ids = if event == "merge" {
        let source = required("data.source_id", data.source_id)?;
        LegacyIds::Merge { source, destination: required("data.destination_id", data.destination_id)? }
    } else {
        LegacyIds::One(required("data.id", data.id)?)
    };
    Ok(LegacyEvent { model, event, ids, date_updated: text(data.date_updated) })
}

fn fields<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Malformed> {
    serde_json::from_str(raw.get()).map_err(|error| not_an_object(&error))
}

/// A non-empty string, or a number as its digits: an id is a string to every receiver.
fn required<'a>(field: &'static str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, Malformed> {
    let raw = raw.ok_or(Malformed::Missing(field))?;
    let value = text(Some(raw)).ok_or(Malformed::WrongType { field, expected: "a string" })?;
    if value.len() > MAX_FIELD {
        return Err(Malformed::WrongType { field, expected: "a string of at most 1024 bytes" });
    }
    if value.is_empty() { Err(Malformed::Missing(field)) } else { Ok(value) }
}

fn text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let json = raw?.get();
    match json.as_bytes().first()? {
        b'"' => match serde_json::from_str::<&str>(json) {
            Ok(text) => Some(Cow::Borrowed(text)),
            // Escapes have to be resolved into new text.
            Err(_) => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        },
        b'-' | b'0'..=b'9' => Some(Cow::Borrowed(json)),
        _ => None,
    }
}

fn not_an_object(error: &serde_json::Error) -> Malformed {
    use serde_json::error::Category;
    let problem = match error.classify() {
        Category::Io | Category::Syntax => "a syntax error",
        Category::Data => "a repeated or unfitting key",
        Category::Eof => "it ends too early",
    };
    Malformed::NotAnObject { problem, line: error.line(), column: error.column() }
}
