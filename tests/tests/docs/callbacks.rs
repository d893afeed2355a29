//! docs/callbacks.md. Its verifiers are run by `.ci/receivers`.

use std::collections::BTreeSet;

use dispatcher::Limits;
use serde_json::json;
use shared::callbacks::health::{DISABLED_AFTER, PROBE_EVERY};
use shared::callbacks::retry::{MAX_INTERVAL, RetrySchedule};
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

#[test]
fn the_numbers_are_those_of_the_code() {
    let document = Document::read("docs/callbacks.md");
    let text = document.text().split_whitespace().collect::<Vec<_>>().join(" ");
    let word =
        |number: i64| ["none", "one", "two", "three", "four", "five"][usize::try_from(number).unwrap()];
    let (limits, schedule) = (Limits::default(), RetrySchedule::default());
    let sentences = [
        format!("Any 2xx, within {} seconds", limits.deadline.as_secs()),
        format!("{} of them are for look-up and connection", limits.connect.as_secs()),
        format!("at most {} KiB are read and {} KiB are kept", limits.body / 1024, limits.excerpt / 1024),
        format!("An event gets {} attempts", word(schedule.attempts.into())),
        format!("each follows {} seconds after", schedule.interval.as_secs()),
        format!("not later than {} s", MAX_INTERVAL.as_secs()),
        format!("`event.notification.retry.interval` (1 to {} seconds)", MAX_INTERVAL.as_secs()),
        format!("tried every {} minutes", word(PROBE_EVERY.num_minutes())),
        format!("After {} days of failing probes", word(DISABLED_AFTER.num_days())),
    ];
    for sentence in sentences {
        assert!(text.contains(&sentence), "{sentence}");
    }
    assert!(RetrySchedule::new(1, 1).is_ok() && RetrySchedule::new(10, 900).is_ok());
    assert!(
        RetrySchedule::new(11, 900).is_err()
            && text.contains("`event.notification.retry.attempts` (1 to 10)")
    );
}
