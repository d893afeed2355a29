//! An account with known secrets, to try the system with.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use shared::accounts::{Account, Credential, CredentialKind, DynamoCredentialStore};
use shared::platform::aws::InternalError;
use shared::platform::random::{self, Random, RandomError};
use shared::platform::secret::Secret;

/// A user and an organisation with their secrets in the clear.
#[derive(Debug, Clone)]
pub(crate) struct Developer {
    account: Account,
    user: Secret,
    organization: Secret,
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
    pub(crate) fn kept_in(path: Option<&Path>, random: &dyn Random) -> io::Result<Self> {
        let developer = Self::new(1, random).map_err(io::Error::other)?;
        let Some(path) = path else { return Ok(developer) };
        match std::fs::read_to_string(path) {
            Ok(text) => match *text.lines().map(Secret::new).collect::<Vec<_>>() {
                [ref user, ref organization] => {
                    Ok(Self { user: user.clone(), organization: organization.clone(), ..developer })
                }
                _ => Err(io::Error::other(format!("{} does not have two secrets", path.display()))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut file =
                    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
                writeln!(file, "{}\n{}", developer.user.expose(), developer.organization.expose())?;
                Ok(developer)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn register(&self, store: &DynamoCredentialStore) -> Result<(), InternalError> {
        store.put(CredentialKind::User, &self.user, Credential::User(self.account)).await?;
        let organization = Credential::Organization { company_id: self.account.company_id };
        store.put(CredentialKind::Organization, &self.organization, organization).await
    }

    pub(crate) fn authorization(&self) -> String {
        format!("User {}, Organization {}", self.user.expose(), self.organization.expose())
    }

    /// The fragment of a link that signs in to the console. Browsers never send a fragment anywhere.
    pub(crate) fn fragment(&self) -> String {
        let encoded = |secret: &Secret| utf8_percent_encode(secret.expose(), NON_ALPHANUMERIC).to_string();
        format!("user={}&organization={}", encoded(&self.user), encoded(&self.organization))
    }
}
