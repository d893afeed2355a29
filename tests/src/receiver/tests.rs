use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::time::timeout;

use super::*;

const SOON: Duration = Duration::from_secs(5);

#[expect(clippy::disallowed_methods, reason = "the test plays the sender")]
async fn post(url: &str, body: &'static str) -> Result<Response<hyper::body::Incoming>, Error> {
    let request = Request::post(url).body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap();
    Client::builder(TokioExecutor::new()).build_http().request(request).await
}

async fn status(url: &str) -> StatusCode {
    post(url, "{}").await.unwrap().status()
}

#[tokio::test]
async fn a_request_is_kept_whole_and_answered_with_200() {
    let receiver = Receiver::start().await;
    let url = format!("{}hook?token=1", receiver.url());
    let response = post(&url, r#"{"a": 1.10}"#).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
    let requests = receiver.wait_for(1, SOON).await;
    assert_eq!((requests[0].path.as_str(), requests[0].query.as_deref()), ("/hook", Some("token=1")));
    assert_eq!(requests[0].body, r#"{"a": 1.10}"#);
    assert_eq!(requests[0].message(), json!({"a": 1.1}));
    assert_eq!(requests[0].header("content-length"), Some("11"));
}

#[tokio::test]
async fn answers_are_used_up_in_order_and_then_the_default_follows() {
    let receiver = Receiver::start().await;
    receiver
        .answer([Answer::status(503).with_header("retry-after", "7").with_body("busy"), Answer::status(410)]);
    receiver.otherwise(Answer::status(204));
    let first = post(&receiver.url(), "{}").await.unwrap();
    assert_eq!((first.status().as_u16(), &first.headers()["retry-after"]), (503, &"7".parse().unwrap()));
    assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), "busy");
    for expected in [410, 204, 204] {
        assert_eq!(status(&receiver.url()).await, expected);
    }
}

#[tokio::test]
async fn a_path_has_its_own_script_and_record() {
    let receiver = Receiver::start().await;
    let (a, b) = (receiver.at("/hook-a"), receiver.at("hook-b"));
    assert!(b.url().ends_with("/hook-b"));
    a.answer([Answer::status(500)]);
    receiver.answer([Answer::status(501)]);
    assert_eq!(status(a.url()).await, 500);
    assert_eq!(status(b.url()).await, 501);
    assert_eq!(status(a.url()).await, 200);
    a.otherwise(Answer::status(418));
    assert_eq!(status(a.url()).await, 418);
    assert_eq!(a.wait_for(3, SOON).await.len(), 3);
    assert_eq!(b.received()[0].index, 1);
    assert_eq!(receiver.count(), 4);
}

#[tokio::test]
async fn a_reset_closes_the_connection_after_the_request_was_kept() {
    let receiver = Receiver::start().await;
    receiver.answer([Answer::Reset, Answer::Reset.after(Duration::from_millis(20))]);
    assert!(post(&receiver.url(), "{}").await.is_err());
    assert!(post(&receiver.url(), "{}").await.is_err());
    assert_eq!(status(&receiver.url()).await, 200);
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn a_hanging_receiver_keeps_the_sender_waiting() {
    let receiver = Receiver::start().await;
    receiver.answer([Answer::Hang]);
    let (url, short) = (receiver.url(), Duration::from_millis(50));
    assert!(timeout(short, post(&url, "{}")).await.is_err());
    assert_eq!(receiver.wait_for(1, SOON).await.len(), 1);
    assert_eq!(status(&url).await, 200);
}

#[tokio::test]
async fn a_late_answer_is_late_and_its_decoration_is_kept() {
    let receiver = Receiver::start().await;
    let delay = Duration::from_millis(60);
    receiver.answer([Answer::status(202).after(delay).with_body("late")]);
    let asked = tokio::time::Instant::now();
    let response = post(&receiver.url(), "{}").await.unwrap();
    assert!(asked.elapsed() >= delay);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "late");
}

#[tokio::test]
async fn a_trickle_has_a_head_and_an_endless_body() {
    let receiver = Receiver::start().await;
    receiver.answer([Answer::Trickle(Duration::from_millis(5))]);
    let response = timeout(SOON, post(&receiver.url(), "{}")).await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    for _ in 0..3 {
        let frame = timeout(SOON, body.frame()).await.unwrap().unwrap().unwrap();
        assert!(!frame.into_data().unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_requests_are_all_received_and_answered_once() {
    let receiver = Receiver::start().await;
    receiver.answer((0..50).map(|_| Answer::status(503)));
    let senders: Vec<_> = (0..200)
        .map(|n| {
            let url = receiver.at(&format!("/hook-{}", n % 4)).url().to_owned();
            tokio::spawn(async move { status(&url).await })
        })
        .collect();
    let mut refused = 0;
    for sender in senders {
        refused += usize::from(sender.await.unwrap() == StatusCode::SERVICE_UNAVAILABLE);
    }
    let requests = receiver.wait_for(200, SOON).await;
    assert_eq!((refused, requests.len()), (50, 200));
    assert!(requests.iter().enumerate().all(|(place, request)| request.index == place));
    assert_eq!(receiver.at("/hook-3").received().len(), 50);
}

#[tokio::test]
async fn a_counting_receiver_keeps_the_number_only() {
    let receiver = Receiver::counting().await;
    assert_eq!(status(&receiver.url()).await, 200);
    assert_eq!(status(receiver.at("/other").url()).await, 200);
    assert!(receiver.wait_for(2, SOON).await.is_empty());
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
#[should_panic(expected = "/hook-a waited 20ms for 1 requests and got 0")]
async fn a_wait_that_fails_shows_what_was_received() {
    let receiver = Receiver::start().await;
    assert_eq!(status(&receiver.url()).await, 200);
    receiver.at("/hook-a").wait_for(1, Duration::from_millis(20)).await;
}

#[tokio::test]
async fn a_dropped_receiver_ends_its_connections() {
    let receiver = Receiver::start().await;
    receiver.answer([Answer::Hang]);
    let url = receiver.url();
    let waiting = tokio::spawn({
        let url = url.clone();
        async move { post(&url, "{}").await.is_err() }
    });
    receiver.wait_for(1, SOON).await;
    drop(receiver);
    assert!(timeout(SOON, waiting).await.unwrap().unwrap());
    assert!(post(&url, "{}").await.is_err());
}
