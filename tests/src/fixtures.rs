//! Recorded payloads, in `fixtures/`: shapes as Close sends them, values made up.

#![expect(clippy::panic, reason = "without fixtures there is nothing to test")]

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use shared::events::id::hex;

/// The bytes of a fixture, such as `close/legacy.lead.create.json`.
///
/// # Panics
/// When there is none of this name.
#[must_use]
pub fn read(name: &str) -> Vec<u8> {
    let path = directory().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of Close's webhooks among them, `prefix` first: `close/legacy` or `close/webhook`.
///
/// # Panics
/// When the directory cannot be read.
#[must_use]
#[expect(clippy::expect_used, reason = "without fixtures there is nothing to test")]
pub fn named(prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(directory().join("close")).expect("the fixtures are in the tree");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> =
        names.map(|name| format!("close/{name}")).filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    names
}

/// The example of a polled instance, with values for its placeholders and the address of Close.
///
/// # Panics
/// When it is not UTF-8.
#[must_use]
#[expect(clippy::expect_used, reason = "without fixtures there is nothing to test")]
pub fn seed(callback_url: &str, close: &str) -> String {
    let seed = String::from_utf8(read("open-connectors/instance.polling.json")).expect("a seed in UTF-8");
    seed.replace("CALLBACK", callback_url).replace("CLOSE", close)
}

fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"))
}

/// Random-looking hexadecimal digits, which compression makes half as long.
#[must_use]
pub fn noise(digits: usize) -> String {
    let blocks = (0u32..).map(|number| hex(&Sha256::digest(number.to_be_bytes())));
    let mut noise = String::with_capacity(digits + 64);
    noise.extend(blocks.take(digits.div_ceil(64)));
    noise.truncate(digits);
    noise
}
