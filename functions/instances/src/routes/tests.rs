use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::Value;
use shared::platform::clock::SystemClock;
use shared::platform::random::OsRandom;
use shared::platform::settings::Variables;
use tower::ServiceExt as _;

use crate::Instances;

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap()
}

/// The methods of each path, as the description of the API has them.
fn described() -> BTreeMap<String, BTreeSet<String>> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().iter();
    let of_this_function = paths.filter(|(path, _)| !path.starts_with("/events"));
    let methods = |value: &Value| value.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
    of_this_function.map(|(path, value)| (path.clone(), methods(value))).collect()
}

/// The methods of each path, as the router answers.
async fn routed() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (path, _) in super::all() {
        let path_of_ours = path.replace("{element}", "closeio");
        let request = Request::builder().method(Method::TRACE).uri(format!("/elements/api-v2{path_of_ours}"));
        let answer = instances().router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let allowed = answer.headers()["allow"].to_str().unwrap();
        let methods = allowed.split(',').filter(|method| *method != "HEAD").map(str::to_owned);
        found.insert(path.to_owned(), methods.collect());
    }
    found
}

/// The function, without services to call.
fn instances() -> Instances {
    let names = [
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "INSTANCES_TABLE",
        "CREDENTIALS_TABLE",
        "EVENTS_TABLE",
        "PAYLOADS_TABLE",
        "RETRY_QUEUE_URL",
        "KMS_KEY_ID",
        "ENDPOINTS_TABLE",
        "POLLERS_TABLE",
    ];
    let variables: Variables = names.map(|name| (name.to_owned(), "none".to_owned())).into_iter().collect();
    Instances::from_variables(&variables, Arc::new(SystemClock), Arc::new(OsRandom)).unwrap()
}

#[tokio::test]
async fn the_description_has_every_route_with_its_methods_and_no_other() {
    assert_eq!(described(), routed().await);
}

#[test]
fn every_reference_of_the_description_exists() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
