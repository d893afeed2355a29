//! The local system from webhook to callback: events a second, and the CPU time of one with its engines.

use std::error::Error;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::Connection;
use crate::options::{Options, print};
use crate::receiver::{Pace, Receiver};
use crate::{aws, events, process};

const SENDERS: usize = 16;
const IDLE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(300);

/// Prints what it found.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let folder = options.path("target/benches/local");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let (local, ready) = start(&folder, options)?;
    let receiver = Receiver::start(Pace::of(0))?;
    let text = |key: &str| ready[key].as_str().map(str::to_owned).ok_or("the ready file has every key");
    let (url, authorization) = (text("url")?, text("authorization")?);
    let instances = aws::provision(&url, &authorization, &receiver.url, 1)?;
    let path = instances[0]["webhookUrl"].as_str().ok_or("an instance has a URL")?.replace(&url, "");
    let authority = url.trim_start_matches("http://");

    let before = process::total_cpu(local.0.id());
    thread::sleep(IDLE);
    let idle = process::total_cpu(local.0.id()).saturating_sub(before);
    print(&format!("idle: {:.1} % of a CPU", idle.as_secs_f64() / IDLE.as_secs_f64() * 100.0));

    send(authority, &path, 0..200)?;
    wait(&receiver, 200)?;
    let before = process::total_cpu(local.0.id());
    let began = Instant::now();
    send(authority, &path, 200..200 + options.events)?;
    let accepted = began.elapsed();
    wait(&receiver, 200 + options.events)?;
    let delivered = began.elapsed();
    // The outcome of the last one is written after its callback.
    thread::sleep(Duration::from_millis(500));
    let cpu = process::total_cpu(local.0.id()).saturating_sub(before);
    let events = f64::from(u32::try_from(options.events)?);
    print(&format!(
        "{events} events of 1 KB, {SENDERS} senders: {:.0} accepted and {:.0} delivered a second, {:.0} µs of CPU each, {} MiB",
        events / accepted.as_secs_f64(),
        events / delivered.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / events,
        process::peak_memory(local.0.id()) >> 20
    ));
    Ok(())
}

/// Ends with what holds it.
struct Local(Child);

impl Drop for Local {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &std::path::Path, options: &Options) -> Result<(Local, Value), Box<dyn Error>> {
    let file = folder.join("ready.json");
    let mut command = Command::new(options.program("local").canonicalize()?);
    command
        .current_dir(&options.root)
        .args(["--port", "0", "--data"])
        .arg(std::path::absolute(folder.join("data"))?);
    command.arg("--ready-file").arg(std::path::absolute(&file)?).stdout(Stdio::null());
    let local = Local(command.spawn()?);
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(ready) = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
            return Ok((local, ready));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Err("local is not ready".into())
}

fn send(authority: &str, path: &str, numbers: std::ops::Range<usize>) -> Result<(), Box<dyn Error>> {
    let next = AtomicUsize::new(numbers.start);
    let sender = || -> std::io::Result<()> {
        let mut connection = Connection::to(authority)?;
        let head = format!("POST {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/json\r\n");
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= numbers.end {
                return Ok(());
            }
            let answer = connection.ask(&head, events::webhook(number, 1024).as_bytes())?;
            if !answer.start.contains(" 200 ") {
                return Err(std::io::Error::other(answer.start));
            }
        }
    };
    thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(sender)).collect();
        let ended = senders
            .into_iter()
            .map(|sender| sender.join().map_err(|_| "a sender panicked")?.map_err(Into::into));
        ended.collect()
    })
}

fn wait(receiver: &Receiver, count: usize) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    while receiver.received() < count {
        if began.elapsed() > PATIENCE {
            return Err(format!("{} of {count} arrived", receiver.received()).into());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
