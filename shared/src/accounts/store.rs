//! Credentials in DynamoDB.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use serde::{Deserialize, Serialize};

use super::{Account, Authorization, Credential, CredentialKey, CredentialKind, Profile};
use crate::instances::InstanceId;
use crate::platform::aws::{InternalError, Unavailable};
use crate::platform::secret::Secret;

pub(crate) const KEY: &str = "credential";

/// The credentials table: `credential` (S) is a [`CredentialKey`], the rest says what it proves.
#[derive(Debug, Clone)]
pub struct DynamoCredentialStore {
    client: Client,
    table: String,
}

/// A caller whose user and organisation secrets are valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who is calling.
    pub account: Account,
    /// The same, for people.
    pub profile: Profile,
}

/// A caller who holds the token of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Who is calling.
    pub account: Account,
    /// Whose token was presented.
    pub instance_id: InstanceId,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct CredentialItem {
    pub(crate) credential: CredentialKey,
    pub(crate) proves: Credential,
    /// Of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<Profile>,
}

impl DynamoCredentialStore {
    /// The store in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The caller whose user and organisation secrets are both known and belong together.
    pub async fn user_of(&self, authorization: &Authorization) -> Result<Option<User>, InternalError> {
        let (Some(user), Some(organization)) = (&authorization.user, &authorization.organization) else {
            return Ok(None);
        };
        let found = self
            .find(&[
                CredentialKey::of(CredentialKind::User, user),
                CredentialKey::of(CredentialKind::Organization, organization),
            ])
            .await?;
        let user = found.iter().find_map(|item| match item.proves {
            Credential::User(account) => Some((account, item.profile.clone())),
            Credential::Organization { .. } | Credential::Element { .. } => None,
        });
        let Some((account, profile)) = user else { return Ok(None) };
        let organization = Credential::Organization { company_id: account.company_id };
        let profile = profile.unwrap_or_else(|| Profile::of_name("", account.user_id));
        Ok(found.iter().any(|item| item.proves == organization).then_some(User { account, profile }))
    }

    /// The user, and the instance whose token it presents. An organisation's secret is checked if present.
    ///
    /// The caller must check that the instance belongs to the user's account.
    pub async fn holder_of(&self, authorization: &Authorization) -> Result<Option<Holder>, InternalError> {
        let (Some(user), Some(token)) = (&authorization.user, &authorization.element) else {
            return Ok(None);
        };
        let mut keys = vec![
            CredentialKey::of(CredentialKind::User, user),
            CredentialKey::of(CredentialKind::Element, token),
        ];
        let organization = authorization.organization.as_ref();
        keys.extend(organization.map(|secret| CredentialKey::of(CredentialKind::Organization, secret)));
        let found = self.find(&keys).await?;
        let (mut account, mut instance_id, mut company) = (None, None, None);
        for item in found {
            match item.proves {
                Credential::User(user) => account = Some(user),
                Credential::Element { instance_id: id } => instance_id = Some(id),
                Credential::Organization { company_id } => company = Some(company_id),
            }
        }
        let (Some(account), Some(instance_id)) = (account, instance_id) else { return Ok(None) };
        let belongs = organization.is_none() || company == Some(account.company_id);
        Ok(belongs.then_some(Holder { account, instance_id }))
    }

    /// Stores what `secret` proves, but not the secret itself.
    pub async fn put(
        &self,
        kind: CredentialKind,
        secret: &Secret,
        proves: Credential,
    ) -> Result<(), InternalError> {
        let item = CredentialItem { credential: CredentialKey::of(kind, secret), proves, profile: None };
        let item = serde_dynamo::to_item(item).unavailable("write a credential")?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.unavailable("write a credential")?;
        Ok(())
    }

    async fn find(&self, keys: &[CredentialKey]) -> Result<Vec<CredentialItem>, InternalError> {
        const ACTION: &str = "read credentials";
        let keys = keys
            .iter()
            .map(|key| [(KEY.to_owned(), AttributeValue::S(key.as_str().to_owned()))].into_iter().collect());
        // Consistent, since a client may use its new token at once.
        let wanted =
            KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true).build();
        let wanted = wanted.unavailable(ACTION)?;
        let answer = self.client.batch_get_item().request_items(&self.table, wanted).send().await;
        let answer = answer.unavailable(ACTION)?;
        if answer.unprocessed_keys().is_some_and(|keys| !keys.is_empty()) {
            return Err(InternalError::new(ACTION, "the table gave back unprocessed keys"));
        }
        let items = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
        serde_dynamo::from_items(items).unavailable(ACTION)
    }
}
