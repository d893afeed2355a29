use tests::storm::Storm;

/// The bench runs the same with ten thousand events.
#[tokio::test]
async fn thirty_percent_of_failures_lose_no_event() {
    let outcome = Storm { events: 200, failures_in_a_hundred: 30 }.run().await;
    outcome.check();
    assert!(outcome.delivered > 150 && outcome.dead_lettered > 0, "{outcome:?}");
}
