//! A server that sends given bytes, HTTP or not, and counts how many it sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;

/// The rest of an answer after its first bytes.
#[derive(Debug, Clone)]
enum Then {
    /// Nothing; the connection stays open.
    Silence,
    /// These bytes, again and again, one piece after each pause.
    Repeat(String, Duration),
    /// The connection is reset.
    Reset,
    /// The next request, up to so many on one connection.
    Next(usize),
}

/// What a hostile receiver does once it has read a request.
#[derive(Debug, Clone)]
pub struct Script {
    first: String,
    then: Then,
}

impl Script {
    /// Sends only this.
    #[must_use]
    pub fn send(first: &str) -> Self {
        Self { first: first.to_owned(), then: Then::Silence }
    }

    /// Sends this, then a piece every 50 ms.
    #[must_use]
    pub fn trickle(first: &str, piece: &str) -> Self {
        Self { first: first.to_owned(), then: Then::Repeat(piece.to_owned(), Duration::from_millis(50)) }
    }

    /// Sends this, then pieces as fast as possible.
    #[must_use]
    pub fn flood(first: &str, piece: &str) -> Self {
        Self { first: first.to_owned(), then: Then::Repeat(piece.to_owned(), Duration::ZERO) }
    }

    /// Sends this, then resets the connection.
    #[must_use]
    pub fn reset(first: &str) -> Self {
        Self { first: first.to_owned(), then: Then::Reset }
    }

    /// Answers with this, this many times per connection.
    #[must_use]
    pub fn keep_alive(first: &str, requests: usize) -> Self {
        Self { first: first.to_owned(), then: Then::Next(requests) }
    }
}

#[derive(Debug, Default)]
struct Record {
    connections: AtomicUsize,
    sent: AtomicUsize,
}

/// The server; it stops with the runtime.
#[derive(Debug)]
pub struct Hostile {
    url: String,
    record: Arc<Record>,
    request: watch::Receiver<String>,
    over: watch::Receiver<bool>,
}

impl Hostile {
    /// Starts on a free port of loopback.
    ///
    /// # Panics
    /// When there is none.
    #[expect(clippy::expect_used, reason = "without loopback there is nothing to test")]
    #[expect(clippy::unused_async, reason = "its server needs a runtime, which only an async caller has")]
    pub async fn start(script: Script) -> Self {
        // Small buffers, so that not much more is sent than read.
        let socket = TcpSocket::new_v4().expect("the process has a socket left");
        socket.set_send_buffer_size(16 * 1024).expect("a buffer may be small");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("loopback has a free port");
        let listener = socket.listen(128).expect("a bound socket can listen");
        let address = listener.local_addr().expect("a bound listener has an address");
        let url = format!("http://{address}/hook?a=b");
        let record = Arc::new(Record::default());
        let (seen, request) = watch::channel(String::new());
        let (ended, over) = watch::channel(false);
        let shared = record.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (script, record, seen, ended) =
                    (script.clone(), shared.clone(), seen.clone(), ended.clone());
                tokio::spawn(async move {
                    // The client closes when it has enough.
                    let _ = converse(stream, &script, &record, &seen).await;
                    ended.send_replace(true);
                });
            }
        });
        Self { url, record, request, over }
    }

    /// A URL of it.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The number of accepted connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.record.connections.load(Ordering::SeqCst)
    }

    /// The head of the last request.
    #[must_use]
    pub fn request(&self) -> String {
        self.request.borrow().clone()
    }

    /// The number of bytes sent, once it can no longer send.
    ///
    /// # Panics
    /// When it can still send.
    #[expect(clippy::expect_used, reason = "a client that reads on for so long has failed")]
    pub async fn sent(mut self) -> usize {
        let over = tokio::time::timeout(Duration::from_secs(20), self.over.wait_for(|over| *over));
        over.await.expect("the client has had enough by now").expect("the server still runs");
        self.record.sent.load(Ordering::SeqCst)
    }
}

async fn converse(
    mut stream: TcpStream,
    script: &Script,
    record: &Record,
    seen: &watch::Sender<String>,
) -> std::io::Result<()> {
    let mut served = 0;
    loop {
        seen.send_replace(read_request(&mut stream).await?);
        served += 1;
        stream.write_all(script.first.as_bytes()).await?;
        match &script.then {
            Then::Next(most) if served < *most => {}
            Then::Next(_) => return Ok(()),
            Then::Reset => {
                stream.set_zero_linger()?;
                // The data must arrive before the reset.
                tokio::time::sleep(Duration::from_millis(100)).await;
                return Ok(());
            }
            Then::Repeat(piece, pause) => loop {
                stream.write_all(piece.as_bytes()).await?;
                record.sent.fetch_add(piece.len(), Ordering::SeqCst);
                tokio::time::sleep(*pause).await;
            },
            Then::Silence => {
                stream.read_to_end(&mut Vec::new()).await?;
                return Ok(());
            }
        }
    }
}

/// A request with the body `{}`, or the beginning of something else.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n{}") && request.first().is_none_or(|byte| *byte == b'P') {
        if stream.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8_lossy(&request).into_owned())
}
