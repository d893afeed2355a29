//! One request to Close: bounded in time and in what is read, and never redirected.

use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use axum::http::{Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use shared::platform::secret::Secret;
use shared::platform::settings::Variables;
use shared::platform::tls;
use tokio::time::timeout;

use super::CloseError;

/// From the first look-up to the last byte. Two of these fit the function's time-out.
const DEADLINE: Duration = Duration::from_secs(8);
/// Of an answer at most this is read.
const MAX_BODY: usize = 256 * 1024;
/// Who is calling, to Close.
const AGENT: &str = concat!("closeio-events/", env!("CARGO_PKG_VERSION"));

/// What Close answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Sends a request with the key as the user name of Basic authentication, as Close wants it.
///
/// A client is built for each: provisioning is rare, and a start that reads no certificates is quicker.
pub(super) async fn send(
    method: Method,
    url: &str,
    key: &Secret,
    body: Option<String>,
) -> Result<Answer, CloseError> {
    let unavailable = |what: &str| CloseError::Unavailable(what.to_owned());
    // Plain HTTP gets through only to this machine: the allow-list of hosts sees to that.
    let tls = tls::of_process(&Variables::default());
    let tls = tls.map_err(|_| unavailable("TLS cannot be set up"))?;
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    #[expect(clippy::disallowed_methods, reason = "it calls the allowed hosts of Close only")]
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(https);
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{}:", key.expose()))))
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, AGENT)
        .body(Full::new(Bytes::from(body.unwrap_or_default())))
        .map_err(|_| unavailable("base.url cannot be called"))?;
    let exchange = async {
        let response = client.request(request).await.map_err(|_| unavailable("it cannot be reached"))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
        let body = body.map_err(|_| unavailable("its answer was cut off or too long"))?.to_bytes().to_vec();
        Ok(Answer { status, body })
    };
    timeout(DEADLINE, exchange).await.unwrap_or_else(|_| Err(unavailable("it took too long")))
}
