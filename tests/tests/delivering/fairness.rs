use std::time::Duration;

use tests::bed::Bed;
use tests::receiver::{Answer, Receiver};

use super::lead;

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
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

#[tokio::test]
async fn an_event_that_was_never_tried_goes_before_those_that_have_failed() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.answer(vec![Answer::status(500); 9]);
    for event in 0..9 {
        instance.receives(lead("fails", event)).await;
    }
    bed.deliver().await;
    bed.pass(300);
    receiver.otherwise(Answer::Hang);
    instance.receives(lead("fresh", 0)).await;
    tokio::select! {
        _ = bed.deliver() => panic!("the batch ended, so nobody hung"),
        _ = receiver.wait_for(9 + 5, Duration::from_secs(14)) => {}
    }
    let second_round = &receiver.received()[9..];
    let fresh =
        |request: &tests::receiver::Received| request.message()["message"]["raw"]["data"]["id"] == "fresh";
    assert_eq!(second_round.iter().filter(|request| fresh(request)).count(), 1);
}
