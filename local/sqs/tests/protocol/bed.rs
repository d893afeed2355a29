//! A server on loopback, a client of it, and the clock that the queues go by.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use chrono::TimeDelta;
use shared::platform::clock::ManualClock;
use sqs::{QueueCounts, Sqs, Storage};
use tokio::net::TcpListener;

/// A server, its client and its clock.
pub(crate) struct Bed {
    /// The client.
    pub(crate) client: Client,
    /// The queues behind the server.
    pub(crate) sqs: Sqs,
    /// Where the server listens.
    pub(crate) url: String,
    clock: ManualClock,
}

impl Bed {
    /// A server without queues.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let clock = ManualClock::starting_at("2026-01-01T00:00:00Z".parse().expect("a time"));
        let sqs = Sqs::open(&Storage::Memory, Arc::new(clock.clone()), url.clone()).expect("memory");
        let server = sqs.clone();
        tokio::spawn(async move { server.serve(listener).await });
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::from_keys("id", "secret", None))
            .endpoint_url(&url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Self { client: Client::from_conf(config), sqs, url, clock }
    }

    /// Moves the time on by `seconds`.
    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// Makes the queue `name`, and returns its URL.
    pub(crate) fn queue<const N: usize>(
        &self,
        name: &str,
        attributes: [(QueueAttributeName, &str); N],
    ) -> String {
        let attributes = attributes.map(|(name, value)| (name.as_str().to_owned(), value.to_owned()));
        self.sqs.create_queue(name, &attributes.into()).expect("the queue is made")
    }

    /// Makes `events`, which gives messages up to `dead` after `count` receives, and returns both URLs.
    pub(crate) fn with_dead_letters(&self, count: u32) -> (String, String) {
        let dead = self.queue("dead", []);
        let arn = self.sqs.queue_arn("dead").expect("the queue exists");
        let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{count}}}"#);
        (self.queue("events", [(QueueAttributeName::RedrivePolicy, &policy)]), dead)
    }

    /// Sends `body` to the queue at `url`.
    pub(crate) async fn send(&self, url: &str, body: &str) {
        self.client.send_message().queue_url(url).message_body(body).send().await.expect("it is sent");
    }

    /// What is visible now in the queue at `url`, with all that SQS says of it.
    pub(crate) async fn receive(&self, url: &str) -> Vec<Message> {
        let request = self.client.receive_message().queue_url(url).max_number_of_messages(10);
        let request = request
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All);
        request.send().await.expect("the queue can be received from").messages.unwrap_or_default()
    }

    /// How many messages the queue `name` holds.
    pub(crate) fn counts(&self, name: &str) -> (u64, u64, u64) {
        let QueueCounts { visible, delayed, in_flight } = self.sqs.counts(name).expect("the queue exists");
        (visible, delayed, in_flight)
    }
}

/// The bodies of `messages`.
pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::body).collect()
}

/// The code of a refusal.
#[track_caller]
pub(crate) fn code<T, E: ProvideErrorMetadata>(outcome: Result<T, E>) -> String {
    match outcome {
        Ok(_) => panic!("the request is not refused"),
        Err(error) => error.code().unwrap_or("no code").to_owned(),
    }
}
