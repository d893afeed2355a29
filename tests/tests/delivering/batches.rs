use std::sync::{Arc, Mutex};

use dispatcher::Dispatcher;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use shared::events::log::DeliveryStatus;
use tests::bed::{Bed, Instance};
use tests::receiver::{Answer, Receiver};

use super::lead;

/// The lines of metrics; one test of this process writes them.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn keep(line: &str) {
    LINES.lock().unwrap().push(line.to_owned());
}

/// Calls a dispatcher with the messages of the queue and `seconds` left; returns the messages that it hands back.
async fn call(bed: &Bed, seconds: i64) -> Vec<String> {
    let variables = bed.system().environment().clone().into_iter().collect();
    let dispatcher = Dispatcher::from_variables(&variables, Arc::new(bed.clock().clone())).unwrap();
    let dispatcher = dispatcher.emitting(keep);
    let messages = bed.system().sqs().peek(bed.queue_name()).unwrap();
    let records: Vec<Value> =
        messages.iter().map(|message| json!({ "messageId": message.id, "body": message.body })).collect();
    let event = serde_json::from_value(json!({ "Records": records })).unwrap();
    let mut context = Context::default();
    let deadline = bed.now() + chrono::TimeDelta::seconds(seconds);
    context.deadline = u64::try_from(deadline.timestamp_millis()).unwrap();
    let response = dispatcher.handle(LambdaEvent::new(event, context)).await.unwrap();
    let failures = response["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

async fn with_events(events: u32) -> (Bed, Receiver, Instance) {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    for event in 0..events {
        instance.receives(lead("lead", event)).await;
    }
    (bed, receiver, instance)
}

#[tokio::test]
async fn messages_without_enough_time_are_handed_back() {
    let (bed, receiver, instance) = with_events(3).await;
    assert_eq!(call(&bed, 39).await.len(), 3);
    assert_eq!((receiver.count(), bed.log(instance.id()).await.len()), (0, 0));
    assert_eq!(call(&bed, 41).await, Vec::<String>::new());
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn a_batch_counts_its_outcomes() {
    let (bed, receiver, instance) = with_events(4).await;
    receiver.answer([Answer::status(500), Answer::status(410)]);
    LINES.lock().unwrap().clear();
    assert_eq!(call(&bed, 60).await, Vec::<String>::new());
    let line: Value = {
        let lines = LINES.lock().unwrap();
        serde_json::from_str(lines.iter().find(|line| line.contains("Retried")).unwrap()).unwrap()
    };
    let counts = ["Received", "Delivered", "Retried", "Failed", "Attempts", "Events"].map(|name| &line[name]);
    assert_eq!(counts, [4, 2, 1, 1, 4, 3].map(|count| json!(count)).each_ref(), "{line}");
    assert_eq!((&line["Amplification"], &line["Latency"]), (&json!([1, 1, 1]), &json!([0, 0])));
    let log = bed.log(instance.id()).await;
    assert_eq!(log.iter().filter(|event| event.delivery_status == DeliveryStatus::Delivered).count(), 2);
}
