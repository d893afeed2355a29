//! Sending events again.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::fixtures;
use tests::receiver::{Answer as Reply, Receiver};

use super::events::three_events;
use super::{enable_callback, get};

#[tokio::test]
async fn a_failed_event_is_redelivered_in_a_new_round() {
    let (bed, receiver, instance) = three_events().await;
    bed.drain().await;
    let path = format!("/instances/{}/events", instance.id());
    let failed = get(&bed, &format!("{path}?deliveryStatus=failed")).await.json();
    let id = failed[0]["id"].as_str().unwrap().to_owned();
    let before = receiver.received().len();

    let answer = bed.call(Method::PUT, &format!("{path}/{id}/redeliver"), &Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    assert_eq!(answer.json(), json!({"id": id, "deliveryStatus": "queued", "round": 1}));
    let queued = get(&bed, &format!("{path}/{id}")).await.json();
    assert_eq!((&queued["deliveryStatus"], &queued["status"]), (&json!("queued"), &json!("RECEIVED")));

    bed.drain().await;
    let callbacks = receiver.received();
    assert_eq!(callbacks.len(), before + 1);
    assert_eq!(callbacks[before].message()["message"]["eventId"], id.as_str());
    assert_eq!(callbacks[before].header("elements-webhook-id"), Some(&*id));
    let shown = get(&bed, &format!("{path}/{id}")).await.json();
    assert_eq!((&shown["deliveryStatus"], &shown["round"]), (&json!("delivered"), &json!(1)));
    let attempts: Vec<_> = shown["attempts"].as_array().unwrap().iter().collect();
    assert_eq!(attempts.len(), 2);
    assert_eq!((&attempts[0]["round"], &attempts[0]["statusCode"]), (&json!(0), &json!(410)));
    assert_eq!((&attempts[1]["round"], &attempts[1]["statusCode"]), (&json!(1), &json!(200)));
}

#[tokio::test]
async fn a_redelivered_event_gets_all_its_attempts_again() {
    let (bed, receiver, instance) = three_events().await;
    bed.drain().await;
    let path = format!("/instances/{}/events", instance.id());
    let failed = get(&bed, &format!("{path}?deliveryStatus=failed")).await.json();
    let id = failed[0]["id"].as_str().unwrap().to_owned();
    receiver.answer([Reply::status(500), Reply::status(500), Reply::status(500)]);
    bed.call(Method::PUT, &format!("{path}/{id}/redeliver"), &Value::Null).await;
    let (before, began) = (receiver.received().len(), bed.now());
    bed.drain().await;
    assert_eq!(receiver.received().len(), before + 3);
    assert_eq!((bed.now() - began).num_seconds(), 600, "five minutes apart");
    assert_eq!(get(&bed, &format!("{path}/{id}")).await.json()["deliveryStatus"], "failed");
}

#[tokio::test]
async fn asking_twice_sends_once() {
    let (bed, receiver, instance) = three_events().await;
    bed.drain().await;
    let path = format!("/instances/{}/events", instance.id());
    let failed = get(&bed, &format!("{path}?deliveryStatus=failed")).await.json();
    let one = format!("{path}/{}/redeliver", failed[0]["id"].as_str().unwrap());
    let before = receiver.received().len();
    for path in [&one, &one, &format!("{path}/redeliver?deliveryStatus=queued,failed")] {
        assert_eq!(bed.call(Method::PUT, path, &Value::Null).await.status, 200);
    }
    bed.drain().await;
    assert_eq!(receiver.received().len(), before + 1);
}

#[tokio::test]
async fn a_range_is_redelivered_page_by_page_at_its_rate() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.otherwise(Reply::status(410));
    for number in 0..12 {
        let webhook = json!({"model": "lead", "event": "create", "data": {"id": format!("lead_{number}")}});
        instance.receives(webhook.to_string()).await;
    }
    bed.drain().await;
    receiver.otherwise(Reply::status(200));
    enable_callback(&bed, &instance).await;
    let before = receiver.received().len();
    let path = format!("/instances/{}/events/redeliver?pageSize=5&rate=1", instance.id());
    let (mut next, mut pages) = (path.clone(), Vec::new());
    loop {
        let answer = bed.call(Method::PUT, &next, &Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.message());
        pages.push(answer.json()["redelivered"].as_u64().unwrap());
        let Some(token) = answer.json()["nextPage"].as_str().map(str::to_owned) else { break };
        assert_eq!(answer.headers["elements-next-page-token"], token.as_str());
        next = format!("{path}&nextPage={token}");
    }
    assert_eq!(pages, [5, 5, 2]);
    let began = bed.now();
    bed.deliver().await;
    assert_eq!(receiver.received().len(), before + 1, "one at once, the others a second apart");
    bed.drain().await;
    assert_eq!(receiver.received().len(), before + 12);
    assert_eq!((bed.now() - began).num_seconds(), 11);
    let again = bed.call(Method::PUT, &path, &Value::Null).await.json();
    assert_eq!(again["redelivered"], 0, "nothing is failed any more");
}

