#![doc = include_str!("../README.md")]

mod commands;
mod options;

pub use commands::Failure;
pub use options::{Command, Options, Person};

use shared::accounts::DynamoDirectory;
use shared::platform::aws::Aws;
use shared::platform::clock::Clock;
use shared::platform::random::Random;
use shared::platform::settings::{SettingError, Variables};

/// The name of the table on one machine: its logical id in the template.
const LOCAL_TABLE: &str = "CredentialsTable";

/// Does what the command line asks for and returns what there is to show.
///
/// # Errors
/// When it cannot be done; nothing was shown then, and a secret that was made is nobody's.
pub async fn run(
    options: Options,
    variables: Variables,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<String, Failure> {
    let directory = directory(&options, variables)?;
    commands::run(options.command, &directory, clock.now(), random).await
}

fn directory(options: &Options, mut variables: Variables) -> Result<DynamoDirectory, SettingError> {
    let table = options.table.as_deref().or_else(|| variables.text("CREDENTIALS_TABLE"));
    let table = table.or(options.local.as_ref().map(|_| LOCAL_TABLE)).map(str::to_owned);
    if let Some(url) = &options.local {
        let local = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", url),
        ];
        variables.extend(local.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    let table = table.ok_or(SettingError::Missing { name: "CREDENTIALS_TABLE" })?;
    Ok(DynamoDirectory::new(Aws::from_variables(&variables)?.dynamodb(), table))
}
