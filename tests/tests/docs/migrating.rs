//! docs/migrating.md: the requests on the old platform's pages, and their answers here.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::client::{Answer, Client};
use tests::close::{Close, Quirks};
use tests::markdown::Document;

/// Each body of the document with the answer that is printed after it.
fn pasted() -> Vec<(String, String, String)> {
    let blocks = Document::read("docs/migrating.md").blocks();
    let pairs = blocks.chunks(2).map(|pair| {
        assert_eq!((&*pair[0].language, &*pair[1].language), ("json", "text"), "{}", pair[0].heading);
        (pair[0].heading.clone(), pair[0].code.clone(), pair[1].code.trim().to_owned())
    });
    pairs.collect()
}

/// The body with the address of the test's Close; unchanged if it is not JSON.
fn towards(close: &str, body: &str) -> String {
    let Ok(mut read) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    read["configuration"]["base.url"] = json!(close);
    read.to_string()
}

#[tokio::test]
async fn each_body_of_the_old_pages_gets_the_answer_that_is_printed() {
    let bed = Bed::start().await;
    let close = Close::new(1, Arc::new(bed.clock().clone())).serve(bed.clock(), Quirks::default()).await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let mut sources = Vec::new();
    for (heading, body, expected) in pasted() {
        if let Some(status) = expected.strip_suffix(" to the webhook URL") {
            assert_eq!(instance.receives(body).await.status.as_str(), status, "{heading}");
            continue;
        }
        let (status, rest) = expected.split_once(' ').unwrap_or((&expected, ""));
        let sent = if status == "200" { towards(close.url(), &body) } else { body };
        let answer = bed.call_as(&bed.system().authorization(), Method::POST, "/instances", sent).await;
        assert_eq!(answer.status.as_str(), status, "{heading}: {}", answer.message());
        if status == "200" {
            let source = &answer.json()["configuration"]["event.vendor.type"];
            assert_eq!(source.as_str().unwrap_or_default(), rest, "{heading}");
            sources.push(rest.to_owned());
        } else {
            assert_eq!(answer.message(), rest, "{heading}");
        }
    }
    assert_eq!(sources, ["", "polling", "polling", "webhook"]);
}

async fn sent(bed: &Bed, pasted: &str) -> Answer {
    let (url, client) = (bed.system().url(), Client::default());
    if let Some(authorization) = pasted.strip_prefix("Authorization: ") {
        return bed.call_as(authorization.trim(), Method::GET, "/instances", "").await;
    }
    // How a client encodes braces in a URL.
    let path = pasted.strip_prefix("POST ").unwrap().replace('{', "%7B").replace('}', "%7D");
    let body = r#"{"model":"lead","event":"create","data":{"id":"lead_1"}}"#;
    client.send(Method::POST, &format!("{url}{path}"), &[], body).await.unwrap()
}

#[tokio::test]
async fn unfilled_headers_and_addresses_get_the_printed_answer() {
    let bed = Bed::start().await;
    let rows = Document::read("docs/migrating.md").table("Headers and addresses");
    for row in &rows[1..] {
        let answer = sent(&bed, row[0].trim_matches('`')).await;
        assert!(row[1].starts_with(answer.status.as_str()), "{row:?}: {}", answer.status);
        if let Some((_, text)) = row[1].split_once('`') {
            assert_eq!(answer.message(), text.trim_end_matches('`'), "{row:?}");
        }
    }
    assert_eq!(rows.len(), 5);
}
