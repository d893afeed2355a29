//! The sample answer of the old documentation. Its request bodies are in docs/migrating.md, which has its own test.

use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;

/// The answer in the old documentation.
const SAMPLE: &str = r#"{
  "id": 12, "name": "Test", "token": "cuED0/DezalhhzK2OtO6kMP7NvPnMyNcRDZc=",
  "element": {
    "id": 146, "name": "Close.io Beta", "key": "closeio", "description": "Add a Close.io CRM Instance …",
    "image": "https://pbs.twimg.com/profile_images/497905627948015616/vNCOkr1Z.png", "active": true,
    "deleted": false, "typeOauth": false, "trialAccount": false, "transformationsEnabled": true,
    "authentication": { "type": "basic" }, "hub": "crm", "parameters": []
  },
  "provisionInteractions": [], "valid": true, "disabled": false, "maxCacheSize": 0, "cacheTimeToLive": 0,
  "configuration": {
    "base.url": "https://app.close.io/api/v1", "pagination.offset": "true", "password": "CLOSE_IO_PASSOWRD",
    "pagination.max": "100", "username": "CLOSE_IO_API_KEY"
  },
  "eventsEnabled": false, "cachingEnabled": false
}"#;

const FIRST_EXAMPLE: &str = r#"{
  "element": {
    "key": "closeio"
  },
  "configuration": {
    "username": "api_key",
    "password": "p"
  },
  "tags": [
    "sales"
  ],
  "name": "Test"
}"#;

/// Every field of `sample` is in `answer`, with a value of the same kind.
fn assert_has(answer: &Value, sample: &Value, place: &str) {
    assert_eq!(
        std::mem::discriminant(answer),
        std::mem::discriminant(sample),
        "{place} is {answer} where the sample has {sample}"
    );
    for (key, value) in sample.as_object().into_iter().flatten() {
        assert_has(&answer[key], value, &format!("{place}.{key}"));
    }
}

#[tokio::test]
async fn the_first_example_works_and_its_answer_has_every_field() {
    let bed = Bed::start().await;
    let authorization = bed.system().authorization();
    let answer = bed.call_as(&authorization, Method::POST, "/instances", FIRST_EXAMPLE).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    let shown = answer.json();
    assert_has(&shown, &serde_json::from_str(SAMPLE).unwrap(), "answer");
    assert_eq!(shown["element"]["id"], 146);
    assert_eq!(shown["configuration"]["username"], "api_key");
    assert_eq!(shown["configuration"]["password"], "********");
    assert_eq!((&shown["eventsEnabled"], &shown["tags"]), (&json!(false), &json!(["sales"])));
    assert_eq!(answer.headers["content-type"], "application/json");
}
