//! Writes that are made at the same time, in one call to DynamoDB.
//!
//! A batch of statements costs the write units of its statements and the time of one call. Each has an answer of its own,
//! and one that was not made is for its caller to make by a call of its own, which says why.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementRequest};
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use futures_util::future::join_all;
use tokio::sync::oneshot;

use super::error::Describe as _;
use super::{InternalError, Unavailable as _};

/// The most statements of a call (API reference, `BatchExecuteStatement`).
const MOST: usize = 25;

/// A write of one item in DynamoDB's query language, `PartiQL`, with a `?` for each parameter.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Its text.
    pub(crate) text: String,
    /// Its parameters, in order.
    pub(crate) parameters: Vec<AttributeValue>,
    /// What the item's key is in all tables: DynamoDB takes no two statements on one item in a call.
    pub(crate) item: String,
}

impl Statement {
    /// A statement that writes a new item; it is not made if there is one with this key.
    pub(crate) fn insert<'a>(
        table: &str,
        key: &str,
        attributes: impl Iterator<Item = (&'a str, AttributeValue)>,
    ) -> Self {
        let (names, parameters): (Vec<_>, Vec<_>) =
            attributes.map(|(name, value)| (format!("'{name}': ?"), value)).unzip();
        let text = format!("INSERT INTO \"{table}\" VALUE {{{}}}", names.join(", "));
        Self { text, parameters, item: key.to_owned() }
    }
}

/// Collects statements, and executes those that come at the same time in one call.
#[derive(Debug, Clone)]
pub struct Statements {
    client: Client,
    waiting: Arc<Mutex<Vec<Waiting>>>,
}

/// A statement and where its caller waits.
#[derive(Debug)]
struct Waiting {
    request: BatchStatementRequest,
    item: String,
    done: oneshot::Sender<Result<bool, String>>,
}

impl Statements {
    /// Executes with this client.
    pub fn new(client: Client) -> Self {
        Self { client, waiting: Arc::default() }
    }

    /// The client, for calls of their own.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Executes a statement with those of other callers that come before this one gets its next turn. `false` if it was
    /// not made: its condition failed, DynamoDB had no capacity for it, or does not take it.
    ///
    /// # Errors
    /// When the call failed. The statement may have been made.
    pub(crate) async fn execute(
        &self,
        statement: Statement,
        action: &'static str,
    ) -> Result<bool, InternalError> {
        let (done, made) = oneshot::channel();
        let Statement { text, parameters, item } = statement;
        let request = BatchStatementRequest::builder().statement(text).set_parameters(Some(parameters));
        self.lock().push(Waiting { request: request.build().unavailable(action)?, item, done });
        tokio::task::yield_now().await;
        // Whoever comes first takes all; the others find nothing left.
        let all = std::mem::take(&mut *self.lock());
        join_all(calls(all).into_iter().map(|call| self.call(call))).await;
        let made = made.await.unwrap_or_else(|_| Err("its call was given up".to_owned()));
        made.map_err(|cause| InternalError::new(action, cause))
    }

    async fn call(&self, call: Vec<Waiting>) {
        let (requests, callers): (Vec<_>, Vec<_>) = call.into_iter().map(|it| (it.request, it.done)).unzip();
        let made = match self.client.batch_execute_statement().set_statements(Some(requests)).send().await {
            Ok(answer) => {
                let answers = answer.responses().iter().map(|it| Ok(it.error.is_none()));
                answers
                    .chain(std::iter::repeat(Err("it has no answer".to_owned())))
                    .take(callers.len())
                    .collect()
            }
            // One of them may be wrong, which is not the others' fault.
            Err(error) if error.code() == Some("ValidationException") => vec![Ok(false); callers.len()],
            Err(error) => vec![Err(error.describe()); callers.len()],
        };
        for (caller, made) in callers.into_iter().zip::<Vec<Result<bool, String>>>(made) {
            // A caller that has left does not want to know.
            let _ = caller.send(made);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Statements in as few calls as DynamoDB takes them.
fn calls(statements: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let mut calls: Vec<(HashSet<String>, Vec<Waiting>)> = Vec::new();
    for statement in statements {
        let fits = |(items, call): &&mut (HashSet<String>, Vec<Waiting>)| {
            call.len() < MOST && !items.contains(&statement.item)
        };
        match calls.iter_mut().find(fits) {
            Some((items, call)) => {
                items.insert(statement.item.clone());
                call.push(statement);
            }
            None => calls.push((HashSet::from([statement.item.clone()]), vec![statement])),
        }
    }
    calls.into_iter().map(|(_, call)| call).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_no_two_statements_on_one_item_and_no_more_than_fit() {
        let waiting = |item: &str| Waiting {
            request: BatchStatementRequest::builder().statement(item).build().unwrap(),
            item: item.to_owned(),
            done: oneshot::channel().0,
        };
        let sizes = |items: Vec<String>| {
            let calls = calls(items.iter().map(|item| waiting(item)).collect());
            calls.iter().map(Vec::len).collect::<Vec<_>>()
        };
        let distinct = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(sizes(distinct(0)), [0; 0]);
        assert_eq!(sizes(distinct(25)), [25]);
        assert_eq!(sizes(distinct(51)), [25, 25, 1]);
        assert_eq!(sizes(["a", "b", "a", "a", "b"].map(str::to_owned).into()), [2, 2, 1]);
    }
}
