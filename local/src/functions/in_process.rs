//! Functions in this process, behind the same adapters that their `main.rs` gives them on Lambda.

use std::convert::Infallible;
use std::fmt::Display;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use console::Console;
use dispatcher::Dispatcher;
use instances::Instances;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::Service;
use lambda_http::{Context, IntoResponse, LambdaEvent, Request, Response};
use poller::Poller;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::platform::clock::SharedClock;
use shared::platform::http_function;
use shared::platform::random::SharedRandom;
use shared::platform::settings::{SettingError, Variables};
use tokio::task::JoinSet;
use uuid::Uuid;
use webhook::Webhook;

use super::InvokeError;

type Outcome = Result<Vec<u8>, String>;
type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A started function: from the JSON of an event to that of its answer.
pub(super) type Handler = Arc<dyn Fn(Vec<u8>, Context) -> Running + Send + Sync>;

/// Starts the function with this binary name; `None` when no function has it.
pub(super) fn start(
    binary: &str,
    variables: &Variables,
    clock: &SharedClock,
    random: &SharedRandom,
) -> Option<Result<Handler, SettingError>> {
    let clock = clock.clone();
    Some(match binary {
        "instances" => Instances::from_variables(variables, clock, random.clone())
            .map(|instances| http(instances.router())),
        "webhook" => Webhook::from_variables(variables, clock).map(|webhook| {
            let webhook = Arc::new(webhook);
            http(lambda_http::service_fn(move |request| {
                let webhook = webhook.clone();
                async move { webhook.handle(request).await }
            }))
        }),
        "console" => {
            let console = Console::new();
            let answer = move |request| std::future::ready(Ok::<_, Infallible>(console.answer(&request)));
            Ok(http(lambda_http::service_fn(answer)))
        }
        "dispatcher" => Dispatcher::from_variables(variables, clock).map(|dispatcher| {
            let dispatcher = Arc::new(dispatcher);
            handler(move |event| {
                let dispatcher = dispatcher.clone();
                async move { dispatcher.handle(event).await }
            })
        }),
        "poller" => Poller::from_variables(variables, clock, random.clone()).map(|poller| {
            let poller = Arc::new(poller);
            handler(move |event| {
                let poller = poller.clone();
                async move { poller.handle(event).await }
            })
        }),
        _ => return None,
    })
}

/// Calls a function as a task of its own, so that a panic fails only this call.
pub(super) async fn invoke(
    handler: &Handler,
    event: Vec<u8>,
    ends_at: DateTime<Utc>,
) -> Result<Vec<u8>, InvokeError> {
    let mut context = Context::default();
    context.request_id = Uuid::new_v4().to_string();
    context.deadline = u64::try_from(ends_at.timestamp_millis()).unwrap_or_default();
    // Dropping a set aborts its task: the function ends at its time-out.
    let mut call = JoinSet::new();
    call.spawn(handler(event, context));
    match call.join_next().await {
        Some(Ok(outcome)) => outcome.map_err(InvokeError::Failed),
        Some(Err(error)) => Err(InvokeError::Failed(error.to_string())),
        None => Err(InvokeError::Failed("the call did not start".to_owned())),
    }
}

/// A function behind the HTTP API, wrapped as in its `main.rs`.
fn http<S, B>(service: S) -> Handler
where
    S: Service<Request, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: From<String> + 'static,
    Response<B>: IntoResponse,
{
    let service = http_function::handler(service);
    handler::<LambdaRequest, _, _, _>(move |event| service.clone().call(event))
}

fn handler<Q, F, A, E>(function: impl Fn(LambdaEvent<Q>) -> F + Send + Sync + 'static) -> Handler
where
    Q: DeserializeOwned,
    F: Future<Output = Result<A, E>> + Send + 'static,
    A: Serialize,
    E: Display,
{
    Arc::new(move |event, context| match serde_json::from_slice(&event) {
        Ok(payload) => {
            let answer = function(LambdaEvent::new(payload, context));
            Box::pin(async move {
                let answer = answer.await.map_err(|error| error.to_string())?;
                serde_json::to_vec(&answer).map_err(|error| error.to_string())
            })
        }
        Err(error) => Box::pin(std::future::ready(Err(format!("the event is invalid: {error}")))),
    })
}
