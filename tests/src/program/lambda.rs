//! A small Lambda: the Runtime API that the real programs of the functions poll, and the Invoke API before it.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use shared::platform::clock::{Clock as _, SystemClock};
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

/// The time-out of a function.
const TIMEOUT: TimeDelta = TimeDelta::seconds(60);

/// A Lambda on loopback, with functions that are programs of this workspace.
pub struct Lambda {
    url: String,
    listener: Option<TcpListener>,
    tasks: JoinSet<()>,
    functions: Vec<Child>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<HashMap<String, VecDeque<Call>>>,
    running: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    arrived: Notify,
    calls: AtomicU64,
}

struct Call {
    id: String,
    event: Bytes,
    answer: oneshot::Sender<Outcome>,
}

/// An answer, or an error as the runtime reports it.
type Outcome = Result<Bytes, Bytes>;

impl Lambda {
    /// Takes a free port; nothing runs yet.
    ///
    /// # Panics
    /// When loopback has none.
    #[expect(clippy::expect_used, reason = "without loopback there is nothing to test")]
    pub async fn bind() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        Self { url, listener: Some(listener), tasks: JoinSet::new(), functions: Vec::new() }
    }

    /// Where the Invoke API is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts the programs of these functions with these variables, and begins to serve them.
    ///
    /// # Panics
    /// When one cannot be started.
    #[expect(clippy::expect_used, reason = "without its programs there is nothing to test")]
    pub fn run(&mut self, functions: &[&str], variables: &[(String, String)]) {
        for function in functions {
            let api = format!("{}/{function}", self.url);
            let mut command = tokio::process::Command::new(super::path(function));
            command.env_clear().envs(variables.iter().cloned()).kill_on_drop(true).stdout(Stdio::null());
            command.env("AWS_LAMBDA_RUNTIME_API", api).env("AWS_LAMBDA_FUNCTION_NAME", function);
            command.env("AWS_LAMBDA_FUNCTION_VERSION", "1").env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256");
            self.functions.push(command.spawn().expect("the function's program starts"));
        }
        let shared = Arc::<Shared>::default();
        let listener = self.listener.take().expect("a Lambda is started once");
        self.tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                let service = hyper::service::service_fn(move |request| {
                    let shared = shared.clone();
                    async move { Ok::<_, std::convert::Infallible>(shared.answer(request).await) }
                });
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A program that ended has left its connection behind.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
            return respond(StatusCode::BAD_REQUEST, Bytes::new());
        };
        let path: Vec<&str> = head.uri.path().split('/').skip(1).collect();
        match (&head.method, path.as_slice()) {
            (&Method::POST, ["2015-03-31", "functions", function, "invocations"]) => {
                self.invoke(function, body).await
            }
            (&Method::GET, [function, "2018-06-01", "runtime", "invocation", "next"]) => {
                self.next(function).await
            }
            (&Method::POST, [_, "2018-06-01", "runtime", "invocation", id, "response"]) => {
                self.finish(id, Ok(body))
            }
            (&Method::POST, [_, "2018-06-01", "runtime", "invocation", id, "error"]) => {
                self.finish(id, Err(body))
            }
            _ => respond(StatusCode::NOT_FOUND, Bytes::new()),
        }
    }

    async fn invoke(&self, function: &str, event: Bytes) -> Response<Full<Bytes>> {
        let (answer, outcome) = oneshot::channel();
        let id = format!("call-{}", self.calls.fetch_add(1, Ordering::Relaxed));
        lock(&self.waiting).entry(function.to_owned()).or_default().push_back(Call { id, event, answer });
        self.arrived.notify_waiters();
        match outcome.await {
            Ok(Ok(answer)) => respond(StatusCode::OK, answer),
            Ok(Err(error)) => {
                let mut response = respond(StatusCode::OK, error);
                response
                    .headers_mut()
                    .insert("x-amz-function-error", http::HeaderValue::from_static("Unhandled"));
                response
            }
            Err(_) => respond(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()),
        }
    }

    async fn next(&self, function: &str) -> Response<Full<Bytes>> {
        loop {
            let arrival = self.arrived.notified();
            let call = lock(&self.waiting).get_mut(function).and_then(VecDeque::pop_front);
            let Some(Call { id, event, answer }) = call else {
                let _ = tokio::time::timeout(Duration::from_secs(1), arrival).await;
                continue;
            };
            let deadline = (SystemClock.now() + TIMEOUT).timestamp_millis();
            let response = Response::builder()
                .header("lambda-runtime-aws-request-id", &id)
                .header("lambda-runtime-deadline-ms", deadline)
                .header(
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:000000000000:function:f",
                );
            lock(&self.running).insert(id, answer);
            return response.body(Full::new(event)).unwrap_or_default();
        }
    }

    fn finish(&self, id: &str, outcome: Outcome) -> Response<Full<Bytes>> {
        if let Some(answer) = lock(&self.running).remove(id) {
            // The caller may have gone.
            let _ = answer.send(outcome);
        }
        respond(StatusCode::ACCEPTED, Bytes::new())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn respond(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
}
