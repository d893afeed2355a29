//! Faults of AWS between a function and its tables, queues and key: at one call, or of one resource for a while.
//!
//! A call includes all tries of the SDK. A fault applies to all of them unless it says otherwise, because the
//! second try would make up for the first.

#![expect(clippy::panic, reason = "a story cannot go on without its wires")]

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use shared::platform::settings::Variables;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::accept;
use crate::bed::Bed;
use crate::client::{Answer, Client};
use crate::statements;

/// A fault of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is not done, and answered with an error.
    ErrorBefore,
    /// It is done, and answered with an error.
    ErrorAfter,
    /// It is done, and its answer is lost; the SDK's next try succeeds.
    AnswerLost,
    /// It is throttled.
    Throttle,
    /// It is not done and not answered.
    TimeoutBefore,
    /// It is done, but not answered.
    TimeoutAfter,
    /// The function dies before it.
    DeathBefore,
    /// The function dies after it was done, before it is answered.
    DeathAfter,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 8] = [
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::AnswerLost,
        Self::Throttle,
        Self::TimeoutBefore,
        Self::TimeoutAfter,
        Self::DeathBefore,
        Self::DeathAfter,
    ];

    /// True if the function dies.
    #[must_use]
    pub fn is_death(self) -> bool {
        matches!(self, Self::DeathBefore | Self::DeathAfter)
    }

    /// True if a try of this number, from one, is carried out.
    fn lets_pass(self, attempt: usize) -> bool {
        match self {
            Self::ErrorBefore | Self::Throttle | Self::TimeoutBefore | Self::DeathBefore => false,
            Self::ErrorAfter | Self::TimeoutAfter | Self::DeathAfter => attempt == 1,
            Self::AnswerLost => true,
        }
    }
}

/// When faults happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Never.
    Healthy,
    /// At the call of this number, from one.
    Call(usize, Fault),
    /// At every call to a table or queue of this name, or to `KMS`.
    Away(String),
}

/// The wires of one function to AWS. Dropping this cuts them.
pub struct Faults {
    shared: Arc<Shared>,
    variables: Variables,
    _servers: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    client: Client,
    state: Mutex<State>,
    died: Notify,
}

struct State {
    plan: Plan,
    calls: Vec<String>,
}

impl Default for State {
    fn default() -> Self {
        Self { plan: Plan::Healthy, calls: Vec::new() }
    }
}

impl Faults {
    /// Wires to the services of a bed, without faults at first.
    ///
    /// # Panics
    /// When there is no port for one of them.
    pub async fn between(bed: &Bed) -> Self {
        let system = bed.system();
        let services = [
            ("AWS_ENDPOINT_URL_DYNAMODB", system.dynamodb_url()),
            ("AWS_ENDPOINT_URL_SQS", system.sqs_url()),
            ("AWS_ENDPOINT_URL_KMS", system.kms_url()),
        ];
        let (shared, mut servers) = (Arc::<Shared>::default(), JoinSet::new());
        let mut variables: Variables = system.environment().clone().into_iter().collect();
        for (name, url) in services {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
            let listener = listener.unwrap_or_else(|error| panic!("a wire: {error}"));
            let own = listener.local_addr().unwrap_or_else(|error| panic!("a wire: {error}"));
            let (far, near) = (Arc::<str>::from(url), Arc::clone(&shared));
            let pass = move |request| pass(request, Arc::clone(&far), Arc::clone(&near));
            servers.spawn(accept::connections(listener, pass));
            variables.extend([(name.to_owned(), format!("http://{own}"))]);
        }
        Self { shared, variables, _servers: servers }
    }

    /// The environment of a function that calls over these wires.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Sets the fault, and counts calls from one again.
    pub fn plan(&self, plan: Plan) {
        *self.shared.state() = State { plan, calls: Vec::new() };
    }

