//! The life of an instance in the calls of the old platform's client libraries and test suite: provisioned under its
//! element, read, a setting found by key and patched by number, tagged, searched for, its events listed and redelivered,
//! switched off and on, deleted.

#![expect(clippy::unwrap_used, reason = "a story cannot go on without the answer that it needs")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::client::{Answer, Client};
use tests::fixtures;
use tests::receiver::{Answer as Reply, Receiver};

/// The client: like those, it sends the last instance's token with everything.
struct OldClient<'a> {
    bed: &'a Bed,
    token: Option<String>,
}

impl OldClient<'_> {
    async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let secrets = self.bed.system().authorization();
        let authorization = match &self.token {
            Some(token) => format!("{secrets}, Element {token}"),
            None => secrets,
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.bed.call_as(&authorization, method.clone(), path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.message());
        assert!(answer.headers.contains_key("elements-request-id"), "{method} {path}");
        answer
    }

    async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, &Value::Null).await.json()
    }

    /// What these clients check before they use an instance.
    fn check(instance: &Value) {
        let string = |value: &Value| value.is_string();
        assert!(instance["id"].is_u64() && string(&instance["name"]) && instance["valid"].is_boolean());
        assert!(instance["tags"].as_array().unwrap().iter().all(string));
        assert!(string(&instance["token"]) && instance["token"] != "********");
        let user = &instance["user"];
        assert!(user["id"].is_u64());
        assert!(["emailAddress", "firstName", "lastName"].iter().all(|name| string(&user[name])), "{user}");
    }

    /// Finds a setting by key, and patches it with another value.
    async fn set(&self, instance: &Value, key: &str, value: &str) {
        let list = self.get(&format!("/instances/{}/configuration", instance["id"])).await;
        let mut setting = list.as_array().unwrap().iter().find(|it| it["key"] == key).unwrap().clone();
        setting["propertyValue"] = json!(value);
        let path = format!("/instances/{}/configuration/{}", instance["id"], setting["id"]);
        let patched = self.call(Method::PATCH, &path, &setting).await.json();
        let read = self.get(&format!("/instances/{}/configuration/{}", instance["id"], patched["id"])).await;
        let is_secret = setting["type"] == "PASSWORD";
        assert_eq!(read["propertyValue"], if is_secret { "********" } else { value });
    }

    /// Provisions under the element, by the number that the catalogue gives for its key.
    async fn provision(&mut self, settings: Value) -> Value {
        let element = self.get("/elements/closeio").await;
        let metadata = self.get(&format!("/elements/{}/metadata", element["id"])).await;
        assert!(metadata["events"]["methods"].as_array().unwrap().contains(&json!("webhook")));
        let body =
            json!({"name": "churros-instance", "element": {"key": "closeio"}, "configuration": settings});
        let path = format!("/elements/{}/instances", element["id"]);
        let instance = self.call(Method::POST, &path, &body).await.json();
        Self::check(&instance);
        self.token = instance["token"].as_str().map(str::to_owned);
        instance
    }
}

