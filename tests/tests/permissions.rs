//! The roles in the template allow exactly what the functions do: less would make tests fail, more fails here.

#![expect(clippy::unwrap_used, reason = "the system under test answers")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::types::DataKeySpec;
use chrono::TimeDelta;
use http::Method;
use local::template::Function;
use serde_json::{Value, json};
use shared::platform::aws::Aws;
use shared::platform::settings::Variables;
use tests::bed::{Bed, Instance};
use tests::close::{Close, Quirks, signature, signature_key};
use tests::fixtures;
use tests::polling::Polled;
use tests::receiver::{Answer, Receiver};
use tests::tree;

/// A role, an action and a resource of the template.
type Grant = (String, String, String);

/// The template's name for the resource of an ARN of the local system.
fn logical(arn: &str) -> String {
    let name = arn.rsplit(':').next().unwrap_or_default();
    name.trim_start_matches("table/").trim_start_matches("key/").to_owned()
}

/// What Lambda itself needs from the role: to read the queue for the function, and to write its log.
fn is_lambdas(action: &str) -> bool {
    let of_queue = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
    action.starts_with("logs:") || of_queue.contains(&action)
}

fn granted(function: &Function) -> BTreeSet<Grant> {
    let role = function.role.as_ref().unwrap();
    let each = |statement: &local::template::Statement| {
        let resources = statement.resources.clone();
        let pairs = move |action: String| resources.clone().into_iter().map(move |it| (action.clone(), it));
        statement.actions.clone().into_iter().flat_map(pairs).collect::<Vec<_>>()
    };
    let all = role.statements.iter().flat_map(each).filter(|(action, _)| !is_lambdas(action));
    all.map(|(action, arn)| (role.logical_id.clone(), action, logical(&arn))).collect()
}

fn used(bed: &Bed) -> BTreeSet<Grant> {
    let used = bed.system().permissions().used().into_iter();
    used.map(|used| (used.role, used.action, logical(&used.resource))).collect()
}

fn functions() -> Vec<Function> {
    let read =
        local::template::Template::read(&tests::bed::template(), "http://127.0.0.1:1", &BTreeMap::new());
    read.unwrap().functions
}

fn lead(id: &str) -> String {
    json!({"model": "lead", "event": "create", "data": {"id": id}}).to_string()
}

async fn asked(bed: &Bed, method: Method, path: &str, body: &Value) -> Value {
    let answer = bed.call(method, path, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.message());
    answer.json()
}

