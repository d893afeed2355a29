//! What the functions write to their log. A file of its own, since a process has one log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tests::bed::Bed;
use tests::receiver::{Answer, Receiver};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_holds_a_secret_or_a_payload() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.finish());

    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let settings = [
        ("event.notification.signature.key", "hush-key"),
        ("event.notification.basic.username", "hush-user"),
        ("event.notification.basic.password", "hush-password"),
    ];
    let instance = bed.provision(&format!("{}?token=hush-query", receiver.url()), &settings).await;
    receiver.answer([Answer::status(500).with_body("hush-answer"), Answer::status(200)]);
    instance
        .receives(r#"{"model":"lead","event":"create","data":{"id":"lead_1","name":"hush-payload"}}"#)
        .await;
    bed.drain().await;
    assert_eq!(receiver.count(), 2);
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!lines.contains("hush"), "{lines}");
    let id = &bed.log(instance.id()).await[0].event_id;
    let of_dispatcher = lines.lines().filter(|line| line.contains("dispatcher") && line.contains(&**id));
    assert_eq!(of_dispatcher.count(), 2, "one line for each of two attempts: {lines}");
}
