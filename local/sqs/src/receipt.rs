//! Receipt handles: opaque to clients, and one for each receive.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The queue from which the message was received, by its number.
    pub(super) queue: i64,
    /// The message, by its place in the storage.
    pub(super) message: i64,
    pub(super) nonce: [u8; 16],
}

impl Receipt {
    pub(super) fn handle(&self) -> String {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.queue.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.message.to_be_bytes());
        bytes[16..].copy_from_slice(&self.nonce);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What `handle` says, if it is one of the queue with the number `queue`.
    pub(super) fn parse(handle: &str, queue: i64) -> Result<Self, Error> {
        let receipt = Self::decode(handle).filter(|receipt| receipt.queue == queue);
        receipt.ok_or_else(|| Error::ReceiptHandleIsInvalid(handle.to_owned()))
    }

    fn decode(handle: &str) -> Option<Self> {
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(handle).ok()?.try_into().ok()?;
        let (queue, rest) = bytes.split_first_chunk()?;
        let (message, nonce) = rest.split_first_chunk()?;
        Some(Self {
            queue: i64::from_be_bytes(*queue),
            message: i64::from_be_bytes(*message),
            nonce: nonce.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_for_its_own_queue() {
        let receipt = Receipt { queue: 3, message: i64::MAX, nonce: [7; 16] };
        assert_eq!(Receipt::parse(&receipt.handle(), 3), Ok(receipt));
    }

    #[test]
    fn a_malformed_or_foreign_handle_is_invalid() {
        let foreign = Receipt { queue: 4, message: 1, nonce: [7; 16] }.handle();
        for handle in ["", "garbage", "****", &foreign[1..], &foreign] {
            assert_eq!(
                Receipt::parse(handle, 3),
                Err(Error::ReceiptHandleIsInvalid(handle.to_owned())),
                "{handle}"
            );
        }
    }
}
