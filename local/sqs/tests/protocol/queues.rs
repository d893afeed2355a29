//! Queues and their attributes.

use aws_sdk_sqs::operation::create_queue::CreateQueueError;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use aws_sdk_sqs::operation::purge_queue::PurgeQueueError;
use aws_sdk_sqs::types::QueueAttributeName as Name;

use crate::bed::{Bed, code};

#[tokio::test]
async fn a_queue_has_a_url_an_arn_and_the_attributes_of_sqs() {
    let bed = Bed::start().await;
    let url =
        bed.queue("events", [(Name::VisibilityTimeout, "180"), (Name::MaximumMessageSize, "262144")]).await;
    assert_eq!(url, format!("{}/000000000000/events", bed.url));
    let found = bed.client.get_queue_url().queue_name("events").send().await.expect("it exists");
    assert_eq!(found.queue_url.as_ref(), Some(&url));

    for body in ["visible", "in flight"] {
        bed.send(&url, body).await;
    }
    let delayed = bed.client.send_message().queue_url(&url).message_body("delayed").delay_seconds(900);
    delayed.send().await.expect("it is sent");
    bed.client.receive_message().queue_url(&url).send().await.expect("it is received");
    let answer = bed.client.get_queue_attributes().queue_url(&url).attribute_names(Name::All).send().await;
    let attributes = answer.expect("the queue exists").attributes.expect("it has attributes");
    for (name, value) in [
        (Name::VisibilityTimeout, "180"),
        (Name::MaximumMessageSize, "262144"),
        (Name::MessageRetentionPeriod, "345600"),
        (Name::DelaySeconds, "0"),
        (Name::ReceiveMessageWaitTimeSeconds, "0"),
        (Name::SqsManagedSseEnabled, "true"),
        (Name::QueueArn, "arn:aws:sqs:us-east-1:000000000000:events"),
        (Name::CreatedTimestamp, "1767225600"),
        (Name::LastModifiedTimestamp, "1767225600"),
        (Name::ApproximateNumberOfMessages, "1"),
        (Name::ApproximateNumberOfMessagesDelayed, "1"),
        (Name::ApproximateNumberOfMessagesNotVisible, "1"),
    ] {
        assert_eq!(attributes.get(&name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(attributes.len(), 12);
}

#[tokio::test]
async fn creating_an_equal_queue_changes_nothing_and_a_different_one_is_refused() {
    let bed = Bed::start().await;
    let url = bed.queue("events", [(Name::DelaySeconds, "5")]).await;
    bed.send(&url, "body").await;
    assert_eq!(bed.queue("events", [(Name::DelaySeconds, "5")]).await, url);
    assert_eq!(bed.queue("events", [(Name::VisibilityTimeout, "30")]).await, url);
    assert_eq!(bed.counts("events"), (0, 1, 0));
    let other =
        bed.client.create_queue().queue_name("events").attributes(Name::DelaySeconds, "6").send().await;
    let error = other.expect_err("it is refused").into_service_error();
    assert!(matches!(&error, CreateQueueError::QueueNameExists(_)), "{error:?}");
    assert!(format!("{error:?}").contains("a different value for attribute DelaySeconds"));
}

#[tokio::test]
async fn fifo_queues_are_refused() {
    let bed = Bed::start().await;
    let create = |name: &str| bed.client.create_queue().queue_name(name);
    assert_eq!(code(create("events.fifo").send().await), "InvalidParameterValue");
    let fifo = create("events").attributes(Name::FifoQueue, "true").send().await;
    assert_eq!(code(fifo), "InvalidParameterValue");
    let fifo = create("events.fifo").attributes(Name::FifoQueue, "true").send().await;
    let error = fifo.expect_err("it is refused").into_service_error();
    assert!(matches!(error, CreateQueueError::UnsupportedOperation(_)), "{error:?}");
    let fifo = create("events").attributes(Name::ContentBasedDeduplication, "true").send().await;
    assert!(matches!(
        fifo.expect_err("it is refused").into_service_error(),
        CreateQueueError::InvalidAttributeName(_)
    ));
}

#[tokio::test]
async fn attributes_are_set_within_their_ranges_and_the_other_ones_stay() {
    let bed = Bed::start().await;
    let url = bed.queue("events", [(Name::DelaySeconds, "5")]).await;
    let set = |name, value: &str| bed.client.set_queue_attributes().queue_url(&url).attributes(name, value);
    bed.wait(60);
    set(Name::VisibilityTimeout, "60").send().await.expect("it is set");
    assert_eq!(code(set(Name::VisibilityTimeout, "43201").send().await), "InvalidAttributeValue");
    let asked = bed.client.get_queue_attributes().queue_url(&url);
    let asked = asked.attribute_names(Name::VisibilityTimeout).attribute_names(Name::DelaySeconds);
    let answer = asked.attribute_names(Name::LastModifiedTimestamp).send().await.expect("the queue exists");
    let attributes = answer.attributes.expect("it has attributes");
    assert_eq!(attributes[&Name::VisibilityTimeout], "60");
    assert_eq!(attributes[&Name::DelaySeconds], "5");
    assert_eq!(attributes[&Name::LastModifiedTimestamp], "1767225660");
    let unknown = bed.client.get_queue_attributes().queue_url(&url).attribute_names("Nonsense".into());
    assert_eq!(code(unknown.send().await), "InvalidAttributeName");
}

#[tokio::test]
async fn a_missing_queue_is_the_sdks_own_error() {
    let bed = Bed::start().await;
    let error = bed.client.get_queue_url().queue_name("missing").send().await.expect_err("it does not exist");
    assert!(matches!(error.into_service_error(), GetQueueUrlError::QueueDoesNotExist(_)));
    let url = format!("{}/000000000000/missing", bed.url);
    let receive = bed.client.receive_message().queue_url(&url).send().await;
    assert!(receive.expect_err("it does not exist").into_service_error().is_queue_does_not_exist());
    let send = bed.client.send_message().queue_url(&url).message_body("body").send().await;
    assert!(send.expect_err("it does not exist").into_service_error().is_queue_does_not_exist());
    let delete = bed.client.delete_message().queue_url(&url).receipt_handle("x").send().await;
    assert!(delete.expect_err("it does not exist").into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn a_queue_is_known_by_a_url_of_any_host() {
    let bed = Bed::start().await;
    bed.queue("events", []).await;
    bed.send("https://sqs.us-east-1.amazonaws.com/000000000000/events", "body").await;
    assert_eq!(bed.counts("events"), (1, 0, 0));
    let send = bed.client.send_message().queue_url("events").message_body("body").send().await;
    assert_eq!(code(send), "InvalidAddress");
}

#[tokio::test]
async fn queues_are_listed_by_prefix_and_page_by_page() {
    let bed = Bed::start().await;
    let mut urls = Vec::new();
    for name in ["a-1", "a-2", "a-3", "b-1"] {
        urls.push(bed.queue(name, []).await);
    }
    let all = bed.client.list_queues().send().await.expect("they are listed");
    assert_eq!(all.queue_urls(), &urls[..]);
    let page = || bed.client.list_queues().queue_name_prefix("a-").max_results(2);
    let first = page().send().await.expect("they are listed");
    assert_eq!(first.queue_urls(), &urls[..2]);
    let second = page().set_next_token(first.next_token).send().await.expect("they are listed");
    assert_eq!((second.queue_urls(), second.next_token.as_ref()), (&urls[2..3], None));
    let none = bed.client.list_queues().queue_name_prefix("c").send().await.expect("none are listed");
    assert!(none.queue_urls.is_none());
}

#[tokio::test]
async fn a_deleted_queue_is_gone_and_its_name_rests_for_a_minute() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []).await;
    bed.send(&url, "body").await;
    bed.client.delete_queue().queue_url(&url).send().await.expect("it is deleted");
    let send = bed.client.send_message().queue_url(&url).message_body("body").send().await;
    assert_eq!(code(send), "AWS.SimpleQueueService.NonExistentQueue");
    bed.wait(59);
    let again = bed.client.create_queue().queue_name("events").send().await;
    let error = again.expect_err("it was deleted recently").into_service_error();
    assert!(matches!(error, CreateQueueError::QueueDeletedRecently(_)), "{error:?}");
    bed.wait(1);
    bed.queue("events", []).await;
    assert_eq!(bed.counts("events"), (0, 0, 0));
}

#[tokio::test]
async fn a_purge_deletes_every_message_once_a_minute() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []).await;
    bed.send(&url, "in flight").await;
    bed.receive(&url).await;
    bed.send(&url, "visible").await;
    let purge = || bed.client.purge_queue().queue_url(&url).send();
    purge().await.expect("it is purged");
    assert_eq!(bed.counts("events"), (0, 0, 0));
    bed.wait(59);
    let error = purge().await.expect_err("it was purged recently").into_service_error();
    assert!(matches!(error, PurgeQueueError::PurgeQueueInProgress(_)), "{error:?}");
    bed.wait(1);
    purge().await.expect("it is purged");
}

#[tokio::test]
async fn tags_are_kept() {
    let bed = Bed::start().await;
    let made = bed.client.create_queue().queue_name("events").tags("owner", "relay").send().await;
    let url = made.expect("it is made").queue_url.expect("it has a URL");
    bed.client.tag_queue().queue_url(&url).tags("stage", "test").send().await.expect("it is tagged");
    bed.client.untag_queue().queue_url(&url).tag_keys("owner").send().await.expect("it is untagged");
    let tags = bed.client.list_queue_tags().queue_url(&url).send().await.expect("the queue exists").tags;
    assert_eq!(tags, Some([("stage".to_owned(), "test".to_owned())].into()));
}
