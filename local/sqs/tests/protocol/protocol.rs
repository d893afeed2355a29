//! What goes over the wire, byte by byte.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bed::Bed;

/// The answer to `body` as the request for `action`: its head in lower case, and its body.
async fn post(bed: &Bed, action: &str, body: &str) -> (String, String) {
    let address = bed.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.expect("the server listens");
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nX-Amz-Target: AmazonSQS.{action}\r\nConnection: close\r\n\
         Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.expect("it is sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("it is answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn a_refusal_has_a_type_a_message_and_the_code_of_the_query_protocol() {
    let bed = Bed::start().await;
    let (head, body) =
        post(&bed, "PurgeQueue", r#"{"QueueUrl":"http://localhost/000000000000/missing"}"#).await;
    assert!(head.starts_with("http/1.1 400"), "{head}");
    assert!(head.contains("content-type: application/x-amz-json-1.0"), "{head}");
    assert!(head.contains("x-amzn-query-error: aws.simplequeueservice.nonexistentqueue;sender"), "{head}");
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert_eq!(
        body,
        r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#
    );
}

#[tokio::test]
async fn an_action_that_is_not_served_is_refused() {
    let bed = Bed::start().await;
    let (head, body) = post(&bed, "CreateQueue", "{}").await;
    assert!(head.starts_with("http/1.1 400"), "{head}");
    assert!(body.contains("com.amazon.coral.service#UnknownOperationException"), "{body}");
}

#[tokio::test]
async fn a_malformed_request_is_refused() {
    let bed = Bed::start().await;
    for body in ["", "nonsense", "[]", r#"{"QueueUrl":5}"#] {
        let (head, answer) = post(&bed, "PurgeQueue", body).await;
        assert!(head.starts_with("http/1.1 400"), "{head}");
        assert!(answer.contains("#SerializationException"), "{answer}");
    }
    let (_, answer) = post(&bed, "SendMessage", r#"{"MessageBody":"body"}"#).await;
    assert!(answer.contains("The request must contain the parameter QueueUrl."), "{answer}");
}
