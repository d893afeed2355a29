//! The running system under the real clock, with a receiver and a browser.

use http::Method;
use local::{Data, Running, Setup, System};
use serde_json::{Value, json};
use tests::browser::{Browser, Page};
use tests::client::Client;
use tests::receiver::Receiver;
use tokio::sync::{Mutex, MutexGuard};

/// Only one browser at a time, for small machines.
static TURN: Mutex<()> = Mutex::const_new(());

pub(crate) struct Stage {
    pub(crate) receiver: Receiver,
    pub(crate) browser: Browser,
    running: Running,
    client: Client,
    _turn: MutexGuard<'static, ()>,
}

impl Stage {
    /// `None` without a browser.
    pub(crate) async fn set() -> Option<Self> {
        let turn = TURN.lock().await;
        let browser = Browser::start().await?;
        let setup = Setup::of(tests::bed::template(), Data::Memory);
        let running = System::open(setup).await.unwrap().run();
        let receiver = Receiver::start().await;
        Some(Self { receiver, browser, running, client: Client::default(), _turn: turn })
    }

    pub(crate) fn system(&self) -> &System {
        self.running.system()
    }

    /// Opens the link that signs in.
    pub(crate) async fn signed_in(&self) -> Page<'_> {
        let page = self.browser.open(&self.system().console()).await;
        page.shows("Overview").await;
        page
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/elements/api-v2{path}", self.system().url());
        let authorization = self.system().authorization();
        let headers = [("authorization", &*authorization), ("content-type", "application/json")];
        let answer = self.client.send(method, &url, &headers, body.to_string()).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.message());
        answer.json()
    }

    /// An instance that delivers to the receiver, with two attempts a second apart.
    pub(crate) async fn provision(&self, name: &str) -> Value {
        let configuration = json!({
            "username": "api_key",
            "event.notification.enabled": "true",
            "event.vendor.type": "webhook",
            "event.notification.callback.url": self.receiver.url(),
            "event.notification.retry.attempts": "2",
            "event.notification.retry.interval": "1",
        });
        let body = json!({ "element": { "key": "closeio" }, "name": name, "configuration": configuration });
        self.call(Method::POST, "/instances", &body).await
    }

    /// Sends a webhook to an instance as Close does.
    pub(crate) async fn receives(&self, instance: &Value, webhook: &Value) {
        let url = instance["webhookUrl"].as_str().unwrap();
        let headers = [("content-type", "application/json")];
        let answer = self.client.send(Method::POST, url, &headers, webhook.to_string()).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.message());
    }

    /// The same for a lead of this id.
    pub(crate) async fn receives_lead(&self, instance: &Value, id: &str) {
        self.receives(instance, &json!({ "model": "lead", "event": "create", "data": { "id": id } })).await;
    }

    pub(crate) async fn end(self) {
        drop(self.browser);
        self.running.stop().await;
    }
}

/// The path of a view of an instance.
pub(crate) fn at(instance: &Value, view: &str) -> String {
    format!("/instances/{}{view}", instance["id"])
}
