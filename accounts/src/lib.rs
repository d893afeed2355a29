#![doc = include_str!("../README.md")]

mod aws;
mod commands;
mod options;

pub use commands::Failure;
pub use options::{Command, Options, Person};

use shared::accounts::DynamoDirectory;
use shared::platform::aws::Aws;
use shared::platform::clock::Clock;
use shared::platform::random::Random;
use shared::platform::settings::Variables;

/// The name of the table on one machine: its logical id in the template.
const LOCAL_TABLE: &str = "CredentialsTable";

/// Runs the command and returns what to print.
///
/// A command that fails prints nothing: nobody knows a secret that it may have created.
pub async fn run(
    options: Options,
    variables: Variables,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<String, Failure> {
    let directory = directory(&options, variables).await?;
    commands::Accounts { directory, now: clock.now(), random }.run(options.command).await
}

async fn directory(options: &Options, mut variables: Variables) -> Result<DynamoDirectory, Failure> {
    let table = options.table.as_deref().or_else(|| variables.text("CREDENTIALS_TABLE")).map(str::to_owned);
    if let Some(url) = &options.local {
        let local = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", url),
        ];
        variables.extend(local.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let table = table.unwrap_or_else(|| LOCAL_TABLE.to_owned());
        return Ok(DynamoDirectory::new(Aws::from_variables(&variables)?.dynamodb(), table));
    }
    let config = || aws::config(options.profile.as_deref(), options.region.as_deref());
    let (config, table) = match (&options.stack, table) {
        (Some(stack), _) => {
            let config = config().await;
            let table = aws::table_of(stack, &config).await?;
            (config, table)
        }
        (None, Some(table)) => (config().await, table),
        (None, None) => return Err(Failure::Nowhere),
    };
    Ok(DynamoDirectory::new(Aws::from_config(config).dynamodb(), table))
}
