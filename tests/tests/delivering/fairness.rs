use std::time::Duration;

use tests::bed::Bed;
use tests::receiver::{Answer, Receiver};

use super::lead;

#[tokio::test]
async fn a_hanging_receiver_delays_no_other() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let (hangs, answers) = (receiver.at("hangs"), receiver.at("answers"));
    hangs.otherwise(Answer::Hang);
    let slow = bed.provision(hangs.url(), &[]).await;
    let quick = bed.provision(answers.url(), &[]).await;
    for event in 0..8 {
        slow.receives(lead("slow", event)).await;
    }
    quick.receives(lead("quick", 0)).await;
    quick.receives(lead("quick", 1)).await;
    tokio::select! {
        _ = bed.deliver() => panic!("the batch ended, so nobody hung"),
        arrived = answers.wait_for(2, Duration::from_secs(14)) => assert_eq!(arrived.len(), 2),
    }
    assert_eq!(hangs.received().len(), 5, "no more than five at a time go to one receiver");
}

/// How many events a batch holds.
const BATCH: usize = 10;

#[tokio::test]
async fn fresh_events_never_wait_behind_retries() {
    const RETRIES: u32 = 300;
    const FRESH: u32 = 10;
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(receiver.at("same").url(), &[]).await;
    let another = bed.provision(receiver.at("another").url(), &[]).await;
    receiver.answer(vec![Answer::status(500); 300]);
    for event in 0..RETRIES {
        instance.receives(lead("fails", event)).await;
    }
    bed.deliver().await;
    bed.pass(300);
    let due = bed.system().sqs().counts(bed.retry_queue_name()).unwrap().visible;
    assert_eq!(due, 300, "all of them at once");
    for event in 0..FRESH {
        instance.receives(lead("fresh", event)).await;
        another.receives(lead("fresh", event)).await;
    }
    let before = receiver.count();
    for _ in 0..20 / BATCH {
        bed.work_one_batch_each().await;
    }
    let since = &receiver.received()[before..];
    let is_fresh =
        |request: &&tests::receiver::Received| request.message()["message"]["raw"]["data"]["id"] == "fresh";
    let fresh = since.iter().filter(is_fresh).count();
    assert_eq!(
        (fresh, since.len() - fresh),
        (20, 20),
        "as many batches as hold the fresh, and as many of retries"
    );
    bed.drain().await;
    assert_eq!((receiver.count(), bed.dead_letters().len()), (300 + 320, 0));
}
