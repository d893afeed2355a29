//! A function under a Runtime API of its own: one process, one event after the other.

use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use shared::platform::clock::{Clock as _, SystemClock};
use shared::platform::settings::Variables;

use crate::http::{self, Connection};
use crate::process;

/// How long an event may take, as the function is told and as the benches wait.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running function.
pub(crate) struct Function {
    child: Child,
    /// From the start of the process until it asked for its first event.
    pub(crate) init: Duration,
    /// The CPU time of that.
    pub(crate) init_cpu: Duration,
    events: Sender<Vec<u8>>,
    answers: Receiver<Answer>,
}

struct Answer {
    took: Duration,
    fault: bool,
    body: Vec<u8>,
}

/// What the connections of a function share.
struct Api {
    events: Mutex<Receiver<Vec<u8>>>,
    answers: Mutex<Sender<Answer>>,
    asked: Mutex<Sender<Instant>>,
    given: Mutex<Instant>,
}

impl Function {
    /// Starts a program as Lambda would, and waits until it asks for its first event.
    pub(crate) fn start(mut command: Command, variables: &[(String, String)]) -> io::Result<Self> {
        let (events, to_give) = channel();
        let (answered, answers) = channel();
        let (asked, asks) = channel();
        let api = Arc::new(Api {
            events: Mutex::new(to_give),
            answers: Mutex::new(answered),
            asked: Mutex::new(asked),
            given: Mutex::new(Instant::now()),
        });
        let port = http::listen(move |connection| api.serve(connection))?;
        let own = Variables::of_process();
        command.env_clear().envs(own.text("PATH").map(|path| ("PATH", path))).envs(variables.iter().cloned());
        command.env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{port}"));
        for (name, value) in [("NAME", "f"), ("VERSION", "1"), ("MEMORY_SIZE", "256")] {
            command.env(format!("AWS_LAMBDA_FUNCTION_{name}"), value);
        }
        // As the template has it.
        command.env("AWS_LAMBDA_LOG_FORMAT", "JSON").stdout(Stdio::null());
        let began = Instant::now();
        let child = command.spawn()?;
        let asked = asks.recv_timeout(TIMEOUT).map_err(io::Error::other)?;
        let init_cpu = process::cpu(child.id());
        Ok(Self { child, init: asked - began, init_cpu, events, answers })
    }

    /// Gives it an event; its answer, and the time from the one to the other.
    pub(crate) fn call(&self, event: &str) -> io::Result<(Duration, String)> {
        self.events.send(event.as_bytes().to_vec()).map_err(io::Error::other)?;
        let Answer { took, fault, body } = self.answers.recv_timeout(TIMEOUT).map_err(io::Error::other)?;
        let body = String::from_utf8(body).map_err(io::Error::other)?;
        if fault { Err(io::Error::other(body)) } else { Ok((took, body)) }
    }

    /// Its CPU time so far.
    pub(crate) fn cpu(&self) -> Duration {
        process::cpu(self.child.id())
    }

    /// The most memory that it had at once, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        process::peak_memory(self.child.id())
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Api {
    fn serve(&self, connection: &mut Connection) -> io::Result<()> {
        while let Some(request) = connection.read()? {
            let now = Instant::now();
            if request.start.starts_with("GET") {
                let _ = lock(&self.asked).send(now);
                let Ok(event) = lock(&self.events).recv() else { return Ok(()) };
                let deadline = SystemClock.now() + TimeDelta::seconds(60);
                *lock(&self.given) = Instant::now();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
                     lambda-runtime-deadline-ms: {}\r\nlambda-runtime-trace-id: Root=1-5759e988-bd862e3fe1be46a994272793\r\n\
                     lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:f\r\n\
                     content-type: application/json\r\n",
                    deadline.timestamp_millis()
                );
                connection.write(&head, &event)?;
            } else {
                let fault = !request.start.contains("/response ");
                let took = now - *lock(&self.given);
                connection.write("HTTP/1.1 202 Accepted\r\n", b"")?;
                let _ = lock(&self.answers).send(Answer { took, fault, body: request.body });
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
