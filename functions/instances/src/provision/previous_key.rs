//! When a signing key is replaced, both keys sign for a day.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use shared::instances::{Configuration, key};

/// How long the previous key still signs, if the scheme has room for two signatures.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// Keeps the previous key when a change replaces it, and removes it when the key is removed. What a client sends
/// for these two settings has no effect.
pub(super) fn keep(before: &Configuration, after: &mut Configuration, now: DateTime<Utc>) {
    let old = before.get(key::SIGNATURE_KEY).map(str::to_owned);
    let kept = match (old, after.get(key::SIGNATURE_KEY)) {
        (Some(old), Some(new)) if old != new => {
            let until = (now + KEPT).to_rfc3339_opts(SecondsFormat::Secs, true);
            Some((old, until))
        }
        (Some(_), Some(_)) => {
            let of = |key: &str| before.get(key).map(str::to_owned);
            of(key::PREVIOUS_SIGNATURE_KEY).zip(of(key::PREVIOUS_SIGNATURE_UNTIL))
        }
        _ => None,
    };
    after.remove(key::PREVIOUS_SIGNATURE_KEY);
    after.remove(key::PREVIOUS_SIGNATURE_UNTIL);
    if let Some((previous, until)) = kept {
        after.set(key::PREVIOUS_SIGNATURE_KEY, Some(previous));
        after.set(key::PREVIOUS_SIGNATURE_UNTIL, Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(pairs: &[(&str, &str)]) -> Configuration {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect()
    }

    #[test]
    fn the_previous_key_is_kept_for_a_day_while_there_is_a_new_one() {
        let now = DateTime::UNIX_EPOCH;
        let before = configuration(&[(key::SIGNATURE_KEY, "old")]);
        let mut after =
            configuration(&[(key::SIGNATURE_KEY, "new"), (key::PREVIOUS_SIGNATURE_KEY, "forged")]);
        keep(&before, &mut after, now);
        assert_eq!(after.get(key::PREVIOUS_SIGNATURE_KEY), Some("old"));
        assert_eq!(after.get(key::PREVIOUS_SIGNATURE_UNTIL), Some("1970-01-02T00:00:00Z"));

        let mut unrelated = configuration(&[(key::SIGNATURE_KEY, "new")]);
        keep(&after, &mut unrelated, now + TimeDelta::hours(1));
        assert_eq!(unrelated, after, "another change does not prolong it");

        let mut without = configuration(&[]);
        keep(&after, &mut without, now);
        assert_eq!(without, configuration(&[]));
        let mut first = configuration(&[(key::SIGNATURE_KEY, "new")]);
        keep(&configuration(&[]), &mut first, now);
        assert_eq!(first.get(key::PREVIOUS_SIGNATURE_KEY), None);
    }
}
