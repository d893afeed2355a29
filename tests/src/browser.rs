//! A real browser: Chromium without a window, driven by `WebDriver` as a person would use it.

#![expect(clippy::panic, reason = "a story whose browser does not answer cannot go on")]

mod driver;
mod page;

pub use page::Page;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::tree;
use driver::Driver;

/// The longest wait for something to be shown, on a machine under load.
const PATIENCE: Duration = Duration::from_secs(30);

/// The programs that these tests need.
const PROGRAMS: [(&str, &[&str]); 2] =
    [("Chromium", &["chromium", "google-chrome", "chromium-browser"]), ("chromedriver", &["chromedriver"])];

/// A browser with one tab and an empty profile.
pub struct Browser {
    session: String,
    client: Client,
    // Before the profile: what the browser has open is closed first.
    _driver: Driver,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one; `None`, with a message on standard error, if there is no Chromium.
    ///
    /// # Panics
    /// When Chromium is installed but does not start.
    pub async fn start() -> Option<Self> {
        let mut found = Vec::new();
        for (name, programs) in PROGRAMS {
            let Some(program) = programs.iter().find(|program| is_there(program)) else {
                skip(&format!("there is no {name}"));
                return None;
            };
            found.push(*program);
        }
        let driver = Driver::start(found[1]).await;
        let profile = tempfile::tempdir().unwrap_or_else(|error| panic!("a profile: {error}"));
        let client = Client::default();
        let answer =
            post(&client, &format!("{}/session", driver.url()), &capabilities(found[0], &profile)).await;
        let session = answer["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}"));
        let session = format!("{}/session/{session}", driver.url());
        Some(Self { session, client, _driver: driver, _profile: profile })
    }

    /// Opens an address as if it had been typed.
    pub async fn open(&self, url: &str) -> Page<'_> {
        // Otherwise, between pages of one address only the fragment would change.
        self.call("url", &json!({ "url": "about:blank" })).await;
        self.call("url", &json!({ "url": url })).await;
        Page::of(self)
    }

    /// Calls the driver about this session.
    pub(crate) async fn call(&self, what: &str, body: &Value) -> Value {
        post(&self.client, &format!("{}/{what}", self.session), body).await
    }

    /// Asks the driver about this session.
    pub(crate) async fn ask(&self, what: &str) -> Value {
        let url = format!("{}/{what}", self.session);
        let answer = self.client.send(Method::GET, &url, &[], "").await;
        answer.unwrap_or_else(|error| panic!("{url}: {error}")).json()["value"].clone()
    }

    /// Calls the browser's own protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.call("goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).await
    }
}

/// Prints a message past the test runner, which would capture it.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn skip(reason: &str) {
    say(&format!("skipped: {reason}"));
}

/// The accessibility checker that `.ci/run` installs; `None`, with a message, if it is missing.
#[must_use]
pub fn axe() -> Option<String> {
    let path = tree::root().join("target/tools/console/node_modules/axe-core/axe.min.js");
    let text = std::fs::read_to_string(path).ok();
    if text.is_none() {
        skip("axe-core is not in target/tools/console, where .ci/run installs it");
    }
    text
}

/// The directory for screenshots.
///
/// # Panics
/// When it cannot be created.
#[must_use]
pub fn pictures() -> PathBuf {
    let directory = tree::root().join("target/console");
    std::fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    directory
}

fn is_there(program: &str) -> bool {
    let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// The options of a browser that makes no calls of its own and logs requests and errors.
fn capabilities(chromium: &str, profile: &tempfile::TempDir) -> Value {
    let binary =
        ["/usr/bin", "/usr/local/bin", "/snap/bin"].map(|directory| format!("{directory}/{chromium}"));
    let binary = binary.into_iter().find(|path| std::path::Path::new(path).exists());
    let arguments = json!([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--lang=en-GB",
        format!("--user-data-dir={}", profile.path().display()),
    ]);
    let mut options = json!({ "args": arguments });
    if let Some(binary) = binary {
        options["binary"] = json!(binary);
    }
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "performance": "ALL", "browser": "ALL" },
    } } })
}

async fn post(client: &Client, url: &str, body: &Value) -> Value {
    let headers = [("content-type", "application/json")];
    let answer = client.send(Method::POST, url, &headers, body.to_string()).await;
    let answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
    let value = answer.json()["value"].clone();
    assert!(answer.status.is_success(), "{url}: {value}");
    value
}

/// Retries until there is an answer.
///
/// # Panics
/// If it does not appear.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, String>) -> T {
    let started = Instant::now();
    loop {
        match ask().await {
            Ok(found) => return found,
            Err(seen) if started.elapsed() > PATIENCE => panic!("{what}: not within {PATIENCE:?}; {seen}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
