//! The commands, and what they print.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use shared::accounts::{Account, Credential, DirectoryEntry, DynamoDirectory, Profile};
use shared::events::timestamp;
use shared::platform::aws::InternalError;
use shared::platform::random::{self, Random, RandomError};
use shared::platform::secret::Secret;
use shared::platform::settings::SettingError;

use crate::Command;
use crate::options::Person;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The environment is incomplete.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The table could not be read or written.
    #[error(transparent)]
    Table(#[from] InternalError),
    /// No secret could be generated.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The stack does not name the table.
    #[error("the stack {stack} cannot be used: {reason}")]
    Stack {
        /// Its name.
        stack: String,
        /// What is wrong.
        reason: String,
    },
    /// No option says which system.
    #[error("which system? pass --stack NAME, --table NAME or --local")]
    Nowhere,
    /// No organisation or user has this number.
    #[error("there is no {what} with the number {number}; see `list`")]
    Unknown {
        /// What was expected.
        what: &'static str,
        /// The number.
        number: u64,
    },
}

pub(crate) struct Accounts<'a> {
    pub(crate) directory: DynamoDirectory,
    pub(crate) now: DateTime<Utc>,
    pub(crate) random: &'a dyn Random,
}

impl Accounts<'_> {
    pub(crate) async fn run(&self, command: Command) -> Result<String, Failure> {
        match command {
            Command::Begin { organization, user } => self.begin(&organization, &user).await,
            Command::CreateOrganization { name } => self.create_organization(&name).await,
            Command::CreateUser { name, organization, account, own_account, person } => {
                let account = match (account, own_account) {
                    (Some(account), _) => Belongs::To(account),
                    (None, true) => Belongs::ToItself,
                    (None, false) => Belongs::To(organization),
                };
                self.create_user((&name, person), organization, account).await
            }
            Command::List => self.list().await,
            Command::Rotate { id, overlap } => {
                let old = self.secrets_of(id).await?;
                let text = self.rotate(&old).await?;
                if !overlap {
                    self.remove(&old).await?;
                }
                let kept = if overlap { "still hold; `revoke --old` ends them" } else { "hold no longer" };
                Ok(format!("{text}{} older secrets {kept}\n", old.len()))
            }
            Command::Revoke { id, old } => {
                let secrets = self.secrets_of(id).await?;
                let ended = if old { &secrets[..secrets.len().saturating_sub(1)] } else { &secrets };
                self.remove(ended).await?;
                Ok(format!("{} of {} secrets of {id} hold no longer\n", ended.len(), secrets.len()))
            }
        }
    }

    /// Creates both and prints the whole header.
    async fn begin(&self, organization: &str, user: &str) -> Result<String, Failure> {
        let company_id = self.directory.draw_number().await?;
        let of_organization = self.add(Credential::Organization { company_id }, (organization, None)).await?;
        let user_id = self.directory.draw_number().await?;
        let account = Account { company_id, account_id: company_id, user_id };
        let profile = Profile::of_name(user, user_id);
        let of_user = self.add(Credential::User(account), (user, Some(profile))).await?;
        Ok(format!(
            "organization {company_id} ({organization}), user {user_id} ({user}) of account {company_id}\n\
         their secrets, shown this once, in a header for each call:\n\
         Authorization: User {}, Organization {}\n",
            of_user.expose(),
            of_organization.expose()
        ))
    }

    async fn create_organization(&self, name: &str) -> Result<String, Failure> {
        let company_id = self.directory.draw_number().await?;
        let proves = Credential::Organization { company_id };
        let secret = self.add(proves, (name, None)).await?;
        Ok(format!("organization {company_id} ({name})\n{}", shown("Organization", &secret)))
    }

    async fn create_user(
        &self,
        (name, person): (&str, Person),
        organization: u64,
        account: Belongs,
    ) -> Result<String, Failure> {
        let entries = self.directory.list().await?;
        let of_it = || entries.iter().filter(|entry| entry.company_id() == organization);
        if of_it().next().is_none() {
            return Err(Failure::Unknown { what: "organization", number: organization });
        }
        // An account of another organisation would show its instances.
        let has_account = |number: u64| {
            number == organization
                || of_it()
                    .any(|entry| matches!(entry.proves, Credential::User(user) if user.account_id == number))
        };
        let user_id = self.directory.draw_number().await?;
        let account_id = match account {
            Belongs::ToItself => user_id,
            Belongs::To(number) if has_account(number) => number,
            Belongs::To(number) => {
                return Err(Failure::Unknown { what: "account of this organization", number });
            }
        };
        let proves = Credential::User(Account { company_id: organization, account_id, user_id });
        let profile = person.profile(name, user_id);
        let secret = self.add(proves, (name, Some(profile))).await?;
        Ok(format!(
            "user {user_id} ({name}) of account {account_id}, organization {organization}\n{}",
            shown("User", &secret)
        ))
    }

    async fn list(&self) -> Result<String, Failure> {
        let mut text = String::new();
        for entry in self.directory.list().await? {
            let since = timestamp(entry.created_at);
            let name = entry.name;
            // Writing to a String cannot fail.
            let _ = match entry.proves {
                Credential::Organization { company_id } => {
                    writeln!(text, "organization {company_id}  {name}  secret since {since}")
                }
                Credential::User(Account { account_id, user_id, .. }) => {
                    let email = entry.profile.map(|profile| profile.email_address).unwrap_or_default();
                    writeln!(
                        text,
                        "  user {user_id}  {name}  account {account_id}  {email}  secret since {since}"
                    )
                }
                Credential::Element { .. } => Ok(()),
            };
        }
        Ok(if text.is_empty() { "there are no organizations yet\n".to_owned() } else { text })
    }

    async fn rotate(&self, old: &[DirectoryEntry]) -> Result<String, Failure> {
        let Some(newest) = old.last() else { return Ok(String::new()) };
        let named = (&*newest.name, newest.profile.clone());
        let secret = self.add(newest.proves, named).await?;
        let scheme = if matches!(newest.proves, Credential::User(_)) { "User" } else { "Organization" };
        Ok(format!("{} ({})\n{}", newest.number(), newest.name, shown(scheme, &secret)))
    }

    /// The secrets of a user or organisation, from old to new.
    async fn secrets_of(&self, number: u64) -> Result<Vec<DirectoryEntry>, Failure> {
        let mut entries = self.directory.list().await?;
        entries.retain(|entry| entry.number() == number);
        if entries.is_empty() {
            return Err(Failure::Unknown { what: "organization or user", number });
        }
        Ok(entries)
    }

    async fn add(&self, proves: Credential, named: (&str, Option<Profile>)) -> Result<Secret, Failure> {
        // 256 bits, which is why their plain hash can be stored.
        let secret = Secret::new(STANDARD.encode(random::array::<32>(self.random)?));
        if let Some(entry) = DirectoryEntry::new(proves, named, &secret, self.now) {
            self.directory.add(&entry).await?;
        }
        Ok(secret)
    }

    async fn remove(&self, entries: &[DirectoryEntry]) -> Result<(), Failure> {
        for entry in entries {
            self.directory.remove(entry).await?;
        }
        Ok(())
    }
}

enum Belongs {
    To(u64),
    ToItself,
}

/// The one place where a secret is shown.
fn shown(scheme: &str, secret: &Secret) -> String {
    format!(
        "its secret, shown this once: {}\nin the Authorization header: {scheme} {}\n",
        secret.expose(),
        secret.expose()
    )
}
