//! What stories of polling have in common: a bed, Close, a receiver, and an instance that polls the one for the
//! other.

pub mod history;
mod state;
mod worker;

pub use state::{State, Status};
pub use worker::{Way, Worker};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use shared::platform::clock::Clock as _;

use crate::bed::{Bed, Instance};
use crate::close::{Close, Quirks, Rest};
use crate::receiver::Receiver;

/// A polled organisation.
pub struct Polled {
    /// The system.
    pub bed: Bed,
    /// The organisation.
    pub close: Close,
    /// Its API.
    pub rest: Rest,
    /// Where its changes go.
    pub receiver: Receiver,
    /// The instance that polls it every minute.
    pub instance: Instance,
}

/// A notification, as a receiver reads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The object type.
    pub object_type: String,
    /// What happened.
    pub event_type: String,
    /// The object.
    pub object_id: String,
}

impl Polled {
    /// Polls some resources with nothing said about them.
    pub async fn start(resources: &[&str], quirks: Quirks) -> Self {
        let entry =
            |name: &&str| ((*name).to_owned(), json!({"url": format!("/hubs/crm/{name}"), "idField": "id"}));
        let configuration: BTreeMap<String, Value> = resources.iter().map(entry).collect();
        Self::with(&json!(configuration), quirks, &[]).await
    }

    /// Polls what a configuration says, with further settings.
    pub async fn with(configuration: &Value, quirks: Quirks, settings: &[(&str, &str)]) -> Self {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let close = Close::new(7, Arc::new(bed.clock().clone()));
        let rest = close.serve(bed.clock(), Quirks::default()).await;
        let configuration = configuration.to_string();
        let polling = [
            ("event.vendor.type", "polling"),
            ("event.poller.refresh_interval", "1"),
            ("event.poller.configuration", configuration.as_str()),
            ("base.url", rest.url()),
        ];
        let instance = bed.provision(&receiver.url(), &[&polling, settings].concat()).await;
        // Provisioning has asked whether the key holds; the story begins now.
        rest.take_calls();
        rest.behave(|it| *it = quirks);
        Self { bed, close, rest, receiver, instance }
    }

    /// What the receiver was told so far.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.messages()
            .iter()
            .flat_map(|message| message["events"].as_array().cloned().unwrap_or_default())
            .map(|event| {
                let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
                Told {
                    object_type: text("objectType"),
                    event_type: text("eventType"),
                    object_id: text("objectId"),
                }
            })
            .collect()
    }

    /// The same in short: `contacts CREATED`.
    #[must_use]
    pub fn told_in_short(&self) -> Vec<String> {
        self.told().iter().map(|told| format!("{} {}", told.object_type, told.event_type)).collect()
    }

    /// The notifications so far.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        self.receiver.received().iter().map(|request| request.message()["message"].clone()).collect()
    }

    /// The state that `GET /instances/{id}` shows.
    pub async fn state(&self) -> State {
        State::of(&self.bed, self.instance.id()).await
    }

    /// Changes the instance's configuration.
    ///
    /// # Panics
    /// When it is not answered with 200.
    pub async fn patch(&self, configuration: &Value) {
        let path = format!("/instances/{}", self.instance.id());
        let change = json!({"configuration": configuration});
        let answer = self.bed.call(http::Method::PATCH, &path, &change).await;
        assert_eq!(answer.status, 200, "{}", answer.message());
    }

    /// The Unix time of the bed, in seconds.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.bed.clock().now().timestamp()
    }
}
