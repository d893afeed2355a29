//! One request, one answer, one deadline over all of it.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use rustls::ClientConfig;
use shared::callbacks::url::{CallbackUrl, Reach};
use shared::events::log::clip;
use tokio::time::{Instant, timeout_at};

use super::connection::{Connection, Connector, Origin};
use super::error::{ClientError, Phase, Unreachable};
use super::limits::Limits;
use super::metered::TOO_MUCH;
use super::pool::Pool;
use super::resolver::Resolver;

/// Sends callbacks. One of it serves a whole process and keeps connections between batches.
///
/// It follows no redirect, asks no proxy and decompresses nothing.
pub struct CallbackClient {
    connector: Connector,
    pool: Pool,
}

/// What a receiver answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The beginning of the body, as printable text.
    pub excerpt: String,
}

impl CallbackClient {
    /// A client that goes where `reach` allows, and trusts whom `tls` trusts.
    pub fn new(mut tls: ClientConfig, reach: Reach, resolver: Resolver, limits: Limits) -> Self {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { connector: Connector { reach, resolver, tls: Arc::new(tls), limits }, pool: Pool::default() }
    }

    /// Sends a request to the absolute URL in it, and reads the beginning of the answer.
    ///
    /// # Errors
    /// When there is no answer in time, or none at all, or the URL is not allowed.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, ClientError> {
        let refused = |reason: &str| ClientError::Refused(reason.to_owned());
        // A URL that was allowed when it was configured may no longer be; one that is an address meets no
        // resolver, so this is where the address is judged.
        let url = CallbackUrl::parse(&request.uri().to_string(), self.connector.reach)
            .map_err(|error| ClientError::Refused(error.to_string()))?;
        let origin = Origin::of(url.as_url()).ok_or_else(|| refused("it has no host"))?;
        let request = in_origin_form(request, &origin).ok_or_else(|| refused("HTTP cannot carry it"))?;
        let limits = &self.connector.limits;
        let deadline = Instant::now() + limits.deadline;
        let phase = AtomicU8::new(Phase::Resolving as u8);
        let exchange = self.exchange(&origin, request, &phase);
        let (response, connection) = match timeout_at(deadline, exchange).await {
            Ok(answered) => answered?,
            Err(_) => return Err(ClientError::TimedOut(reached(&phase))),
        };
        let (head, mut body) = response.into_parts();
        let excerpt = excerpt(&mut body, limits, deadline).await;
        if body.is_end_stream() {
            self.keep(origin, connection, deadline).await;
        }
        Ok(Answer { status: head.status, headers: head.headers, excerpt })
    }

    /// Up to the head of the answer. A connection from the pool may have been closed by its receiver: if it ends before
    /// a byte of the answer came, the request is sent again at once on another one.
    async fn exchange(
        &self,
        origin: &Origin,
        request: Request<Full<Bytes>>,
        phase: &AtomicU8,
    ) -> Result<(Response<Incoming>, Connection), ClientError> {
        let reached = |now: Phase| phase.store(now as u8, Ordering::Relaxed);
        // An idle connection that its receiver has closed says so as soon as its task runs.
        tokio::task::yield_now().await;
        while let Some(mut idle) = self.pool.take(origin) {
            reached(Phase::Waiting);
            match idle.send(request.clone(), self.connector.limits.bytes()).await {
                Ok(response) => return Ok((response, idle)),
                Err(_) if idle.is_silent() => {}
                Err(error) => return Err(Unreachable::Answer(why(&error)).into()),
            }
        }
        let mut connection = self.connector.open(origin, &reached).await?;
        reached(Phase::Waiting);
        match connection.send(request, self.connector.limits.bytes()).await {
            Ok(response) => Ok((response, connection)),
            Err(error) => Err(Unreachable::Answer(why(&error)).into()),
        }
    }

    async fn keep(&self, origin: Origin, mut connection: Connection, deadline: Instant) {
        if let Ok(true) = timeout_at(deadline, connection.settle()).await {
            self.pool.put(origin, connection);
        }
    }
}

/// What goes over the connection names only the path; the host is in a header.
fn in_origin_form(mut request: Request<Full<Bytes>>, origin: &Origin) -> Option<Request<Full<Bytes>>> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri = path.parse::<Uri>().ok()?;
    *request.uri_mut() = uri;
    request.headers_mut().insert(HOST, origin.host_header()?);
    Some(request)
}

fn reached(phase: &AtomicU8) -> Phase {
    let now = phase.load(Ordering::Relaxed);
    let phases = [Phase::Resolving, Phase::Connecting, Phase::Securing];
    phases.into_iter().find(|phase| *phase as u8 == now).unwrap_or(Phase::Waiting)
}

/// The beginning of a body. What cannot be read in time, or at all, is left out: the status has been given.
async fn excerpt(body: &mut Incoming, limits: &Limits, deadline: Instant) -> String {
    let (mut read, mut kept) = (0, Vec::new());
    while read < limits.body && !body.is_end_stream() {
        let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await else { break };
        let Ok(data) = frame.into_data() else { continue };
        read += data.len();
        let room = limits.excerpt - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
    }
    printable(&kept, limits.excerpt)
}

/// Bytes as text that can be shown, of `most` bytes at most: what stands for bytes that are not text is longer than
/// they are.
fn printable(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut text = text.trim().to_owned();
    clip(&mut text, most);
    text
}

/// What is wrong with an answer, in words for the receiver's owner.
fn why(error: &hyper::Error) -> String {
    // The library distinguishes this only for servers.
    if error.is_parse() && error.to_string().contains("too large") {
        return "its headers are too many or too large".to_owned();
    }
    if error.is_incomplete_message() || error.is_canceled() {
        return "the connection was closed before it came".to_owned();
    }
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    if cause == TOO_MUCH { TOO_MUCH.to_owned() } else { format!("{error}: {cause}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_bounded_in_bytes_after_it_was_made_text() {
        assert_eq!(printable(b" not\nhere ", 64), "not here");
        assert_eq!(printable(&[0xff; 1024], 1024).len(), 1023);
        assert_eq!(printable("é".repeat(10).as_bytes(), 5), "éé");
    }
}
