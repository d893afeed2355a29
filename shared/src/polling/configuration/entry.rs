//! One resource's entry.

use chrono::TimeDelta;
use serde_json::{Map, Value};

use super::{DateField, EntryFault, ResourceConfiguration, dates, of_resource, url};
use crate::polling::ceql::Columns;
use crate::polling::resource::{DATE_CREATED, DATE_UPDATED};

/// What the platform's documents and exports also have, and what this system cannot honour.
const UNSUPPORTED: &[&str] = &[
    "batchSize",
    "objectName",
    "parameters",
    "postHookPipelines",
    "postHooks",
    "useHydrationBeforePostHooks",
    "useLastPollDate",
    "xPath",
];

/// A day: nobody's index lags longer.
const MAX_SECONDS: u64 = 86_400;

pub(super) fn read(name: &str, value: &Value) -> Result<ResourceConfiguration, Vec<EntryFault>> {
    let mut reader = Reader { name, faults: Vec::new() };
    let Some(entry) = value.as_object() else {
        reader.fault("", &format!("is not an object; an example: {}", super::EXAMPLE));
        return Err(reader.faults);
    };
    reader.check_keys(entry);
    let id_field = reader.id_field(entry);
    let (updated, created) = reader.dates(entry);
    let url = reader.url(entry, Columns { dates: &[&updated, &created] });
    let seconds =
        |value: &Value| number(value, 0..=MAX_SECONDS).map(|it| TimeDelta::seconds(it.cast_signed()));
    let created_tolerance =
        reader.optional(entry, &["createdCheckTolerance"], "seconds, such as 10", seconds);
    let poll_delay = reader.optional(entry, &["pollDelay"], "seconds, such as 60", seconds);
    // The platform's own documents spell it in two ways.
    let by_updated = ["filterByUpdatedDate", "filterByUpdateDate"];
    let by_updated = reader.optional(entry, &by_updated, "true or false", flag);
    let by_current = reader.optional(entry, &["filterByCurrentDate"], "true or false", flag);
    let page_size = reader.page_size(entry, url.as_ref());
    let Some(url) = url.filter(|_| reader.faults.is_empty()) else { return Err(reader.faults) };
    let default = of_resource(url.resource);
    Ok(ResourceConfiguration {
        name: name.to_owned(),
        resource: url.resource,
        condition: url.condition,
        id_field,
        updated,
        created,
        created_tolerance: created_tolerance.unwrap_or(default.created_tolerance),
        filter_by_updated_date: by_updated.unwrap_or(default.filter_by_updated_date),
        filter_by_current_date: by_current.unwrap_or(default.filter_by_current_date),
        page_size: page_size.unwrap_or(default.page_size),
        poll_delay: poll_delay.unwrap_or(default.poll_delay),
    })
}

struct Reader<'a> {
    name: &'a str,
    faults: Vec<EntryFault>,
}

impl Reader<'_> {
    fn fault(&mut self, key: &str, reason: &str) {
        self.faults.push(EntryFault(format!("is not usable: {}{key} {reason}", self.name)));
    }

    fn check_keys(&mut self, entry: &Map<String, Value>) {
        const KNOWN: &[&str] = &[
            "url",
            "idField",
            "datesConfiguration",
            "createdCheckTolerance",
            "filterByUpdatedDate",
            "filterByUpdateDate",
            "filterByCurrentDate",
            "pageSize",
            "pollDelay",
            "updatedDateTimezone",
        ];
        let is_one = |keys: &[&str], key: &str| keys.iter().any(|it| it.eq_ignore_ascii_case(key));
        for key in entry.keys().filter(|key| !is_one(KNOWN, key)) {
            if !is_one(UNSUPPORTED, key) {
                self.fault(&format!(".{key}"), &format!("is unknown; there are {}", KNOWN.join(", ")));
            } else if get(entry, key).is_some_and(|value| !self.says_nothing(key, value)) {
                let reason = format!("is not supported; leave it out. There are {}", KNOWN.join(", "));
                self.fault(&format!(".{key}"), &reason);
            }
        }
    }

    /// True if a key that is not supported asks for what happens without it.
    fn says_nothing(&self, key: &str, value: &Value) -> bool {
        let is_usual = match &*key.to_ascii_lowercase() {
            "uselastpolldate" => flag(value) == Some(true),
            "objectname" => value.as_str() == Some(self.name),
            _ => flag(value) == Some(false),
        };
        is_usual || *value == Value::Array(Vec::new()) || *value == Value::Object(Map::new())
    }

    fn dates(&mut self, entry: &Map<String, Value>) -> (DateField, DateField) {
        let dates = dates::read(get(entry, "datesConfiguration"), get(entry, "updatedDateTimezone"));
        dates.unwrap_or_else(|fault| {
            self.fault(".datesConfiguration", &fault);
            (DateField::own(DATE_UPDATED), DateField::own(DATE_CREATED))
        })
    }

    /// The records a page, of the entry or of the URL.
    fn page_size(&mut self, entry: &Map<String, Value>, url: Option<&url::Url>) -> Option<u32> {
        let most = url.map_or(1000, |url| url.resource.source().page_limit());
        let expected = format!("a number from 1 to {most}, which is the most that Close gives at once");
        let read = |value: &Value| number(value, 1..=most.into()).and_then(|it| u32::try_from(it).ok());
        let of_url = url.and_then(|url| url.page_size.as_ref());
        let of_url = of_url.map(|size| (read(&Value::String(size.clone())), size));
        if let Some((None, _)) = of_url {
            self.fault(".url", &format!("has a pageSize that is not {expected}"));
        }
        self.optional(entry, &["pageSize"], &expected, read).or(of_url.and_then(|(size, _)| size))
    }

    fn url(&mut self, entry: &Map<String, Value>, columns: Columns<'_>) -> Option<url::Url> {
        const EXAMPLE: &str =
            "an example: /hubs/crm/contacts?where=date_updated>'${gmtDate:yyyy-MM-dd'T'HH:mm:ssXXX}'";
        let reason = match get(entry, "url") {
            None => "is missing".to_owned(),
            Some(Value::String(text)) => match url::read(text, columns) {
                Ok(url) => return Some(url),
                Err(reason) => reason,
            },
            Some(_) => "is not a string".to_owned(),
        };
        self.fault(".url", &format!("{reason}; {EXAMPLE}"));
        None
    }

    fn id_field(&mut self, entry: &Map<String, Value>) -> String {
        match get(entry, "idField") {
            Some(Value::String(path)) if !path.trim().is_empty() => return path.trim().to_owned(),
            None | Some(Value::String(_)) => {
                self.fault(".idField", "is missing; an example: \"idField\": \"id\"");
            }
            Some(_) => self.fault(".idField", "is not a string; an example: \"idField\": \"id\""),
        }
        String::new()
    }

    fn optional<T>(
        &mut self,
        entry: &Map<String, Value>,
        keys: &[&str],
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let (key, value) = keys.iter().find_map(|key| Some((*key, get(entry, key)?)))?;
        let read = read(value);
        if read.is_none() {
            self.fault(&format!(".{key}"), &format!("is not {expected}"));
        }
        read
    }
}

/// The value of a key in any case; null and empty count as absent.
pub(super) fn get<'a>(entry: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let (_, value) = entry.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
    Some(value).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn number(value: &Value, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|number| range.contains(number))
}

fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| match value.as_str()?.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    })
}
