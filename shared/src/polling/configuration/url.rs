//! The URL of a resource: which one, and which of its records.

use percent_encoding::percent_decode_str;

use crate::polling::ceql::{Columns, Condition};
use crate::polling::resource::Resource;

/// What a URL comes to.
pub(super) struct Url {
    pub(super) resource: Resource,
    pub(super) condition: Option<Condition>,
    /// As it is written.
    pub(super) page_size: Option<String>,
}

/// Reads `/hubs/crm/contacts?where=…`, with or without the hub.
pub(super) fn read(text: &str, columns: Columns<'_>) -> Result<Url, String> {
    let (path, query) = text.trim().split_once('?').unwrap_or((text.trim(), ""));
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let (["hubs", _, name] | [name]) = segments[..] else {
        return Err(format!("has the path {path:?}, which is not /hubs/crm/ and a resource"));
    };
    let resource = Resource::named(name).ok_or_else(|| unknown(name))?;
    let mut url = Url { resource, condition: None, page_size: None };
    for parameter in parameters(query) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name {
            "where" => {
                let condition = Condition::parse_for(&decoded(value), columns);
                url.condition = Some(condition.map_err(|error| format!("has a wrong where: {error}"))?);
            }
            "pageSize" => url.page_size = Some(value.to_owned()),
            // Everything is read, and delivered in the order of its change.
            "orderBy" => {}
            "fields" => {
                return Err(
                    "has the parameter \"fields\"; records are delivered whole, leave it out".to_owned()
                );
            }
            "page" | "nextPage" => {
                return Err(format!("has the parameter {name:?}; every page is read, leave it out"));
            }
            name => return Err(format!("has the unknown parameter {name:?}; there are where and pageSize")),
        }
    }
    Ok(url)
}

fn unknown(name: &str) -> String {
    let meant = Resource::nearest(name).map(|it| format!(" (did you mean {it:?}?)")).unwrap_or_default();
    let known: Vec<_> = Resource::names().collect();
    format!("names the unknown resource {name:?}{meant}; there are {}", known.join(", "))
}

/// The parameters. An ampersand in a quote or a template separates nothing.
fn parameters(query: &str) -> Vec<&str> {
    let (mut found, mut start, mut quoted, mut braced) = (Vec::new(), 0, false, false);
    for (at, letter) in query.char_indices() {
        match letter {
            '{' if query[..at].ends_with('$') => braced = true,
            '}' => braced = false,
            '\'' if !braced => quoted = !quoted,
            '&' if !quoted && !braced => {
                found.push(&query[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&query[start..]);
    found.retain(|parameter| !parameter.is_empty());
    found
}

/// A value as it was before it was made part of a URL. A plus is a space between words, and a plus in a literal:
/// there it belongs to an offset such as `+02:00`.
fn decoded(value: &str) -> String {
    let text = percent_decode_str(value).decode_utf8_lossy();
    let (mut quoted, mut braced, mut before) = (false, false, ' ');
    let decode = |letter: char| {
        match letter {
            '{' if before == '$' => braced = true,
            '}' => braced = false,
            '\'' if !braced => quoted = !quoted,
            _ => {}
        }
        before = letter;
        if letter == '+' && !quoted && !braced { ' ' } else { letter }
    };
    text.chars().map(decode).collect()
}
