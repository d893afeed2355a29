//! The delivery log over HTTP.

use http::Method;
use serde_json::{Value, json};
use tests::bed::{Bed, Instance};
use tests::client::Answer;
use tests::fixtures;
use tests::receiver::{Answer as Reply, Receiver};

use super::{by_token, enable_callback, get};

/// A bed whose instance received three events, a minute apart: one delivered, one failed, one to be retried.
pub(crate) async fn three_events() -> (Bed, Receiver, Instance) {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    instance.receives(fixtures::read("close/legacy.lead.create.json")).await;
    bed.deliver().await;
    bed.pass(60);
    receiver.answer([Reply::status(410)]);
    instance.receives(fixtures::read("close/webhook.contact.updated.json")).await;
    bed.deliver().await;
    enable_callback(&bed, &instance).await;
    receiver.answer([Reply::status(503)]);
    instance.receives(fixtures::read("close/legacy.lead.delete.json")).await;
    bed.deliver().await;
    (bed, receiver, instance)
}

async fn events(bed: &Bed, instance: &Instance, query: &str) -> Answer {
    get(bed, &format!("/instances/{}/events?{query}", instance.id())).await
}

fn statuses(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.message());
    let list = answer.json();
    let list = list.as_array().unwrap();
    assert_eq!(answer.headers["elements-returned-count"], list.len().to_string().as_str());
    list.iter().map(|event| event["deliveryStatus"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_instance_without_events_has_an_empty_log() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let answer = events(&bed, &instance, "").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!([])));
}

#[tokio::test]
async fn events_are_shown_newest_first_as_the_platform_shows_them() {
    let (bed, receiver, instance) = three_events().await;
    let answer = events(&bed, &instance, "").await;
    assert_eq!(statuses(&answer), ["retry", "failed", "delivered"]);
    let list = answer.json();
    let delivered = &list[2];
    assert_eq!(delivered["id"], receiver.received()[0].message()["message"]["eventId"]);
    assert_eq!(delivered["status"], "NOTIFIED");
    assert_eq!(delivered["eventDate"], "2026-11-21T10:00:00.000Z");
    let raw = fixtures::read("close/legacy.lead.create.json");
    let raw = String::from_utf8_lossy(&raw).trim().to_owned();
    assert_eq!(delivered["providerData"], raw, "byte for byte");
    assert_eq!(delivered["notifiedData"][0]["objectType"], "accounts");
    assert_eq!(delivered["attempts"][0]["statusCode"], 200);
    let failed = &list[1];
    assert_eq!((&failed["status"], &failed["notifiedData"]), (&json!("DISPATCHED"), &json!([])));
    assert_eq!(failed["reason"], "the receiver answered 410");
    assert_eq!(list[0]["nextAttemptDate"], "2026-11-21T10:07:00.000Z");

    let one =
        get(&bed, &format!("/instances/{}/events/{}", instance.id(), failed["id"].as_str().unwrap())).await;
    assert_eq!((one.status.as_u16(), &one.json()), (200, failed));
    let path = format!("/instances/events/{}", failed["id"].as_str().unwrap());
    assert_eq!(&by_token(&bed, &instance, Method::GET, &path, &Value::Null).await.json(), failed);
    let by_token =
        by_token(&bed, &instance, Method::GET, "/instances/events?pageSize=10", &Value::Null).await;
    assert_eq!(by_token.json(), list);
    assert_eq!(get(&bed, &format!("/instances/{}/events/none", instance.id())).await.status, 404);
}

