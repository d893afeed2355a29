//! Functions that start with an invalid environment.

#![expect(clippy::unwrap_used, reason = "the programs under test end")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use local::template::{Function, Template};
use tests::tree;

/// Malformed values for the template's variables.
const MALFORMED: [(&str, &str); 8] = [
    ("CALLBACK_ALLOW_PRIVATE", "maybe"),
    ("CALLBACK_CONNECT_MILLIS", "5s"),
    ("CALLBACK_DEADLINE_MILLIS", "-1"),
    ("CALLBACK_DNS_SERVER", "10.0.0.2"),
    ("CLOSE_API_HOSTS", "https://api.close.com"),
    ("CORS_ALLOW_ORIGINS", "app.example.com"),
    ("EVENT_RETENTION_DAYS", "soon"),
    ("WEBHOOK_RATE_PER_INSTANCE", "many"),
];

fn functions() -> Vec<Function> {
    Template::read(&tests::bed::template(), "http://127.0.0.1:1", &BTreeMap::new()).unwrap().functions
}

/// The variables that Lambda and the template give a function.
fn environment(function: &Function) -> BTreeMap<String, String> {
    let lambdas = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
        // Nothing listens here, so a function that starts ends.
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"),
    ];
    let lambdas = lambdas.map(|(name, value)| (name.to_owned(), value.to_owned()));
    function.environment.clone().into_iter().chain(lambdas).collect()
}

/// Everything that a function wrote until it failed.
fn last_words(function: &str, environment: &BTreeMap<String, String>) -> String {
    let output = Command::new(tests::program::path(function)).env_clear().envs(environment).output().unwrap();
    assert!(!output.status.success(), "{function}");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("hush"), "{function}: {text}");
    text.into_owned()
}

/// The variables that a function does not start without.
fn required(function: &Function) -> BTreeSet<String> {
    let files = tree::sources(&format!("functions/{}/src", function.binary)).into_iter();
    let asked = |text: &str| {
        let names = text.split("required(\"").skip(1).filter_map(|rest| rest.split('"').next());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let lambdas = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(str::to_owned);
    files.flat_map(|file| asked(&file.text)).chain(lambdas).collect()
}

#[test]
fn a_variable_that_is_missing_is_named_in_one_line() {
    for function in functions() {
        let (whole, mut named) = (environment(&function), BTreeSet::new());
        assert!(!last_words(&function.binary, &whole).contains("cannot start"), "{}", function.binary);
        for name in whole.keys() {
            let mut environment = whole.clone();
            environment.remove(name);
            let text = last_words(&function.binary, &environment);
            if text.trim_end().ends_with(&format!("cannot start: environment variable {name} is not set")) {
                assert_eq!(text.lines().count(), 1, "{text}");
                named.insert(name.clone());
            }
        }
        // The console makes no calls.
        let required = if function.binary == "console" { BTreeSet::new() } else { required(&function) };
        assert_eq!(named, required, "{}", function.binary);
    }
}

#[test]
fn a_variable_that_is_malformed_is_named_in_one_line() {
    let mut tried = BTreeSet::new();
    for function in functions() {
        for (name, value) in MALFORMED {
            let mut environment = environment(&function);
            if environment.insert(name.to_owned(), value.to_owned()).is_some() {
                let text = last_words(&function.binary, &environment);
                let named = format!("cannot start: environment variable {name} is not usable: ");
                assert!(text.contains(&named) && text.lines().count() == 1, "{}: {text}", function.binary);
                tried.insert(name);
            }
        }
    }
    assert_eq!(tried.len(), MALFORMED.len(), "{tried:?}");
}
