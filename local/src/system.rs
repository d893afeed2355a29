//! The whole system, built from the template.

mod ports;
mod running;

pub(crate) use ports::Urls;
pub use running::Running;

use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Uri;
use shared::accounts::DynamoCredentialStore;
use shared::platform::aws::Aws;
use shared::platform::clock::{SharedClock, SystemClock};
use shared::platform::random::{OsRandom, SharedRandom};
use shared::platform::settings::Variables;
use sqs::{Sqs, Storage};
use tokio::task::JoinSet;

use crate::data::{Data, DataLock};
use crate::developer::Developer;
use crate::dynamodb::DynamoDb;
use crate::failure::{Context as _, Failure};
use crate::functions::{Functions, Outcomes, environment};
use crate::gateway::Gateway;
use crate::kms::Kms;
use crate::mapping::Mapping;
use crate::permissions::{self, Permissions};
use crate::recursion::Recursion;
use crate::template::{Function, Route, Template};
use ports::Listeners;

/// Template parameters that differ on one machine, with the variables of the functions that they become.
const LOCAL_PARAMETERS: &[(&str, &str)] = &[
    // Receivers are on this machine too.
    ("CallbackAllowPrivate", "true"),
    // And so may be a stand-in for Close.
    ("CloseApiHosts", "api.close.com,app.close.io,127.0.0.1,localhost,[::1]"),
    // Here one process is the whole system, so a limit per process would limit everything.
    ("WebhookRatePerInstance", "0"),
];

/// The subject of failures with the developer's account.
const DEVELOPER: &str = "the developer's account";

/// How to set up a system.
pub struct Setup {
    /// The template.
    pub template: PathBuf,
    /// Where its state is.
    pub data: Data,
    /// The port of the HTTP API; 0 for free ones.
    pub port: u16,
    /// The Lambda Invoke API that runs the functions, if they are not in this process.
    pub lambda: Option<Uri>,
    /// This process's environment, which overrides the template's variables.
    pub environment: Variables,
    /// The clock of the whole system.
    pub clock: SharedClock,
    /// The source of ids and secrets.
    pub random: SharedRandom,
}

/// A system that listens, but does not process its queues yet.
pub struct System {
    urls: Urls,
    sqs: Sqs,
    dynamodb: DynamoDb,
    mappings: Vec<Mapping>,
    functions: Arc<Functions>,
    permissions: Permissions,
    recursion: Recursion,
    template: Template,
    environment: BTreeMap<String, String>,
    developer: Developer,
    credentials: DynamoCredentialStore,
    random: SharedRandom,
    _servers: JoinSet<()>,
    _lock: DataLock,
}

impl Setup {
    /// A system of the template on free ports under the real clock, with its functions in this process.
    pub fn of(template: PathBuf, data: Data) -> Self {
        Self {
            template,
            data,
            port: 0,
            lambda: None,
            environment: Variables::default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
        }
    }
}

impl System {
    /// Opens the state, starts the functions and begins to listen.
    pub async fn open(setup: Setup) -> Result<Self, Failure> {
        let (urls, listeners) = ports::bind(setup.port).await?;
        let lock = setup.data.lock()?;
        let template = read_template(&setup, &urls)?;
        let dynamodb = DynamoDb::open(&setup.data, setup.clock.clone(), &template.tables)?;
        let sqs = open_queues(&setup, &urls, &template)?;
        let environments: Vec<_> = template
            .functions
            .iter()
            .map(|function| environment(function, &setup.environment, &urls))
            .collect();
        let recursion = Recursion::default();
        let functions = Arc::new(start(&setup, &template, &environments, &recursion)?);
        let gateway = Gateway::new(&routes(&template), functions.clone(), setup.clock.clone())?;
        let kms = Kms::open(&setup.data, &template.keys, setup.random.clone())?;
        let permissions = Permissions::of(&template.functions);
        let servers =
            serve(listeners, gateway, dynamodb.clone(), sqs.clone(), kms, (&permissions, &recursion));
        let environment: BTreeMap<_, _> = environments.into_iter().flatten().collect();
        let credentials = credentials(&environment)?;

        let file = setup.data.file("authorization");
        let developer = Developer::kept_in(file.as_deref(), &*setup.random).context(DEVELOPER)?;
        developer.register(&credentials).await.context(DEVELOPER)?;
        let mappings = mappings(&template, &functions, &sqs, &recursion);
        let random = setup.random;
        Ok(Self {
            urls,
            sqs,
            dynamodb,
            mappings,
            functions,
            permissions,
            recursion,
            template,
            environment,
            developer,
            credentials,
            random,
            _servers: servers,
            _lock: lock,
        })
    }

