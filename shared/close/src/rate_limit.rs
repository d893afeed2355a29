//! Close's rate limits, in every form seen (Close API, "Rate Limits").

use chrono::TimeDelta;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use serde_json::Value;

/// The wait after a 429 without any number.
const DEFAULT_WAIT: f64 = 5.0;
/// The longest wait: windows last seconds.
const LONGEST_WAIT: f64 = 3600.0;

/// What is left of the current window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests left.
    pub remaining: u32,
    /// Time until the next window.
    pub reset: TimeDelta,
}

impl RateLimit {
    /// Reads the `RateLimit` header: `limit=100, remaining=50, reset=5` as documented, with semicolons as sent;
    /// or the older `ratelimit-remaining` and `ratelimit-reset`.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let combined = text(headers, "ratelimit").and_then(|header| {
            let value = |name: &str| {
                let mut pairs = header.split([',', ';']).filter_map(|pair| pair.split_once('='));
                pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).and_then(|(_, it)| number(it))
            };
            Some((value("remaining")?, value("reset")?))
        });
        let apart = || {
            let value = |name| text(headers, name).and_then(number);
            Some((value("ratelimit-remaining")?, value("ratelimit-reset")?))
        };
        let (remaining, reset) = combined.or_else(apart)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of this kind saturates"
        )]
        Some(Self { remaining: remaining as u32, reset: seconds(reset) })
    }
}

/// How long to wait if an answer used up the limit.
pub fn exhausted(limit: Option<RateLimit>) -> Option<TimeDelta> {
    limit.filter(|limit| limit.remaining == 0).map(|limit| limit.reset)
}

/// How long a 429 asks to wait.
pub(super) fn wait(headers: &HeaderMap, body: &[u8]) -> TimeDelta {
    let header = |name: &str| text(headers, name).and_then(number);
    let combined = || RateLimit::read(headers).map(|it| it.reset);
    let later =
        || header("ratelimit-reset").or_else(|| header("x-rate-limit-reset")).or_else(|| in_body(body));
    let retry_after = headers.get(RETRY_AFTER).and_then(|it| it.to_str().ok()).and_then(number).map(seconds);
    // The longer of the two: one may be rounded down, or mean another window.
    let wait = retry_after.into_iter().chain(combined()).max();
    wait.unwrap_or_else(|| seconds(later().unwrap_or(DEFAULT_WAIT)))
}

/// `rate_reset`, in `error` or beside it, as a number or as text.
fn in_body(body: &[u8]) -> Option<f64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let reset = body["error"].get("rate_reset").or_else(|| body.get("rate_reset"))?;
    reset.as_f64().or_else(|| reset.as_str().and_then(number))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

/// Whole milliseconds, rounded up.
fn seconds(seconds: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "it is at most an hour")]
    TimeDelta::milliseconds((seconds.min(LONGEST_WAIT) * 1000.0).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn limit(remaining: u32, millis: i64) -> RateLimit {
        RateLimit { remaining, reset: TimeDelta::milliseconds(millis) }
    }

    #[test]
    fn both_spellings_and_the_older_headers_are_read() {
        let rows = [
            (headers(&[("RateLimit", "limit=100, remaining=50, reset=5")]), Some(limit(50, 5000))),
            (headers(&[("ratelimit", "limit=240; remaining=0; reset=0.25")]), Some(limit(0, 250))),
            (headers(&[("ratelimit", "reset=1,Remaining=7")]), Some(limit(7, 1000))),
            (headers(&[("ratelimit-remaining", "59"), ("ratelimit-reset", "1")]), Some(limit(59, 1000))),
            (headers(&[("ratelimit", "limit=100")]), None),
            (headers(&[("ratelimit", "remaining=-1; reset=nan")]), None),
            (headers(&[]), None),
        ];
        for (headers, expected) in rows {
            assert_eq!(RateLimit::read(&headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_429_states_its_wait_in_headers_or_body() {
        let old = r#"{"error":{"rate_reset":1,"message":"API call count exceeded for this 15 second window","rate_limit":600,"rate_window":15}}"#;
        let newer = r#"{"error":{"message":"API call count exceeded for this period","rate_reset":0.870663,"rate_limit":40,"rate_window":1,"rate_limit_type":"key"}}"#;
        let flat = r#"{"message":"API call count exceeded for this period","rate_endpoint_group":"ab","rate_limit":320,"rate_limit_type":"key","rate_reset":"0.595956","rate_window":8}"#;
        let rows = [
            (headers(&[("retry-after", "3"), ("ratelimit", "limit=1; remaining=0; reset=2.5")]), "", 3000),
            (headers(&[("ratelimit", "limit=1, remaining=0, reset=2.5")]), "", 2500),
            (headers(&[("ratelimit-reset", "4")]), "", 4000),
            (headers(&[("x-rate-limit-reset", "6")]), "", 6000),
            (headers(&[]), old, 1000),
            (headers(&[]), newer, 871),
            (headers(&[]), flat, 596),
            (headers(&[("retry-after", "1e300")]), "", 3_600_000),
            (headers(&[("retry-after", "soon")]), "{", 5000),
        ];
        for (headers, body, millis) in rows {
            assert_eq!(
                wait(&headers, body.as_bytes()),
                TimeDelta::milliseconds(millis),
                "{headers:?} {body}"
            );
        }
    }
}