#[tokio::test]
async fn a_client_of_the_old_platform_only_changes_the_host() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let mut client = OldClient { bed: &bed, token: None };
    // Provisioned with what its element's page asks for, and read back in every way.
    let instance = client
        .provision(json!({"username": "api_key", "password": "p", "event.vendor.type": "webhook"}))
        .await;
    let one = format!("/elements/closeio/instances/{}", instance["id"]);
    for shown in [client.get(&one).await, client.get("/instances").await] {
        OldClient::check(&shown);
        assert_eq!(shown["configuration"]["password"], "********");
        assert_eq!(shown["configuration"]["username"], "api_key");
    }
    assert_eq!(client.get("/elements/closeio/instances").await.as_array().unwrap().len(), 1);
    assert_eq!(client.get("/instances/count").await["totalInstances"], 1);

    // Events are enabled before there is a callback.
    client.set(&instance, "event.notification.enabled", "true").await;
    assert_eq!(client.get(&one).await["callback"]["state"], "missing");
    client.set(&instance, "event.notification.callback.url", &receiver.url()).await;
    client.set(&instance, "event.notification.signature.key", "MySecretEventSignatureKey").await;

    // Renamed, tagged, and found again.
    let put = json!({"name": "updated-instance", "element": {"key": "closeio"}, "configuration": client.get(&one).await["configuration"]});
    assert_eq!(client.call(Method::PUT, &one, &put).await.json()["name"], "updated-instance");
    let tagged = json!({"id": instance["id"], "tags": ["churros-testing"]});
    let path = format!("/instances/{}", instance["id"]);
    assert_eq!(client.call(Method::PATCH, &path, &tagged).await.json()["tags"], json!(["churros-testing"]));
    let found = client.get("/instances?tags[]=churros-testing").await;
    assert_eq!((&found[0]["id"], found.as_array().unwrap().len()), (&instance["id"], 1));
    let nothing = bed.call(Method::GET, "/instances?tags[]=churros-nothing", &Value::Null).await;
    assert_eq!(nothing.status, 404);

    // Close sends two changes to the URL that the client built itself, and the receiver refuses one.
    bed.pass(60);
    let encoded = STANDARD.encode(instance["id"].to_string());
    let url = format!("{}/elements/api-v2/events/closeio/{encoded}", bed.system().url());
    for (webhook, status) in [("close/legacy.lead.create.json", 200), ("close/legacy.lead.update.json", 410)]
    {
        receiver.answer([Reply::status(status)]);
        let sent = Client::default().send(Method::POST, &url, &[], fixtures::read(webhook)).await.unwrap();
        assert_eq!(sent.status, 200);
        bed.drain().await;
    }
    let callback = &receiver.received()[0];
    assert!(callback.header("elements-webhook-signature").unwrap().starts_with("sha256="));
    let message = callback.message()["message"].clone();
    assert_eq!(
        (&message["instanceId"], &message["instanceTags"]),
        (&instance["id"], &json!(["churros-testing"]))
    );

    // The events are listed, by token and by id; each is read, and the one that failed is sent again.
    let events = client.get("/instances/events?pageSize=10").await;
    assert_eq!(events, client.get(&format!("{path}/events")).await);
    let statuses: Vec<_> = events.as_array().unwrap().iter().map(|event| event["status"].clone()).collect();
    assert_eq!(statuses, ["DISPATCHED", "NOTIFIED"]);
    for event in events.as_array().unwrap() {
        let id = event["id"].as_str().unwrap();
        assert_eq!(
            client.get(&format!("/instances/events/{id}")).await["providerData"],
            event["providerData"]
        );
    }
    let analytics = client.get("/instances/events/analytics?interval=hour").await;
    assert!(analytics.as_array().unwrap().iter().any(|bucket| bucket["count"] == 2));
    client.call(Method::PUT, &format!("{path}/callback/enabled"), &Value::Null).await;
    bed.pass(60);
    let failed = events[0]["id"].as_str().unwrap();
    client.call(Method::PUT, &format!("/instances/events/{failed}/redeliver"), &Value::Null).await;
    bed.drain().await;
    assert_eq!(client.get(&format!("/instances/events/{failed}")).await["status"], "NOTIFIED");

    // Switched off and on, and deleted with its token.
    assert_eq!(
        client.call(Method::DELETE, "/instances/enabled", &Value::Null).await.json()["disabled"],
        true
    );
    assert_eq!(client.call(Method::PUT, "/instances/enabled", &Value::Null).await.json()["disabled"], false);
    client.call(Method::DELETE, &one, &Value::Null).await;
    let dead = format!("{}, Element {}", bed.system().authorization(), client.token.unwrap());
    assert_eq!(bed.call_as(&dead, Method::GET, "/instances", "").await.status, 401);
}
