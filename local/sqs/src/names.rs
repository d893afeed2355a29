//! Queue names, and the ARNs and URLs made of them.

use super::error::Error;

/// The account that owns every queue here.
pub const ACCOUNT: &str = "000000000000";

/// The region in which every queue here lies.
pub const REGION: &str = "us-east-1";

/// Refuses what cannot name a standard queue, FIFO names among it.
pub(super) fn check(name: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=80).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(Error::InvalidParameterValue(
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length".to_owned(),
    ))
}

pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// The queue that `arn` names, when it is one of this account and region.
pub(super) fn in_arn(arn: &str) -> Option<&str> {
    let name = arn.strip_prefix("arn:aws:sqs:")?.strip_prefix(REGION)?.strip_prefix(':')?;
    name.strip_prefix(ACCOUNT)?.strip_prefix(':').filter(|name| check(name).is_ok())
}

/// The URL of the queue `name` on the server at `base`.
pub(super) fn url(base: &str, name: &str) -> String {
    format!("{}/{ACCOUNT}/{name}", base.trim_end_matches('/'))
}

/// The queue that `url` names by its last two segments, account and name, whatever the host.
pub(super) fn in_url(url: &str) -> Result<&str, Error> {
    let mut segments = url.trim_end_matches('/').rsplit('/');
    let name = segments.next().unwrap_or_default();
    let account = segments.next().unwrap_or_default();
    if account.len() != ACCOUNT.len() || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::InvalidAddress(url.to_owned()));
    }
    if account == ACCOUNT { Ok(name) } else { Err(Error::QueueDoesNotExist) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_80_letters_digits_hyphens_and_underscores() {
        assert!(check("a").is_ok());
        assert!(check(&"a-Z_9".repeat(16)).is_ok());
        for refused in ["", "events.fifo", "ev ents", "ë", &"a".repeat(81)] {
            assert!(matches!(check(refused), Err(Error::InvalidParameterValue(_))), "{refused}");
        }
    }

    #[test]
    fn an_arn_names_a_queue_of_this_account_and_region_only() {
        assert_eq!(in_arn(&arn("events")), Some("events"));
        assert_eq!(in_arn("arn:aws:sqs:us-east-1:111111111111:events"), None);
        assert_eq!(in_arn("arn:aws:sqs:eu-west-1:000000000000:events"), None);
        assert_eq!(in_arn("dummy"), None);
    }

    #[test]
    fn a_url_names_its_queue_on_any_host_and_below_any_path() {
        assert_eq!(in_url(&url("http://127.0.0.1:9324/", "events")), Ok("events"));
        assert_eq!(in_url("https://sqs.us-east-1.amazonaws.com/000000000000/events"), Ok("events"));
        assert_eq!(in_url("http://localhost/queue/us-east-1/000000000000/events"), Ok("events"));
        assert_eq!(in_url("http://h/111111111111/events"), Err(Error::QueueDoesNotExist));
        assert_eq!(in_url("events"), Err(Error::InvalidAddress("events".to_owned())));
    }
}
