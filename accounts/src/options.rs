//! The command line.

use clap::{Args, Parser, Subcommand};
use shared::accounts::Profile;

/// Creates, lists, rotates and revokes the secrets of organisations and users.
///
/// A caller of the API proves itself with two secrets, its organisation's and its user's:
///
///   `Authorization: User <secret>, Organization <secret>`
///
/// Only hashes are stored, so a secret is shown once, when it is created. Instances belong to an account; users of one
/// account see the same instances.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(version, about, long_about, after_long_help = EXAMPLES)]
pub struct Options {
    /// The stack on AWS, by the name that it was deployed under.
    #[arg(long, global = true, value_name = "NAME", conflicts_with_all = ["table", "local"])]
    pub stack: Option<String>,
    /// The credentials table, instead of looking it up in the stack's output `CredentialsTableName`. The variable
    /// `CREDENTIALS_TABLE` does the same; with --local it is the template's.
    #[arg(long, global = true, value_name = "NAME")]
    pub table: Option<String>,
    /// The AWS CLI's profile; by default the one that the CLI would use.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// The region of the stack; by default the one that the CLI would use.
    #[arg(long, global = true, value_name = "NAME")]
    pub region: Option<String>,
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
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The command.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Create an organisation with its first user, and show the header for calls to the API.
    Begin {
        /// The organisation's name, for your own use.
        organization: String,
        /// The user's name, for your own use.
        user: String,
    },
    /// Create an organisation, with its secret and an account of the same number.
    CreateOrganization {
        /// Its name, for your own use.
        name: String,
    },
    /// Create a user of an organisation, with its secret.
    CreateUser {
        /// Its name, for your own use.
        name: String,
        /// The number of the organisation.
        #[arg(long, value_name = "ID")]
        organization: u64,
        /// The account whose instances the user sees (default: the organisation's own).
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
    /// Replace the secrets of an organisation or user by a new one. The old ones end at once.
    Rotate {
        /// The number of the organisation or user.
        id: u64,
        /// Leave the old secrets valid until `revoke --old`, so that callers can change over one by one.
        #[arg(long)]
        overlap: bool,
    },
    /// Revoke the secrets of an organisation or user. Its callers get a 401 from then on.
    Revoke {
        /// The number of the organisation or user.
        id: u64,
        /// Revoke all but the newest.
        #[arg(long)]
        old: bool,
    },
}

/// Who a user is, as the API shows the user of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Person {
    /// The user's e-mail address (default: one that ends in `.invalid`).
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// The user's first name (default: the first word of NAME).
    #[arg(long, value_name = "NAME")]
    pub first_name: Option<String>,
    /// The user's last name (default: the rest of NAME).
    #[arg(long, value_name = "NAME")]
    pub last_name: Option<String>,
}

impl Person {
    /// What was given, completed from the name of the user.
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
  On AWS, with the credentials and the region of the AWS CLI:
    accounts --stack closeio-events begin 'Wayne Enterprises' Bruce
    accounts --stack closeio-events --profile work --region eu-central-1 create-user Lucius --organization 1000 \\
      --email lucius@wayne.example

  On this machine, while `cargo run -p local` is running:
    accounts --local list
    accounts --local=http://127.0.0.1:9101 rotate 1001 --overlap

  A change of secret without a moment in which neither holds:
    accounts --stack closeio-events rotate 1001 --overlap    # hand out the new secret
    accounts --stack closeio-events revoke 1001 --old        # when nobody uses the old one any more";
