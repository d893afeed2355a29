//! The commands of the documents, run as printed, except for ports, directories and account numbers.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use shared::callbacks::signatures::SigningKey;
use tests::markdown::Document;
use tests::program::{self, Local};
use tests::receiver::Receiver;
use tests::tree;

/// Commands that a test here runs.
const RUN_HERE: [&str; 3] = ["AUTHORIZATION=", "WEBHOOK_URL=", "curl -s \"$WEBHOOK_URL\""];

/// Commands that steps of `.ci/run` contain or stand for, with the text there.
const RUN_BY_CI: [(&str, &str); 7] = [
    // It starts the program itself, which `cargo run` has built.
    ("cargo run -p local", ".ci/contract target/debug/local"),
    ("cargo run -p local -- --watch", ".ci/watch target/debug/local"),
    // Part of all tests.
    ("cargo test -p shared", "cargo test --workspace"),
    ("cargo test -p tests ingestion::", "cargo test --workspace"),
    ("cargo test -p tests crash_points::", "cargo test --workspace"),
    // For this machine's processor.
    ("cargo lambda build --release --arm64", "cargo lambda build --release"),
    (".ci/run", "set -euo pipefail"),
];

/// Commands that tests cannot run: they need an AWS account, an idle machine, or write a document.
const RUN_BY_NOBODY: [&str; 5] = [
    "aws ",
    "cargo bench -p tests",
    "cargo build --profile bench ",
    "target/release/benches ",
    "UPDATE_DOCS=1 ",
];

/// Pages, and the heading of a section, whose blocks `.ci/deploy` executes against an emulator that the stack is deployed into.
const RUN_BY_DEPLOY: [(&str, Option<&str>); 2] =
    [("docs/operations.md", None), ("README.md", Some("Deploying"))];

/// Checks for a real account; a shell only parses its blocks.
const FOR_AN_ACCOUNT: &str = "docs/first-hour.md";

/// The commands of a block, continued lines in one.
fn commands(code: &str) -> Vec<String> {
    code.replace("\\\n", "").lines().map(str::to_owned).collect()
}

#[test]
fn every_command_is_run_somewhere() {
    let ci = tree::file(".ci/run").text;
    for page in tree::pages() {
        for block in Document::read(&page).blocks().iter().filter(|block| block.language == "sh") {
            for command in commands(&block.code) {
                let here =
                    RUN_HERE.iter().any(|start| command.starts_with(start)) || page == "docs/callbacks.md";
                let by_deploy = page == FOR_AN_ACCOUNT
                    || ci.contains(".ci/deploy")
                        && RUN_BY_DEPLOY.iter().any(|(it, heading)| {
                            *it == page && heading.is_none_or(|heading| heading == block.heading)
                        });
                let by_nobody = RUN_BY_NOBODY.iter().any(|start| command.starts_with(start));
                let by_ci = ci.lines().any(|line| line == command);
                let for_ci = RUN_BY_CI.iter().any(|(it, text)| *it == command && ci.contains(text));
                assert!(here || by_ci || for_ci || by_deploy || by_nobody, "{page}: {command}");
            }
        }
    }
}

