//! A proxy between a function and AWS that counts the calls and can go dead at any of them.

#![expect(clippy::panic, reason = "a story cannot go on without its wires")]

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use shared::platform::settings::Variables;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::accept;
use crate::bed::Bed;
use crate::client::Client;
use crate::statements;

/// The wires of one function, to each service that it calls.
pub struct Wires {
    dynamodb: Wire,
    sqs: Wire,
    kms: Wire,
}

/// A wire to one service; dropping it cuts it.
pub struct Wire {
    url: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

/// When a wire goes dead, in calls from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dead {
    /// Before the call of this number, from one, is made.
    Before(usize),
    /// After it is made, before it is answered.
    After(usize),
}

struct Shared {
    to: String,
    client: Client,
    state: Mutex<State>,
    died: Notify,
}

#[derive(Default)]
struct State {
    calls: BTreeMap<String, usize>,
    made: usize,
    dead: Option<Dead>,
}

impl Wires {
    /// Wires to the services of a bed.
    pub async fn to(bed: &Bed) -> Self {
        let system = bed.system();
        Self {
            dynamodb: Wire::to(system.dynamodb_url()).await,
            sqs: Wire::to(system.sqs_url()).await,
            kms: Wire::to(system.kms_url()).await,
        }
    }

    /// The environment of a function that calls over these wires.
    #[must_use]
    pub fn variables(&self, bed: &Bed) -> Variables {
        let urls = [
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_ENDPOINT_URL_SQS", &self.sqs),
            ("AWS_ENDPOINT_URL_KMS", &self.kms),
        ];
        let mut variables: Variables = bed.system().environment().clone().into_iter().collect();
        variables.extend(urls.map(|(name, wire)| (name.to_owned(), wire.url().to_owned())));
        variables
    }

    /// The wire to the tables.
    #[must_use]
    pub fn dynamodb(&self) -> &Wire {
        &self.dynamodb
    }

    /// The wire to the queues.
    #[must_use]
    pub fn sqs(&self) -> &Wire {
        &self.sqs
    }

    /// The calls to every service since the last call of this, by name.
    #[must_use]
    pub fn take_calls(&self) -> BTreeMap<String, usize> {
        [&self.dynamodb, &self.sqs, &self.kms].into_iter().flat_map(Wire::take_calls).collect()
    }
}

impl Wire {
    /// A wire to the service at `url`.
    ///
    /// # Panics
    /// When there is no port for it.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.unwrap_or_else(|error| panic!("a wire: {error}"));
        let own = listener.local_addr().unwrap_or_else(|error| panic!("a wire: {error}"));
        let shared = Arc::new(Shared {
            to: url.to_owned(),
            client: Client::default(),
            state: Mutex::default(),
            died: Notify::new(),
        });
        let mut server = JoinSet::new();
        let near = Arc::clone(&shared);
        server.spawn(accept::connections(listener, move |request| pass(request, Arc::clone(&near))));
        Self { url: format!("http://{own}"), shared, _server: server }
    }

    /// The URL of its near end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The calls since the last call of this, by name.
    #[expect(clippy::must_use_candidate, reason = "it is also called to begin to count anew")]
    pub fn take_calls(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.shared.state().calls)
    }

    /// Goes dead at a call, or works again.
    pub fn die_at(&self, dead: Option<Dead>) {
        let mut state = self.shared.state();
        (state.made, state.dead) = (0, dead);
    }

    /// Returns once it has gone dead.
    pub async fn died(&self) {
        self.shared.died.notified().await;
    }
}

async fn pass(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let name = head.headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let name = name.rsplit('.').next().unwrap_or_default().to_owned();
    let number = shared.count(&name, &body);
    let dead = shared.state().dead;
    if dead.is_some_and(|dead| matches!(dead, Dead::Before(at) if number >= at)) {
        return shared.die().await;
    }
    let headers: Vec<(&str, &str)> = head
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "host" | "content-length"))
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let url = format!("{}{}", shared.to, head.uri.path());
    let answer = shared.client.send(head.method.clone(), &url, &headers, body).await?;
    if dead.is_some_and(|dead| matches!(dead, Dead::After(at) if number >= at)) {
        return shared.die().await;
    }
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call; in place of a batch its statements, each of which costs what a call of its own would.
    fn count(&self, name: &str, body: &[u8]) -> usize {
        let mut state = self.state();
        let statements = statements::verbs(body);
        let names = if statements.is_empty() { vec![name.to_owned()] } else { statements };
        for name in names {
            *state.calls.entry(name).or_default() += 1;
        }
        state.made += 1;
        state.made
    }

    async fn die<T>(&self) -> T {
        self.died.notify_one();
        std::future::pending().await
    }
}
