//! Hostile receivers: each costs at most one deadline and the cap of bytes, and the error says what it did.
//!
//! The deadline is short to keep the tests short; a guard far beyond it catches hangs.

use std::time::{Duration, Instant};

use dispatcher::{Answer, CallbackClient, ClientError, Limits, NameServers, Phase, Resolver, Unreachable};
use shared::callbacks::url::Reach;
use tests::hostile::{Hostile, Script};

use super::{limits, post, trusting_mozilla};

/// What the machine's buffers hold on loopback beyond what the client reads.
const BUFFERS: usize = 512 * 1024;

fn client() -> CallbackClient {
    let resolver = Resolver::new(NameServers::At("127.0.0.1:9".parse().unwrap())).unwrap();
    CallbackClient::new(trusting_mozilla(), Reach::Any, resolver, limits())
}

/// The result of a receiver's script, within one deadline and some time for a machine under load.
async fn answer(script: Script) -> (Result<Answer, ClientError>, Hostile) {
    let receiver = Hostile::start(script).await;
    let client = client();
    let began = Instant::now();
    let answer = tokio::time::timeout(Duration::from_secs(20), client.send(post(&receiver.url()))).await;
    let answer = answer.expect("it hangs beyond every deadline");
    let (took, deadline) = (began.elapsed(), limits().deadline);
    assert!(took < deadline + Duration::from_secs(2), "{took:?} for a deadline of {deadline:?}");
    (answer, receiver)
}

#[tokio::test]
async fn a_receiver_whose_headers_never_end_runs_into_the_deadline() {
    let (answer, _) = answer(Script::trickle("HTTP/1.1 200 OK\r\nX: ", "x")).await;
    assert_eq!(answer.unwrap_err(), ClientError::TimedOut(Phase::Waiting));
}

#[tokio::test]
async fn a_silent_receiver_runs_into_the_deadline() {
    let (answer, _) = answer(Script::send("")).await;
    assert_eq!(answer.unwrap_err(), ClientError::TimedOut(Phase::Waiting));
}

#[tokio::test]
async fn a_slow_body_costs_one_deadline_and_keeps_the_status() {
    let head = "HTTP/1.1 500 No\r\nContent-Length: 1000000\r\n\r\n";
    let (answer, _) = answer(Script::trickle(head, "x")).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 500);
    assert!(answer.excerpt.starts_with('x') && answer.excerpt.len() < 1024, "{}", answer.excerpt);
}

#[tokio::test]
async fn of_an_endless_body_only_the_cap_is_read() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (answer, receiver) =
        answer(Script::flood(head, &format!("1000\r\n{}\r\n", "y".repeat(0x1000)))).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status.as_u16(), answer.excerpt.len()), (200, 1024));
    assert!(receiver.sent().await < Limits::default().body + BUFFERS);
}

#[tokio::test]
async fn an_endless_chunk_header_counts_as_well() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;";
    let (answer, receiver) = answer(Script::flood(head, &"z".repeat(4096))).await;
    assert_eq!(answer.unwrap().excerpt, "");
    assert!(receiver.sent().await < Limits::default().body + BUFFERS);
}

#[tokio::test]
async fn a_gzip_bomb_stays_packed() {
    // The beginning of a stream that unpacks to endless zeros; the client never asked for compression.
    let bomb = "\u{1f}BOMB".repeat(20);
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{bomb}", bomb.len());
    let (answer, receiver) = answer(Script::send(&head)).await;
    let excerpt = answer.unwrap().excerpt;
    assert_eq!(excerpt.matches("BOMB").count(), 20, "what is kept is what arrived: {excerpt}");
    assert!(!receiver.request().to_lowercase().contains("accept-encoding"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let head = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 0\r\n\r\n";
    let (answer, receiver) = answer(Script::send(head)).await;
    assert_eq!(answer.unwrap().status, 302);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_reset_within_the_body_keeps_the_status() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf";
    let (answer, _) = answer(Script::reset(head)).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status.as_u16(), &*answer.excerpt), (200, "half"));
}

#[tokio::test]
async fn a_reset_before_the_answer_is_a_failure() {
    let (answer, _) = answer(Script::reset("HTTP/1.1 2")).await;
    assert!(matches!(answer, Err(ClientError::Unreachable(Unreachable::Answer(_)))), "{answer:?}");
}

#[tokio::test]
async fn interim_answers_without_end_run_into_the_cap() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(200);
    let (answer, receiver) = answer(Script::flood("", &hints)).await;
    assert!(matches!(answer, Err(ClientError::Unreachable(Unreachable::Answer(_)))), "{answer:?}");
    assert!(receiver.sent().await < Limits::default().body + BUFFERS);
}

