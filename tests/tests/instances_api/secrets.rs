//! Secrets are encrypted before anything is written, each for one instance and one setting.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::types::DataKeySpec;
use http::Method;
use serde_json::json;
use shared::instances::DynamoInstanceStore;
use shared::instances::InstanceId;
use shared::instances::vault::{DataKeyStore, Purpose, Vault};
use shared::platform::aws::Aws;
use tests::bed::{Bed, Instance};
use tests::receiver::Receiver;
use tests::wire::Wires;

use super::get;

const SECRETS: [(&str, &str); 5] = [
    ("password", "hush-password"),
    ("event.notification.signature.key", "hush-signature"),
    ("event.notification.callback.headers", "X-Key: hush-header"),
    ("event.notification.basic.password", "hush-basic"),
    (
        "event.notification.subscription.signature.key",
        "b9260244ef33625f9b4b26a27db08758cdd39478b852c73f2d33ab042eb8abb4",
    ),
];

fn aws(bed: &Bed) -> Aws {
    Aws::from_variables(&bed.system().environment().clone().into_iter().collect()).unwrap()
}

async fn item(bed: &Bed, instance: &Instance) -> HashMap<String, AttributeValue> {
    let table = &bed.system().environment()["INSTANCES_TABLE"];
    let get = aws(bed).dynamodb().get_item().table_name(table);
    let answer = get.key("instance_id", AttributeValue::N(instance.id().to_string())).send().await;
    answer.unwrap().item.unwrap()
}

#[tokio::test]
async fn the_table_has_no_plain_secret() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &SECRETS).await;
    let stored = format!("{:?}", item(&bed, &instance).await);
    let token = instance.answer["token"].as_str().unwrap();
    for secret in SECRETS.map(|(_, secret)| secret).into_iter().chain(["api_key", "hush", token]) {
        assert!(!stored.contains(secret), "{secret} is in the table");
    }
    assert!(stored.contains("https://example.com/hook"), "what is no secret is");
    let shown = get(&bed, &format!("/instances/{}", instance.id())).await.json();
    assert_eq!(shown["configuration"]["username"], "api_key");
    for (key, _) in SECRETS {
        assert_eq!(shown["configuration"][key], "********", "{key}");
    }
}

#[tokio::test]
async fn a_secret_moved_to_another_instance_opens_nowhere() {
    let bed = Bed::start().await;
    let [one, other] = [bed.provision("https://example.com/hook", &SECRETS).await, {
        bed.provision("https://example.com/hook", &[]).await
    }];
    let mut moved = item(&bed, &other).await;
    moved.insert("secrets".to_owned(), item(&bed, &one).await["secrets"].clone());
    let table = &bed.system().environment()["INSTANCES_TABLE"];
    aws(&bed).dynamodb().put_item().table_name(table).set_item(Some(moved)).send().await.unwrap();
    let answer = get(&bed, &format!("/instances/{}", other.id())).await;
    assert_eq!(answer.status, 503);
    assert!(!answer.message().contains("hush"));
    assert_eq!(get(&bed, &format!("/instances/{}", one.id())).await.status, 200);
}

#[tokio::test]
async fn a_store_only_opens_the_secrets_of_its_purpose() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &SECRETS).await;
    let id = InstanceId::try_from(instance.id()).unwrap();
    let purposes: [(&'static [Purpose], &[&str]); 3] = [
        (&[Purpose::Close], &["password", "username"]),
        (&[Purpose::Webhook], &["event.notification.subscription.signature.key"]),
        (
            &[Purpose::Callback],
            &[
                "event.notification.basic.password",
                "event.notification.callback.headers",
                "event.notification.signature.key",
            ],
        ),
    ];
    for (purposes, expected) in purposes {
        let vault = Vault::opening(aws(&bed).kms(), purposes);
        let table = bed.system().environment()["INSTANCES_TABLE"].clone();
        let store = DynamoInstanceStore::new(aws(&bed).dynamodb(), table, vault);
        let read = store.get(id).await.unwrap().unwrap();
        let secrets = read.configuration.entries().map(|(key, _)| key);
        let secret = |key: &&str| SECRETS.iter().any(|(secret, _)| secret == key) || *key == "username";
        assert_eq!(secrets.filter(secret).collect::<Vec<_>>(), expected);
        let refused = store.change(read).await.unwrap_err().to_string();
        assert!(refused.contains("this function only decrypts"), "{refused}");
    }
}

#[tokio::test]
async fn a_secret_moved_to_another_setting_opens_nowhere() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &SECRETS).await;
    let mut moved = item(&bed, &instance).await;
    let AttributeValue::M(secrets) = moved.get_mut("secrets").unwrap() else { panic!("no secrets") };
    let AttributeValue::M(sealed) = secrets.get_mut("callback").unwrap() else { panic!("none of callbacks") };
    let AttributeValue::M(settings) = sealed.get_mut("settings").unwrap() else { panic!("no settings") };
    let key = settings["event.notification.signature.key"].clone();
    settings.insert("event.notification.callback.headers".to_owned(), key);
    let table = &bed.system().environment()["INSTANCES_TABLE"];
    aws(&bed).dynamodb().put_item().table_name(table).set_item(Some(moved)).send().await.unwrap();
    assert_eq!(get(&bed, &format!("/instances/{}", instance.id())).await.status, 503);
}

