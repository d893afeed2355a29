//! What calls a function: the `Events` of `AWS::Serverless::Function`.

use std::time::Duration;

use axum::http::Method;

use super::error::Fault;
use super::functions::Function;
use super::node::Node;
use super::schedule;

/// An HTTP request that a function answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The methods that it answers.
    pub method: RouteMethod,
    /// The path with `{name}` and `{name+}` in it, or [`Route::REST`].
    pub path: String,
}

impl Route {
    /// The key of the route for everything that no other route matches.
    pub const REST: &str = "$default";
}

/// The methods of a [`Route`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteMethod {
    /// Every method.
    Any,
    /// This one.
    Only(Method),
}

impl RouteMethod {
    /// True if a request with `method` matches the route.
    #[must_use]
    pub fn matches(&self, method: &Method) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == method,
        }
    }
}

/// A queue that a function works off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// The name of the queue.
    pub queue: String,
    /// The most messages in one call.
    pub batch_size: u32,
    /// How long to wait for a batch to fill.
    pub batching_window: Duration,
    /// The most calls at the same time.
    pub maximum_concurrency: Option<u32>,
    /// True if the answer names the failed messages; otherwise one failure fails all of them.
    pub report_batch_item_failures: bool,
}

// Lambda's defaults.
const DEFAULT_BATCH_SIZE: u32 = 10;

/// Adds one event to what calls `function`.
pub(super) fn add(event: &Node<'_>, function: &mut Function) -> Result<(), Fault> {
    let kind = event.required("Type")?;
    let properties = event.required("Properties")?;
    match kind.text()?.as_str() {
        "HttpApi" => function.routes.push(route(&properties)?),
        "SQS" => function.queues.extend(queue_source(&properties)?),
        "Schedule" => function.schedules.extend(schedule::read(&properties, "Schedule")?),
        "ScheduleV2" => function.schedules.extend(schedule::read(&properties, "ScheduleExpression")?),
        other => return Err(kind.fault(format!("events of type {other} are not supported here"))),
    }
    Ok(())
}

fn route(properties: &Node<'_>) -> Result<Route, Fault> {
    properties.only(&["ApiId", "Method", "Path", "PayloadFormatVersion", "TimeoutInMillis"])?;
    if let Some(version) = properties.child("PayloadFormatVersion")?
        && version.text()? != "2.0"
    {
        return Err(version.fault("only 2.0 is supported here"));
    }
    if properties.child("Path")?.is_none() && properties.child("Method")?.is_none() {
        return Ok(Route { method: RouteMethod::Any, path: Route::REST.to_owned() });
    }
    let path = properties.required("Path")?;
    let route = Route { method: method(&properties.required("Method")?)?, path: path.text()? };
    if route.path.starts_with('/') {
        Ok(route)
    } else {
        Err(path.fault("expected a path that starts with \"/\""))
    }
}

fn method(node: &Node<'_>) -> Result<RouteMethod, Fault> {
    let text = node.text()?.to_ascii_uppercase();
    Ok(RouteMethod::Only(match text.as_str() {
        "ANY" => return Ok(RouteMethod::Any),
        "DELETE" => Method::DELETE,
        "GET" => Method::GET,
        "HEAD" => Method::HEAD,
        "OPTIONS" => Method::OPTIONS,
        "PATCH" => Method::PATCH,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        _ => return Err(node.unexpected("an HTTP method or ANY", &text.into())),
    }))
}

fn queue_source(properties: &Node<'_>) -> Result<Option<QueueSource>, Fault> {
    // A filter, for one, deletes messages: without it, other messages would arrive here than in AWS.
    properties.only(&[
        "BatchSize",
        "Enabled",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "Queue",
        "ScalingConfig",
    ])?;
    if let Some(enabled) = properties.child("Enabled")?
        && !enabled.flag()?
    {
        return Ok(None);
    }
    let batch_size = properties.child("BatchSize")?.map(|node| node.parsed("a number of messages"));
    let window = properties.child("MaximumBatchingWindowInSeconds")?.map(|node| node.parsed("seconds"));
    let concurrency = properties.descendant(&["ScalingConfig", "MaximumConcurrency"])?;
    let response_types = properties.child("FunctionResponseTypes")?.map(|node| node.json()).transpose()?;
    Ok(Some(QueueSource {
        queue: properties.required("Queue")?.queue()?,
        batch_size: batch_size.transpose()?.unwrap_or(DEFAULT_BATCH_SIZE),
        batching_window: Duration::from_secs(window.transpose()?.unwrap_or_default()),
        maximum_concurrency: concurrency.map(|node| node.parsed("a number of calls")).transpose()?,
        report_batch_item_failures: response_types.is_some_and(|types| {
            types.as_array().is_some_and(|types| types.contains(&"ReportBatchItemFailures".into()))
        }),
    }))
}
