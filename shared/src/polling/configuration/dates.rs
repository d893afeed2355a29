//! `datesConfiguration`: where a record's dates are and how they are written.

use serde_json::{Map, Value};

use super::entry::get;
use super::{DateField, DateFormat};
use crate::polling::pattern::{DatePattern, InvalidPattern};
use crate::polling::resource::{DATE_CREATED, DATE_UPDATED};
use crate::polling::zone::{GMT, Zone};

/// The six keys, by what follows `updated` and `created`; there is a spelling with `At` for `Date`.
const PARTS: [&str; 3] = ["Field", "Format", "Timezone"];

/// The fields of the updated and of the created date; some exports have the time zone beside the dates.
pub(super) fn read(
    value: Option<&Value>,
    timezone: Option<&Value>,
) -> Result<(DateField, DateField), String> {
    let mut dates = match value {
        None => Map::new(),
        Some(Value::Object(dates)) => dates.clone(),
        Some(_) => {
            return Err("is not an object; an example: {\"updatedDateField\": \"date_updated\"}".to_owned());
        }
    };
    check_keys(&dates)?;
    if let (Some(timezone), None) = (timezone, get(&dates, "updatedDateTimezone")) {
        dates.insert("updatedDateTimezone".to_owned(), timezone.clone());
    }
    let updated = field(&dates, "updated", DateField::own(DATE_UPDATED))?;
    // The created date is written as the updated one unless it says otherwise.
    let default = DateField { path: DATE_CREATED.to_owned(), ..updated.clone() };
    let created = field(&dates, "created", default)?;
    Ok((updated, created))
}

fn check_keys(dates: &Map<String, Value>) -> Result<(), String> {
    let spellings: Vec<String> = ["updatedDate", "createdDate", "updatedAt", "createdAt"]
        .iter()
        .flat_map(|stem| PARTS.map(|part| format!("{stem}{part}")))
        .collect();
    let unknown = dates.keys().find(|key| !spellings.iter().any(|it| it.eq_ignore_ascii_case(key)));
    unknown.map_or(Ok(()), |key| {
        Err(format!("has the unknown key {key}; there are {}", spellings[..6].join(", ")))
    })
}

fn field(dates: &Map<String, Value>, which: &str, default: DateField) -> Result<DateField, String> {
    let text = |part: &str| -> Result<Option<&str>, String> {
        let keys = [format!("{which}Date{part}"), format!("{which}At{part}")];
        let Some(value) = keys.iter().find_map(|key| get(dates, key)) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| format!("has a {} that is not a string", keys[0]))
    };
    let zone: Option<Zone> = text("Timezone")?
        .map(|name| name.parse().map_err(|error| format!("has a {which}DateTimezone that is wrong: {error}")))
        .transpose()?;
    let format = text("Format")?.map(format).transpose();
    let format = format.map_err(|error| format!("has a {which}DateFormat that is wrong: {error}"))?;
    let zone = zone.unwrap_or(if format.is_some() { GMT } else { default.zone });
    Ok(DateField {
        path: text("Field")?.map_or(default.path, |path| path.trim().to_owned()),
        format: format.or(default.format),
        zone,
    })
}

fn format(text: &str) -> Result<DateFormat, String> {
    if text.trim().eq_ignore_ascii_case("milliseconds") {
        return Ok(DateFormat::Milliseconds);
    }
    let pattern: DatePattern = text.trim().parse().map_err(|error: InvalidPattern| error.to_string())?;
    match pattern.gap() {
        None => Ok(DateFormat::Pattern(pattern)),
        Some(gap) => {
            Err(format!("it has {gap}; an example: yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX, or milliseconds"))
        }
    }
}
