//! Routes for a whole account without a token, and what a token alone may see.

use http::Method;
use serde_json::{Value, json};
use tests::bed::{Bed, Instance};
use tests::client::Answer;
use tests::receiver::{Answer as Reply, Receiver};

use super::{by_token, enable_callback, get, with_token};

/// A bed with three instances, whose events come in turn, some in the same millisecond.
async fn interleaved() -> (Bed, Receiver, Vec<Instance>) {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(bed.provision(&receiver.url(), &[]).await);
    }
    for number in 0..30 {
        let webhook = json!({"model": "lead", "event": "create", "data": {"id": format!("lead_{number}")}});
        instances[number % 3].receives(webhook.to_string()).await;
        bed.pass(i64::from(number % 4 == 0));
    }
    bed.drain().await;
    (bed, receiver, instances)
}

fn user_and_token(bed: &Bed, instance: &Instance) -> String {
    let own = bed.system().authorization();
    let (user, _) = own.split_once(", ").unwrap();
    format!("{user}, Element {}", instance.answer["token"].as_str().unwrap())
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.message());
    answer.json().as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_accounts_events_come_newest_first_and_once() {
    let (bed, _receiver, instances) = interleaved().await;
    let whole = get(&bed, "/instances/events?pageSize=200").await;
    assert_eq!(whole.headers["elements-total-count"], "30");
    let dates = whole.json();
    let dates: Vec<_> =
        dates.as_array().unwrap().iter().map(|event| event["eventDate"].to_string()).collect();
    assert!(dates.is_sorted_by(|newer, older| newer >= older), "{dates:?}");
    let whole = ids(&whole);
    for size in [1, 4, 7, 29, 30] {
        let (mut seen, mut query) = (Vec::new(), format!("pageSize={size}"));
        loop {
            let page = get(&bed, &format!("/instances/events?{query}")).await;
            let found = ids(&page);
            assert!(found.len() <= size);
            seen.extend(found);
            let Some(next) = page.headers.get("elements-next-page-token") else { break };
            query = format!("pageSize={size}&nextPage={}", next.to_str().unwrap());
        }
        assert_eq!(seen, whole, "pages of {size}");
    }
    let mut all = Vec::new();
    for instance in &instances {
        all.extend(ids(&get(&bed, &format!("/instances/{}/events?pageSize=200", instance.id())).await));
    }
    all.sort_unstable();
    let mut sorted = whole.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, all);

    let of_token = by_token(&bed, &instances[0], Method::GET, "/instances/events", &Value::Null).await;
    assert_eq!(ids(&of_token).len(), 10, "with a token it is that instance's");
    let filtered = get(&bed, "/instances/events?deliveryStatus=failed").await;
    assert_eq!((filtered.status.as_u16(), filtered.json()), (200, json!([])));
    assert_eq!(get(&bed, "/instances/events/dispositions").await.json().as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn an_event_of_any_instance_of_the_account_is_found() {
    let (bed, _receiver, instances) = interleaved().await;
    let stranger = bed.system().another_account(77).await.unwrap();
    for instance in &instances {
        let of_instance = get(&bed, &format!("/instances/{}/events?pageSize=1", instance.id())).await.json();
        let path = format!("/instances/events/{}", of_instance[0]["id"].as_str().unwrap());
        let found = get(&bed, &path).await;
        assert_eq!((found.status.as_u16(), &found.json()), (200, &of_instance[0]));
        assert_eq!(bed.call_as(&stranger, Method::GET, &path, "").await.status, 404);
    }
    assert_eq!(get(&bed, "/instances/events/none").await.message(), "There is no event with this ID.");
}

#[tokio::test]
async fn an_accounts_failures_are_redelivered_page_by_page() {
    let (bed, receiver, instances) = interleaved().await;
    receiver.otherwise(Reply::status(410));
    for (number, instance) in instances.iter().enumerate() {
        for event in 0..=number {
            let id = format!("lead_failed_{number}_{event}");
            let webhook = json!({"model": "lead", "event": "create", "data": {"id": id}});
            instance.receives(webhook.to_string()).await;
        }
    }
    bed.drain().await;
    receiver.otherwise(Reply::status(200));
    for instance in &instances {
        enable_callback(&bed, instance).await;
    }
    let off = &instances[0];
    bed.call(Method::DELETE, &format!("/instances/{}/enabled", off.id()), &Value::Null).await;
    bed.pass(60);
    let before = receiver.received().len();
    let (mut sent, mut path) = (Vec::new(), "/instances/events/redeliver?pageSize=2".to_owned());
    loop {
        let answer = bed.call(Method::PUT, &path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.message());
        sent.extend(answer.json()["eventIds"].as_array().unwrap().clone());
        let Some(next) = answer.json()["nextPage"].as_str().map(str::to_owned) else { break };
        path = format!("/instances/events/redeliver?pageSize=2&nextPage={next}");
    }
    bed.drain().await;
    assert_eq!(sent.len(), 5, "two and three; those of the instance that is off are left out");
    assert_eq!(receiver.received().len() - before, 5);

    let one = get(&bed, &format!("/instances/{}/events?pageSize=1", instances[1].id())).await.json();
    let path = format!("/instances/events/{}/redeliver", one[0]["id"].as_str().unwrap());
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
    let of_off = get(&bed, &format!("/instances/{}/events?pageSize=1", off.id())).await.json();
    let path = format!("/instances/events/{}/redeliver", of_off[0]["id"].as_str().unwrap());
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.status, 403);
}

