use serde_json::{Value, json};

use super::stage::{Stage, at};

const SCRIPT: &str = "<script>window.hacked = 1</script><img src=x onerror=\"window.hacked = 1\">";

fn webhook(kind: &str, id: &str, data: &Value) -> Value {
    let event = json!({
        "id": format!("ev_{id}"), "date_created": "2026-11-26T09:00:00", "date_updated": "2026-11-26T09:00:00",
        "object_type": kind, "object_id": id, "action": "created", "data": data, "previous_data": {},
    });
    json!({ "subscription_id": "whsub_1", "event": event })
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_text_is_shown_and_never_run() {
    let Some(stage) = Stage::set().await else { return };
    let name = "\u{202e}gpj.evil\u{202c} & \"quoted\" > other";
    let instance = stage.provision(name).await;
    let data =
        json!({ "markup": SCRIPT, "turned": "\u{202e}txt.exe", "number": 0, "long": "x".repeat(1_000_000) });
    // A number that JavaScript cannot hold.
    let text = webhook(SCRIPT, "\"><svg onload=alert(1)>", &data).to_string();
    let body: Value = serde_json::from_str(&text).unwrap();
    stage.receives(&instance, &body).await;
    let page = stage.signed_in().await;
    // After the browser's own first page.
    page.requests().await;
    for view in ["/", "/instances", "/events"] {
        page.view(view).await;
        page.shows("\\u202egpj.evil\\u202c & \"quoted\" > other").await;
    }
    page.view(&at(&instance, "/events")).await;
    page.shows(SCRIPT).await;
    page.shows("\"><svg onload=alert(1)>").await;
    page.until("document.querySelector('tbody a').click(); return true").await;
    page.press("From Close").await;
    page.press("▸ { 4 fields }".trim_start_matches("▸ ")).await;
    page.shows("\\u202etxt.exe").await;
    page.press("Show all 976.6 KB").await;
    page.until("return document.querySelector('pre').textContent.length > 1000000").await;
    for view in ["", "/settings", "/try", "/redeliver"] {
        page.view(&at(&instance, view)).await;
        page.shows("gpj.evil").await;
    }
    assert_eq!(
        page.script("return [window.hacked ?? 0, document.scripts.length]", json!([])).await,
        json!([0, 1])
    );
    assert_eq!(page.errors().await, [""; 0]);
    let own = stage.system().url().to_owned();
    let elsewhere = page.requests().await.into_iter().filter(|url| !url.starts_with(&own));
    // A time field contains an image of the browser's own.
    let elsewhere: Vec<_> = elsewhere.filter(|url| !url.starts_with("data:image/svg+xml")).collect();
    assert_eq!(elsewhere, [""; 0]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_their_order_are_shown_as_they_came() {
    let Some(stage) = Stage::set().await else { return };
    let instance = stage.provision("Numbers").await;
    let text = r#"{"model":"lead","event":"create","data":{"id":"lead_n","z":12345678901234567890,"a":1.0,"2":"\u00e9"}}"#;
    let client = tests::client::Client::default();
    let url = instance["webhookUrl"].as_str().unwrap();
    client.send(http::Method::POST, url, &[("content-type", "application/json")], text).await.unwrap();
    let page = stage.signed_in().await;
    page.view(&at(&instance, "/events")).await;
    page.press("accounts created").await;
    page.press("From Close").await;
    page.shows("\"z\": 12345678901234567890").await;
    let shown = page.text().await;
    let places = ["\"id\"", "\"z\"", "\"a\": 1.0", "\"2\": \"\\u00e9\""].map(|part| shown.find(part));
    assert!(places.is_sorted() && places[0].is_some(), "{shown}");
    stage.end().await;
}
