//! `event.notification.callback.headers`: further headers of a callback.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers that belong to the transport or to this system; a setting cannot replace them.
const RESERVED: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const RESERVED_PREFIXES: &[&str] = &["elements-webhook-", "webhook-"];
const MAX_HEADERS: usize = 20;

/// Headers to send with every callback of an instance; their values may be secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallbackHeaders(HeaderMap);

/// Why the setting is not a list of headers. No value is quoted: it may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeaders {
    /// Neither form was found.
    #[error("is neither a JSON object of strings nor lines of `Name: value`")]
    Syntax,
    /// A name is not a header name.
    #[error("names {0:?}, which is not a header name")]
    Name(String),
    /// A value has characters that a header cannot carry.
    #[error("gives the header {0:?} a value that is not printable ASCII")]
    Value(String),
    /// The header is not the user's to set.
    #[error("names {0:?}, which this system sets itself")]
    Reserved(String),
    /// Too many.
    #[error("has more than {MAX_HEADERS} headers")]
    TooMany,
}

impl CallbackHeaders {
    /// Reads a JSON object (`{"X-Team":"sales"}`) or lines of `Name: value`.
    ///
    /// The old platform does not document the format of this setting, so both plain ones are accepted.
    ///
    /// # Errors
    /// When it is neither, or a header cannot be sent.
    pub fn parse(text: &str) -> Result<Self, InvalidHeaders> {
        let text = text.trim();
        let pairs: Vec<(String, String)> = if text.starts_with('{') {
            let object: std::collections::BTreeMap<String, String> =
                serde_json::from_str(text).map_err(|_| InvalidHeaders::Syntax)?;
            object.into_iter().collect()
        } else {
            text.lines().map(line).collect::<Option<_>>().ok_or(InvalidHeaders::Syntax)?
        };
        if pairs.len() > MAX_HEADERS {
            return Err(InvalidHeaders::TooMany);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let (name, value) = header(&name, &value)?;
            headers.append(name, value);
        }
        Ok(Self(headers))
    }

    /// The headers.
    #[must_use]
    pub fn as_map(&self) -> &HeaderMap {
        &self.0
    }
}

fn line(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), InvalidHeaders> {
    let parsed: HeaderName = name.parse().map_err(|_| InvalidHeaders::Name(name.to_owned()))?;
    let lower = parsed.as_str();
    if RESERVED.contains(&lower) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(InvalidHeaders::Reserved(name.to_owned()));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| InvalidHeaders::Value(name.to_owned()))?;
    if value.to_str().is_err() {
        return Err(InvalidHeaders::Value(name.to_owned()));
    }
    value.set_sensitive(true);
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        for text in [
            r#"{"X-Team":"sales","x-key":"a:b"}"#,
            "X-Team: sales\nx-key:a:b",
            "X-Team: sales\r\nx-key: a:b\n",
        ] {
            let headers = CallbackHeaders::parse(text).unwrap();
            assert_eq!(headers.as_map()["x-team"], "sales", "{text}");
            assert_eq!(headers.as_map()["x-key"], "a:b", "{text}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused_by_name() {
        let rows = [
            ("X-Team", "is neither a JSON object of strings nor lines of `Name: value`"),
            (r#"{"a":1}"#, "is neither a JSON object of strings nor lines of `Name: value`"),
            ("X Team: a", r#"names "X Team", which is not a header name"#),
            ("X-Team: a\u{1}hush", r#"gives the header "X-Team" a value that is not printable ASCII"#),
            ("X-Team: é", r#"gives the header "X-Team" a value that is not printable ASCII"#),
            ("Host: a", r#"names "Host", which this system sets itself"#),
            ("Webhook-Id: a", r#"names "Webhook-Id", which this system sets itself"#),
            ("Elements-Webhook-Id: a", r#"names "Elements-Webhook-Id", which this system sets itself"#),
        ];
        for (text, message) in rows {
            assert_eq!(CallbackHeaders::parse(text).unwrap_err().to_string(), message);
        }
        assert_eq!(CallbackHeaders::parse(&"a: b\n".repeat(21)), Err(InvalidHeaders::TooMany));
    }
}
