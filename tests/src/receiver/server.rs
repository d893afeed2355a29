//! The server behind a receiver: one state that all its connections share.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Frame, Incoming};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Interval, interval, sleep};

use super::{Answer, Received};
use crate::accept;

/// How much of its requests a receiver keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Requests,
    Count,
}

/// The state that connections share.
#[derive(Debug)]
pub(super) struct Shared {
    keep: Keep,
    state: Mutex<State>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    /// Scripts by path; `None` is that of the whole receiver.
    scripts: HashMap<Option<String>, Script>,
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Answer>,
    otherwise: Option<Answer>,
}

impl Script {
    fn next(&mut self) -> Option<Answer> {
        self.answers.pop_front().or_else(|| self.otherwise.clone())
    }
}

impl Shared {
    pub(super) fn new(keep: Keep) -> Self {
        Self { keep, state: Mutex::default(), count: watch::Sender::new(0) }
    }

    pub(super) fn answer(&self, path: Option<&str>, answers: impl IntoIterator<Item = Answer>) {
        self.state().scripts.entry(path.map(str::to_owned)).or_default().answers.extend(answers);
    }

    pub(super) fn script(&self, path: Option<&str>, answers: impl IntoIterator<Item = Answer>) {
        let mut state = self.state();
        state.scripts.entry(path.map(str::to_owned)).or_default().answers = answers.into_iter().collect();
    }

    pub(super) fn otherwise(&self, path: Option<&str>, answer: Answer) {
        self.state().scripts.entry(path.map(str::to_owned)).or_default().otherwise = Some(answer);
    }

    pub(super) fn received(&self, path: Option<&str>) -> Vec<Received> {
        let at_path = |received: &&Received| path.is_none_or(|path| received.path == path);
        self.state().received.iter().filter(at_path).cloned().collect()
    }

    pub(super) fn count(&self, path: Option<&str>) -> usize {
        path.map_or_else(|| *self.count.borrow(), |_| self.received(path).len())
    }

    #[expect(clippy::panic, reason = "what a test waits for has to come")]
    pub(super) async fn wait_for(&self, path: Option<&str>, n: usize, timeout: Duration) -> Vec<Received> {
        let mut count = self.count.subscribe();
        // The path's own number is read outside of the watch, whose lock is held while it compares.
        let enough = async {
            while self.count(path) < n {
                if count.changed().await.is_err() {
                    break;
                }
            }
        };
        if tokio::time::timeout(timeout, enough).await.is_err() {
            let place = path.unwrap_or("the receiver");
            panic!("{place} waited {timeout:?} for {n} requests and got {}", self.count(path));
        }
        self.received(path)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrived(&self, request: Request<Bytes>) -> Answer {
        let answer = self.keep(request);
        self.count.send_modify(|count| *count += 1);
        answer
    }

    fn keep(&self, request: Request<Bytes>) -> Answer {
        if self.keep == Keep::Count {
            return Answer::default();
        }
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let query = head.uri.query().map(str::to_owned);
        let mut state = self.state();
        let index = state.received.len();
        let mut next = |path| state.scripts.get_mut(&path).and_then(Script::next);
        let answer = next(Some(path.clone())).or_else(|| next(None)).unwrap_or_default();
        state.received.push(Received {
            at: tokio::time::Instant::now(),
            index,
            method: head.method,
            path,
            query,
            headers: head.headers,
            body,
        });
        answer
    }
}

/// Serves connections until the task is aborted, which ends them all.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    accept::connections(listener, move |request| respond(request, Arc::clone(&shared))).await;
}

async fn respond(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> io::Result<Response<Either<Full<Bytes>, Trickle>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let mut answer = shared.arrived(Request::from_parts(head, body));
    while let Answer::After(delay, then) = answer {
        sleep(delay).await;
        answer = *then;
    }
    match answer {
        Answer::Respond(response) => Ok(response.map(|body| Either::Left(Full::new(body)))),
        Answer::Trickle(every) => Ok(Response::new(Either::Right(Trickle(interval(every))))),
        Answer::Reset | Answer::After(..) => Err(io::ErrorKind::ConnectionReset.into()),
        Answer::Hang => std::future::pending().await,
    }
}

/// A body that never ends.
struct Trickle(Interval);

impl Body for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        ready!(self.0.poll_tick(context));
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b" ")))))
    }
}