#[tokio::test]
async fn a_token_only_opens_the_routes_of_its_instance() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let other = bed.provision("https://example.com/hook", &[]).await;
    let alone = user_and_token(&bed, &instance);
    for path in ["", "/configuration", "/configuration/username", "/events", "/events/analytics"] {
        let own = bed.call_as(&alone, Method::GET, &format!("/instances/{}{path}", instance.id()), "").await;
        assert_eq!(own.status, 200, "{path}: {}", own.message());
        let foreign = bed.call_as(&alone, Method::GET, &format!("/instances/{}{path}", other.id()), "").await;
        assert_eq!(foreign.status, 404, "{path}");
    }
    let path = format!("/elements/closeio/instances/{}", instance.id());
    let renamed = bed.call_as(&alone, Method::PATCH, &path, r#"{"name":"New"}"#).await;
    assert_eq!((renamed.status.as_u16(), &renamed.json()["name"]), (200, &json!("New")));
    let forged = format!("{alone}x");
    let path = format!("/instances/{}", instance.id());
    assert_eq!(bed.call_as(&forged, Method::GET, &path, "").await.status, 401);
}

#[tokio::test]
async fn a_search_with_a_token_is_a_list_or_a_404() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    bed.provision("https://example.com/hook", &[]).await;
    let (both, alone) = (with_token(&bed, &instance), user_and_token(&bed, &instance));
    let rows = [
        (&both, "tags[]=Test", 200, 2),
        (&both, "searchText=test", 200, 2),
        (&both, "tags[]=other", 404, 0),
        (&both, "searchText=other", 404, 0),
        (&alone, "tags[]=Test", 200, 1),
        (&alone, "searchText=other", 404, 0),
    ];
    for (authorization, query, status, count) in rows {
        let answer = bed.call_as(authorization, Method::GET, &format!("/instances?{query}"), "").await;
        let found = answer.json().as_array().map_or(0, Vec::len);
        assert_eq!((answer.status.as_u16(), found), (status, count), "{query}");
    }
    let forged = format!("{both}x");
    assert_eq!(bed.call_as(&forged, Method::GET, "/instances?tags[]=Test", "").await.status, 401);
}

#[tokio::test]
async fn the_analytics_of_another_account_are_forbidden_on_every_route() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let id = instance.id();
    for path in [
        "/instances/events/analytics".to_owned(),
        "/instances/events/analytics/instances".to_owned(),
        "/instances/events/analytics/accounts".to_owned(),
        format!("/instances/{id}/events/analytics"),
    ] {
        for (query, status) in
            [("accountIds[]=1", 200), ("accountIds[]=2", 403), ("accountIds[]=1&accountIds[]=2", 403)]
        {
            let asked = format!("{path}?{query}");
            assert_eq!(get(&bed, &asked).await.status, status, "{asked}");
            assert_eq!(
                by_token(&bed, &instance, Method::GET, &asked, &Value::Null).await.status,
                status,
                "{asked}"
            );
        }
    }
}