#[tokio::test]
async fn an_event_that_cannot_be_sent_again_is_refused() {
    let (bed, _receiver, instance) = three_events().await;
    let path = format!("/instances/{}", instance.id());
    let put = async |path: String| bed.call(Method::PUT, &path, &Value::Null).await;
    assert_eq!(put(format!("{path}/events/none/redeliver")).await.status, 404);
    for query in ["rate=0", "rate=1000", "deliveryStatus=x", "nextPage=x"] {
        assert_eq!(put(format!("{path}/events/redeliver?{query}")).await.status, 400, "{query}");
    }
    bed.call(Method::DELETE, &format!("{path}/enabled"), &Value::Null).await;
    assert_eq!(put(format!("{path}/events/redeliver")).await.status, 403);
    let stranger = bed.system().another_account(77).await.unwrap();
    let answer = bed.call_as(&stranger, Method::PUT, &format!("{path}/events/redeliver"), "").await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_large_event_is_sent_again_whole() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.answer([Reply::status(410)]);
    let webhook = fixtures::read("close/legacy.lead.create.json");
    let webhook = String::from_utf8_lossy(&webhook)
        .replace("\"data\": {", &format!("\"data\": {{\"x\":\"{}\",", "y".repeat(400_000)));
    assert_eq!(instance.receives(webhook).await.status, 200);
    bed.drain().await;
    enable_callback(&bed, &instance).await;
    let path = format!("/instances/{}/events/redeliver", instance.id());
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.json()["redelivered"], 1);
    bed.drain().await;
    let callbacks = receiver.received();
    assert_eq!(callbacks.len(), 2);
    assert_eq!(callbacks[0].body, callbacks[1].body);
}

#[tokio::test]
async fn an_event_under_way_is_not_redelivered() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.otherwise(Reply::Hang);
    let instance = bed.provision(&receiver.url(), &[]).await;
    instance.receives(fixtures::read("close/legacy.lead.create.json")).await;
    let ask = async {
        receiver.wait_for(1, Duration::from_secs(14)).await;
        let id = bed.log(instance.id()).await.remove(0).event_id;
        let path = format!("/instances/{}/events", instance.id());
        let one = bed.call(Method::PUT, &format!("{path}/{id}/redeliver"), &Value::Null).await;
        let all = format!("{path}/redeliver?deliveryStatus=delivering");
        (one, bed.call(Method::PUT, &all, &Value::Null).await)
    };
    let (one, all) = tokio::select! {
        _ = bed.deliver() => panic!("the batch ended, so nobody hung"),
        answers = ask => answers,
    };
    assert_eq!(one.status, 409, "{}", one.message());
    assert_eq!((all.status.as_u16(), all.json()["redelivered"].as_u64()), (200, Some(0)));
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_retry_that_is_due_before_a_planned_redelivery_does_not_deliver_beside_it() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.answer(vec![Reply::status(500); 30]);
    for number in 0..30 {
        let webhook = json!({"model": "lead", "event": "create", "data": {"id": format!("lead_{number}")}});
        instance.receives(webhook.to_string()).await;
    }
    bed.deliver().await;
    bed.pass(290);
    let path = format!("/instances/{}/events/redeliver?deliveryStatus=retry&rate=1", instance.id());
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.json()["redelivered"], 30);
    bed.drain().await;
    assert_eq!(receiver.received().len(), 60, "each fails once and is delivered once");
}

#[tokio::test]
async fn a_range_is_sent_again_oldest_first() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[("event.notification.retry.attempts", "1")]).await;
    receiver.answer(vec![Reply::status(500); 8]);
    for number in 0..8 {
        let webhook = json!({"model": "lead", "event": "create", "data": {"id": format!("lead_{number}")}});
        instance.receives(webhook.to_string()).await;
        bed.deliver().await;
        bed.pass(1);
    }
    let path = format!("/instances/{}/events/redeliver?rate=1", instance.id());
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.json()["redelivered"], 8);
    bed.drain().await;
    let lead =
        |request: &tests::receiver::Received| request.message()["message"]["raw"]["data"]["id"].clone();
    let leads: Vec<_> = receiver.received().iter().map(lead).collect();
    assert_eq!(leads[8..], leads[..8]);
}
