//! The engine behind permissions: what the hot path asks for is answered here, everything else by the engine's own server.

use std::io;
use std::net::Ipv4Addr;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri, uri};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use dynoxide::{Database, DynoxideError};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;

/// The largest request that DynamoDB takes.
const LARGEST: usize = 16 * 1024 * 1024;
const JSON: &str = "application/x-amz-json-1.0";

/// The engine, and the connection to its server.
#[derive(Clone)]
struct Engine {
    database: Database,
    client: Client<HttpConnector, Body>,
    authority: uri::Authority,
}

/// Answers with `layer` around the routes, until a listener fails.
pub(super) async fn serve(
    database: Database,
    listener: TcpListener,
    layer: impl FnOnce(Router) -> Router,
) -> io::Result<()> {
    let inner = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let authority = inner.local_addr()?.to_string();
    let authority = uri::Authority::try_from(authority).map_err(io::Error::other)?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    #[expect(clippy::disallowed_methods, reason = "it calls the engine in this process, not a receiver")]
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let engine = Engine { database: database.clone(), client, authority };
    let routes = layer(Router::new().fallback(answer).with_state(engine));
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    tokio::select! {
        () = dynoxide::server::serve_on(inner, database) => Ok(()),
        ended = axum::serve(listener, routes) => ended,
    }
}

async fn answer(State(engine): State<Engine>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match engine.at_once(&head.headers, &body) {
        Some(answer) => ([(CONTENT_TYPE, JSON)], answer).into_response(),
        None => engine.forward(Request::from_parts(head, Body::from(body))).await,
    }
}

impl Engine {
    /// The answer to a signed request for single items. `None` for any other, and for one that fails, which changes
    /// nothing: the engine's server has DynamoDB's words for failures.
    fn at_once(&self, headers: &HeaderMap, body: &Bytes) -> Option<Vec<u8>> {
        let is = |name, value: &[u8]| headers.get(name).is_some_and(|it| it.as_bytes() == value);
        if !headers.contains_key(AUTHORIZATION) || !is(CONTENT_TYPE.as_str(), JSON.as_bytes()) {
            return None;
        }
        match headers.get("x-amz-target")?.as_bytes() {
            b"DynamoDB_20120810.GetItem" => made(body, |request| self.database.get_item(request)),
            b"DynamoDB_20120810.PutItem" => made(body, |request| self.database.put_item(request)),
            b"DynamoDB_20120810.UpdateItem" => made(body, |request| self.database.update_item(request)),
            b"DynamoDB_20120810.BatchExecuteStatement" => {
                made(body, |request| self.database.batch_execute_statement(request))
            }
            _ => None,
        }
    }

    async fn forward(&self, mut request: Request) -> Response {
        let mut parts = request.uri().clone().into_parts();
        (parts.scheme, parts.authority) = (Some(uri::Scheme::HTTP), Some(self.authority.clone()));
        let answer = match Uri::from_parts(parts) {
            Ok(uri) => {
                *request.uri_mut() = uri;
                self.client.request(request).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match answer {
            Ok(answer) => answer.map(Body::new),
            Err(error) => {
                tracing::error!(error, "DynamoDB did not answer");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }
}

/// What an operation answers, if it succeeds.
fn made<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Option<Vec<u8>> {
    let answer = operation(serde_json::from_slice(body).ok()?).ok()?;
    serde_json::to_vec(&answer).ok()
}
