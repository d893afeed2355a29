//! `event.poller.urls`: the configuration of before, one resource a line.

use serde_json::{Map, Value, json};

use super::{EntryFault, ResourceConfiguration};

/// `resource|url|xPathFilter|` and three entries for each of the two dates.
const COLUMNS: [&str; 9] = [
    "resource",
    "url",
    "xPathFilter",
    "updatedDateField",
    "updatedDateFormat",
    "updatedDateTimezone",
    "createdDateField",
    "createdDateFormat",
    "createdDateTimezone",
];

/// Reads lines of `resource|url|…`; several resources may also follow each other on one line, nine entries each.
///
/// # Errors
/// Everything that is wrong, as [`super::read`].
pub fn read(text: &str) -> Result<Vec<ResourceConfiguration>, Vec<EntryFault>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut configuration = Map::new();
    for line in lines {
        let entries: Vec<&str> = line.split('|').map(str::trim).collect();
        for columns in entries.chunks(COLUMNS.len()) {
            let [resource, url, ..] = columns else {
                let example = "contacts|/hubs/crm/contacts||date_updated|yyyy-MM-dd'T'HH:mm:ssXXX|GMT";
                return Err(vec![EntryFault(format!("has a line without a url; an example: {example}"))]);
            };
            if columns.get(2).is_some_and(|filter| !filter.is_empty()) {
                let reason =
                    "has an xPathFilter, which is not supported; leave it empty, and use a where in the url";
                return Err(vec![EntryFault(reason.to_owned())]);
            }
            let dates: Map<String, Value> = COLUMNS
                .iter()
                .zip(columns)
                .skip(3)
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            let entry = json!({"url": url, "idField": "id", "datesConfiguration": dates});
            configuration.insert((*resource).to_owned(), entry);
        }
    }
    super::read(&Value::Object(configuration).to_string())
}