#[tokio::test]
async fn filters_narrow_the_log() {
    let (bed, _receiver, instance) = three_events().await;
    let rows: [(&str, &[&str]); 11] = [
        ("status=NOTIFIED", &["delivered"]),
        ("status=dispatched", &["retry", "failed"]),
        ("status=NEW", &[]),
        ("deliveryStatus=failed", &["failed"]),
        ("deliveryStatus=failed,retry", &["retry", "failed"]),
        ("objectType=contacts", &["failed"]),
        ("objectType=ACCOUNTS&deliveryStatus=retry", &["retry"]),
        ("from=2026-11-21T10:01:00Z", &["retry", "failed"]),
        ("to=2026-11-21T10:01:00Z", &["failed", "delivered"]),
        ("from=2026-11-21T10:00:30Z&to=1795255290000", &["failed"]),
        ("from=2026-11-22&to=2026-11-23", &[]),
    ];
    for (query, expected) in rows {
        assert_eq!(statuses(&events(&bed, &instance, query).await), expected, "{query}");
    }
    for (query, part) in [
        ("from=soon", "from is not a time (for example 2026-11-21T10:00:00Z"),
        ("from=2026-11-22", "from is later than to"),
        ("status=DONE", "status is not a comma list of NEW, RECEIVED"),
        ("deliveryStatus=lost", "deliveryStatus is not a comma list of queued, delivering"),
        ("pageSize=0", "pageSize is not"),
        ("nextPage=%22", "nextPage is not a token"),
    ] {
        let answer = events(&bed, &instance, query).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.message().starts_with(part), "{query}: {}", answer.message());
    }
}

#[tokio::test]
async fn the_log_is_walked_page_by_page() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    for number in 0..30 {
        let webhook = json!({"model": "lead", "event": "create", "data": {"id": format!("lead_{number}")}});
        instance.receives(webhook.to_string()).await;
    }
    bed.drain().await;
    for size in [1, 7, 25, 100] {
        let (mut seen, mut query) = (Vec::new(), format!("pageSize={size}"));
        loop {
            let answer = events(&bed, &instance, &query).await;
            let list = answer.json();
            assert!(list.as_array().unwrap().len() <= size);
            seen.extend(list.as_array().unwrap().iter().map(|event| event["id"].to_string()));
            let Some(next) = answer.headers.get("elements-next-page-token") else { break };
            query = format!("pageSize={size}&nextPage={}", next.to_str().unwrap());
        }
        assert_eq!(seen.len(), 30, "pages of {size}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 30, "pages of {size} repeat nothing");
    }
}

#[tokio::test]
async fn a_large_event_is_complete_by_id() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let note = "x".repeat(500_000);
    let webhook =
        json!({"model": "lead", "event": "create", "data": {"id": "lead_1", "note": note}}).to_string();
    instance.receives(webhook.clone()).await;
    bed.drain().await;
    let list = events(&bed, &instance, "").await.json();
    assert!(list[0]["providerData"].as_str().unwrap().contains("omitted"));
    let path = format!("/instances/{}/events/{}", instance.id(), list[0]["id"].as_str().unwrap());
    assert_eq!(get(&bed, &path).await.json()["providerData"], webhook);
}

