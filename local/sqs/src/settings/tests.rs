//! Ranges, defaults and redrive policies.

use super::*;

fn set(name: &str, value: &str) -> Result<Settings, Error> {
    Settings::default().with(&QueueAttributes::from([(name.to_owned(), value.to_owned())]))
}

#[test]
fn each_number_has_its_range() {
    for (name, least, most) in [
        ("DelaySeconds", 0, 900),
        ("MaximumMessageSize", 1_024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ] {
        for value in [least, most] {
            let settings = set(name, &value.to_string()).expect(name);
            assert_eq!(settings.to_attributes()[name], value.to_string());
        }
        for value in [(least - 1).to_string(), (most + 1).to_string(), "x".to_owned(), String::new()] {
            assert_eq!(set(name, &value), Err(Error::InvalidAttributeValue(name.to_owned())), "{value}");
        }
    }
}

#[test]
fn the_defaults_are_those_of_sqs() {
    let attributes = Settings::default().to_attributes();
    let expected = [
        ("DelaySeconds", "0"),
        ("MaximumMessageSize", "1048576"),
        ("MessageRetentionPeriod", "345600"),
        ("ReceiveMessageWaitTimeSeconds", "0"),
        ("SqsManagedSseEnabled", "true"),
        ("VisibilityTimeout", "30"),
    ];
    assert_eq!(attributes, expected.map(|(name, value)| (name, value.to_owned())).into());
}

#[test]
fn attributes_of_fifo_queues_and_read_only_ones_are_unknown() {
    for name in ["ContentBasedDeduplication", "QueueArn", "ApproximateNumberOfMessages", "Nonsense"] {
        assert_eq!(set(name, "1"), Err(Error::InvalidAttributeName(name.to_owned())));
    }
}

#[test]
fn settings_are_read_back_from_their_attributes() {
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":5}}"#, names::arn("dead"));
    let settings = Settings::default()
        .with(
            &[
                ("RedrivePolicy".to_owned(), policy.clone()),
                ("RedriveAllowPolicy".to_owned(), "{}".to_owned()),
            ]
            .into(),
        )
        .expect("the settings are valid");
    let attributes = settings.to_attributes();
    assert_eq!(attributes["RedrivePolicy"], policy);
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(Settings::default().with(&attributes), Ok(settings));
}

#[test]
fn an_invalid_redrive_policy_is_refused_with_its_reason() {
    let dead = names::arn("dead");
    for (policy, reason) in [
        ("nonsense".to_owned(), "expected ident"),
        (r#"{"maxReceiveCount":1}"#.to_owned(), "missing field `deadLetterTargetArn`"),
        (format!(r#"{{"deadLetterTargetArn":"{dead}"}}"#), "missing field `maxReceiveCount`"),
        (
            r#"{"deadLetterTargetArn":"dummy","maxReceiveCount":1}"#.to_owned(),
            "value for deadLetterTargetArn",
        ),
        (format!(r#"{{"deadLetterTargetArn":"{dead}","maxReceiveCount":0}}"#), "from 1 to 1000"),
        (format!(r#"{{"deadLetterTargetArn":"{dead}","maxReceiveCount":1001}}"#), "from 1 to 1000"),
    ] {
        match set("RedrivePolicy", &policy) {
            Err(Error::InvalidParameterValue(text)) => {
                assert!(text.starts_with(&format!("Value {policy} for parameter RedrivePolicy")), "{text}");
                assert!(text.contains(reason), "{text}");
            }
            other => panic!("{other:?}"),
        }
    }
}
