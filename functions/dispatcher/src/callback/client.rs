//! One request, one answer, one deadline over all of it.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use shared::callback_url::{CallbackUrl, Reach};
use tokio::time::{Instant, timeout_at};

use super::connector::{ConnectError, GuardedConnector};

/// From the first look-up to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(15);
/// Of an answer's body at most this is read.
const MAX_BODY: usize = 64 * 1024;
/// Of what was read at most this is kept, for the event log.
const MAX_EXCERPT: usize = 1024;
/// An answer's status line and headers fit in this, or it is none.
const MAX_HEAD: usize = 32 * 1024;
/// An answer has at most this many headers.
const MAX_HEADERS: usize = 64;
/// Idle connections kept to one receiver, for as long as the function is likely to run on.
const IDLE_PER_HOST: usize = 10;
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends callbacks. One of it serves a whole process and keeps connections between batches.
///
/// It follows no redirect, asks no proxy and decompresses nothing.
#[derive(Clone)]
pub struct CallbackClient {
    client: Client<HttpsConnector<GuardedConnector>, Full<Bytes>>,
    reach: Reach,
}

/// What a receiver answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) excerpt: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The deadline passed, while this was being done.
    #[error("timed out while {0}")]
    TimedOut(&'static str),
    /// No connection, or no answer on it.
    #[error("{0}")]
    Unreachable(String),
    /// The URL, or an address of its host, is not allowed.
    #[error("{0}")]
    Refused(String),
}

impl CallbackClient {
    /// A client that goes where `reach` allows; reads the system's root certificates.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(reach: Reach) -> std::io::Result<Self> {
        let https = HttpsConnectorBuilder::new()
            .with_native_roots()?
            .https_or_http()
            .enable_http1()
            .wrap_connector(GuardedConnector::new(reach));
        #[expect(clippy::disallowed_methods, reason = "this is the client that bounds callbacks")]
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_max_buf_size(MAX_HEAD)
            .http1_max_headers(MAX_HEADERS)
            .build(https);
        Ok(Self { client, reach })
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, ClientError> {
        // A URL that was allowed when it was configured may no longer be; one that is an address meets no
        // resolver, so this is where the address is judged.
        CallbackUrl::parse(&request.uri().to_string(), self.reach)
            .map_err(|error| ClientError::Refused(error.to_string()))?;
        let deadline = Instant::now() + DEADLINE;
        let response = timeout_at(deadline, self.client.request(request))
            .await
            .map_err(|_| ClientError::TimedOut("waiting for the answer"))?
            .map_err(|error| classify(&error))?;
        let (head, body) = response.into_parts();
        let excerpt = excerpt(body, deadline).await;
        Ok(Answer { status: head.status, headers: head.headers, excerpt })
    }
}

/// The beginning of a body. What cannot be read in time, or at all, is left out: the status has been given.
async fn excerpt(mut body: Incoming, deadline: Instant) -> String {
    let (mut read, mut kept) = (0, Vec::new());
    while read < MAX_BODY && !body.is_end_stream() {
        let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await else { break };
        let Ok(data) = frame.into_data() else { continue };
        read += data.len();
        let room = MAX_EXCERPT - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
    }
    let text = String::from_utf8_lossy(&kept);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// What a failed request comes to; the receiver's side of it in words that show nothing of ours.
fn classify(error: &hyper_util::client::legacy::Error) -> ClientError {
    let mut last = error.to_string();
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = next {
        match cause.downcast_ref::<ConnectError>() {
            Some(ConnectError::Forbidden(reason)) => return ClientError::Refused(reason.clone()),
            Some(ConnectError::TimedOut) => return ClientError::TimedOut("connecting"),
            Some(error @ (ConnectError::Resolve(_) | ConnectError::Dial(_))) => {
                return ClientError::Unreachable(error.to_string());
            }
            None => last = cause.to_string(),
        }
        next = cause.source();
    }
    let what = if error.is_connect() { "the connection failed" } else { "the answer was cut off" };
    ClientError::Unreachable(format!("{what}: {last}"))
}
