//! The server, its rate limit and its faults.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use serde_json::{Value, json};
use shared::platform::clock::{Clock as _, ManualClock};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::index::hash;
use super::query::Query;
use super::quirks::{Fault, Quirks};
use super::{event_feed, lists, search, subscriptions};
use crate::accept;
use crate::close::Close;

const VERSION: &str = "/api/v1/";

/// A running API; it stops when it is dropped.
pub struct Rest {
    url: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

/// A received request.
#[derive(Debug, Clone)]
pub struct Call {
    /// The API key, as the user name of Basic authentication.
    pub key: String,
    /// The method.
    pub method: Method,
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// The part of `base.url` before the version, if any: it can name the caller.
    pub asked_by: String,
    /// The path below the version: `event/`; of a search with its object type, `data/search/contact`.
    pub subject: String,
    /// The path below the version: `event/`.
    pub path: String,
    /// The query.
    pub query: String,
    /// The status of the answer; 0 for none.
    pub status: u16,
    /// What a complete answer contained: objects, or entries of the event feed.
    pub shown: Vec<Value>,
}

struct Shared {
    close: Close,
    clock: ManualClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    quirks: Quirks,
    calls: Vec<Call>,
    /// Requests of each key in the current window, and its number.
    windows: BTreeMap<String, (i64, u32)>,
    seen: u64,
    /// Requests of each key under way, now and at most.
    under_way: BTreeMap<String, (usize, usize)>,
}

impl Rest {
    pub(in crate::close) async fn start(
        close: Close,
        clock: ManualClock,
        quirks: Quirks,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}{}", listener.local_addr()?, VERSION.trim_end_matches('/'));
        let shared = Arc::new(Shared { close, clock, state: Mutex::default() });
        shared.close.behave(&quirks);
        shared.state().quirks = quirks;
        let mut server = JoinSet::new();
        let state = Arc::clone(&shared);
        server.spawn(accept::connections(listener, move |request| respond(request, Arc::clone(&state))));
        Ok(Self { url, shared, _server: server })
    }

    /// The `base.url` of an instance.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes the behaviour from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Quirks)) {
        let mut state = self.shared.state();
        change(&mut state.quirks);
        self.shared.close.behave(&state.quirks);
    }

    /// The most requests of one API key that ran at once.
    #[must_use]
    pub fn most_together(&self) -> usize {
        self.shared.state().under_way.values().map(|(_, most)| *most).max().unwrap_or_default()
    }

    /// The current behaviour.
    #[must_use]
    pub fn quirks(&self) -> Quirks {
        self.shared.state().quirks.clone()
    }

    /// The requests since the last call of this.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone()
    }

    /// The requests since the last call of this.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.state().calls)
    }
}

/// A body that may be truncated.
struct Sent {
    body: Option<Bytes>,
    cut_off: bool,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = self.body.take().map(|body| Ok(Frame::data(body)));
        Poll::Ready(frame.or_else(|| self.cut_off.then(|| Err(io::ErrorKind::ConnectionReset.into()))))
    }
}

