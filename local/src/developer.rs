//! An account with known secrets, to try the system with.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use shared::accounts::{Account, Credential, CredentialKind, DynamoCredentialStore};
use shared::platform::aws::AwsError;
use shared::platform::random::{self, Random, RandomError};
use shared::platform::secret::Secret;

/// A user and an organisation with their secrets in the clear.
#[derive(Debug, Clone)]
pub(crate) struct Developer {
    account: Account,
    user: Secret,
    organization: Secret,
}

/// Why the account could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The file with its secrets cannot be read, written or understood.
    #[error("the developer's account: {0}")]
    File(#[from] io::Error),
    /// No secrets could be generated.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The credentials could not be stored.
    #[error(transparent)]
    Store(#[from] AwsError),
}

impl Developer {
    /// A new account; `number` becomes that of its company, account and user.
    pub(crate) fn new(number: u64, random: &dyn Random) -> Result<Self, RandomError> {
        let secret =
            || Ok(Secret::new(STANDARD.encode(random::array::<32>(random)?))) as Result<_, RandomError>;
        let account = Account { company_id: number, account_id: number, user_id: number };
        Ok(Self { account, user: secret()?, organization: secret()? })
    }

    /// The account whose secrets are in a file; created with the file if missing.
    pub(crate) fn kept_in(path: Option<&Path>, random: &dyn Random) -> Result<Self, AccountError> {
        let developer = Self::new(1, random)?;
        let Some(path) = path else { return Ok(developer) };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let mut lines = text.lines().map(Secret::new);
                match (lines.next(), lines.next()) {
                    (Some(user), Some(organization)) => Ok(Self { user, organization, ..developer }),
                    _ => Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("{} has not two secrets", path.display()),
                    )
                    .into()),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut file =
                    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
                writeln!(file, "{}\n{}", developer.user.expose(), developer.organization.expose())?;
                Ok(developer)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the account known to the system.
    pub(crate) async fn register(&self, store: &DynamoCredentialStore) -> Result<(), AwsError> {
        store.put(CredentialKind::User, &self.user, Credential::User(self.account)).await?;
        let organization = Credential::Organization { company_id: self.account.company_id };
        store.put(CredentialKind::Organization, &self.organization, organization).await
    }

    /// The value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> String {
        format!("User {}, Organization {}", self.user.expose(), self.organization.expose())
    }

    /// The fragment of a link that signs in to the console. Browsers never send a fragment anywhere.
    pub(crate) fn fragment(&self) -> String {
        let encoded = |secret: &Secret| utf8_percent_encode(secret.expose(), NON_ALPHANUMERIC).to_string();
        format!("user={}&organization={}", encoded(&self.user), encoded(&self.organization))
    }
}
