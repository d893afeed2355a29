//! The HTTP API: from a request to the function of its route, and back.

mod event;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use matchit::Router as Paths;
use serde_json::json;
use shared::platform::clock::SharedClock;

use crate::failure::{Context as _, Failure};
use crate::functions::{Functions, InvokeError};
use crate::template::{Function, Route, RouteMethod};

/// The largest body that an HTTP API takes (Amazon API Gateway quotas: 10 MB).
const MAX_BODY: usize = 10 * 1024 * 1024;

#[derive(Clone)]
pub(crate) struct Gateway(Arc<Parts>);

struct Parts {
    paths: Paths<(RouteMethod, Function)>,
    /// The function for requests that match no path.
    rest: Option<Function>,
    functions: Arc<Functions>,
    clock: SharedClock,
}

impl Gateway {
    pub(crate) fn new(
        routes: &[(Route, Function)],
        functions: Arc<Functions>,
        clock: SharedClock,
    ) -> Result<Self, Failure> {
        let mut paths: Paths<(RouteMethod, Function)> = Paths::new();
        let mut rest = None;
        for (route, function) in routes {
            if route.path == Route::REST {
                rest = Some(function.clone());
                continue;
            }
            let target = (route.method.clone(), function.clone());
            let inserted = paths.insert(pattern(&route.path), target);
            inserted.context(format_args!("the route {} cannot be served", route.path))?;
        }
        Ok(Self(Arc::new(Parts { paths, rest, functions, clock })))
    }

    pub(crate) fn router(self) -> Router {
        Router::new().fallback(answer).with_state(self)
    }
}

/// The API's greedy parameter (`{proxy+}`) in the router's spelling.
fn pattern(path: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix("+}")) {
        Some(name) => format!("{{*{name}}}"),
        None => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

async fn answer(State(gateway): State<Gateway>, request: Request) -> Response<Body> {
    let Parts { paths, rest, functions, clock } = &*gateway.0;
    let (head, body) = request.into_parts();
    let found = paths.at(head.uri.path()).ok().map(|found| found.value);
    let found = found.filter(|(method, _)| method.matches(&head.method)).map(|(_, function)| function);
    let Some(function) = found.or(rest.as_ref()) else { return failure(StatusCode::NOT_FOUND, "Not Found") };
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return failure(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let event = event::of(&head, &body, clock.now());
    match functions.invoke(function, event).await {
        Ok(answer) => event::response(&answer).unwrap_or_else(|reason| {
            tracing::error!(function = function.logical_id, reason, "the function's answer is invalid");
            failure(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }),
        Err(InvokeError::TooLarge) => failure(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
        Err(error) => {
            tracing::error!(function = function.logical_id, %error, "function failed");
            match error {
                InvokeError::TimedOut(_) => failure(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
                InvokeError::TooLarge | InvokeError::Failed(_) => {
                    failure(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
                }
            }
        }
    }
}

fn failure(status: StatusCode, message: &str) -> Response<Body> {
    (status, [("content-type", "application/json")], json!({ "message": message }).to_string())
        .into_response()
}
