//! The rules of a batch as a whole; what is wrong with one entry fails that entry alone.

use std::collections::BTreeSet;

use super::error::Error;
use super::limits;

/// The most entries that a batch has.
const ENTRIES: usize = 10;

/// Refuses a batch with no entries or too many, or with ids that are malformed or not distinct.
///
/// `shape` names an entry in the refusal of an empty batch.
pub(super) fn check<'a>(
    shape: &'static str,
    ids: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), Error> {
    match ids.len() {
        0 => return Err(Error::EmptyBatchRequest(shape)),
        1..=ENTRIES => {}
        more => return Err(Error::TooManyEntriesInBatchRequest(more)),
    }
    let mut seen = BTreeSet::new();
    for id in ids {
        if !is_id(id) {
            return Err(Error::InvalidBatchEntryId);
        }
        if !seen.insert(id) {
            return Err(Error::BatchEntryIdsNotDistinct(id.to_owned()));
        }
    }
    Ok(())
}

/// Refuses messages that are together larger than one message may be; `sizes` are their sizes in bytes.
pub(super) fn check_size(sizes: impl Iterator<Item = usize>) -> Result<(), Error> {
    match sizes.sum() {
        0..=limits::MAXIMUM_BYTES => Ok(()),
        more => Err(Error::BatchRequestTooLong(more)),
    }
}

fn is_id(id: &str) -> bool {
    (1..=80).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(ids: &[&str]) -> Result<(), Error> {
        check("Entry", ids.iter().copied())
    }

    #[test]
    fn a_batch_has_one_to_ten_entries() {
        let ids: Vec<String> = (0..11).map(|number| number.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(checked(&[]), Err(Error::EmptyBatchRequest("Entry")));
        assert_eq!(checked(&ids[..1]), Ok(()));
        assert_eq!(checked(&ids[..10]), Ok(()));
        assert_eq!(checked(&ids), Err(Error::TooManyEntriesInBatchRequest(11)));
    }

    #[test]
    fn ids_are_distinct_and_have_1_to_80_letters_digits_hyphens_and_underscores() {
        assert_eq!(checked(&["a", "b", "a"]), Err(Error::BatchEntryIdsNotDistinct("a".to_owned())));
        assert_eq!(checked(&[&"a-Z_9".repeat(16)]), Ok(()));
        for id in ["", "a:b", "ä", &"a".repeat(81)] {
            assert_eq!(checked(&[id]), Err(Error::InvalidBatchEntryId), "{id}");
        }
    }

    #[test]
    fn the_messages_of_a_batch_have_together_at_most_one_mebibyte() {
        assert_eq!(check_size([1_000_000, 48_576].into_iter()), Ok(()));
        assert_eq!(check_size([1_000_000, 48_577].into_iter()), Err(Error::BatchRequestTooLong(1_048_577)));
    }
}
