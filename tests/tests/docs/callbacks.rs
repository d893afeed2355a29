//! docs/callbacks.md. Its verifiers are run by `.ci/receivers`.

use std::collections::BTreeSet;

use serde_json::json;
use tests::bed::Bed;
use tests::markdown::Document;
use tests::receiver::Receiver;

/// The names of the headers that a callback with these settings has.
async fn headers(settings: &[(&str, &str)]) -> BTreeSet<String> {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), settings).await;
    instance
        .receives(json!({"model": "lead", "event": "create", "data": {"id": "lead_1"}}).to_string())
        .await;
    bed.drain().await;
    receiver.received()[0].headers.keys().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_headers_are_those_of_the_table() {
    let rows = Document::read("docs/callbacks.md").table("The request");
    let documented = |with: &str| -> BTreeSet<String> {
        let rows =
            rows[1..].iter().filter(|row| row[2] == "always" || (!with.is_empty() && row[2].contains(with)));
        rows.map(|row| row[0].trim_matches('`').to_owned()).collect()
    };
    assert_eq!(headers(&[]).await, documented(""));
    let plain = [("event.notification.signature.key", "MySecretEventSignatureKey")];
    assert_eq!(headers(&plain).await, documented("event.notification.signature.key"));
    let asymmetric =
        [("event.notification.signature.ed25519.key", "whsk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")];
    assert_eq!(headers(&asymmetric).await, documented("whsk_"));
    let all = [
        ("event.notification.signature.key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("event.notification.basic.username", "me"),
        ("event.notification.basic.password", "secret"),
        ("event.notification.callback.headers", "your-own: x"),
    ];
    let documented: BTreeSet<_> =
        rows[1..].iter().map(|row| row[0].trim_matches('`').replace(' ', "-")).collect();
    assert_eq!(headers(&all).await, documented);
}
