//! A function behind the HTTP API: every request gets an answer, and no request ends the process.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use http::{HeaderValue, Response, StatusCode, header};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, IntoResponse, LambdaEvent, Request, RequestExt as _, Service, service_fn};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use url::Url;

use crate::platform::api_error::ApiError;

/// Characters that a path must not contain. The HTTP API decodes paths, so any character may be in one.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Characters that a query must not contain. The HTTP API passes it on unchanged.
const QUERY: &AsciiSet = &PATH.remove(b'?');

/// The longest path and query together; a URI of the `http` crate holds 64 KiB, the HTTP API takes 10 KB of request line and
/// headers (Amazon API Gateway quotas).
const MOST: usize = 60_000;

/// Serves calls of the HTTP API until the process ends.
pub async fn run<S, B>(service: S) -> Result<(), Error>
where
    S: Service<Request, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: From<String> + 'static,
    Response<B>: IntoResponse,
{
    lambda_http::lambda_runtime::run(handler(service)).await
}

/// The service as Lambda calls it: an event becomes a valid request, and a panic an answer.
pub fn handler<S, B>(
    service: S,
) -> impl Service<
    LambdaEvent<LambdaRequest>,
    Response = impl Serialize + use<S, B>,
    Error = Infallible,
    Future: Send,
> + Clone
+ use<S, B>
where
    S: Service<Request, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: From<String> + 'static,
    Response<B>: IntoResponse,
{
    let caught = service_fn(move |request| answer(service.clone(), request));
    service_fn(move |event: LambdaEvent<LambdaRequest>| {
        let LambdaEvent { mut payload, context } = event;
        if let LambdaRequest::ApiGatewayV2(request) = &mut payload {
            make_readable(request);
        }
        Adapter::from(caught.clone()).call(LambdaEvent::new(payload, context))
    })
}

async fn answer<S, B>(mut service: S, request: Request) -> Result<Response<B>, Infallible>
where
    S: Service<Request, Response = Response<B>, Error = Infallible, Future: Send>,
    B: From<String>,
{
    let id = request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    let answer = AssertUnwindSafe(async { service.call(request).await }).catch_unwind().await;
    answer.unwrap_or_else(|_| {
        let error = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The request could not be handled.");
        Ok(error.into_response(&id))
    })
}

/// Makes the event a valid URI, and takes the host from API Gateway, not from the client.
fn make_readable(request: &mut lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest) {
    let path = request.raw_path.take().unwrap_or_default();
    let path = utf8_percent_encode(path.trim_start_matches('/'), PATH).to_string();
    let query = request.raw_query_string.take().unwrap_or_default();
    let query = utf8_percent_encode(&query, QUERY).to_string();
    let (path, query) = if path.len() + query.len() > MOST { <_>::default() } else { (path, query) };
    request.raw_path = Some(format!("/{path}"));
    request.raw_query_string = Some(query);
    request.request_context.domain_name.take_if(|name| !is_host(name));
    let named = request.request_context.domain_name.as_deref();
    match named.and_then(|name| HeaderValue::from_str(name).ok()) {
        Some(name) => _ = request.headers.insert(header::HOST, name),
        None => _ = request.headers.remove(header::HOST),
    }
    let scheme = request.headers.get("x-forwarded-proto");
    if scheme.is_some_and(|scheme| scheme != "http" && scheme != "https") {
        request.headers.remove("x-forwarded-proto");
    }
}

fn is_host(name: &str) -> bool {
    !name.is_empty()
        && name.parse::<http::uri::Authority>().is_ok()
        && Url::parse(&format!("https://{name}/")).is_ok_and(|url| url.path() == "/")
}

#[cfg(test)]
mod tests;