/// A signed webhook, and one too large for a message.
async fn webhooks_come(bed: &Bed, receiver: &Receiver) {
    let key = "b9260244ef33625f9b4b26a27db08758cdd39478b852c73f2d33ab042eb8abb4";
    let signing = [("event.notification.subscription.signature.key", key)];
    let signed = bed.provision(&receiver.url(), &signing).await;
    assert_eq!(signed.receives(lead("forged")).await.status, 401);
    let (body, timestamp) = (lead("signed"), bed.now().timestamp().to_string());
    let hash = signature(&signature_key(key), &timestamp, body.as_bytes());
    let headers = [("close-sig-timestamp", &*timestamp), ("close-sig-hash", &*hash)];
    let client = tests::client::Client::default();
    let answer = client.send(Method::POST, &signed.webhook_url(), &headers, body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.message());

    let keyed = [("event.notification.signature.key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    let large = bed.provision(&receiver.url(), &keyed).await;
    let data = json!({"id": "large", "note": fixtures::noise(3_000_000)});
    let body = json!({"model": "lead", "event": "create", "data": data}).to_string();
    receiver.answer([Answer::status(503)]);
    assert_eq!(large.receives(body).await.status, 200);
    bed.drain().await;
    // One too large for its log item, but not too large to be shown.
    let data = json!({"id": "stored", "note": fixtures::noise(100_000)});
    let body = json!({"model": "lead", "event": "create", "data": data}).to_string();
    assert_eq!(large.receives(body).await.status, 200);
    bed.drain().await;
    let shown = asked(bed, Method::GET, &format!("/instances/{}/events", large.id()), &Value::Null).await;
    for event in shown.as_array().unwrap() {
        let path = format!("/instances/{}/events/{}", large.id(), event["id"].as_str().unwrap());
        asked(bed, Method::GET, &path, &Value::Null).await;
    }
}

/// A callback that fails until its events wait, is enabled by hand, and works again.
async fn a_callback_fails(bed: &Bed, receiver: &Receiver) -> Instance {
    let settings = [("event.notification.retry.attempts", "1"), ("event.notification.circuit.minutes", "5")];
    let instance = bed.provision(&receiver.url(), &settings).await;
    receiver.otherwise(Answer::status(500));
    for id in ["a", "b", "c"] {
        instance.receives(lead(id)).await;
        bed.deliver().await;
    }
    bed.minutes(7).await;
    let path = format!("/instances/{}/callback/enabled", instance.id());
    asked(bed, Method::PUT, &path, &Value::Null).await;
    instance.receives(lead("d")).await;
    bed.deliver().await;
    receiver.otherwise(Answer::status(200));
    instance.receives(lead("e")).await;
    bed.drain().await;
    bed.minutes(15).await;
    instance
}

/// A retry that its own queue refuses goes through the other one.
async fn a_retry_goes_the_other_way(bed: &Bed, receiver: &Receiver) {
    let takes = |bytes: &str| {
        let attributes = [("MaximumMessageSize".to_owned(), bytes.to_owned())].into();
        bed.system().sqs().set_attributes(bed.retry_queue_name(), &attributes).unwrap();
    };
    takes("1024");
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.answer([Answer::status(500)]);
    let noise: String = (1..500_u64).map(|n| (n * n * 2_654_435_761).to_string()).collect();
    instance.receives(lead(&noise[..1000])).await;
    bed.drain().await;
    takes("1048576");
    assert_eq!(bed.log(instance.id()).await[0].attempts.len(), 2);
}

/// Its events are sent again, and it is read, changed and deleted.
async fn an_instance_is_administered(bed: &Bed, instance: &Instance) {
    let path = format!("/instances/{}", instance.id());
    let events = asked(bed, Method::GET, &format!("{path}/events"), &Value::Null).await;
    let event = events.as_array().unwrap().iter().find(|event| event["deliveryStatus"] == "failed").unwrap();
    let event = format!("{path}/events/{}/redeliver", event["id"].as_str().unwrap());
    asked(bed, Method::PUT, &event, &Value::Null).await;
    asked(bed, Method::GET, "/instances", &Value::Null).await;
    asked(bed, Method::PATCH, &path, &json!({"name": "Renamed"})).await;
    asked(bed, Method::DELETE, &path, &Value::Null).await;
}

/// More changes than an item holds, one of them larger than a message; an audit; the end of the instance.
async fn an_organization_is_polled() -> Polled {
    let polled = Polled::start(&["opportunities", "events"], Quirks::default()).await;
    polled.close.create("opportunity", &json!({"note": fixtures::noise(3_000_000)}));
    for n in 0..300 {
        polled.close.create("opportunity", &json!({"value": n}));
    }
    polled.bed.minutes(12).await;
    polled.bed.clock().advance(TimeDelta::hours(1));
    let path = format!("/instances/{}", polled.instance.id());
    asked(&polled.bed, Method::GET, &path, &Value::Null).await;
    let audited = |grant: &Grant| grant.1 == "dynamodb:BatchGetItem" && grant.2 == "EventsTable";
    while !used(&polled.bed).iter().filter(|grant| grant.0 == "PollerRole").any(audited) {
        polled.bed.system().tick(Duration::from_secs(3600)).await;
        polled.bed.deliver().await;
    }
    asked(&polled.bed, Method::DELETE, &path, &Value::Null).await;
    polled.bed.minutes(2).await;
    polled
}

/// Its subscription at Close is created with the instance, again when missing, and deleted with the instance.
async fn a_subscription_is_looked_after(bed: &Bed, receiver: &Receiver) {
    let close = Close::new(3, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let automatic = [("event.notification.subscription.provisioning", "automatic"), ("base.url", rest.url())];
    let instance = bed.provision(&receiver.url(), &automatic).await;
    let path = format!("/instances/{}", instance.id());
    let shown = asked(bed, Method::GET, &path, &Value::Null).await;
    let made = &shown["configuration"]["event.notification.subscription.id"];
    assert!(close.end_subscription(made.as_str().unwrap()));
    for _ in 0..13 {
        bed.system().tick(Duration::from_secs(300)).await;
        bed.minutes(5).await;
    }
    let again = asked(bed, Method::GET, &path, &Value::Null).await;
    assert_ne!(again["configuration"]["event.notification.subscription.id"], *made);
    asked(bed, Method::DELETE, &path, &Value::Null).await;
}

#[tokio::test]
async fn a_role_allows_what_its_function_does_and_nothing_else() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    webhooks_come(&bed, &receiver).await;
    a_retry_goes_the_other_way(&bed, &receiver).await;
    let instance = a_callback_fails(&bed, &receiver).await;
    an_instance_is_administered(&bed, &instance).await;
    a_subscription_is_looked_after(&bed, &receiver).await;
    let polled = an_organization_is_polled().await;
    let used = &used(&bed) | &used(&polled.bed);
    let granted: BTreeSet<Grant> = functions().iter().flat_map(granted).collect();
    let unused: Vec<_> = granted.difference(&used).collect();
    assert_eq!((unused, used.len()), (Vec::new(), granted.len()));
}

#[test]
fn permissions_for_lambda_cover_only_the_functions_queue_and_log() {
    for function in functions() {
        let role = function.role.unwrap();
        let own: BTreeSet<String> = function.queues.iter().map(|source| source.queue.clone()).collect();
        let lambdas = role.statements.iter().filter(|statement| is_lambdas(&statement.actions[0]));
        for statement in lambdas {
            assert!(statement.actions.iter().all(|action| is_lambdas(action)), "{statement:?}");
            let logs = format!("log-group:{}", function.logical_id.replace("Function", "Logs:*"));
            for resource in &statement.resources {
                let name = resource.rsplit(':').next().unwrap();
                assert!(own.contains(name) || resource.ends_with(&logs), "{resource}");
            }
        }
    }
}

#[test]
fn each_function_lists_its_actions_in_its_readme() {
    for function in functions() {
        let readme = tree::file(&format!("functions/{}/README.md", function.binary)).text;
        let row = |line: &str| {
            let cells: Vec<_> =
                line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
            (cells[0].contains(':') && cells.len() == 2).then(|| (cells[0].clone(), cells[1].clone()))
        };
        let mut listed = BTreeSet::new();
        for (actions, resources) in readme.lines().filter(|line| line.starts_with("| `")).filter_map(row) {
            for action in actions.split(", ") {
                listed.extend(resources.split(", ").map(|resource| (action.to_owned(), resource.to_owned())));
            }
        }
        let granted: BTreeSet<_> =
            granted(&function).into_iter().map(|(_, action, resource)| (action, resource)).collect();
        assert_eq!(listed, granted, "{}", function.binary);
    }
}

/// The clients of a function.
fn clients_of(function: &str, bed: &Bed) -> Aws {
    let mut variables: Variables = bed.system().environment().clone().into_iter().collect();
    variables.extend([("AWS_ACCESS_KEY_ID".to_owned(), function.to_owned())]);
    Aws::from_variables(&variables).unwrap()
}

#[tokio::test]
async fn a_call_that_a_role_does_not_allow_is_refused_as_by_iam() {
    let bed = Bed::start().await;
    let environment = bed.system().environment();
    let webhook = clients_of("WebhookFunction", &bed);
    let key = || ("instance_id", AttributeValue::N("1".to_owned()));
    let read = |table: &str| {
        let get = webhook.dynamodb().get_item().table_name(&environment[table]).key(key().0, key().1);
        async move {
            get.send().await.map_err(|error| error.into_service_error().meta().code().map(str::to_owned))
        }
    };
    assert!(read("INSTANCES_TABLE").await.is_ok());
    let denied = Some("AccessDeniedException".to_owned());
    assert_eq!(read("EVENTS_TABLE").await.unwrap_err(), denied);
    let sent =
        webhook.sqs().send_message().queue_url(&environment["POLL_QUEUE_URL"]).message_body("{}").send();
    assert_eq!(sent.await.unwrap_err().into_service_error().meta().code(), denied.as_deref());

    let data_key = clients_of("InstancesFunction", &bed).kms().generate_data_key();
    let data_key = data_key.key_id(&environment["KMS_KEY_ID"]).key_spec(DataKeySpec::Aes256);
    let data_key = data_key.encryption_context("purpose", "callback").send().await.unwrap();
    let open = |function: &str| {
        let decrypt = clients_of(function, &bed).kms().decrypt().encryption_context("purpose", "callback");
        let decrypt = decrypt.ciphertext_blob(data_key.ciphertext_blob.clone().unwrap());
        async move { decrypt.send().await.is_ok() }
    };
    assert!(open("DispatcherFunction").await);
    assert!(!open("WebhookFunction").await, "a secret of another purpose");
}
