//! Creates an organisation and its first user: all that the first API call needs.

use chrono::{DateTime, Utc};
use shared::accounts::{Account, Credential, DynamoDirectory, Profile};
use shared::platform::random::Random;

use crate::Failure;
use crate::commands::add;

/// Creates both and prints the whole header, once.
pub(crate) async fn begin(
    organization: &str,
    user: &str,
    directory: &DynamoDirectory,
    now: DateTime<Utc>,
    random: &dyn Random,
) -> Result<String, Failure> {
    let company_id = directory.draw_number().await?;
    let of_organization =
        add(Credential::Organization { company_id }, (organization, None), directory, now, random).await?;
    let user_id = directory.draw_number().await?;
    let account = Account { company_id, account_id: company_id, user_id };
    let profile = Profile::of_name(user, user_id);
    let of_user = add(Credential::User(account), (user, Some(profile)), directory, now, random).await?;
    Ok(format!(
        "organization {company_id} ({organization}), user {user_id} ({user}) of account {company_id}\n\
         their secrets, shown this once, in a header for each call:\n\
         Authorization: User {}, Organization {}\n",
        of_user.expose(),
        of_organization.expose()
    ))
}
