//! The command line.

use clap::{Args, Parser, Subcommand};
use shared::accounts::Profile;

/// Makes, lists, rotates and revokes the secrets of organisations and users.
///
/// A caller of the API proves itself with two secrets, its organisation's and its user's:
///
///   `Authorization: User <secret>, Organization <secret>`
///
/// Only hashes are stored, so a secret is shown once, when it is made. Instances belong to an account; users of one
/// account see the same instances.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(version, about, long_about, after_long_help = EXAMPLES)]
pub struct Options {
    /// The credentials table: the stack's output `CredentialsTableName`. Without it, the variable `CREDENTIALS_TABLE`
    /// says which; with --local it is the template's.
    #[arg(long, global = true, value_name = "NAME")]
    pub table: Option<String>,
    /// Work on a system on this machine (`cargo run -p local`) instead of AWS: the URL of its DynamoDB.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "http://127.0.0.1:9001"
    )]
    pub local: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Make an organisation, with its secret and an account of the same number.
    CreateOrganization {
        /// Its name, for you to know it by.
        name: String,
    },
    /// Make a user of an organisation, with its secret.
    CreateUser {
        /// Its name, for you to know it by.
        name: String,
        /// The number of the organisation.
        #[arg(long, value_name = "ID")]
        organization: u64,
        /// The account whose instances the user sees; the organisation's own unless given.
        #[arg(long, value_name = "ID", conflicts_with = "own_account")]
        account: Option<u64>,
        /// Give the user an account of its own, where it sees nobody else's instances.
        #[arg(long)]
        own_account: bool,
        /// Who the user is.
        #[command(flatten)]
        person: Person,
    },
    /// Show organisations, users, and since when their secrets are valid.
    List,
    /// Make a new secret for an organisation or user. The old ones end at once.
    Rotate {
        /// The number of the organisation or user.
        id: u64,
        /// Leave the old secrets valid until `revoke --old`, so that callers can change over one by one.
        #[arg(long)]
        overlap: bool,
    },
    /// End the secrets of an organisation or user. Its callers are answered with 401 from then on.
    Revoke {
        /// The number of the organisation or user.
        id: u64,
        /// End all but the newest.
        #[arg(long)]
        old: bool,
    },
}

/// Who a user is, as the API shows the user of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Person {
    /// The user's e-mail address; one that ends in `.invalid` unless given.
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// The user's first name; the first word of NAME unless given.
    #[arg(long, value_name = "NAME")]
    pub first_name: Option<String>,
    /// The user's last name; what follows in NAME unless given.
    #[arg(long, value_name = "NAME")]
    pub last_name: Option<String>,
}

impl Person {
    /// What was given, completed by what the name of the user says.
    pub(crate) fn profile(self, name: &str, user_id: u64) -> Profile {
        let known = Profile::of_name(name, user_id);
        Profile {
            email_address: self.email.unwrap_or(known.email_address),
            first_name: self.first_name.unwrap_or(known.first_name),
            last_name: self.last_name.unwrap_or(known.last_name),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  On AWS, with credentials and region in the environment:
    eval \"$(aws configure export-credentials --format env)\"; export AWS_REGION=eu-central-1
    accounts --table closeio-CredentialsTable-1ABC create-organization 'Wayne Enterprises'
    accounts --table closeio-CredentialsTable-1ABC create-user 'Bruce Wayne' --organization 1000 \\
      --email bruce@wayne.example

  On this machine, while `cargo run -p local` is running:
    accounts --local list
    accounts --local=http://127.0.0.1:9101 rotate 1001 --overlap

  A change of secret without a moment in which neither holds:
    accounts rotate 1001 --overlap    # hand out the new secret
    accounts revoke 1001 --old        # when nobody uses the old one any more";
