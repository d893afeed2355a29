//! KMS, embedded: symmetric keys that wrap data keys, in the protocol of the AWS clients.
//!
//! It serves what the functions use: `GenerateDataKey` and `Decrypt`, with encryption context. A
//! ciphertext names its key, as on KMS, and can only be decrypted under the same context.

mod keys;
mod wire;

use std::io;
use std::sync::Arc;

use axum::Router;
use shared::platform::random::SharedRandom;
use tokio::net::TcpListener;

use crate::data::Data;
use crate::failure::{Context as _, Failure};
use keys::Keys;

pub(crate) use keys::key_id;
pub(crate) use wire::arn;

#[derive(Clone)]
pub(crate) struct Kms(Arc<Parts>);

struct Parts {
    keys: Keys,
    random: SharedRandom,
}

impl Kms {
    /// Opens the keys of these ids, and creates missing ones.
    pub(crate) fn open(data: &Data, ids: &[String], random: SharedRandom) -> Result<Self, Failure> {
        let keys = Keys::open(data.file("kms.json").as_deref(), ids, &*random).context("the KMS keys")?;
        Ok(Self(Arc::new(Parts { keys, random })))
    }

    /// Answers the clients of AWS that connect to `listener`, with `layer` around the routes.
    pub(crate) async fn serve_within(
        self,
        listener: TcpListener,
        layer: impl FnOnce(Router) -> Router,
    ) -> io::Result<()> {
        wire::serve(self, listener, layer).await
    }
}