    /// Where the HTTP API is.
    pub fn url(&self) -> &str {
        &self.urls.api
    }

    /// Where DynamoDB is.
    pub fn dynamodb_url(&self) -> &str {
        &self.urls.dynamodb
    }

    /// Where SQS is.
    pub fn sqs_url(&self) -> &str {
        &self.urls.sqs
    }

    /// Where KMS is.
    pub fn kms_url(&self) -> &str {
        &self.urls.kms
    }

    /// The developer's `Authorization` header.
    pub fn authorization(&self) -> String {
        self.developer.authorization()
    }

    /// A link that opens the console signed in.
    pub fn console(&self) -> String {
        format!("{}/console#{}", self.urls.api, self.developer.fragment())
    }

    /// Another account's `Authorization` header.
    pub async fn another_account(&self, number: u64) -> Result<String, Failure> {
        let developer = Developer::new(number, &*self.random).context(DEVELOPER)?;
        developer.register(&self.credentials).await.context(DEVELOPER)?;
        Ok(developer.authorization())
    }

    /// The queues.
    pub fn sqs(&self) -> &Sqs {
        &self.sqs
    }

    /// The permissions of the functions, and what they did with them.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// The chains of calls through queues.
    pub fn recursion(&self) -> &Recursion {
        &self.recursion
    }

    /// The template, resolved.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Every variable of every function, for functions that run elsewhere.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Processes the messages that are visible in the queues now, and returns their number.
    pub async fn work_visible(&self) -> Result<usize, sqs::Error> {
        let mut worked = 0;
        for mapping in &self.mappings {
            worked += mapping.work_visible().await?;
        }
        Ok(worked)
    }

    /// The same for one queue.
    pub async fn work_visible_in(&self, queue: &str) -> Result<usize, sqs::Error> {
        let mut worked = 0;
        for mapping in self.mappings.iter().filter(|mapping| mapping.source.queue == queue) {
            worked += mapping.work_visible().await?;
        }
        Ok(worked)
    }

    /// Processes one batch of every queue with visible messages, and returns their number.
    pub async fn work_one_batch_each(&self) -> Result<usize, sqs::Error> {
        let mut worked = 0;
        for mapping in &self.mappings {
            worked += mapping.work_batch().await?;
        }
        Ok(worked)
    }

    /// Removes expired items, as DynamoDB does within days.
    pub async fn forget_expired(&self) -> Result<usize, String> {
        self.dynamodb.forget_expired().await
    }

    /// Makes each scheduled call with the interval `every` once.
    pub async fn tick(&self, every: Duration) {
        for function in &self.template.functions {
            for schedule in function.schedules.iter().filter(|schedule| schedule.every == every) {
                crate::schedule::call(schedule, function, &self.functions).await;
            }
        }
    }

    /// Starts to process the queues, run the schedule and remove expired items.
    pub fn run(self) -> Running {
        Running::start(self)
    }
}

fn read_template(setup: &Setup, urls: &Urls) -> Result<Template, Failure> {
    let parameters = LOCAL_PARAMETERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Template::read(&setup.template, &urls.sqs, &parameters.collect())
}