async fn respond(request: Request<Incoming>, shared: Arc<Shared>) -> io::Result<Response<Sent>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request = Request::from_parts(head, body);
    let key = api_key(&request).unwrap_or_default();
    let answers_after = shared.begin(&key);
    if !answers_after.is_zero() {
        tokio::time::sleep(answers_after).await;
    }
    let answer = shared.answer(&request);
    shared.end(&key);
    let (response, cut_off) = answer?;
    Ok(response.map(|body| {
        let sent = if cut_off { body.len() / 2 } else { body.len() };
        Sent { body: Some(body.slice(..sent)), cut_off }
    }))
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, key: &str) -> Duration {
        let mut state = self.state();
        let (now, most) = state.under_way.entry(key.to_owned()).or_default();
        *now += 1;
        *most = (*most).max(*now);
        state.quirks.answers_after
    }

    fn end(&self, key: &str) {
        if let Some((now, _)) = self.state().under_way.get_mut(key) {
            *now -= 1;
        }
    }

    /// The answer, and true if it is truncated.
    fn answer(&self, request: &Request<Bytes>) -> io::Result<(Response<Bytes>, bool)> {
        let mut state = self.state();
        self.clock.advance(state.quirks.request_takes);
        state.seen += 1;
        let random = hash(&state.seen.to_string()) % 100 < state.quirks.failing_percent;
        let drawn =
            [Fault::Status(503), Fault::Reset, Fault::CutOff][usize::try_from(state.seen % 3).unwrap_or(0)];
        let key = api_key(request);
        let (asked_by, path) = request.uri().path().split_once(VERSION).unwrap_or_default();
        let (asked_by, path) = (asked_by.trim_start_matches('/').to_owned(), path.to_owned());
        let subject = subject(&path, request);
        let away = state.quirks.is_away(&subject).map(Fault::Status);
        let fault = state.quirks.faults.pop_front().or(away).or(random.then_some(drawn));
        let fault = fault.unwrap_or(Fault::Nothing);
        let answer = match fault {
            Fault::Status(403) => Some(Answer::forbidden()),
            Fault::Status(status) => Some(Answer::empty(status)),
            Fault::Reset => None,
            Fault::CutOff | Fault::Nothing => {
                let answer = self.limited(&mut state, key.as_deref(), request, &path);
                Some(answer.weighed(state.quirks.most_rows, state.quirks.padding))
            }
        };
        let whole = answer.as_ref().filter(|answer| answer.status == 200 && fault == Fault::Nothing);
        state.calls.push(Call {
            key: key.unwrap_or_default(),
            method: request.method().clone(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            status: answer.as_ref().map_or(0, |answer| answer.status),
            shown: whole.map(Answer::rows).unwrap_or_default(),
            at: self.clock.now(),
            asked_by,
            subject,
            path,
        });
        let answer = answer.ok_or(io::ErrorKind::ConnectionReset)?;
        Ok((answer.into_response(state.quirks.pretty), fault == Fault::CutOff))
    }

    /// The answer, if the key is valid and within its rate limit.
    fn limited(&self, state: &mut State, key: Option<&str>, request: &Request<Bytes>, path: &str) -> Answer {
        let Some(key) = key.filter(|key| !state.quirks.revoked.contains(*key)) else {
            return Answer::unauthorized();
        };
        let Some(limit) = state.quirks.limit else { return self.route(&state.quirks, key, request, path) };
        let millis = self.clock.now().timestamp_millis();
        let window = millis.div_euclid(limit.window * 1000);
        let used = state.windows.entry(key.to_owned()).or_insert((window, 0));
        if used.0 != window {
            *used = (window, 0);
        }
        used.1 += 1;
        let left = limit.requests.saturating_sub(used.1);
        let over = used.1 > limit.requests;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a window are few")]
        let reset = ((window + 1) * limit.window * 1000 - millis) as f64 / 1000.0;
        let spelling = state.quirks.spelling;
        let answer = if over {
            Answer::too_many(spelling, limit.requests, reset, limit.window)
        } else {
            self.route(&state.quirks, key, request, path)
        };
        answer.with_limit(spelling, limit.requests, left, reset)
    }

    fn route(&self, quirks: &Quirks, key: &str, request: &Request<Bytes>, path: &str) -> Answer {
        if let Some(rest) = path.strip_prefix("webhook/") {
            return subscriptions::answer(&self.close, request, rest);
        }
        let (query, now) = (Query::of(request), self.clock.now());
        match (request.method().as_str(), path) {
            ("POST", "data/search/") => {
                let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
                self.close.with_index(|index, cursors| search::search(&body, index, cursors, quirks, now))
            }
            ("GET", "event/") => event_feed::list(&self.close.events(), &query, key, quirks, now),
            ("GET", "me/") => Answer::ok(json!({"id": "user_1", "organizations": [{"id": "orga_1"}]})),
            ("GET", path) => match lists::at(path) {
                Some(list) => list.page(path, self.close.objects_of(list.object_type), &query, quirks),
                None => self.one(quirks, key, path),
            },
            _ => Answer::not_found(),
        }
    }

    /// One object, or one entry of the event feed.
    fn one(&self, quirks: &Quirks, key: &str, path: &str) -> Answer {
        let Some((collection, id)) = path.trim_end_matches('/').rsplit_once('/') else {
            return Answer::not_found();
        };
        if collection == "event" {
            return event_feed::one(&self.close.events(), id, key, quirks, self.clock.now());
        }
        self.close.object_at(collection, id).map_or_else(Answer::not_found, Answer::ok)
    }
}

/// The requested path, and the type of a search.
fn subject(path: &str, request: &Request<Bytes>) -> String {
    let body: Value = match path {
        "data/search/" => serde_json::from_slice(request.body()).unwrap_or_default(),
        _ => Value::Null,
    };
    let mut queries = body["query"]["queries"].as_array().into_iter().flatten();
    let object_type = queries.find_map(|query| query["object_type"].as_str());
    format!("{path}{}", object_type.unwrap_or_default())
}

/// The user name of Basic authentication with an empty password.
fn api_key(request: &Request<Bytes>) -> Option<String> {
    use base64::Engine as _;
    let header = request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = base64::engine::general_purpose::STANDARD.decode(header).ok()?;
    Some(String::from_utf8(pair).ok()?.strip_suffix(':')?.to_owned())
}
