//! The protocol of the AWS clients: JSON 1.1 over HTTP, one action per request (AWS KMS API reference).

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::platform::random::{self, RandomError};
use sqs::{ACCOUNT, REGION};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::Kms;
use super::keys::Context;

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const KEY_BYTES: usize = 32;

/// An error in KMS's words: its type and its message.
struct Error(&'static str, String);

const INTERNAL: &str = "KMSInternalException";
const MALFORMED: &str = "SerializationException";

pub(super) async fn serve(
    kms: Kms,
    listener: TcpListener,
    layer: impl FnOnce(Router) -> Router,
) -> std::io::Result<()> {
    let routes = Router::new().route("/", post(answer)).fallback(post(answer));
    let routes = layer(routes.with_state(kms));
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    axum::serve(listener, routes).await
}

async fn answer(State(kms): State<Kms>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let outcome = match target.strip_prefix("TrentService.").unwrap_or(target) {
        "GenerateDataKey" => read(&body).and_then(|request| generate_data_key(&kms, &request)),
        "Decrypt" => read(&body).and_then(|request| decrypt(&kms, &request)),
        _ => Err(Error("UnknownOperationException", String::new())),
    };
    let mut response = match outcome {
        Ok(answer) => answer.to_string().into_response(),
        Err(Error(kind, message)) => {
            let is_ours = kind == INTERNAL;
            let status = if is_ours { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
            (status, json!({ "__type": kind, "message": message }).to_string()).into_response()
        }
    };
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    if let Ok(id) = HeaderValue::try_from(Uuid::new_v4().to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKey {
    key_id: String,
    key_spec: String,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt {
    key_id: Option<String>,
    ciphertext_blob: String,
    #[serde(default)]
    encryption_context: Context,
}

fn generate_data_key(kms: &Kms, request: &GenerateDataKey) -> Result<Value, Error> {
    if request.key_spec != "AES_256" {
        let message = format!("A key of {} is not served here", request.key_spec);
        return Err(Error("ValidationException", message));
    }
    let internal = |error: RandomError| Error(INTERNAL, error.to_string());
    let plaintext: [u8; KEY_BYTES] = random::array(&*kms.0.random).map_err(internal)?;
    let context = &request.encryption_context;
    let sealed = kms.0.keys.encrypt(name(&request.key_id), context, &plaintext, &*kms.0.random);
    let sealed = sealed.map_err(internal)?.ok_or_else(|| not_found(&request.key_id))?;
    Ok(json!({
        "CiphertextBlob": STANDARD.encode(sealed),
        "Plaintext": STANDARD.encode(plaintext),
        "KeyId": arn(&request.key_id),
    }))
}

fn decrypt(kms: &Kms, request: &Decrypt) -> Result<Value, Error> {
    let ciphertext = decode("CiphertextBlob", &request.ciphertext_blob)?;
    if let Some(id) = request.key_id.as_deref().filter(|id| !kms.0.keys.has(name(id))) {
        return Err(not_found(id));
    }
    let opened = kms.0.keys.decrypt(&request.encryption_context, &ciphertext);
    let opened = opened.ok_or_else(|| Error("InvalidCiphertextException", String::new()))?;
    Ok(json!({
        "KeyId": arn(&opened.key_id),
        "Plaintext": STANDARD.encode(opened.plaintext),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

/// A key is named by its id or by its ARN.
fn name(key_id: &str) -> &str {
    key_id.rsplit_once("key/").map_or(key_id, |(_, name)| name)
}

/// The ARN of the key with this id or ARN.
pub(crate) fn arn(key_id: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{}", name(key_id))
}

fn not_found(key_id: &str) -> Error {
    Error("NotFoundException", format!("Key '{key_id}' does not exist"))
}

fn decode(name: &str, text: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|_| Error(MALFORMED, format!("{name} is not base64")))
}

fn read<I: DeserializeOwned>(body: &[u8]) -> Result<I, Error> {
    serde_json::from_slice(body).map_err(|error| Error(MALFORMED, error.to_string()))
}
