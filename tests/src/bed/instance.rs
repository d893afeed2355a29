//! A provisioned instance, as its owner and Close see it.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use shared::accounts::{Account, Profile};
use shared::instances::InstanceId;
use shared::instances::vault::{DataKeyStore, Vault};
use shared::instances::{DynamoInstanceStore, Token, key};
use shared::platform::aws::Aws;
use shared::platform::random::{self, OsRandom};
use shared::platform::secret::Secret;

use super::Bed;
use crate::client::{Answer, Client};

/// An instance, and how to reach it.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The answer of `POST /instances`.
    pub answer: Value,
    client: Client,
}

impl Instance {
    pub(super) fn new(answer: Value, client: Client) -> Self {
        Self { answer, client }
    }

    /// Its id.
    ///
    /// # Panics
    /// When the answer has none.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.answer["id"].as_u64().unwrap_or_else(|| panic!("no id in {}", self.answer))
    }

    /// Where Close sends its webhooks.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        self.answer["webhookUrl"].as_str().unwrap_or_default().to_owned()
    }

    /// Sends a webhook to it, unsigned.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn receives(&self, webhook: impl Into<Bytes>) -> Answer {
        let headers = [("content-type", "application/json")];
        let answer = self.client.send(Method::POST, &self.webhook_url(), &headers, webhook).await;
        answer.unwrap_or_else(|error| panic!("{}: {error}", self.webhook_url()))
    }
}

/// Writes an instance into the table as the instances function would.
#[expect(clippy::expect_used, reason = "a story cannot go on without its instance")]
pub(super) async fn store(
    bed: &Bed,
    callback_url: &str,
    change: impl FnOnce(&mut shared::instances::Instance),
) -> Instance {
    let environment = bed.system.environment();
    let variables = environment.clone().into_iter().collect();
    let aws = Aws::from_variables(&variables).expect("the functions have credentials");
    let (clock, random) = (Arc::new(bed.clock.clone()), Arc::new(OsRandom));
    let keys = DataKeyStore::new(aws.dynamodb(), environment["CREDENTIALS_TABLE"].clone());
    let vault = Vault::sealing(aws.kms(), environment["KMS_KEY_ID"].clone(), keys, clock, random);
    let store = DynamoInstanceStore::new(aws.dynamodb(), environment["INSTANCES_TABLE"].clone(), vault);
    let id = InstanceId::from_entropy(random::array(&*bed.random).expect("randomness never runs out"));
    let settings = [
        (key::USERNAME, "api_key"),
        (key::ENABLED, "true"),
        (key::VENDOR_TYPE, "webhook"),
        (key::CALLBACK_URL, callback_url),
    ];
    let mut instance = shared::instances::Instance {
        id,
        account: Account { company_id: 1, account_id: 1, user_id: 1 },
        owner: Profile::of_name("", 1),
        name: "Test".to_owned(),
        tags: Vec::new(),
        configuration: settings
            .map(|(key, value)| (key.to_owned(), Some(value.to_owned())))
            .into_iter()
            .collect(),
        disabled: false,
        created_at: bed.now(),
        token: Token::of(Secret::new(id.to_string())),
        revision: 0,
        retired_key: None,
    };
    change(&mut instance);
    let credentials = &environment["CREDENTIALS_TABLE"];
    store.create(instance, credentials).await.expect("the table can be written");
    let webhook_url = format!("{}/elements/api-v2/events/closeio/{}", bed.system.url(), id.encode());
    Instance::new(json!({"id": id.get(), "webhookUrl": webhook_url}), bed.client.clone())
}