#[tokio::test]
async fn slow_interim_answers_run_into_the_deadline() {
    let (answer, _) = answer(Script::trickle("", "HTTP/1.1 100 Continue\r\n\r\n")).await;
    assert_eq!(answer.unwrap_err(), ClientError::TimedOut(Phase::Waiting));
}

fn numbered(headers: u32) -> String {
    let lines: Vec<_> = (0..headers).map(|number| format!("X-{number}: 1\r\n")).collect();
    lines.concat()
}

#[tokio::test]
async fn headers_beyond_the_limits_fail_the_attempt() {
    let reason = "its headers are too many or too large".to_owned();
    let many = numbered(65);
    let large = format!("X: {}\r\n", "x".repeat(Limits::default().head));
    for headers in [many, large] {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 0\r\n\r\n");
        let (answer, _) = answer(Script::send(&head)).await;
        assert_eq!(answer.unwrap_err(), Unreachable::Answer(reason.clone()).into());
    }
    let fits = numbered(62);
    let head = format!("HTTP/1.1 200 OK\r\n{fits}Content-Length: 0\r\n\r\n");
    assert_eq!(answer(Script::send(&head)).await.0.unwrap().headers.len(), 63);
}

#[tokio::test]
async fn an_answer_that_is_not_http_fails_the_attempt() {
    for nonsense in ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/0.9 200 OK\r\n\r\n", "\0\0\0\0", "HTTP/1.1 99 \r\n\r\n"]
    {
        let (answer, _) = answer(Script::reset(nonsense)).await;
        assert!(
            matches!(answer, Err(ClientError::Unreachable(Unreachable::Answer(_)))),
            "{nonsense:?} {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_receiver_without_tls_runs_into_the_connect_time_out() {
    let receiver = Hostile::start(Script::send("")).await;
    let url = receiver.url().replace("http:", "https:");
    let answer = client().send(post(&url)).await;
    assert_eq!(answer.unwrap_err(), ClientError::TimedOut(Phase::Securing));
    let receiver = Hostile::start(Script::send("HTTP/1.1 400 plain\r\n\r\n")).await;
    let answer = client().send(post(&receiver.url().replace("http:", "https:"))).await;
    assert!(matches!(answer, Err(ClientError::Unreachable(Unreachable::Tls(_)))), "{answer:?}");
}

#[tokio::test]
async fn a_connection_is_reused_and_a_closed_one_replaced() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    let receiver = Hostile::start(Script::keep_alive(ok, 2)).await;
    let client = client();
    for connections in [1, 1, 2, 2, 3] {
        assert_eq!(client.send(post(&receiver.url())).await.unwrap().status, 200);
        assert_eq!(receiver.connections(), connections);
    }
}

#[test]
fn deployments_run_with_fifteen_seconds_of_which_five_to_connect() {
    let limits = Limits::default();
    assert_eq!((limits.deadline.as_secs(), limits.connect.as_secs()), (15, 5));
    assert_eq!((limits.body, limits.excerpt, limits.headers), (65536, 1024, 64));
    assert!(super::limits().deadline < limits.deadline);
}

/// Sends `times` callbacks to each receiver, all at once.
async fn send_together(client: &CallbackClient, receivers: &[Hostile], times: usize) {
    let urls: Vec<_> = receivers.iter().flat_map(|receiver| vec![receiver.url(); times]).collect();
    for answer in futures_util::future::join_all(urls.iter().map(|url| client.send(post(url)))).await {
        assert_eq!(answer.unwrap().status, 200);
    }
}

#[tokio::test]
async fn no_more_than_ten_idle_connections_to_one_place_are_kept() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    let receiver = [Hostile::start(Script::keep_alive(ok, 100)).await];
    let client = client();
    send_together(&client, &receiver, 15).await;
    assert_eq!(receiver[0].connections(), 15);
    send_together(&client, &receiver, 15).await;
    assert_eq!(receiver[0].connections(), 15 + 5, "ten of them served again");
}

#[tokio::test]
async fn no_more_than_64_idle_connections_are_kept_in_all() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    let mut receivers = Vec::new();
    for _ in 0..70 {
        receivers.push(Hostile::start(Script::keep_alive(ok, 100)).await);
    }
    let client = client();
    for round in 1..=2 {
        // Each round has another order, so that the evicted connection is not the next one needed.
        receivers.reverse();
        for receiver in &receivers {
            assert_eq!(client.send(post(&receiver.url())).await.unwrap().status, 200, "{round}");
        }
    }
    let connections: usize = receivers.iter().map(Hostile::connections).sum();
    assert_eq!(connections, 70 + 6, "64 of them served again");
}
