//! The calls of an event to AWS, counted on the wire: the table behind the price of an event.
//!
//! Each row is one event, with warm functions and cached instances unless the row says otherwise. Lambda's own calls,
//! `ReceiveMessage` and `DeleteMessageBatch`, once per batch, are not in it.

use std::collections::BTreeMap;

use serde_json::json;
use tests::bed::{Bed, Instance};
use tests::fixtures;
use tests::metered::{Calls, Metered};
use tests::receiver::{Answer, Receiver};

const TABLE: &str = "\
| | webhook | dispatcher |
|---|---|---|
| an event, delivered | SendMessage | INSERT, UPDATE |
| one of ten in a batch | SendMessage | INSERT, UPDATE |
| the first of its instance in a minute | GetItem, SendMessage | 2 GetItem, INSERT, UPDATE |
| the same with a signature key, first of a process and month | GetItem, SendMessage | Decrypt, 2 GetItem, INSERT, UPDATE |
| one whose attempt fails | SendMessage | INSERT, SendMessage, UPDATE |
| its second attempt, delivered | | UPDATE, UpdateItem |
| a last attempt, to the dead letters, and the callback begins to fail | | PutItem, SendMessage, UPDATE, UpdateItem |
| the next event, delivered, and the callback is healthy again | SendMessage | DeleteItem, INSERT, UPDATE |
| a duplicate | SendMessage | INSERT, UpdateItem |
| one of 1 KB, half as long compressed | SendMessage | 2 INSERT, UPDATE |
| one of 8 KB, half as long compressed | SendMessage | 2 INSERT, UPDATE |
| one of 40 KB, half as long compressed | SendMessage | INSERT, PutItem, UPDATE |
| one of 1000 KB, half as long compressed | SendMessage | INSERT, 2 PutItem, UPDATE |
| one of 4000 KB, half as long compressed | 6 PutItem, SendMessage | INSERT, 3 Query, UPDATE |
| one whose callback is disabled | SendMessage | GetItem, INSERT, SendMessage, UPDATE |
";

/// A legacy webhook about a lead of its own, of this size.
fn webhook(lead: &str, bytes: usize) -> String {
    let data = json!({ "id": lead, "note": fixtures::noise(bytes) });
    json!({ "model": "lead", "event": "create", "data": data }).to_string()
}

/// A system whose functions are metered.
struct Scene {
    bed: Bed,
    receiver: Receiver,
    metered: Metered,
    table: String,
}

impl Scene {
    async fn set() -> Self {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let metered = Metered::on(&bed).await;
        let table = "| | webhook | dispatcher |\n|---|---|---|\n".to_owned();
        Self { bed, receiver, metered, table }
    }

    async fn dispatch(&self, queue: &str) -> Calls {
        let (calls, messages) = self.metered.dispatch(&self.bed, queue).await;
        assert_eq!(messages, 1);
        calls
    }

    async fn one(&self, instance: &Instance, webhook: String) -> (Calls, Calls) {
        (self.metered.receive(instance, webhook).await, self.dispatch(self.bed.queue_name()).await)
    }

    /// An instance of which every function has delivered an event just now.
    async fn known(&self, settings: &[(&str, &str)]) -> Instance {
        let instance = self.bed.provision(&self.receiver.url(), settings).await;
        self.one(&instance, webhook("known", 0)).await;
        instance
    }

    fn row(&mut self, what: &str, (receiving, dispatching): (Calls, Calls)) {
        let text = |calls: Calls| {
            let call =
                |(name, times): (String, usize)| if times == 1 { name } else { format!("{times} {name}") };
            let calls = calls.into_iter().map(call).collect::<Vec<_>>().join(", ");
            if calls.is_empty() { " ".to_owned() } else { format!(" {calls} ") }
        };
        self.table += &["| ", what, " |", &text(receiving), "|", &text(dispatching), "|\n"].concat();
    }
}

#[tokio::test]
async fn each_kind_of_event_asks_this_of_aws() {
    let mut scene = Scene::set().await;
    let plain = scene.known(&[]).await;
    let calls = scene.one(&plain, webhook("one", 0)).await;
    scene.row("an event, delivered", calls);
    let calls = ten(&scene, &plain).await;
    scene.row("one of ten in a batch", calls);

    let unknown = scene.bed.provision(&scene.receiver.url(), &[]).await;
    let calls = scene.one(&unknown, webhook("one", 0)).await;
    scene.row("the first of its instance in a minute", calls);
    let signed = [("event.notification.signature.key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    let signed = scene.bed.provision(&scene.receiver.url(), &signed).await;
    let calls = scene.one(&signed, webhook("one", 0)).await;
    scene.row("the same with a signature key, first of a process and month", calls);

    let twice = scene.known(&[("event.notification.retry.attempts", "2")]).await;
    scene.receiver.answer([Answer::status(500)]);
    let calls = scene.one(&twice, webhook("fails", 0)).await;
    scene.row("one whose attempt fails", calls);
    let calls = retry(&scene, &twice).await;
    scene.row("its second attempt, delivered", calls);
    let fails_twice = [Answer::status(500), Answer::status(200), Answer::status(500)];
    scene.receiver.answer(fails_twice);
    scene.one(&twice, webhook("fails twice", 0)).await;
    let calls = retry(&scene, &twice).await;
    scene.row("a last attempt, to the dead letters, and the callback begins to fail", calls);
    let calls = scene.one(&twice, webhook("arrives", 0)).await;
    scene.row("the next event, delivered, and the callback is healthy again", calls);

    let again = scene.known(&[]).await;
    let calls = scene.one(&again, webhook("known", 0)).await;
    scene.row("a duplicate", calls);
    for kilobytes in [1, 8, 40, 1000, 4000] {
        let calls = scene.one(&again, webhook(&format!("of {kilobytes}"), kilobytes * 1000)).await;
        scene.row(&format!("one of {kilobytes} KB, half as long compressed"), calls);
    }
    let waits = scene.known(&[("event.notification.circuit.minutes", "5")]).await;
    scene.receiver.answer([Answer::status(410)]);
    scene.one(&waits, webhook("gone", 0)).await;
    let calls = scene.one(&waits, webhook("fails", 0)).await;
    scene.row("one whose callback is disabled", calls);
    assert_eq!(scene.table, TABLE, "\n{}", scene.table);
}

/// Ten events in one batch: a tenth of their calls.
async fn ten(scene: &Scene, instance: &Instance) -> (Calls, Calls) {
    let mut receiving = Calls::new();
    for event in 0..10 {
        for (name, times) in scene.metered.receive(instance, webhook(&format!("ten {event}"), 0)).await {
            *receiving.entry(name).or_default() += times;
        }
    }
    let (dispatching, messages) = scene.metered.dispatch(&scene.bed, scene.bed.queue_name()).await;
    assert_eq!(messages, 10);
    let tenth = |calls: Calls| -> BTreeMap<_, _> {
        let tenth = calls.into_iter().map(|(name, times)| {
            assert_eq!(times % 10, 0, "{name}");
            (name, times / 10)
        });
        tenth.collect()
    };
    (tenth(receiving), tenth(dispatching))
}

/// The retry in five minutes, by functions that deliver another event a second before.
async fn retry(scene: &Scene, instance: &Instance) -> (Calls, Calls) {
    scene.bed.pass(299);
    scene.one(instance, webhook(&scene.bed.now().to_rfc3339(), 0)).await;
    scene.bed.pass(1);
    (Calls::new(), scene.dispatch(scene.bed.retry_queue_name()).await)
}
