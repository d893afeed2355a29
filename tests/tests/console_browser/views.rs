//! Every view: its look, in `target/console`, and its accessibility.

use http::Method;
use serde_json::{Value, json};
use tests::browser::axe;
use tests::receiver::Answer;

use super::stage::{Stage, at};

const KINDS: [&str; 6] = ["lead", "contact", "opportunity", "task.lead", "activity.note", "activity.call"];

fn webhook(n: usize) -> Value {
    let action = ["created", "updated", "updated", "deleted"][n % 4];
    let kind = KINDS[n % KINDS.len()];
    let id = format!("{}_{n:02}WfjTqY3DkdkPTxyKVvn", &kind[..4]);
    let event = json!({
        "id": format!("ev_{n}"), "date_created": "2026-11-26T09:00:00.000000", "date_updated": "2026-11-26T09:00:00.000000",
        "organization_id": "orga_bwwWG475zqWiQGur0thQshwVXo8rIYecQHDWFanqhen", "object_type": kind, "object_id": id,
        "action": action, "changed_fields": ["name"],
        "data": { "id": id, "name": "Wayne Enterprises", "contacts": [{ "name": "Bruce Wayne" }] },
        "previous_data": { "name": "Wayne" },
    });
    json!({ "subscription_id": "whsub_O38W2eeCowkLkasyM2JhKu", "event": event })
}

/// Three instances: one that works, one whose receiver fails, one that is disabled.
async fn furnish(stage: &Stage) -> (Value, Value) {
    let sales = stage.provision("Sales EMEA").await;
    stage.call(Method::PATCH, &at(&sales, ""), &json!({ "tags": ["production", "emea"] })).await;
    let billing = stage.provision("Billing sync").await;
    let hook = stage.receiver.at("/billing");
    let url =
        json!({ "configuration": { "event.notification.callback.url": hook.url() }, "tags": ["production"] });
    stage.call(Method::PATCH, &at(&billing, ""), &url).await;
    let off = stage.provision("Switched off").await;
    stage.call(Method::DELETE, &at(&off, "/enabled"), &Value::Null).await;
    hook.otherwise(Answer::status(503));
    for n in 0..24 {
        stage.receives(&sales, &webhook(n)).await;
    }
    for n in 0..3 {
        stage.receives(&billing, &webhook(n)).await;
    }
    (sales, billing)
}

/// The views by the names of their pictures, each with a text that appears once it is loaded.
async fn views(stage: &Stage) -> Vec<(&'static str, String, &'static str)> {
    let (sales, billing) = furnish(stage).await;
    let failed = format!("{}/events?deliveryStatus=failed", at(&billing, ""));
    let event = tests::browser::eventually("a failed event", async || {
        let found = stage.call(Method::GET, &failed, &Value::Null).await;
        let id = found[0]["id"].as_str().map(str::to_owned);
        id.filter(|_| found[2].is_object()).ok_or_else(|| found.to_string())
    })
    .await;
    vec![
        ("overview", "/".to_owned(), "Billing sync"),
        ("instances", "/instances".to_owned(), "Sales EMEA"),
        ("create", "/instances/new".to_owned(), "Create instance"),
        ("instance", at(&billing, ""), "Attempts"),
        ("settings", at(&sales, "/settings"), "Delete instance"),
        ("events", at(&sales, "/events"), "activities"),
        ("event", format!("{}/events/{event}", at(&billing, "")), "Attempt 2"),
        ("try", at(&sales, "/try"), "Send webhook"),
        ("redeliver", at(&billing, "/redeliver"), "Count them"),
        ("nothing", "/nowhere".to_owned(), "There is nothing here"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_fits_the_screen_and_has_no_barriers() {
    let Some(stage) = Stage::set().await else { return };
    let axe = axe();
    let views = views(&stage).await;
    let mut barriers = Vec::new();
    for (width, colours) in [(1280, "light"), (390, "light"), (1280, "dark")] {
        let page = stage.browser.open(&format!("{}/console", stage.system().url())).await;
        page.screen(width, colours).await;
        page.script("sessionStorage.clear(); location.reload()", json!([])).await;
        page.shows("User secret").await;
        page.picture(&format!("sign-in-{width}-{colours}")).await;
        let page = stage.signed_in().await;
        for (name, path, text) in &views {
            page.view(path).await;
            page.shows(text).await;
            page.until("return !document.querySelector('.loading')").await;
            let wide =
                page.script("return document.documentElement.scrollWidth > innerWidth", json!([])).await;
            assert_eq!(wide, false, "{name} does not fit {width} pixels");
            let headings = page.script("return document.querySelectorAll('h1').length", json!([])).await;
            assert_eq!(headings, 1, "{name}");
            page.picture(&format!("{name}-{width}-{colours}")).await;
            if let Some(axe) = &axe {
                let found = page.barriers(axe).await;
                barriers.extend(found.into_iter().map(|it| format!("{name}, {width}, {colours}: {it}")));
            }
        }
        assert_eq!(page.errors().await, [""; 0]);
    }
    assert!(barriers.is_empty(), "{barriers:#?}");
    stage.end().await;
}
