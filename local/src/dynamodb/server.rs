//! The engine's server behind another one, since the engine has no place for what comes first: permissions.

use std::io;
use std::net::Ipv4Addr;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri, uri};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use dynoxide::Database;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;

/// The connection to the engine.
#[derive(Clone)]
struct Engine {
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
    let routes = layer(Router::new().fallback(forward).with_state(Engine { client, authority }));
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

async fn forward(State(engine): State<Engine>, mut request: Request) -> Response {
    let mut parts = request.uri().clone().into_parts();
    (parts.scheme, parts.authority) = (Some(uri::Scheme::HTTP), Some(engine.authority));
    let answer = match Uri::from_parts(parts) {
        Ok(uri) => {
            *request.uri_mut() = uri;
            engine.client.request(request).await.map_err(|error| error.to_string())
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
