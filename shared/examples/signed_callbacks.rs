//! Callbacks with their signatures, one JSON object a line, for a verifier that is not ours: `tests/verify_signatures`.
//!
//! Each line has the keys that a receiver would hold (`secrets`, `publicKey`), the `headers` and the `body`.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::callbacks::signatures::{CallbackSigning, Ed25519Key, SigningKey};
use shared::platform::clock::{Clock as _, SystemClock};
use shared::platform::random::{OsRandom, array};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret =
        || Ok::<_, Box<dyn std::error::Error>>(format!("whsec_{}", STANDARD.encode(array::<32>(&OsRandom)?)));
    let (old, new, seed) = (secret()?, secret()?, array::<32>(&OsRandom)?);
    let ed25519 = Some(Ed25519Key::parse(&format!("whsk_{}", STANDARD.encode(seed)))?);
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
    let public = format!("whpk_{}", STANDARD.encode(public.as_bytes()));
    let key = |text: &str| SigningKey::parse(text).map(Some);
    let one = CallbackSigning { current: key(&new)?, ..CallbackSigning::default() };
    let rotating = CallbackSigning { previous: key(&old)?, ..one.clone() };
    let all = CallbackSigning { ed25519, ..rotating.clone() };
    let rows: [(&CallbackSigning, Vec<&str>, Option<&str>); 3] = [
        (&one, vec![&*new], None),
        (&rotating, vec![&*new, &*old], None),
        (&all, vec![&*new, &*old], Some(&*public)),
    ];
    let mut output = std::io::stdout().lock();
    for (signing, secrets, public_key) in rows {
        for body in [r#"{"message":{"a":1.10}}"#, "{\"\u{e9}\": \"\\u00e9\u{1f980}\"}", "{}"] {
            let headers = signing.headers("35f34bd292d63df33bae77a17263770a", SystemClock.now(), body);
            let headers: serde_json::Map<_, _> =
                headers.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
            let line =
                json!({ "secrets": secrets, "publicKey": public_key, "headers": headers, "body": body });
            writeln!(output, "{line}")?;
        }
    }
    Ok(())
}
