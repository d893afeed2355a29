//! Recorded payloads, in `fixtures/`: shapes as Close sends them, values made up.

#![expect(clippy::panic, reason = "without fixtures there is nothing to test")]

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::events::id::hex;

/// The bytes of a fixture, such as `close/legacy.lead.create.json`.
///
/// # Panics
/// If it does not exist.
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

/// A legacy webhook of so many bytes about a lead with as many contacts as fit, whose ids, names, addresses and times look
/// like chance: about as compressible as Close's payloads.
///
/// # Panics
/// When not even a lead without contacts fits.
#[must_use]
pub fn lead(bytes: usize) -> String {
    let mut webhook: Value =
        serde_json::from_slice(&read("close/legacy.lead.create.json")).unwrap_or_default();
    let empty = webhook.to_string().len();
    let room = bytes.checked_sub(empty).unwrap_or_else(|| panic!("a lead takes {empty} bytes"));
    let contacts = || (0..).map(contact);
    let lengths = contacts().map(|contact| contact.to_string().len() + 1);
    let mut left = room;
    let fitting =
        lengths.take_while(|length| left.checked_sub(*length).inspect(|rest| left = *rest).is_some());
    let contacts: Vec<Value> = contacts().take(fitting.count()).collect();
    // The last one has no comma after it.
    left += usize::from(!contacts.is_empty());
    webhook["data"]["contacts"] = contacts.into();
    webhook["data"]["description"] = noise(left).into();
    webhook.to_string()
}

/// A contact as Close describes it.
fn contact(number: u32) -> Value {
    let hash = Sha256::digest(number.to_be_bytes());
    let (id, digits) = (STANDARD_NO_PAD.encode(hash), hex(&hash));
    let (name, mail) = (&digits[..12], &digits[12..24]);
    let time = format!("2026-06-19T{:02}:{:02}:37.{:03}000+00:00", hash[0] % 24, hash[1] % 60, hash[2]);
    json!({
        "id": format!("cont_{id}"),
        "name": name,
        "display_name": name,
        "title": "VP of Engineering",
        "emails": [{ "email": format!("{mail}@example.com"), "is_unsubscribed": false, "type": "office" }],
        "phones": [{ "country": "US", "phone": format!("+1{}", number + 415_555_000), "type": "office" }],
        "urls": [],
        "integration_links": [],
        "lead_id": "lead_E4f2YVTpIBCOvnWBxjbSg71WAuNYupBdTTE6BPo0O42",
        "organization_id": "orga_icUR7GBpFEJ9c217ZUEkMlDRig9segL9UCo0cWcAwHk",
        "created_by": "user_mwZ3u6LZbS2UgwuECMPlAL16pelyEUZ0s2dvAGq87LU",
        "updated_by": "user_mwZ3u6LZbS2UgwuECMPlAL16pelyEUZ0s2dvAGq87LU",
        "date_created": time,
        "date_updated": time,
        "timezone": "America/Los_Angeles",
        "timezone_source": "inferred_from_phone_number",
    })
}
