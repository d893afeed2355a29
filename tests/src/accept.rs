//! The accept loop of every HTTP server here.

use std::error::Error;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Serves connections, each as a task of its own, until it is dropped, which ends them all. An error of `respond` resets
/// the connection.
pub(crate) async fn connections<R, F, B, E>(listener: TcpListener, respond: R)
where
    R: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(converse(stream, respond.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse<R, F, B, E>(stream: TcpStream, respond: R)
where
    R: Fn(Request<Incoming>) -> F,
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    // An answer is one small packet, so waiting for more to send only adds time; not having this does no harm.
    let _ = stream.set_nodelay(true);
    // An error here means that a client left early or an answer reset the connection: not a failure of the server.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(respond)).await;
}
