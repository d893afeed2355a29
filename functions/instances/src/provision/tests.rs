use serde_json::{Value, json};

use super::*;

fn read(body: &Value) -> Result<Provision, String> {
    read_bytes(body.to_string().as_bytes())
}

fn read_bytes(body: &[u8]) -> Result<Provision, String> {
    let rules = Rules { reach: Reach::Public, close_api_hosts: CloseApiHosts::default() };
    Provision::read(body, &rules).map_err(|faults| Fault::message(&faults))
}

fn sap() -> Value {
    json!({
        "connector": {"key": "closeio"},
        "configuration": {
            "username": "api_key",
            "password": "",
            "event.notification.enabled": "true",
            "event.notification.callback.url": "https://example.com/hook",
            "event.vendor.type": "webhook",
        },
        "tags": [""],
        "name": "Test",
    })
}

#[test]
fn the_bodies_of_both_old_documentations_are_accepted() {
    let sap = read(&sap()).unwrap();
    assert_eq!((&*sap.name, &*sap.tags), ("Test", &["Test".to_owned()][..]));
    let configuration = &sap.configuration;
    assert_eq!(configuration.get("base.url"), Some("https://api.close.com/api/v1"));
    assert_eq!(
        (configuration.get("pagination.max"), configuration.get("pagination.offset")),
        (Some("100"), Some("true"))
    );

    let cloud_elements = json!({
        "element": {"key": "closeio"},
        "configuration": {"username": "api_key", "password": "p"},
        "tags": ["sales", "eu"],
        "name": "Test",
    });
    assert_eq!(read(&cloud_elements).unwrap().tags, ["sales", "eu"]);
}

