//! What the template needs from an account, and leaves in it.

use std::collections::BTreeMap;

use tests::tree;

use super::{consumers, document, seconds, template, template_with};

#[test]
fn secrets_are_opened_by_the_functions_alone() {
    let document = document();
    let statements = &document["Resources"]["SecretsKey"]["Properties"]["KeyPolicy"]["Statement"];
    let [administration, secrets] = statements.as_array().map(Vec::as_slice).unwrap_or_default() else {
        panic!("{statements}")
    };
    for action in administration["Action"].as_array().into_iter().flatten() {
        let action = action.as_str().unwrap_or_default();
        for use_of_it in
            ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant"]
        {
            let prefix = action.trim_end_matches('*');
            // Only those who may change the policy anyway can create a grant, and it is recorded.
            assert!(use_of_it == "kms:CreateGrant" || !use_of_it.starts_with(prefix), "{action}");
        }
    }
    let named = secrets["Condition"]["ArnLike"]["aws:PrincipalArn"]["Fn::Sub"].as_str().unwrap_or_default();
    let path = named.split_once(":role").map_or("", |(_, path)| path).trim_end_matches('*');
    let mut known = 0;
    for (name, resource) in document["Resources"].as_object().into_iter().flatten() {
        let has_path = resource["Properties"]["Path"]["Fn::Sub"] == path;
        assert!(!has_path || resource["Type"] == "AWS::IAM::Role", "{name}");
        known += usize::from(has_path);
        let uses = resource["Properties"]["Policies"].to_string().contains("kms:");
        assert_eq!(uses, has_path, "{name}: the key's policy names the roles that use it, and no others");
    }
    assert!(known > 0);
}

#[test]
fn the_scheduler_takes_the_role_for_schedules_of_this_account_only() {
    let document = document();
    let trust = &document["Resources"]["PollerScheduleRole"]["Properties"]["AssumeRolePolicyDocument"];
    let condition = &trust["Statement"][0]["Condition"]["StringEquals"];
    assert_eq!(condition["aws:SourceAccount"]["Ref"], "AWS::AccountId");
    let group = condition["aws:SourceArn"]["Fn::Sub"].as_str().unwrap_or_default();
    assert!(group.ends_with(":schedule-group/default"), "{group}");
    assert!(document["Resources"]["PollerFunction"].to_string().matches("GroupName").count() == 0);
}

#[test]
fn a_first_deployment_that_fails_leaves_nothing() {
    let document = document();
    let mut kept = 0;
    for (name, resource) in document["Resources"].as_object().into_iter().flatten() {
        let policy = resource["DeletionPolicy"].as_str().unwrap_or("Delete");
        assert!(["Delete", "RetainExceptOnCreate"].contains(&policy), "{name}: {policy}");
        kept += usize::from(policy == "RetainExceptOnCreate");
        let protected = &resource["Properties"]["DeletionProtectionEnabled"];
        assert!(protected.is_null() || protected["Fn::If"][0] == "IsProtected", "{name}");
    }
    assert_eq!(kept, 7);
    assert_eq!(document["Parameters"]["Protection"]["Default"], "false");
}

#[test]
fn names_can_be_used_again_at_once() {
    // A queue's name cannot be reused for a minute after its deletion, nor a table's while the old one is kept.
    let named =
        ["QueueName", "TableName", "FunctionName", "RoleName", "TopicName", "LogGroupName", "AliasName"];
    for (name, resource) in document()["Resources"].as_object().into_iter().flatten() {
        for property in named {
            let is_of_its_own = resource["Type"] != "AWS::Logs::MetricFilter";
            assert!(!is_of_its_own || resource["Properties"][property].is_null(), "{name} has a {property}");
        }
    }
}

#[test]
fn stored_data_is_never_replaced_by_an_empty_table() {
    let policy: serde_json::Value = tree::file("docs/stack-policy.json").text.parse().unwrap();
    let denied = &policy["Statement"][1];
    assert_eq!((&denied["Effect"], &denied["Action"]), (&"Deny".into(), &"Update:Replace".into()));
    let kinds = denied["Condition"]["StringEquals"]["ResourceType"].as_array().cloned().unwrap_or_default();
    for (name, resource) in document()["Resources"].as_object().into_iter().flatten() {
        let is_kept = resource["DeletionPolicy"] == "RetainExceptOnCreate";
        assert!(!is_kept || kinds.contains(&resource["Type"]), "{name}");
    }
    assert_eq!(policy["Statement"][0]["Effect"], "Allow");
}

#[test]
fn the_defaults_fit_an_account_that_is_new() {
    let document = document();
    let of = |name: &str| document["Parameters"][name]["Default"].as_u64().unwrap_or_default();
    let queues = ["Dispatcher", "Retry", "Poller"].map(|it| of(&format!("{it}MaximumConcurrency")));
    assert_eq!(of("ConcurrencyQuota"), 10);
    let schedules = template().functions.iter().map(|function| function.schedules.len() as u64).sum::<u64>();
    let left = of("ConcurrencyQuota").saturating_sub(queues.iter().sum::<u64>() + schedules);
    assert!(left >= 1, "with every queue and schedule at work there is a place for a webhook: {left}");
    assert_eq!(document["Parameters"]["ReserveConcurrency"]["Default"], "false", "AWS keeps 100 free");
}

#[test]
fn nothing_expires_while_it_may_still_be_repeated() {
    const DAYS_OF_CLOSE: u64 = 3;
    let document = document();
    let least = document["Parameters"]["EventRetentionDays"]["MinValue"].as_u64().unwrap_or_default();
    let template = template();
    let longest =
        consumers(&template).iter().map(|(queue, _)| seconds(queue, "MessageRetentionPeriod")).max();
    assert!(least >= DAYS_OF_CLOSE + longest.unwrap_or_default().div_ceil(86_400), "{least}");
}

#[test]
fn a_domain_name_is_the_only_address() {
    let document = document();
    let door = &document["Resources"]["Api"]["Properties"]["DisableExecuteApiEndpoint"]["Fn::If"];
    assert_eq!(door, &serde_json::json!(["HasDomain", true, false]));
    for domain in ["", "events.example.com"] {
        let parameters = BTreeMap::from([("DomainName".to_owned(), domain.to_owned())]);
        let functions = template_with(&parameters).functions;
        let instances = functions.iter().find(|function| function.binary == "instances");
        assert_eq!(instances.map(|it| it.environment["PUBLIC_HOST"].as_str()), Some(domain));
    }
}