#[tokio::test]
async fn a_process_asks_kms_once_for_a_purpose_and_month() {
    const INSTANCES: usize = 1000;
    let bed = Bed::start().await;
    let mut ids = Vec::new();
    for _ in 0..INSTANCES {
        ids.push(bed.stored("https://example.com/hook", |_| ()).await.id());
    }
    let wires = Wires::to(&bed).await;
    let aws = Aws::from_variables(&wires.variables(&bed)).unwrap();
    let table = bed.system().environment()["INSTANCES_TABLE"].clone();
    let vault = Vault::opening(aws.kms(), &[Purpose::Close]);
    let store = DynamoInstanceStore::new(aws.dynamodb(), table, vault);
    for ids in ids.chunks(50) {
        // Together, as the polls of a batch are.
        let reads = ids.iter().map(|id| store.get(InstanceId::try_from(*id).unwrap()));
        for read in futures_util::future::join_all(reads).await {
            assert_eq!(read.unwrap().unwrap().configuration.get("username"), Some("api_key"));
        }
    }
    let calls = wires.take_calls();
    assert_eq!((calls.get("Decrypt"), calls.get("GetItem")), (Some(&1), Some(&INSTANCES)));

    // What was encrypted in another month has another data key, and the old one stays usable.
    bed.pass(40 * 86_400);
    let new = bed.stored("https://example.com/hook", |_| ()).await.id();
    for id in [new, ids[0], ids[1]] {
        assert!(store.get(InstanceId::try_from(id).unwrap()).await.unwrap().is_some());
    }
    assert_eq!(wires.take_calls().get("Decrypt"), Some(&1));
}

#[tokio::test]
async fn processes_that_begin_a_month_together_keep_one_data_key() {
    let bed = Bed::start().await;
    let environment = bed.system().environment().clone();
    let aws = aws(&bed);
    let store = || {
        let keys = DataKeyStore::new(aws.dynamodb(), environment["CREDENTIALS_TABLE"].clone());
        let clock = std::sync::Arc::new(bed.clock().clone());
        let random = std::sync::Arc::new(shared::platform::random::OsRandom);
        let vault = Vault::sealing(aws.kms(), environment["KMS_KEY_ID"].clone(), keys, clock, random);
        DynamoInstanceStore::new(aws.dynamodb(), environment["INSTANCES_TABLE"].clone(), vault)
    };
    let instance = bed.stored("https://example.com/hook", |_| ()).await;
    bed.pass(40 * 86_400);
    let id = InstanceId::try_from(instance.id()).unwrap();
    let mut sealed = std::collections::BTreeSet::new();
    let stores: Vec<_> = (0..8).map(|_| store()).collect();
    let read = stores[0].get(id).await.unwrap().unwrap();
    futures_util::future::join_all(stores.iter().map(|store| store.change(read.clone()))).await;
    for (revision, store) in stores.iter().enumerate() {
        let mut read = store.get(id).await.unwrap().unwrap();
        read.name = revision.to_string();
        store.change(read).await.unwrap();
        let item = format!(
            "{:?}",
            item(&bed, &instance).await["secrets"].as_m().unwrap()["close"].as_m().unwrap()["key"]
        );
        sealed.insert(item);
    }
    assert_eq!(sealed.len(), 1);
}

#[tokio::test]
async fn the_embedded_kms_refuses_as_kms_does() {
    let bed = Bed::start().await;
    let kms = aws(&bed).kms();
    let key = bed.system().environment()["KMS_KEY_ID"].clone();
    let data_key = || kms.generate_data_key().key_spec(DataKeySpec::Aes256);
    let made = data_key().key_id(&key).encryption_context("a", "1").send().await.unwrap();
    let blob = made.ciphertext_blob.unwrap();
    let opened =
        kms.decrypt().ciphertext_blob(blob.clone()).encryption_context("a", "1").send().await.unwrap();
    assert_eq!((opened.plaintext, opened.key_id), (made.plaintext, Some(key)));
    let other = kms.decrypt().ciphertext_blob(blob).encryption_context("a", "2").send().await.unwrap_err();
    assert!(other.into_service_error().is_invalid_ciphertext_exception());
    let nobodys = data_key().key_id("none").send().await.unwrap_err();
    assert!(nobodys.into_service_error().is_not_found_exception());
}

#[tokio::test]
async fn a_new_signing_key_takes_over_in_a_day() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let key = "event.notification.signature.key";
    let instance = bed.provision(&receiver.url(), &[(key, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]).await;
    let path = format!("/instances/{}", instance.id());
    let mut signatures = Vec::new();
    for (number, wait) in [0, 60, 24 * 3600].into_iter().enumerate() {
        if number == 1 {
            let change = json!({"configuration": {key: "whsec_plJ3nmyCDGBKInavdOK15jsl2LRlPcAl"}});
            let answer = bed.call(Method::PATCH, &path, &change).await;
            assert_eq!(answer.status, 200, "{}", answer.message());
        }
        bed.pass(wait);
        let webhook = json!({"model": "lead", "event": "create", "data": {"id": format!("lead_{number}")}});
        instance.receives(webhook.to_string()).await;
        bed.drain().await;
        let callbacks = receiver.received();
        let header = callbacks.last().unwrap().header("webhook-signature").unwrap().to_owned();
        signatures.push(header.split(' ').count());
    }
    assert_eq!(signatures, [1, 2, 1]);
}