#[test]
fn values_are_kept_as_strings_or_null() {
    let mut body = sap();
    body["configuration"]["event.notification.enabled"] = json!(true);
    body["configuration"]["event.notification.retry.attempts"] = json!(5);
    body["configuration"]["event.notification.signature.key"] = Value::Null;
    body["configuration"]["event.metadata"] = json!({"contacts": {"idField": "id"}});
    let configuration = read(&body).unwrap().configuration;
    let shown = configuration.masked();
    assert_eq!(shown["event.notification.enabled"], Some("true"));
    assert_eq!(shown["event.notification.retry.attempts"], Some("5"));
    assert_eq!(shown["event.notification.signature.key"], None);
    assert_eq!(shown["event.metadata"], Some(r#"{"contacts":{"idField":"id"}}"#));
}

#[test]
fn every_missing_entry_is_named_at_once() {
    assert_eq!(
        read(&json!({})).unwrap_err(),
        "Required entries are missing: element.key, name, configuration.username."
    );
    assert_eq!(
        read(&json!({
            "connector": {}, "name": " ", "tags": null,
            "configuration": {"username": " ", "event.notification.enabled": true},
        }))
        .unwrap_err(),
        "Required entries are missing: connector.key, name, configuration.username, \
         configuration.event.notification.callback.url."
    );
}

#[test]
fn faults_are_named_with_their_place() {
    let rows: [(&[u8], &str); 5] = [
        (b"", "the body is not a JSON object: EOF while parsing a value at line 1 column 0."),
        (b"{\n\"name\": x}", "the body is not a JSON object: expected value at line 2 column 9."),
        (b"[]", "the body is not a JSON object."),
        (b"\"a\"", "the body is not a JSON object."),
        (b"\xff", "the body is not a JSON object: expected value at line 1 column 1."),
    ];
    for (body, message) in rows {
        assert_eq!(read_bytes(body).unwrap_err(), message);
    }
    let wrong = [
        ("connector", json!("closeio"), "connector is not an object."),
        (
            "connector",
            json!({"key": "pipedrive"}),
            r#"connector.key is "pipedrive"; this system provisions "closeio" only."#,
        ),
        ("name", json!(5), "name is not a string."),
        ("tags", json!("a"), "tags is not an array of strings."),
        ("tags", json!([1]), "tags is not an array of strings."),
    ];
    for (entry, value, message) in wrong {
        let mut body = sap();
        body[entry] = value;
        assert_eq!(read(&body).unwrap_err(), message);
    }
    let mut body = sap();
    body["configuration"] = json!([]);
    assert_eq!(
        read(&body).unwrap_err(),
        "Required entries are missing: configuration.username. configuration is not an object."
    );
}

#[test]
fn settings_are_checked_before_anything_is_stored() {
    let rows = [
        (
            "event.notification.retry.attempts",
            "0",
            "is not a number of attempts from 1 to 10 (default 3) (for example 3)",
        ),
        (
            "base.url",
            "https://evil.example/",
            "names a host that is not one of api.close.com, app.close.io (for example https://api.close.com/api/v1)",
        ),
        (
            "event.notification.callback.urll",
            "x",
            "is not a setting of the events contract (did you mean event.notification.callback.url?)",
        ),
        (
            "event.notification.type",
            "email",
            "is not \"webhook\", the one way that notifications go (for example webhook)",
        ),
    ];
    for (key, value, reason) in rows {
        let mut body = sap();
        body["configuration"][key] = json!(value);
        assert_eq!(read(&body).unwrap_err(), format!("configuration.{key} {reason}."));
    }
    let mut body = sap();
    body["configuration"]["event.notification.callback.url"] = json!("https://10.0.0.1/hook");
    let message = read(&body).unwrap_err();
    assert!(
        message.starts_with("configuration.event.notification.callback.url is not usable: "),
        "{message}"
    );
}

#[test]
fn polling_faults_are_reported_with_the_others() {
    let mut body = sap();
    body["configuration"]["event.vendor.type"] = json!("Polling");
    body["configuration"]["event.notification.enabled"] = json!("maybe");
    body["configuration"]["event.poller.refresh_interval"] = json!(0);
    assert_eq!(
        read(&body).unwrap_err(),
        "configuration.event.notification.enabled is neither \"true\" nor \"false\" (for example true). \
         configuration.event.poller.refresh_interval is not a whole number of minutes from 1; an example: 15."
    );
}

#[test]
fn a_configuration_too_large_for_the_table_is_refused() {
    let rows = [
        ("", json!("x"), "configuration has a setting whose key is empty or longer than 255 bytes."),
        (
            &"k".repeat(256),
            json!("x"),
            "configuration has a setting whose key is empty or longer than 255 bytes.",
        ),
        ("notes", json!("x".repeat(65_537)), "configuration.notes is longer than 65536 bytes."),
    ];
    for (key, value, message) in rows {
        let mut body = sap();
        body["configuration"][key] = value;
        assert_eq!(read(&body).unwrap_err(), message);
    }
    let mut body = sap();
    for key in ["a", "b", "c"] {
        body["configuration"][key] = json!("x".repeat(60_000));
    }
    assert!(read(&body).unwrap_err().contains("bytes of settings; at most 131072 are kept"));
    let mut body = sap();
    body["tags"] = json!(vec!["t"; 101]);
    assert!(read(&body).unwrap_err().starts_with("tags has more than 100 tags"));
}

#[test]
fn slips_of_copying_are_named() {
    let seed = "{\n  \"name\": \"x\",\n  \"tags\": [],\n}";
    assert_eq!(
        read_bytes(seed.as_bytes()).unwrap_err(),
        "the body is not a JSON object: trailing comma at line 4 column 1; JSON has no comma after the last entry \
         (examples of the old documentation do)."
    );
    let curly = "{\n  “name”: 1}";
    assert_eq!(
        read_bytes(curly.as_bytes()).unwrap_err(),
        "the body is not a JSON object: key must be a string at line 2 column 3; the quotes there are curly ones, \
         JSON wants straight ones."
    );
    let single = "{'name': 1}";
    assert_eq!(
        read_bytes(single.as_bytes()).unwrap_err(),
        "the body is not a JSON object: key must be a string at line 1 column 2; JSON wants double quotes."
    );
}

#[test]
fn depth_does_not_overflow() {
    let deep = format!("{{\"name\":{}", "[".repeat(100_000));
    assert!(read_bytes(deep.as_bytes()).is_err());
}
