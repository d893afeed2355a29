//! Requests to Close, bounded in time and size. Redirects are not followed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::time::timeout;
use url::Url;

use crate::{CloseApiHosts, CloseError, RateLimit};

/// From the first byte sent to the last one read, by default. Close's slow searches take seconds.
const DEADLINE: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer. A page of large emails has some megabytes.
const MAX_BODY: usize = 32 * 1024 * 1024;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const AGENT: &str = concat!("closeio-events/", env!("CARGO_PKG_VERSION"));
const DEFAULT_BASE: &str = "https://api.close.com/api/v1";

/// The connections to Close, shared by all accounts.
#[derive(Debug, Clone)]
pub struct CloseClient {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// The hosts that an API key may be sent to, even if the list has changed since the instance was provisioned.
    hosts: CloseApiHosts,
    deadline: Duration,
}

/// One API key's view of Close.
#[derive(Debug, Clone)]
pub struct CloseAccount {
    client: CloseClient,
    base: Url,
    authorization: HeaderValue,
}

/// An answer with 2xx.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its body.
    pub body: Bytes,
    /// What the rate limit still allows.
    pub rate_limit: Option<RateLimit>,
}

impl CloseClient {
    /// A client for these hosts, with the trust anchors of `tls`.
    pub fn new(hosts: CloseApiHosts, tls: ClientConfig) -> Self {
        let mut http = HttpConnector::new();
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        http.set_nodelay(true);
        // Each `base.url` is checked; plain HTTP is for this machine only.
        http.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        #[expect(clippy::disallowed_methods, reason = "it calls Close and no receiver")]
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(https.wrap_connector(http));
        Self { http, hosts, deadline: DEADLINE }
    }

    /// The same with another deadline for a request.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }
}

impl CloseAccount {
    /// The account behind an API key at `base`, or at Close's own address.
    pub fn new(client: &CloseClient, base: Option<&str>, api_key: &str) -> Result<Self, CloseError> {
        let invalid = |message: &str| CloseError::Invalid {
            status: 400,
            message: message.to_owned(),
            rate_limit: None,
        };
        let base = base.unwrap_or(DEFAULT_BASE);
        client.hosts.check(base).map_err(CloseError::NotAllowed)?;
        let base = Url::parse(&format!("{}/", base.trim_end_matches('/')));
        let base = base.map_err(|_| invalid("base.url is not a URL"))?;
        // The key is the user name, followed by a colon.
        let basic = format!("Basic {}", STANDARD.encode(format!("{api_key}:")));
        let mut authorization = HeaderValue::try_from(basic).map_err(|_| invalid("the key is unusable"))?;
        authorization.set_sensitive(true);
        Ok(Self { client: client.clone(), base, authorization })
    }

    /// `GET` of a path below the base, with parameters.
    pub async fn get(&self, path: &str, parameters: &[(&str, String)]) -> Result<Answer, CloseError> {
        let mut url = self.url(path)?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        self.send(Method::GET, &url, Bytes::new()).await
    }

    /// `POST` of a JSON body to a path below the base.
    pub async fn post(&self, path: &str, body: String) -> Result<Answer, CloseError> {
        self.send(Method::POST, &self.url(path)?, body.into()).await
    }

    /// `PUT` of a JSON body to a path below the base.
    pub async fn put(&self, path: &str, body: String) -> Result<Answer, CloseError> {
        self.send(Method::PUT, &self.url(path)?, body.into()).await
    }

    /// `DELETE` of a path below the base.
    pub async fn delete(&self, path: &str) -> Result<Answer, CloseError> {
        self.send(Method::DELETE, &self.url(path)?, Bytes::new()).await
    }

    fn url(&self, path: &str) -> Result<Url, CloseError> {
        self.base.join(path).map_err(|error| CloseError::Unavailable(error.to_string()))
    }

    async fn send(&self, method: Method, url: &Url, body: Bytes) -> Result<Answer, CloseError> {
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .body(Full::new(body));
        let request = request.map_err(|error| CloseError::Unavailable(error.to_string()))?;
        let exchange = async {
            let response = self.client.http.request(request).await;
            let response = response.map_err(|error| unreachable(&error))?;
            let (head, body) = response.into_parts();
            let body = read(body).await?;
            if head.status.is_success() {
                return Ok(Answer { body, rate_limit: RateLimit::read(&head.headers) });
            }
            Err(CloseError::of_answer(head.status, &head.headers, &body))
        };
        let deadline = self.client.deadline;
        let late = |_| CloseError::TooMuch(format!("no answer within {} seconds", deadline.as_secs()));
        timeout(deadline, exchange).await.map_err(late)?
    }
}

async fn read(mut body: Incoming) -> Result<Bytes, CloseError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| CloseError::Unavailable("the answer was cut off".to_owned()))?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > MAX_BODY {
            return Err(CloseError::TooMuch(format!("the answer has more than {MAX_BODY} bytes")));
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

/// The error's own words name no header and no body.
fn unreachable(error: &hyper_util::client::legacy::Error) -> CloseError {
    let what = if error.is_connect() { "the connection failed" } else { "the answer was cut off" };
    CloseError::Unavailable(what.to_owned())
}
