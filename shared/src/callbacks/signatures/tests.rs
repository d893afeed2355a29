use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &str = r#"{"test": 2432232314}"#;
/// The answer that the specification of Standard Webhooks prints.
const KNOWN: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_614_265_330, 0).unwrap()
}

fn key(text: &str) -> SigningKey {
    SigningKey::parse(text).unwrap()
}

fn signatures(signing: &CallbackSigning) -> Vec<String> {
    let headers = signing.headers(ID, at(), BODY);
    let header = headers.iter().find(|(name, _)| *name == "webhook-signature");
    header.map(|(_, value)| value.split(' ').map(str::to_owned).collect()).unwrap_or_default()
}

#[test]
fn the_platforms_signature_has_the_known_answer() {
    let signing =
        CallbackSigning { current: Some(key("MySecretEventSignatureKey")), ..CallbackSigning::default() };
    let body = "<INSERT_EVENT_NOTIFICATION_RESPONSE_BODY>";
    let headers = signing.headers("id", DateTime::UNIX_EPOCH, body);
    let expected = "sha256=jHdbRx5EZAsOfTwAPJOGkNUzQMVVdu5VJlxcsk+G6jQ=".to_owned();
    assert_eq!(headers, [("elements-webhook-signature", expected)]);
}

#[test]
fn the_standard_webhooks_signature_has_the_known_answer() {
    let signing = CallbackSigning { current: Some(key(SECRET)), ..CallbackSigning::default() };
    let headers = signing.headers(ID, at(), BODY);
    assert_eq!(
        headers[1..],
        [
            ("webhook-id", ID.to_owned()),
            ("webhook-signature", KNOWN.to_owned()),
            ("webhook-timestamp", "1614265330".to_owned()),
        ]
    );
}

#[test]
fn both_keys_sign_while_receivers_change_over() {
    let newer = format!("whsec_{}", STANDARD.encode([7; 32]));
    let until = |seconds| Some(at() + chrono::TimeDelta::seconds(seconds));
    let signing = |previous_until| CallbackSigning {
        current: Some(key(&newer)),
        previous: Some(key(SECRET)),
        previous_until,
        ed25519: None,
    };
    for overlapping in [None, until(1)] {
        let signatures = signatures(&signing(overlapping));
        assert_eq!((signatures.len(), &*signatures[1]), (2, KNOWN), "{overlapping:?}");
        assert_ne!(signatures[0], KNOWN);
    }
    assert_eq!(signatures(&signing(until(0))).len(), 1);
    let platform = signing(None).headers(ID, at(), BODY);
    let alone = CallbackSigning { current: Some(key(&newer)), ..CallbackSigning::default() };
    assert_eq!(platform[0], alone.headers(ID, at(), BODY)[0], "the platform's header knows one key");
}

#[test]
fn an_ed25519_key_signs_beside_or_alone() {
    // RFC 8032, section 7.1, test 1: this seed has this public key.
    let seed = hex_bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = hex_bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let alone = format!("whsk_{}", STANDARD.encode(&seed));
    let pair = format!("whsk_{}", STANDARD.encode([seed, public.clone()].concat()));
    assert_eq!(Ed25519Key::parse(&alone), Ed25519Key::parse(&pair));
    let signing = CallbackSigning {
        current: Some(key(SECRET)),
        ed25519: Some(Ed25519Key::parse(&pair).unwrap()),
        ..CallbackSigning::default()
    };
    let signatures = signatures(&signing);
    assert_eq!(signatures[0], KNOWN);
    let signature = STANDARD.decode(signatures[1].strip_prefix("v1a,").unwrap()).unwrap();
    let signature = ed25519_dalek::Signature::from_slice(&signature).unwrap();
    let public = ed25519_dalek::VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
    let signed = format!("{ID}.1614265330.{BODY}");
    assert!(public.verify_strict(signed.as_bytes(), &signature).is_ok());
    assert!(public.verify_strict(signed.replace("1614265330", "1614265331").as_bytes(), &signature).is_err());

    let only = CallbackSigning { current: None, ..signing.clone() };
    assert_eq!(only.headers(ID, at(), BODY).len(), 3, "no header of the platform without its key");
    assert!(!format!("{signing:?}").contains("157"), "a key is not shown");
}

#[test]
fn an_invalid_ed25519_key_is_refused() {
    let mismatch = format!("whsk_{}", STANDARD.encode([1; 64]));
    let short = format!("whsk_{}", STANDARD.encode([1; 31]));
    for text in ["", "whsk_", "whsk_%", "whsec_AAAA", &mismatch, &short] {
        assert_eq!(Ed25519Key::parse(text), Err(NOT_AN_ED25519_KEY), "{text}");
    }
}

#[test]
fn an_invalid_key_is_refused() {
    let not_a_key = "is not a printable text of at most 128 characters";
    let rows = [
        ("k".repeat(129), not_a_key),
        ("a\u{7}".to_owned(), not_a_key),
        ("whsec_".to_owned(), NOT_A_STANDARD_SECRET),
        ("whsec_%".to_owned(), NOT_A_STANDARD_SECRET),
        (format!("whsec_{}", STANDARD.encode([1; 23])), NOT_A_STANDARD_SECRET),
        (format!("whsec_{}", STANDARD.encode([1; 65])), NOT_A_STANDARD_SECRET),
    ];
    for (text, error) in rows {
        assert_eq!(SigningKey::parse(&text), Err(error.to_owned()), "{text}");
    }
    assert!(SigningKey::parse(&"k".repeat(128)).is_ok());
}

fn hex_bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
