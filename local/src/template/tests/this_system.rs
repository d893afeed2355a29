use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::RouteMethod;
use super::{Function, QUEUES, Template};

fn template() -> Template {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    Template::read(&path, QUEUES, &BTreeMap::new()).unwrap()
}

fn key_schema(template: &Template, table: &str) -> Vec<(String, String)> {
    let request = &template.table(table).create_request;
    let types = request["AttributeDefinitions"].as_array().unwrap();
    let type_of = |name: &Value| types.iter().find(|entry| entry["AttributeName"] == *name).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let keys = request["KeySchema"].as_array().unwrap().iter().map(|key| &key["AttributeName"]);
    keys.map(|name| (text(name), text(&type_of(name)["AttributeType"]))).collect()
}

fn routes(function: &Function) -> Vec<&str> {
    assert!(function.routes.iter().all(|route| route.method == RouteMethod::Any));
    function.routes.iter().map(|route| route.path.as_str()).collect()
}

fn variables(function: &Function) -> Vec<&str> {
    function.environment.keys().map(String::as_str).collect()
}

#[test]
fn its_tables_have_the_keys_that_the_functions_use() {
    let template = template();
    let tables = [
        ("InstancesTable", vec![("instance_id", "N")], None),
        ("CredentialsTable", vec![("credential", "S")], None),
        ("EventsTable", vec![("event_id", "S")], Some("expires_at")),
        ("EndpointsTable", vec![("instance_id", "N"), ("scope", "S")], None),
        ("PayloadsTable", vec![("payload_id", "S"), ("part", "N")], Some("expires_at")),
        ("PollersTable", vec![("key_digest", "S"), ("part", "S")], None),
    ];
    assert_eq!(template.tables.len(), tables.len());
    for (name, keys, ttl) in tables {
        let keys: Vec<_> = keys.into_iter().map(|(key, kind)| (key.to_owned(), kind.to_owned())).collect();
        assert_eq!(key_schema(&template, name), keys);
        assert_eq!(template.table(name).ttl_attribute.as_deref(), ttl);
        assert_eq!(template.table(name).create_request["BillingMode"], "PAY_PER_REQUEST");
    }
    let index = |name: &str, shard: &str| {
        json!({
            "IndexName": name,
            "KeySchema": [
                { "AttributeName": shard, "KeyType": "HASH" },
                { "AttributeName": "place", "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        })
    };
    let expected = json!([index("by_place", "log_shard"), index("by_waiting", "waiting")]);
    assert_eq!(template.table("EventsTable").create_request["GlobalSecondaryIndexes"], expected);
}

#[test]
fn its_dead_letters_are_kept_longer_than_its_deliveries() {
    let template = template();
    let names: Vec<&str> = template.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "DeliveryDeadLetterQueue",
            "PollDeadLetterQueue",
            "PoisonQueue",
            "PollQueue",
            "DeliveryQueue",
            "RetryQueue",
        ]
    );
    let [dead_letters, poison] = [template.queue("DeliveryDeadLetterQueue"), template.queue("PoisonQueue")];
    for deliveries in [template.queue("DeliveryQueue"), template.queue("RetryQueue")] {
        assert_eq!(deliveries.dead_letter_queue.as_ref(), Some(&poison.name));
        assert_eq!(deliveries.attributes["MessageRetentionPeriod"], (12 * 24 * 60 * 60).to_string());
        let policy: Value = serde_json::from_str(&deliveries.attributes["RedrivePolicy"]).unwrap();
        assert_eq!(policy["maxReceiveCount"], 5);
    }
    assert_eq!(dead_letters.attributes["MessageRetentionPeriod"], (14 * 24 * 60 * 60).to_string());
    assert_eq!(poison.attributes["MessageRetentionPeriod"], (13 * 24 * 60 * 60).to_string());
    for queue in &template.queues {
        assert_eq!(queue.attributes["MaximumMessageSize"], (1024 * 1024).to_string());
    }
}

#[test]
fn its_dispatcher_works_off_fresh_events_and_retries_apart() {
    let template = template();
    let dispatcher = template.function("DispatcherFunction");
    assert_eq!(dispatcher.binary, "dispatcher");
    assert_eq!(dispatcher.timeout, Duration::from_mins(1));
    let queues = [("DeliveryQueue", 2), ("RetryQueue", 2)];
    assert_eq!(dispatcher.queues.len(), queues.len());
    for (source, (queue, concurrency)) in dispatcher.queues.iter().zip(queues) {
        assert_eq!((source.queue.as_str(), source.batch_size), (queue, 10));
        assert_eq!((source.batching_window, source.maximum_concurrency), (Duration::ZERO, concurrency));
        // AWS asks for six times the time-out, so that a message is not seen again while its call still runs.
        let visibility: u64 = template.queue(queue).attributes["VisibilityTimeout"].parse().unwrap();
        assert!(visibility >= 6 * dispatcher.timeout.as_secs());
    }
    assert_eq!(
        variables(dispatcher),
        [
            "CALLBACK_ALLOW_PRIVATE",
            "CALLBACK_CONNECT_MILLIS",
            "CALLBACK_DEADLINE_MILLIS",
            "CALLBACK_DNS_SERVER",
            "DEAD_LETTER_QUEUE_URL",
            "DELIVERY_QUEUE_URL",
            "ENDPOINTS_TABLE",
            "EVENTS_TABLE",
            "EVENT_RETENTION_DAYS",
            "INSTANCES_TABLE",
            "METRICS_NAMESPACE",
            "PAYLOADS_TABLE",
            "RECOVERY_PER_MINUTE",
            "RETRY_QUEUE_URL",
        ]
    );
    let schedules: Vec<_> =
        dispatcher.schedules.iter().map(|it| (it.every.as_secs(), it.input.clone())).collect();
    assert_eq!(schedules, [(60, json!({"recover": true}))]);
    let environment = &dispatcher.environment;
    assert_eq!(environment["RETRY_QUEUE_URL"], "http://127.0.0.1:9324/000000000000/RetryQueue");
    assert_eq!(environment["EVENT_RETENTION_DAYS"], "30");
}

#[test]
fn its_webhook_and_its_instances_answer_every_method() {
    let template = template();
    let (webhook, instances) = (template.function("WebhookFunction"), template.function("InstancesFunction"));
    assert_eq!((webhook.binary.as_str(), instances.binary.as_str()), ("webhook", "instances"));
    assert_eq!(routes(webhook), ["/elements/api-v2/events/closeio/{encodedId}"]);
    assert_eq!(routes(instances), ["$default"]);
    assert_eq!(
        variables(webhook),
        [
            "DELIVERY_QUEUE_URL",
            "EVENT_RETENTION_DAYS",
            "INSTANCES_TABLE",
            "PAYLOADS_TABLE",
            "WEBHOOK_RATE_PER_INSTANCE"
        ]
    );
    assert_eq!(
        variables(instances),
        [
            "CALLBACK_ALLOW_PRIVATE",
            "CLOSE_API_HOSTS",
            "CORS_ALLOW_ORIGINS",
            "CREDENTIALS_TABLE",
            "ENDPOINTS_TABLE",
            "EVENTS_TABLE",
            "INSTANCES_TABLE",
            "KMS_KEY_ID",
            "PAYLOADS_TABLE",
            "POLLERS_TABLE",
            "PUBLIC_HOST",
            "RETRY_QUEUE_URL",
        ]
    );
    assert_eq!(webhook.environment["INSTANCES_TABLE"], "InstancesTable");
    assert_eq!(instances.environment["CLOSE_API_HOSTS"], "api.close.com,app.close.io");
    assert_eq!(instances.environment["CALLBACK_ALLOW_PRIVATE"], "false");
}

#[test]
fn its_poller_is_called_every_minute_and_ends_before_the_next_poll_can_be_due() {
    let template = template();
    let poller = template.function("PollerFunction");
    let schedules: Vec<_> =
        poller.schedules.iter().map(|it| (it.every.as_secs(), it.input.clone())).collect();
    assert_eq!(schedules, [(3600, json!({"audit": true})), (60, json!({}))]);
    let [source] = poller.queues.as_slice() else { panic!("one queue") };
    assert_eq!((source.queue.as_str(), source.batch_size), ("PollQueue", 10));
    // A lease is the time-out and five seconds; the shortest interval is a minute.
    assert!(poller.timeout.as_secs() + 5 < 60);
    let indexes = &template.table("PollersTable").create_request["GlobalSecondaryIndexes"];
    assert_eq!(indexes[0]["Projection"]["NonKeyAttributes"], json!(["interval"]));
}