#[tokio::test]
async fn dispositions_and_analytics_agree() {
    let (bed, _receiver, instance) = three_events().await;
    let path = format!("/instances/{}/events", instance.id());
    let dispositions = get(&bed, &format!("{path}/dispositions?deliveryStatus=failed")).await.json();
    let data = &dispositions[0]["notificationData"][0];
    assert_eq!(dispositions[0]["elementInstanceId"], instance.id());
    assert_eq!(data["message"], "Error delivering event: the receiver answered 410");

    let query = "from=2026-11-21T10:00:00Z&to=2026-11-21T10:03:00Z&interval=minute";
    let counts = get(&bed, &format!("{path}/analytics?{query}")).await.json();
    let counts: Vec<_> = counts.as_array().unwrap().iter().map(|bucket| bucket["count"].clone()).collect();
    assert_eq!(counts, [1, 1, 1, 0]);
    let day = get(&bed, &format!("{path}/analytics?interval=hour")).await.json();
    let day = day.as_array().unwrap().iter().map(|bucket| bucket["count"].as_u64().unwrap());
    assert_eq!(day.sum::<u64>(), 3);
    for bucket in get(&bed, &format!("{path}/analytics?interval=hour")).await.json().as_array().unwrap() {
        assert_eq!(bucket["timestamp"], bucket["date"]);
    }
    for query in ["interval=second", "from=x", "interval=minute&from=2020-01-01"] {
        assert_eq!(get(&bed, &format!("{path}/analytics?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn an_account_sees_only_its_own_analytics() {
    let (bed, receiver, instance) = three_events().await;
    let other = bed.provision(receiver.at("/other").url(), &[]).await;
    other.receives(fixtures::read("close/legacy.lead.create.json")).await;
    bed.drain().await;
    let query = "from=2026-11-21T10:00:00Z&to=2026-11-21T11:00:00Z&interval=minute";
    let analytics = async |what: &str| {
        let answer = get(&bed, &format!("/instances/events/analytics{what}?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.message());
        answer.json().as_array().unwrap().clone()
    };
    let by_instance = analytics("/instances").await;
    assert_eq!(by_instance.len(), 61, "one for each minute, both ends included");
    assert_eq!(
        by_instance[1]["records"],
        json!([{"instanceId": instance.id(), "count": 1, "success": 0, "failed": 1}])
    );
    let mut records = vec![
        json!({"instanceId": instance.id(), "count": 1, "success": 1, "failed": 0}),
        json!({"instanceId": other.id(), "count": 1, "success": 1, "failed": 0}),
    ];
    records.sort_by_key(|record| record["instanceId"].as_u64());
    assert_eq!(by_instance[2]["records"], json!(records), "tried again and delivered; and the other's");
    assert_eq!((&by_instance[2]["total"], &by_instance[3]["records"]), (&json!(2), &json!([])));

    let by_account = analytics("/accounts").await;
    assert_eq!(by_account[2]["records"], json!([{"accountId": 1, "count": 2, "success": 2, "failed": 0}]));
    let in_all = analytics("").await;
    let counts = |buckets: &[Value]| buckets.iter().map(|bucket| bucket["count"].clone()).collect::<Vec<_>>();
    assert_eq!((counts(&in_all), counts(&by_account)), (counts(&by_instance), counts(&by_instance)));
    let path = format!("/instances/events/analytics?{query}");
    let by_token = by_token(&bed, &other, Method::GET, &path, &Value::Null).await.json();
    assert_eq!(counts(by_token.as_array().unwrap()).iter().filter_map(Value::as_u64).sum::<u64>(), 1);

    for what in ["", "/instances", "/accounts"] {
        let path = format!("/instances/events/analytics{what}");
        assert_eq!(get(&bed, &format!("{path}?accountIds[]=1")).await.status, 200);
        for (query, status) in
            [("accountIds[]=0", 403), ("interval=second", 400), ("from=2026-11-22&to=2026-11-20", 400)]
        {
            assert_eq!(get(&bed, &format!("{path}?{query}")).await.status, status, "{what} {query}");
        }
        let nobody = bed.call_as("User x, Organization y", Method::GET, &path, "").await;
        assert_eq!(nobody.status, 401);
    }
}

#[tokio::test]
async fn pages_of_any_size_give_every_event_once_newest_first() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    // Several of one millisecond: they are told apart by their ids, over all shards of the log.
    for number in 0..40 {
        let webhook = json!({"model": "lead", "event": "create", "data": {"id": format!("lead_{number}")}});
        instance.receives(webhook.to_string()).await;
        if number % 4 == 3 {
            bed.deliver().await;
            bed.pass(1);
        }
    }
    let place = |event: &Value| (event["eventDate"].to_string(), event["id"].to_string());
    let all: Vec<_> =
        events(&bed, &instance, "pageSize=100").await.json().as_array().unwrap().iter().map(place).collect();
    assert_eq!(all.len(), 40);
    assert!(all.is_sorted_by(|newer, older| newer > older), "{all:?}");
    for size in [1, 3, 7, 8, 13, 39, 40] {
        let (mut pages, mut next) = (Vec::new(), String::new());
        loop {
            let page = events(&bed, &instance, &format!("pageSize={size}{next}")).await;
            let shown: Vec<_> = page.json().as_array().unwrap().iter().map(place).collect();
            assert!(shown.len() <= size);
            pages.extend(shown);
            let Some(token) = page.headers.get("elements-next-page-token") else { break };
            next = format!("&nextPage={}", token.to_str().unwrap());
        }
        assert_eq!(pages, all, "by {size}");
    }
}