    /// The calls since the plan was set, as in `UpdateItem EventsTable`, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.shared.state().calls.clone()
    }

    /// Returns when the function is to die.
    pub async fn died(&self) {
        self.shared.died.notified().await;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table that is away, if others of a batch of statements are not: each statement has an answer of its own.
    fn away_in_part(&self, body: &[u8]) -> Option<String> {
        let tables = statements::tables(body);
        match &self.state().plan {
            Plan::Away(away) if tables.contains(away) && tables.iter().any(|it| it != away) => {
                Some(away.clone())
            }
            Plan::Away(_) | Plan::Healthy | Plan::Call(..) => None,
        }
    }

    /// Counts a call and returns its fault, if any.
    fn fault(&self, operation: &str, resource: &str, attempt: usize) -> Option<Fault> {
        let mut state = self.state();
        let name = format!("{operation} {resource}");
        if attempt == 1 {
            state.calls.push(name.clone());
        }
        match &state.plan {
            Plan::Call(number, fault) if state.calls.get(*number - 1) == Some(&name) => {
                // A function makes one call at a time here, so a retry is of the last call of its name.
                let last = state.calls.iter().rposition(|call| *call == name);
                (last == Some(*number - 1)).then_some(*fault)
            }
            Plan::Away(away) if away == resource => Some(Fault::ErrorBefore),
            Plan::Healthy | Plan::Call(..) | Plan::Away(_) => None,
        }
    }
}

async fn pass(
    request: Request<Incoming>,
    to: Arc<str>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let target = header(&head.headers, "x-amz-target").to_owned();
    let (service, operation) = target.split_once('.').unwrap_or_default();
    let attempt = attempt(&head.headers);
    if let Some(away) = shared.away_in_part(&body) {
        let (kept, to) = (statements::without(&body, &away), Arc::clone(&to));
        let mut answer = forward(&shared.client, &head, &to, kept).await?;
        answer.body = statements::with_errors(&body, &away, &answer.body);
        answer.headers.remove(http::header::CONTENT_LENGTH);
        return Ok(response(answer));
    }
    let Some(fault) = shared.fault(operation, &resource(service, &body), attempt) else {
        return Ok(response(forward(&shared.client, &head, &to, body).await?));
    };
    let answer =
        if fault.lets_pass(attempt) { Some(forward(&shared.client, &head, &to, body).await?) } else { None };
    match (fault, answer) {
        (Fault::AnswerLost, Some(answer)) if attempt > 1 => Ok(response(answer)),
        (Fault::ErrorBefore | Fault::ErrorAfter | Fault::AnswerLost, _) => {
            Ok(error(service, Error::Internal))
        }
        (Fault::Throttle, _) => Ok(error(service, Error::Throttled)),
        (Fault::TimeoutBefore | Fault::TimeoutAfter, _) => std::future::pending().await,
        (Fault::DeathBefore | Fault::DeathAfter, _) => {
            shared.died.notify_one();
            std::future::pending().await
        }
    }
}

async fn forward(
    client: &Client,
    head: &http::request::Parts,
    to: &str,
    body: Bytes,
) -> Result<Answer, String> {
    let kept = |name: &str| !matches!(name, "host" | "content-length");
    let headers = head.headers.iter().filter(|(name, _)| kept(name.as_str()));
    let headers: Vec<_> =
        headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    client.send(head.method.clone(), &format!("{to}{}", head.uri.path()), &headers, body).await
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
    response
}

#[derive(Clone, Copy)]
enum Error {
    Internal,
    Throttled,
}

/// An error as the service words it.
fn error(service: &str, error: Error) -> Response<Full<Bytes>> {
    let (status, code) = match (error, service) {
        (Error::Internal, "TrentService") => (StatusCode::INTERNAL_SERVER_ERROR, "KMSInternalException"),
        (Error::Internal, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        (Error::Throttled, "AmazonSQS") => (StatusCode::FORBIDDEN, "RequestThrottled"),
        (Error::Throttled, "TrentService") => (StatusCode::BAD_REQUEST, "ThrottlingException"),
        (Error::Throttled, _) => (StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException"),
    };
    let body = json!({ "__type": format!("com.amazonaws#{code}"), "message": "planned" }).to_string();
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The number of the SDK's try, from one (`amz-sdk-request: attempt=2; max=3`).
fn attempt(headers: &HeaderMap) -> usize {
    let (_, rest) = header(headers, "amz-sdk-request").split_once("attempt=").unwrap_or_default();
    rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

/// The table or queue of a call.
fn resource(service: &str, body: &[u8]) -> String {
    if service == "TrentService" {
        return "KMS".to_owned();
    }
    let of_statement = || statements::tables(body).into_iter().next();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let first = |of: &Value| of.as_object().and_then(|it| it.keys().next().cloned());
    let transacted = || {
        let part = body["TransactItems"][0].as_object()?.values().next()?;
        part["TableName"].as_str().map(str::to_owned)
    };
    let named = body["TableName"].as_str().map(str::to_owned);
    let queue = || body["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).map(str::to_owned);
    let of_items = || first(&body["RequestItems"]);
    named.or_else(queue).or_else(of_items).or_else(transacted).or_else(of_statement).unwrap_or_default()
}
