//! What calls a function: the `Events` of `AWS::Serverless::Function`.

use std::time::Duration;

use axum::http::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::functions::Function;

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
    pub fn matches(&self, method: &Method) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == method,
        }
    }
}

/// A queue that calls a function, whose answers name the messages that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// The name of the queue.
    pub queue: String,
    /// The most messages in one call.
    pub batch_size: u32,
    /// How long to wait for a batch to fill.
    pub batching_window: Duration,
    /// The most calls at the same time.
    pub maximum_concurrency: usize,
}

/// A function's regular call.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The rate, as in the template.
    pub expression: String,
    /// The time from one call to the next.
    pub every: Duration,
    /// The event of the call.
    pub input: Value,
}

/// One event as the template has it.
#[derive(Deserialize)]
#[serde(tag = "Type", content = "Properties")]
pub(super) enum Event {
    HttpApi(HttpApi),
    #[serde(rename = "SQS")]
    Sqs(Sqs),
    ScheduleV2(ScheduleV2),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct HttpApi {
    #[serde(rename = "ApiId")]
    _api_id: IgnoredAny,
    #[serde(rename = "PayloadFormatVersion")]
    _payload_format_version: PayloadFormatVersion,
    path: Option<String>,
    method: Option<String>,
}

#[derive(Deserialize)]
enum PayloadFormatVersion {
    #[serde(rename = "2.0")]
    Two,
}

/// Other properties are refused: a filter, for example, would delete messages on AWS but not here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Sqs {
    queue: String,
    batch_size: u32,
    maximum_batching_window_in_seconds: u64,
    #[serde(rename = "FunctionResponseTypes")]
    _function_response_types: [FunctionResponseType; 1],
    scaling_config: ScalingConfig,
}

#[derive(Deserialize)]
enum FunctionResponseType {
    ReportBatchItemFailures,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScalingConfig {
    maximum_concurrency: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScheduleV2 {
    schedule_expression: String,
    input: String,
    state: Option<String>,
}

impl Event {
    /// Adds the event to what calls `function`.
    pub(super) fn add_to(self, function: &mut Function) -> Result<(), String> {
        match self {
            Self::HttpApi(event) => function.routes.push(event.read()?),
            Self::Sqs(event) => function.queues.push(event.read()),
            Self::ScheduleV2(event) => function.schedules.push(event.read()?),
        }
        Ok(())
    }
}

impl HttpApi {
    fn read(self) -> Result<Route, String> {
        let (path, method) = match (self.path, self.method) {
            (None, None) => (Route::REST.to_owned(), RouteMethod::Any),
            (Some(path), Some(method)) if method == "ANY" => (path, RouteMethod::Any),
            (Some(path), Some(method)) => {
                let method = method.parse().map_err(|error| format!("Method: {error}"))?;
                (path, RouteMethod::Only(method))
            }
            _ => return Err("Path and Method belong together".to_owned()),
        };
        Ok(Route { method, path })
    }
}

impl Sqs {
    fn read(self) -> QueueSource {
        QueueSource {
            queue: self.queue.rsplit(':').next().unwrap_or_default().to_owned(),
            batch_size: self.batch_size,
            batching_window: Duration::from_secs(self.maximum_batching_window_in_seconds),
            maximum_concurrency: self.scaling_config.maximum_concurrency,
        }
    }
}

impl ScheduleV2 {
    fn read(self) -> Result<Schedule, String> {
        if let Some(state) = self.state {
            return Err(format!("State: {state} is not supported here"));
        }
        let every = interval(&self.schedule_expression).ok_or_else(|| {
            format!("expected a rate such as rate(5 minutes), found {:?}", self.schedule_expression)
        })?;
        let input = serde_json::from_str(&self.input).map_err(|error| format!("Input: {error}"))?;
        Ok(Schedule { expression: self.schedule_expression, every, input })
    }
}

/// The time that `rate(5 minutes)` stands for.
fn interval(expression: &str) -> Option<Duration> {
    let (count, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let count = count.parse::<u32>().ok().filter(|count| *count > 0)?;
    let unit = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(u64::from(count) * unit))
}
