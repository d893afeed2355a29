//! As much of HTTP/1.1 as the benches speak, in threads: whole messages with a length, on connections that stay open.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A request or an answer.
pub(crate) struct Message {
    /// The request line or the status line.
    pub(crate) start: String,
    /// What it carries.
    pub(crate) body: Vec<u8>,
}

/// One end of a connection.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to `host:port`.
    pub(crate) fn to(authority: &str) -> io::Result<Self> {
        Self::over(TcpStream::connect(authority)?)
    }

    fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::with_capacity(64 * 1024, stream) })
    }

    /// The next message; `None` at the end of the connection.
    pub(crate) fn read(&mut self) -> io::Result<Option<Message>> {
        let mut start = String::new();
        if self.reader.read_line(&mut start)? == 0 {
            return Ok(None);
        }
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(io::Error::other("a message without a length"));
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        Ok(Some(Message { start: start.trim_end().to_owned(), body }))
    }

    /// Sends a message whose first lines are `head`, each ended.
    pub(crate) fn write(&mut self, head: &str, body: &[u8]) -> io::Result<()> {
        let head = format!("{head}content-length: {}\r\n\r\n", body.len());
        self.reader.get_mut().write_all(&[head.as_bytes(), body].concat())
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, head: &str, body: &[u8]) -> io::Result<Message> {
        self.write(head, body)?;
        self.read()?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// Gives each connection to `serve`, in a thread of its own; the port that it listens on.
pub(crate) fn listen(
    serve: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
) -> io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            thread::spawn(move || {
                // A peer that goes away ends its connection.
                let _ = stream.and_then(Connection::over).and_then(|mut connection| serve(&mut connection));
            });
        }
    });
    Ok(port)
}
