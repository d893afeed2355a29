use serde_json::json;
use tests::receiver::Answer;

use super::stage::{Stage, at};

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_counted_before_it_is_sent_and_followed_after() {
    let Some(stage) = Stage::set().await else { return };
    let instance = stage.provision("Range").await;
    stage.receiver.otherwise(Answer::status(500));
    for n in 0..5 {
        stage.receives_lead(&instance, &format!("lead_{n}")).await;
    }
    let page = stage.signed_in().await;
    page.view(&at(&instance, "/events?state=failed")).await;
    page.until("return document.querySelectorAll('tbody tr').length === 5").await;
    stage.receiver.otherwise(Answer::status(200));
    let before = stage.receiver.count();
    page.press("Redeliver a range").await;
    page.press("Count them").await;
    page.shows("5 events will be sent again").await;
    assert_eq!(stage.receiver.count(), before, "counting sends nothing");
    page.press("Redeliver 5 events").await;
    page.shows("Delivered 5, failed 0, in progress 0.").await;
    page.shows("Done").await;
    assert_eq!(stage.receiver.count(), before + 5);
    page.fill("Which", "dropped").await;
    page.press("Count them").await;
    page.shows("No event fits").await;
    assert_eq!(page.script("return document.querySelectorAll('progress').length", json!([])).await, 0);
    stage.end().await;
}
