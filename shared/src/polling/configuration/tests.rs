use serde_json::json;

use super::*;

/// The example of a configuration, as it is printed.
fn seed() -> String {
    let instance = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/open-connectors/instance.polling.json"
    ));
    let instance: Value = serde_json::from_str(instance).unwrap();
    instance["configuration"]["event.poller.configuration"].to_string()
}

fn one(entry: &Value) -> ResourceConfiguration {
    read(&json!({"contacts": entry}).to_string()).unwrap().remove(0)
}

fn faults(configuration: &Value) -> Vec<String> {
    read(&configuration.to_string()).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn the_seeds_configuration_is_taken_as_printed_as_an_object_and_as_a_string() {
    let printed = seed();
    let seed = read(&printed).unwrap();
    assert_eq!(seed.len(), 1);
    assert_eq!((seed[0].name.as_str(), seed[0].resource), ("contacts", Resource::Contacts));
    assert!(seed[0].condition.is_some() && seed[0].updated.pattern().is_some());
    assert_eq!(read(&json!(printed).to_string()).unwrap(), seed);
    assert_eq!(read(&printed.replace("At", "Date")).unwrap(), seed, "both spellings of the date keys");
    assert_eq!(read(&printed.replace("updatedAtField", "UpdatedDateField")).unwrap(), seed);
}

#[test]
fn a_url_may_have_no_hub_no_condition_and_be_percent_encoded() {
    let entry = |url: &str| one(&json!({"url": url, "idField": "id"}));
    assert_eq!(entry("/hubs/anything/contacts"), entry("contacts"));
    let encoded = entry("/contacts?where=title%3D%27A%26B%27+AND+name%20LIKE%20%27x%25%27&pageSize=20");
    let plain = entry("/contacts?where=title='A&B' AND name LIKE 'x%25'&pageSize=20");
    assert_eq!(encoded, plain);
    assert_eq!(encoded.page_size, 20);
    let kept = entry("/contacts?where=date_updated>'2026-01-01T00:00:00+02:00'");
    assert_eq!(kept, entry("/contacts?where=date_updated>'2026-01-01T00:00:00%2B02:00'"));
}

#[test]
fn every_entry_has_its_meaning_and_its_default() {
    let entry = one(&json!({"url": "/contacts", "idField": "id"}));
    assert_eq!(entry.created_tolerance, TimeDelta::seconds(10));
    assert!(entry.filter_by_updated_date && !entry.filter_by_current_date);
    assert_eq!((entry.page_size, entry.poll_delay), (100, TimeDelta::zero()));
    let entry = one(&json!({
        "url": "/contacts", "idField": "user.id", "createdCheckTolerance": "3", "filterByUpdateDate": "false",
        "filterByCurrentDate": true, "pageSize": 7, "pollDelay": 90, "xPath": "",
        "datesConfiguration": {"updatedDateTimezone": "America/Denver", "updatedDateFormat": "yyyy-MM-dd HH:mm"},
    }));
    assert_eq!((entry.id_field.as_str(), entry.page_size), ("user.id", 7));
    assert_eq!((entry.created_tolerance, entry.poll_delay), (TimeDelta::seconds(3), TimeDelta::seconds(90)));
    assert!(!entry.filter_by_updated_date && entry.filter_by_current_date);
    let at =
        |field: &DateField| field.read(&json!("2026-06-19 12:00")).map(|reading| reading.at.to_rfc3339());
    let noon = Some("2026-06-19T18:00:00+00:00".to_owned());
    assert_eq!((at(&entry.updated), at(&entry.created)), (noon.clone(), noon.clone()));
    let beside = one(&json!({
        "url": "/contacts", "idField": "id", "updatedDateTimezone": "America/Denver",
        "DatesConfiguration": {"updatedDateFormat": "yyyy-MM-dd HH:mm"},
    }));
    assert_eq!(at(&beside.updated), noon, "the zone may stand beside the dates");
    assert_eq!(one(&json!({"url": "/events?pageSize=50", "idField": "id"})).page_size, 50);
}

#[test]
fn what_cannot_be_honoured_is_refused_and_what_asks_for_nothing_is_not() {
    let fault = |key: &str, value: Value| {
        let mut entry = json!({"url": "/events", "idField": "id"});
        entry[key] = value;
        read(&json!({"events": entry}).to_string())
            .err()
            .map(|faults| faults[0].to_string())
            .unwrap_or_default()
    };
    let rows = [
        ("pageSize", json!(51), "events.pageSize is not a number from 1 to 50"),
        ("pageSize", json!(0), "events.pageSize is not a number from 1 to 50"),
        ("url", json!("/events?pageSize=51"), "events.url has a pageSize that is not a number from 1 to 50"),
        ("url", json!("/events?fields=id"), "the parameter \"fields\"; records are delivered whole"),
        ("url", json!("/events?page=2"), "the parameter \"page\"; every page is read"),
        ("url", json!(7), "events.url is not a string"),
        ("xPath", json!("/a/b"), "events.xPath is not supported; leave it out"),
        ("batchSize", json!(20), "events.batchSize is not supported"),
        ("useLastPollDate", json!(false), "events.useLastPollDate is not supported"),
        ("objectName", json!("others"), "events.objectName is not supported"),
        ("datesConfiguration", json!({"updatedDateFormat": "HH:mm"}), "it has no year (yyyy)"),
        ("datesConfiguration", json!({"updatedDateFormat": "yyyy-MM-dd hh:mm"}), "without its half (a)"),
        ("url", json!("/events?where=date_updated>'yesterday'"), "at character 14: date_updated has dates"),
    ];
    for (key, value, said) in rows {
        let fault = fault(key, value.clone());
        assert!(fault.contains(said), "{key} {value}: {fault}");
    }
    for (key, value) in [
        ("xPath", json!("")),
        ("postHooks", json!([])),
        ("parameters", json!({})),
        ("useLastPollDate", json!("true")),
        ("useHydrationBeforePostHooks", json!(false)),
        ("objectName", json!("events")),
        ("url", json!("/events?orderBy=date_updated")),
    ] {
        assert_eq!(fault(key, value.clone()), "", "{key} {value}");
    }
}

#[test]
fn every_fault_of_every_resource_is_told_with_its_place_and_an_example() {
    let told = faults(&json!({
        "contacts": {"url": "/hubs/crm/contacts?where=date_updated>'x"},
        "deals": {"url": "/hubs/crm/deals", "idField": "id"},
        "calss": {"url": "/hubs/crm/calss", "idField": "id"},
        "leads": {"url": "/leads?limit=5", "idField": 5},
        "notes": {"idField": "id", "pageSize": 0, "pollDelay": -1, "filterByCurrentDate": "maybe"},
        "tasks": {"url": "/a/b/c/tasks", "idField": "id", "idFeld": 1},
        "users": "all",
        "opportunities": {"url": "/opportunities?where=date_updated>'${gmtDate:YYYY}'", "idField": "id"},
    }));
    let expected = [
        "contacts.url has a wrong where: Error parsing query: at character 14: the quote that begins here does not end; an example: /hubs/crm/contacts?where=",
        "contacts.idField is missing; an example: \"idField\": \"id\"",
        "deals.url names the unknown resource \"deals\"; there are accounts, leads, contacts,",
        "calss.url names the unknown resource \"calss\" (did you mean \"calls\"?); there are",
        "leads.url has the unknown parameter \"limit\"; there are where and pageSize",
        "leads.idField is not a string",
        "notes.url is missing; an example: /hubs/crm/contacts",
        "notes.pollDelay is not seconds, such as 60",
        "notes.pageSize is not a number from 1 to 1000",
        "notes.filterByCurrentDate is not true or false",
        "tasks.idFeld is unknown; there are url, idField",
        "tasks.url has the path \"/a/b/c/tasks\"",
        "users is not an object; an example:",
        "opportunities.url has a wrong where: Error parsing query: at character 15: the date pattern has the letter 'Y'",
    ];
    for text in expected {
        assert!(
            told.iter().any(|fault| fault.starts_with(&format!("is not usable: {text}"))),
            "{text}: {told:#?}"
        );
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
}

#[test]
fn dates_that_cannot_be_read_are_refused() {
    let fault = |dates: Value| {
        faults(&json!({"contacts": {"url": "/contacts", "idField": "id", "datesConfiguration": dates}}))
            .remove(0)
    };
    assert!(
        fault(json!({"updatedDateFormat": "yyyy-ww"}))
            .contains("updatedDateFormat that is wrong: the date pattern has the letter 'w' at position 6")
    );
    assert!(
        fault(json!({"createdAtFormat": "'"}))
            .contains("createdDateFormat that is wrong: the date pattern has a quote")
    );
    assert!(fault(json!({"updatedDateTimezone": "Mars"})).contains("\"Mars\" is not a time zone"));
    assert!(fault(json!({"updatedFeld": "x"})).contains("unknown key updatedFeld"));
    assert!(fault(json!({"updatedDateField": 1})).contains("updatedDateField that is not a string"));
    assert!(fault(json!([1])).contains("is not an object"));
}

#[test]
fn what_is_no_object_is_refused_with_line_and_column() {
    assert!(read("{\n \"contacts\": }").unwrap_err()[0].to_string().contains("at line 2 column 14"));
    for text in ["[]", "7", "true", "\"[]\""] {
        let fault = read(text).unwrap_err().remove(0).to_string();
        assert!(fault.contains("is not a JSON object") && fault.contains("idField"), "{text}: {fault}");
    }
}

#[test]
fn the_older_lines_come_to_the_same() {
    let line = "contacts|/hubs/crm/contacts?where=date_updated>'${gmtDate:yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX}'||date_updated|yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX||date_created|yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX|";
    assert_eq!(read_legacy(line).unwrap(), read(&seed()).unwrap());
    let two = read_legacy("accounts|/accounts\n\n tasks|/tasks||date_updated ").unwrap();
    assert_eq!(two.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["accounts", "tasks"]);
    assert_eq!(read_legacy(&format!("{line}|{}", line.replace("contacts", "leads"))).unwrap().len(), 2);
    let filtered = read_legacy("contacts|/contacts|//a").unwrap_err();
    assert!(filtered[0].to_string().contains("an xPathFilter, which is not supported"));
    assert!(read_legacy("contacts").unwrap_err()[0].to_string().contains("a line without a url"));
    assert!(read_legacy("x|/nothing").unwrap_err()[0].to_string().contains("unknown resource"));
}

#[test]
fn nobody_says_anything_and_the_usual_is_polled() {
    let names: Vec<_> = default().into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["accounts", "contacts", "opportunities", "tasks"]);
    for nothing in ["{}", " {} ", "null", "\"\"", "\"{}\""] {
        assert_eq!(read(nothing).unwrap(), default(), "{nothing}");
    }
}
