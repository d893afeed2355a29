//! What Close sends arrives at the callback URL in the platform's terms, and otherwise unchanged.

use serde_json::{Value, json};
use tests::bed::Bed;
use tests::fixtures;
use tests::receiver::Receiver;

/// The callback body without constant fields and `raw`, which is compared byte for byte elsewhere.
async fn callbacks(prefix: &str) -> Value {
    let bed = Bed::start().await;
    let mut seen = serde_json::Map::new();
    for name in fixtures::named(prefix) {
        let receiver = Receiver::start().await;
        let instance = bed.provision(&receiver.url(), &[]).await;
        assert_eq!(instance.receives(fixtures::read(&name)).await.status, 200, "{name}");
        bed.drain().await;
        let requests = receiver.received();
        assert_eq!(requests.len(), 1, "{name}");
        seen.insert(name, requests[0].message()["message"]["events"].take());
    }
    Value::Object(seen)
}

#[tokio::test]
async fn each_legacy_webhook_arrives_normalised() {
    insta::assert_json_snapshot!(callbacks("close/legacy").await);
}

#[tokio::test]
async fn each_webhook_of_today_arrives_normalised() {
    insta::assert_json_snapshot!(callbacks("close/webhook").await);
}

#[tokio::test]
async fn the_envelope_is_the_platforms() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    instance.receives(fixtures::read("close/legacy.lead.merge.json")).await;
    bed.drain().await;
    let mut message = receiver.received()[0].message();
    message["message"]["raw"] = json!("as it came");
    insta::assert_json_snapshot!(message);
}

#[tokio::test]
async fn raw_arrives_to_the_byte() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let mut sent = Vec::new();
    for name in [fixtures::named("close/legacy"), fixtures::named("close/webhook")].concat() {
        let body = fixtures::read(&name);
        instance.receives(body.clone()).await;
        sent.push(String::from_utf8(body).unwrap().trim().to_owned());
    }
    // Numbers, escapes and order that JSON libraries would write differently.
    let odd = r#"{"event":"create","z":1.10,"model":"lead","a":100000000000000000000,"data":{"id":"l\u0061","é":"\u00e9\/"}}"#;
    instance.receives(odd).await;
    sent.push(odd.to_owned());
    bed.drain().await;
    let bodies: Vec<_> =
        receiver.received().iter().map(|request| String::from_utf8(request.body.to_vec()).unwrap()).collect();
    assert_eq!(bodies.len(), sent.len());
    for raw in sent {
        let raw = format!(r#""raw":{raw},"events""#);
        assert!(bodies.iter().any(|body| body.contains(&raw)), "{raw}");
    }
}

#[tokio::test]
async fn characters_that_the_queue_refuses_arrive_too() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let body = "{\"model\":\"lead\",\"event\":\"create\",\"data\":{\"id\":\"lead_1\",\"name\":\"\u{ffff}\"}}";
    assert_eq!(instance.receives(body).await.status, 200);
    bed.drain().await;
    let arrived = String::from_utf8(receiver.received()[0].body.to_vec()).unwrap();
    assert!(arrived.contains(&format!(r#""raw":{body},"#)));
}
