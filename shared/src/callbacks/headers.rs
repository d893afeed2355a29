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
const SYNTAX: &str = "is neither a JSON object of strings nor lines of `Name: value`";

/// Headers to send with every callback of an instance; their values may be secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallbackHeaders(HeaderMap);

impl CallbackHeaders {
    /// Reads a JSON object (`{"X-Team":"sales"}`) or lines of `Name: value`.
    ///
    /// The old platform does not document the format of this setting, so both plain ones are accepted.
    ///
    /// Errors quote no value: it may be secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let pairs: Vec<(String, String)> = if text.starts_with('{') {
            let object: std::collections::BTreeMap<String, String> =
                serde_json::from_str(text).map_err(|_| SYNTAX)?;
            object.into_iter().collect()
        } else {
            text.lines().map(line).collect::<Option<_>>().ok_or(SYNTAX)?
        };
        if pairs.len() > MAX_HEADERS {
            return Err(format!("has more than {MAX_HEADERS} headers"));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let (name, value) = header(&name, &value)?;
            headers.append(name, value);
        }
        Ok(Self(headers))
    }

    /// The headers.
    pub fn as_map(&self) -> &HeaderMap {
        &self.0
    }
}

fn line(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed: HeaderName =
        name.parse().map_err(|_| format!("names {name:?}, which is not a header name"))?;
    let lower = parsed.as_str();
    if RESERVED.contains(&lower) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(format!("names {name:?}, which this system sets itself"));
    }
    let sendable = HeaderValue::from_str(value).ok().filter(|value| value.to_str().is_ok());
    let refusal = || format!("gives the header {name:?} a value that is not printable ASCII");
    let mut value = sendable.ok_or_else(refusal)?;
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
    fn a_header_that_cannot_be_sent_is_refused_by_name() {
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
            assert_eq!(CallbackHeaders::parse(text).unwrap_err(), message);
        }
        assert_eq!(CallbackHeaders::parse(&"a: b\n".repeat(21)).unwrap_err(), "has more than 20 headers");
    }
}
