//! Chains of calls through queues, counted and ended as Lambda does (AWS Lambda Developer Guide, "Use Lambda recursive
//! loop detection to prevent infinite loops").
//!
//! The `Lineage` of a call's X-Ray trace header counts the calls that led to it. Messages that the function sends to SQS
//! carry it to the calls that they lead to. After about sixteen calls in one chain, a function is no longer called: the
//! message goes to the dead-letter queue, unless the template has `RecursiveLoop: Allow`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use crate::permissions::signer;

/// The header that carries a lineage between a function and SQS.
pub(crate) const TRACE_HEADER: &str = "x-amzn-trace-id";

/// The most calls of a function in one chain ("approximately 16 times").
const MOST_CALLS: u32 = 16;

/// How often each function was called along a chain, by logical id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lineage(BTreeMap<String, u32>);

/// The running chains. Clones share them.
#[derive(Clone, Default)]
pub struct Recursion(Arc<Shared>);

#[derive(Default)]
struct Shared {
    running: Mutex<Vec<(String, Lineage)>>,
    dropped: AtomicU64,
}

/// A running call, which ends when this is dropped.
pub(crate) struct Call<'a> {
    recursion: &'a Recursion,
    entry: (String, Lineage),
}

impl Lineage {
    pub(crate) fn of_header(header: Option<&str>) -> Self {
        let parts = header.into_iter().flat_map(|header| header.split(';'));
        let lineage = parts.filter_map(|part| part.strip_prefix("Lineage=")).flat_map(|it| it.split('|'));
        let calls = lineage.filter_map(|call| call.split_once(':'));
        Self(calls.filter_map(|(id, count)| Some((id.to_owned(), count.parse().ok()?))).collect())
    }

    /// The lineage of a batch: what the function sends in one call has one, so the longest chain counts.
    pub(crate) fn longest<'a>(headers: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut longest = Self::default();
        for (id, count) in headers.flat_map(|header| Self::of_header(header).0) {
            let known = longest.0.entry(id).or_default();
            *known = count.max(*known);
        }
        longest
    }

    /// True if Lambda would not call `function` once more.
    pub(crate) fn is_spent(&self, function: &str) -> bool {
        self.0.get(function).is_some_and(|calls| *calls >= MOST_CALLS)
    }

    fn called(mut self, function: &str) -> Self {
        *self.0.entry(function.to_owned()).or_default() += 1;
        self
    }

    fn length(&self) -> u32 {
        self.0.values().sum()
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: Vec<_> = self.0.iter().map(|(id, count)| format!("{id}:{count}")).collect();
        write!(formatter, "Lineage={}", calls.join("|"))
    }
}

impl Recursion {
    /// Begins a call of `function` that descends from `lineage`.
    pub(crate) fn call(&self, function: &str, lineage: Lineage) -> Call<'_> {
        let entry = (function.to_owned(), lineage.called(function));
        self.running().push(entry.clone());
        Call { recursion: self, entry }
    }

    /// Gives the requests of functions in this process the trace header that the SDK sends on Lambda.
    pub(crate) fn around(&self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self.clone(), trace))
    }

    /// Counts a dropped message, as the metric `RecursiveInvocationsDropped` does.
    pub(crate) fn drop_one(&self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages were dropped because their chain was too long.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// The lineage of what `function` sends now. Concurrent calls cannot be told apart, so the
    /// shortest chain counts: no chain ends too early.
    fn of(&self, function: &str) -> Option<Lineage> {
        let running = self.running();
        let own = running.iter().filter(|(id, _)| id == function).map(|(_, lineage)| lineage);
        own.min_by_key(|lineage| lineage.length()).cloned()
    }

    fn running(&self) -> MutexGuard<'_, Vec<(String, Lineage)>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entry.1.fmt(formatter)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let mut running = self.recursion.running();
        if let Some(place) = running.iter().position(|entry| *entry == self.entry) {
            running.swap_remove(place);
        }
    }
}

async fn trace(State(recursion): State<Recursion>, mut request: Request, next: Next) -> Response {
    let lineage = signer(request.headers()).and_then(|function| recursion.of(function));
    if let Some(lineage) = lineage
        && !request.headers().contains_key(TRACE_HEADER)
        && let Ok(header) = HeaderValue::try_from(lineage.to_string())
    {
        request.headers_mut().insert(TRACE_HEADER, header);
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_travels_in_the_trace_header() {
        let header = "Root=1-5e1b4151-5ac6c58f3f8f5b5e5a5c5d5e;Sampled=0;Lineage=Dispatcher:3|Webhook:1";
        let lineage = Lineage::of_header(Some(header));
        assert_eq!(lineage.to_string(), "Lineage=Dispatcher:3|Webhook:1");
        assert_eq!(lineage.called("Dispatcher").to_string(), "Lineage=Dispatcher:4|Webhook:1");
        assert_eq!(Lineage::of_header(None), Lineage::default());
        let longest = Lineage::longest(["Lineage=A:2|B:1", "Lineage=A:1|B:5"].map(Some).into_iter());
        assert_eq!(longest.to_string(), "Lineage=A:2|B:5");
    }

    #[test]
    fn a_function_is_called_sixteen_times_in_a_chain() {
        let recursion = Recursion::default();
        let mut lineage = Lineage::default();
        for call in 0..16 {
            assert!(!lineage.is_spent("A"), "{call}");
            let _call = recursion.call("A", lineage);
            lineage = recursion.of("A").unwrap();
        }
        assert!(lineage.is_spent("A") && !lineage.is_spent("B"));
        assert_eq!(recursion.of("A"), None, "all are over");
    }

    #[test]
    fn of_concurrent_calls_the_shortest_chain_counts() {
        let recursion = Recursion::default();
        let _long = recursion.call("A", Lineage::of_header(Some("Lineage=A:9")));
        let _short = recursion.call("A", Lineage::default());
        assert_eq!(recursion.of("A").map(|it| it.to_string()).as_deref(), Some("Lineage=A:1"));
    }
}