/// Runs a script as in a terminal, and returns its output.
fn run(script: &str, variables: &HashMap<String, String>) -> String {
    let output =
        Command::new("bash").args(["-euo", "pipefail", "-c", script]).envs(variables).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{script}\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// The blocks of README.md that show a first event, in a language.
fn session(language: &str) -> Vec<String> {
    let blocks = Document::read("README.md").blocks().into_iter();
    let blocks = blocks.filter(|block| block.heading == "The first event" && block.language == language);
    blocks.map(|block| block.code).collect()
}

/// Replaces values that differ in each run by one word.
fn without_what_varies(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if ["eventId", "instanceId", "instance_id", "date"].contains(&&**name) {
                    *value = json!("varies");
                }
                without_what_varies(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(without_what_varies),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn shape(text: &str) -> Value {
    let mut value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    without_what_varies(&mut value);
    value
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_session_of_the_readme_passes() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (local, receiver) = (Local::start(&data, &[]).await, Receiver::start().await);
    let [_, script] = &*session("sh") else { panic!("one block starts the system, one is the session") };
    let mut script = script.clone();
    for (printed, here) in [
        ("http://127.0.0.1:9000", local.ready("url")),
        ("http://127.0.0.1:8080/", receiver.url()),
        (".local/", format!("{}/", data.display())),
    ] {
        assert!(script.contains(printed), "{printed}");
        script = script.replace(printed, &here);
    }
    let answer = run(&script, &HashMap::new());
    let [answered, callback] = &*session("json") else {
        panic!("the session shows an answer and a callback")
    };
    assert_eq!(shape(&answer), shape(answered));
    let request = receiver.wait_for(1, Duration::from_secs(30)).await.remove(0);
    assert_eq!(shape(std::str::from_utf8(&request.body).unwrap()), shape(callback));
    let id: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(request.header("elements-webhook-id"), id["eventId"].as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_that_the_readme_makes_may_call() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let local = Local::start(&data, &[]).await;
    let file = std::fs::read_to_string(data.join("functions.env")).unwrap();
    let variables = file.lines().filter_map(|line| line.split_once('='));
    let mut variables: HashMap<String, String> =
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    variables.insert("TABLE".to_owned(), variables["CREDENTIALS_TABLE"].clone());
    let blocks = Document::read("README.md").blocks();
    let block = blocks.iter().find(|block| block.code.contains("cargo run -p accounts")).unwrap();
    let printed = "cargo run -p accounts -- --stack \"$stack\"";
    assert!(block.code.contains(printed), "{}", block.code);
    // There is no stack here whose outputs name the table.
    let made =
        block.code.replace(printed, &format!("{} --table \"$TABLE\"", program::path("accounts").display()));
    let header = run(&made, &variables);
    let header = header.trim();
    let url = format!("{}/elements/api-v2/instances", local.ready("url"));
    let script =
        |header: &str| format!("curl -s -o /dev/null -w '%{{http_code}}' {url} -H 'Authorization: {header}'");
    assert_eq!(run(&script(header), &HashMap::new()), "404", "it is known, and has no instances yet");
    assert_eq!(run(&script(&header.replace("User ", "User x")), &HashMap::new()), "401");
}

#[test]
fn the_first_hour_is_ten_checks_that_a_shell_reads() {
    let page = Document::read(FOR_AN_ACCOUNT);
    let text = page.text();
    assert_eq!(text.matches("\n## ").count(), 11, "ten checks, and what stood in");
    for part in ["**Should be seen**", "**If not**"] {
        assert_eq!(text.matches(part).count(), 10, "{part}");
    }
    for block in page.blocks().iter().filter(|block| block.language == "sh") {
        let read = Command::new("bash").args(["-n", "-c", &block.code]).output().unwrap();
        assert!(read.status.success(), "{}\n{}", block.code, String::from_utf8_lossy(&read.stderr));
        // GNU and BSD have different dates.
        assert!(!block.code.contains("date -"), "{}", block.code);
    }
}

#[test]
fn the_commands_for_an_account_need_no_gnu_date() {
    for page in ["README.md", "docs/operations.md"] {
        for block in Document::read(page).blocks().iter().filter(|block| block.language == "sh") {
            for gnu in ["date -d", "date -u -d", "sed -i", "readlink -f", "grep -P"] {
                assert!(!block.code.contains(gnu), "{page}: {gnu}");
            }
        }
    }
}

#[test]
fn the_key_that_the_document_makes_is_one() {
    let blocks = Document::read("docs/callbacks.md").blocks();
    let block = blocks.iter().find(|block| block.language == "sh").unwrap();
    let key = run(&block.code, &HashMap::new());
    assert!(key.starts_with("whsec_"));
    SigningKey::parse(key.trim()).unwrap();
}
