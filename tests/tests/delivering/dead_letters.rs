use shared::event_log::DeliveryStatus;
use tests::bed::Bed;
use tests::receiver::{Answer, Receiver};

use super::lead;

#[tokio::test]
async fn a_dead_letter_says_what_failed_and_why_and_can_be_driven_back() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.answer(vec![Answer::status(503); 3]);
    instance.receives(lead("lead_1", 0)).await;
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    let letters = bed.dead_letters();
    assert_eq!(letters.len(), 1);
    let attribute = |name: &str| format!("{:?}", letters[0].attributes[name].value);
    for (name, value) in [
        ("InstanceId", instance.id().to_string()),
        ("EventId", log[0].event_id.clone()),
        ("Attempts", "3".to_owned()),
        ("Reason", "the receiver answered 503".to_owned()),
    ] {
        assert!(attribute(name).contains(&value), "{name}: {}", attribute(name));
    }
    assert_eq!(letters[0].group_id.as_deref(), Some(&*instance.id().to_string()));

    bed.redrive().await;
    assert_eq!(bed.dead_letters().len(), 0);
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    assert_eq!(log[0].delivery_status, DeliveryStatus::Delivered);
    let rounds: Vec<_> = log[0].attempts.iter().map(|attempt| (attempt.round, attempt.attempt)).collect();
    assert_eq!(rounds, [(0, 1), (0, 2), (0, 3), (1, 1)]);
    let ids: Vec<_> =
        receiver.received().iter().map(|r| r.header("elements-webhook-id").unwrap().to_owned()).collect();
    assert_eq!(ids, vec![log[0].event_id.clone(); 4], "the id is the same in every round");
}
