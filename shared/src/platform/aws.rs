//! The AWS clients of a process: one HTTP client for all of them, built once, without a call.

mod batch_get;
mod error;
mod http;
mod lean;
mod statements;
mod value;

pub(crate) use batch_get::batch_get;
pub(crate) use error::written;
pub use error::{InternalError, Unavailable};
pub(crate) use statements::Statement;
pub use statements::Statements;
pub(crate) use value::{millis, number, text};

use std::sync::LazyLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, IdentityCache, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use rustls::ClientConfig;

use crate::platform::settings::{SettingError, Variables};
use crate::platform::tls;

/// Tries per call; a second one helps against throttling and connection errors.
const MAX_ATTEMPTS: u32 = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);

/// A client of KMS that is made when it is first used.
pub type Kms = LazyLock<aws_sdk_kms::Client, Box<dyn FnOnce() -> aws_sdk_kms::Client + Send>>;

/// What the clients of one process share.
///
/// Everything comes from the environment that Lambda gives a function, so that starting makes no calls: no
/// profile file is looked for, no metadata service asked.
#[derive(Debug, Clone)]
pub struct Aws {
    config: SdkConfig,
    dynamodb_url: Option<String>,
    sqs_url: Option<String>,
    kms_url: Option<String>,
}

impl Aws {
    /// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and the SDK's
    /// endpoint overrides `AWS_ENDPOINT_URL`, and `AWS_ENDPOINT_URL_DYNAMODB`, `…_SQS` and `…_KMS`.
    ///
    /// # Errors
    /// When a required one is not set, or `SSL_CERT_FILE` is and cannot be used.
    pub fn from_variables(variables: &Variables) -> Result<Self, SettingError> {
        Self::with_tls(variables, tls::of_process(variables)?)
    }

    /// The same with a TLS configuration that others of this process use as well.
    pub fn with_tls(variables: &Variables, tls: ClientConfig) -> Result<Self, SettingError> {
        let credentials = Credentials::new(
            variables.required::<String>("AWS_ACCESS_KEY_ID")?,
            variables.required::<String>("AWS_SECRET_ACCESS_KEY")?,
            variables.text("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(variables.required::<String>("AWS_REGION")?))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http::client(tls, CONNECT_TIMEOUT))
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(TokioSleep::new()))
            .timeout_config(timeouts)
            // They are constants, and an attempt has a time-out however slowly its answer comes.
            .identity_cache(IdentityCache::no_cache())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
            .build();
        let endpoint =
            |name: &str| variables.text(name).or(variables.text("AWS_ENDPOINT_URL")).map(str::to_owned);
        Ok(Self {
            config,
            dynamodb_url: endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
            sqs_url: endpoint("AWS_ENDPOINT_URL_SQS"),
            kms_url: endpoint("AWS_ENDPOINT_URL_KMS"),
        })
    }

    /// Clients of a configuration that was made elsewhere, endpoints included.
    pub fn from_config(config: SdkConfig) -> Self {
        Self { config, dynamodb_url: None, sqs_url: None, kms_url: None }
    }

    /// A client of DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.config).interceptor(lean::Lean);
        if let Some(url) = &self.dynamodb_url {
            config = config.endpoint_url(url);
        }
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// A client of KMS, made when it is first used: most functions most of the time have no secret to open, and to make a
    /// client is a good part of a function's start.
    pub fn kms(&self) -> Kms {
        let mut config = aws_sdk_kms::config::Builder::from(&self.config).interceptor(lean::Lean);
        if let Some(url) = &self.kms_url {
            config = config.endpoint_url(url);
        }
        LazyLock::new(Box::new(|| aws_sdk_kms::Client::from_conf(config.build())))
    }

    /// A client of SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let mut config = aws_sdk_sqs::config::Builder::from(&self.config).interceptor(lean::Lean);
        if let Some(url) = &self.sqs_url {
            config = config.endpoint_url(url);
        }
        aws_sdk_sqs::Client::from_conf(config.build())
    }
}
