//! Where the system listens.

use std::net::Ipv4Addr;

use tokio::net::TcpListener;

use crate::failure::{Context as _, Failure};

/// The URLs of the servers, without a slash at the end.
pub(crate) struct Urls {
    pub(crate) api: String,
    pub(crate) dynamodb: String,
    pub(crate) sqs: String,
    pub(crate) kms: String,
}

pub(super) struct Listeners {
    pub(super) api: TcpListener,
    pub(super) dynamodb: TcpListener,
    pub(super) sqs: TcpListener,
    pub(super) kms: TcpListener,
}

/// Takes `port` for the HTTP API and the next three for DynamoDB, SQS and KMS, or free ones for 0.
pub(super) async fn bind(port: u16) -> Result<(Urls, Listeners), Failure> {
    let (api, api_url) = listen(port, 0).await?;
    let (dynamodb, dynamodb_url) = listen(port, 1).await?;
    let (sqs, sqs_url) = listen(port, 2).await?;
    let (kms, kms_url) = listen(port, 3).await?;
    let urls = Urls { api: api_url, dynamodb: dynamodb_url, sqs: sqs_url, kms: kms_url };
    Ok((urls, Listeners { api, dynamodb, sqs, kms }))
}

async fn listen(first: u16, offset: u16) -> Result<(TcpListener, String), Failure> {
    let port = if first == 0 { 0 } else { first.saturating_add(offset) };
    let unusable = format!("port {port} of 127.0.0.1 cannot be used");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context(&unusable)?;
    let url = format!("http://{}", listener.local_addr().context(&unusable)?);
    Ok((listener, url))
}