fn open_queues(setup: &Setup, urls: &Urls, template: &Template) -> Result<Sqs, Failure> {
    let storage = setup.data.file("sqs.sqlite").map_or(Storage::Memory, Storage::File);
    let sqs = Sqs::open(&storage, setup.clock.clone(), urls.sqs.clone()).context("the queues")?;
    for queue in &template.queues {
        let made = sqs.create_queue(&queue.name, &queue.attributes);
        made.context(format_args!("queue {} cannot be made as the template has it", queue.name))?;
    }
    Ok(sqs)
}

fn routes(template: &Template) -> Vec<(Route, Function)> {
    let of = |function: &Function| {
        let routes = function.routes.iter().map(|route| (route.clone(), function.clone()));
        routes.collect::<Vec<_>>()
    };
    template.functions.iter().flat_map(of).collect()
}

fn mappings(
    template: &Template,
    functions: &Arc<Functions>,
    sqs: &Sqs,
    recursion: &Recursion,
) -> Vec<Mapping> {
    let of = |function: &Function| {
        let mapping = |source: &crate::template::QueueSource| Mapping {
            source: source.clone(),
            function: function.clone(),
            functions: functions.clone(),
            sqs: sqs.clone(),
            dead_letter_queue: template.dead_letter_queue(&source.queue).map(str::to_owned),
            recursion: recursion.clone(),
        };
        function.queues.iter().map(mapping).collect::<Vec<_>>()
    };
    template.functions.iter().flat_map(of).collect()
}

fn start(
    setup: &Setup,
    template: &Template,
    environments: &[Vec<(String, String)>],
    recursion: &Recursion,
) -> Result<Functions, Failure> {
    if let Some(url) = &setup.lambda {
        let outcomes = Outcomes::from_variables(&environments.iter().flatten().cloned().collect());
        let outcomes = outcomes.context("the functions' variables")?;
        return Ok(Functions::remote(url, outcomes, &setup.clock, recursion.clone()));
    }
    let own = |(function, environment): (&Function, &Vec<(String, String)>)| {
        let key = ("AWS_ACCESS_KEY_ID".to_owned(), permissions::access_key(function).to_owned());
        environment.iter().cloned().chain([key]).collect()
    };
    let variables: Vec<Variables> = template.functions.iter().zip(environments).map(own).collect();
    let functions = template.functions.iter().zip(&variables);
    Functions::in_process(functions, (&setup.clock, &setup.random), recursion.clone())
}

/// Answers on every port for as long as the returned set lives.
fn serve(
    listeners: Listeners,
    gateway: Gateway,
    dynamodb: DynamoDb,
    sqs: Sqs,
    kms: Kms,
    (permissions, recursion): (&Permissions, &Recursion),
) -> JoinSet<()> {
    let guard = || {
        let permissions = permissions.clone();
        move |routes: Router| permissions.around(routes)
    };
    let (recursion, of_queues) = (recursion.clone(), guard());
    let traced = move |routes| recursion.around(of_queues(routes));
    let mut servers = JoinSet::new();
    spawn(&mut servers, "the HTTP API", axum::serve(listeners.api, gateway.router()).into_future());
    spawn(&mut servers, "DynamoDB", dynamodb.serve_within(listeners.dynamodb, guard()));
    spawn(&mut servers, "SQS", async move { sqs.serve_within(listeners.sqs, traced).await });
    spawn(&mut servers, "KMS", kms.serve_within(listeners.kms, guard()));
    servers
}

fn spawn(
    servers: &mut JoinSet<()>,
    name: &'static str,
    server: impl Future<Output = io::Result<()>> + Send + 'static,
) {
    servers.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "{name} has stopped");
        }
    });
}

fn credentials(environment: &BTreeMap<String, String>) -> Result<DynamoCredentialStore, Failure> {
    let variables = environment.clone().into_iter().collect();
    let client = Aws::from_variables(&variables).context(DEVELOPER)?.dynamodb();
    let table = variables.required("CREDENTIALS_TABLE").context(DEVELOPER)?;
    Ok(DynamoCredentialStore::new(client, table))
}
