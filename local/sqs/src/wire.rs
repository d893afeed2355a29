//! The protocol of the AWS clients: JSON 1.0 over HTTP, one action per request.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::error::Error;
use super::{Sqs, names};

mod attributes;
mod batches;
mod moves;
mod queues;
mod receiving;
mod sending;
mod settling;

/// The largest request: the escapes of JSON make a message of 1 MiB larger.
const LARGEST: usize = 16 * 1_048_576;

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const TRACE_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

pub(super) fn routes(sqs: Sqs) -> Router {
    Router::new()
        .route("/", post(answer))
        .fallback(post(answer))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(sqs)
}

pub(super) async fn serve(routes: Router, listener: TcpListener) -> std::io::Result<()> {
    // An answer is a few small writes: without this the client waits for the rest of it.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    axum::serve(listener, routes).await
}

async fn answer(State(sqs): State<Sqs>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let action = target.strip_prefix("AmazonSQS.").unwrap_or(target);
    let trace = headers.get(TRACE_HEADER).and_then(|header| header.to_str().ok());
    let mut response = match act(&sqs, action, &body, trace).await {
        Ok(json) => json.into_response(),
        Err(error) => refuse(action, &error),
    };
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    if let Ok(id) = HeaderValue::try_from(Uuid::new_v4().to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn act(sqs: &Sqs, action: &str, body: &[u8], trace: Option<&str>) -> Result<Vec<u8>, Error> {
    match action {
        "PurgeQueue" => with(body, |request| queues::purge(sqs, &request)),
        "GetQueueAttributes" => with(body, |request| queues::attributes(sqs, &request)),
        "SendMessage" => with(body, |request| sending::send(sqs, request, trace)),
        "SendMessageBatch" => with(body, |request| sending::send_batch(sqs, request, trace)),
        "ReceiveMessage" => write(&receiving::receive(sqs, read(body)?).await?),
        "DeleteMessage" => with(body, |request| settling::delete(sqs, &request)),
        "StartMessageMoveTask" => with(body, |request| moves::start(sqs, &request)),
        _ => Err(Error::UnknownOperation(action.to_owned())),
    }
}

/// The answer that `act` gives to the request in `body`.
fn with<I: DeserializeOwned, O: Serialize>(
    body: &[u8],
    act: impl FnOnce(I) -> Result<O, Error>,
) -> Result<Vec<u8>, Error> {
    write(&act(read(body)?)?)
}

fn read<I: DeserializeOwned>(body: &[u8]) -> Result<I, Error> {
    serde_json::from_slice(body).map_err(|error| Error::Serialization(error.to_string()))
}

fn write(answer: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(answer).map_err(|error| Error::Serialization(error.to_string()))
}

/// The value of the parameter `name`, which the action needs.
fn required<'a>(value: Option<&'a String>, name: &'static str) -> Result<&'a str, Error> {
    match value.map(String::as_str) {
        None | Some("") => Err(Error::MissingParameter(name)),
        Some(value) => Ok(value),
    }
}

/// The name of the queue that a request's `QueueUrl` names.
fn queue(url: Option<&String>) -> Result<&str, Error> {
    names::in_url(required(url, "QueueUrl")?)
}

#[derive(Serialize)]
struct Nothing {}

fn refuse(action: &str, error: &Error) -> Response {
    if !error.is_of_the_sender() {
        tracing::error!(action, %error, "an SQS request failed");
    }
    let code = error.code();
    let namespace =
        if code.shape.ends_with("Exception") { "com.amazon.coral.service" } else { "com.amazonaws.sqs" };
    let body = serde_json::json!({
        "__type": format!("{namespace}#{}", code.shape),
        "message": error.to_string(),
    });
    let fault = if error.is_of_the_sender() { "Sender" } else { "Receiver" };
    let status = StatusCode::from_u16(code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body.to_string()).into_response();
    if let Ok(query_error) = HeaderValue::try_from(format!("{};{fault}", code.query)) {
        response.headers_mut().insert(QUERY_ERROR, query_error);
    }
    response
}
