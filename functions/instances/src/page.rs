//! Pages of a list, and their headers.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::platform::api_error::ApiError;

use crate::query::Query;

/// The header with the token of the next page.
pub(crate) const NEXT: &str = "elements-next-page-token";
const RETURNED: &str = "elements-returned-count";
const TOTAL: &str = "elements-total-count";
/// The header for a problem with a successful answer.
pub(crate) const ERROR: HeaderName = HeaderName::from_static("elements-error");

/// A page that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page<P> {
    pub(crate) size: usize,
    /// Where to continue.
    pub(crate) after: Option<P>,
}

impl<P: DeserializeOwned> Page<P> {
    /// Reads `pageSize` (a larger one than `most` counts as `most`, as on the platform) and `nextPage`.
    pub(crate) fn of(query: &Query, usual: usize, most: usize) -> Result<Self, ApiError> {
        let size = match query.get("pageSize").map(str::parse::<usize>) {
            None => usual,
            Some(Ok(size)) if size > 0 => size.min(most),
            Some(_) => return Err(bad("pageSize is not a whole number from 1 on (for example 50).")),
        };
        let after = query.get("nextPage").map(|token| {
            let json = URL_SAFE_NO_PAD.decode(token).ok();
            json.and_then(|json| serde_json::from_slice(&json).ok())
                .ok_or_else(|| bad("nextPage is not a token of an Elements-Next-Page-Token header."))
        });
        Ok(Self { size, after: after.transpose()? })
    }
}

impl<P: Serialize> Page<P> {
    /// The headers of this page. The total is known if there is only one page.
    pub(crate) fn headers(&self, returned: usize, next: Option<&P>) -> HeaderMap {
        let total = (self.after.is_none() && next.is_none()).then_some(returned);
        headers(returned, next, total)
    }
}

/// The headers of a page: how many entries it has, how many the list has if known, and the token of the next page.
pub(crate) fn headers(returned: usize, next: Option<&impl Serialize>, total: Option<usize>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(RETURNED, returned.into());
    headers.extend(total.map(|total| (HeaderName::from_static(TOTAL), total.into())));
    let token = next.and_then(|next| serde_json::to_vec(next).ok());
    let token = token.and_then(|json| HeaderValue::try_from(URL_SAFE_NO_PAD.encode(json)).ok());
    headers.extend(token.map(|token| (HeaderName::from_static(NEXT), token)));
    headers
}

fn bad(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<Page<u64>, String> {
        let uri = format!("/?{query}").parse().unwrap();
        Page::of(&Query::of(&uri), 20, 100).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_token_continues_the_list_and_anything_else_is_refused() {
        assert_eq!(page(""), Ok(Page { size: 20, after: None }));
        assert_eq!(page("pageSize=1000"), Ok(Page { size: 100, after: None }));
        let headers = headers(3, Some(&77), None);
        assert_eq!(headers[RETURNED], "3");
        let token = headers[NEXT].to_str().unwrap();
        assert_eq!(page(&format!("nextPage={token}")), Ok(Page { size: 20, after: Some(77) }));
        for query in ["pageSize=0", "pageSize=-1", "pageSize=x", "nextPage=x", "nextPage=%00"] {
            assert!(page(query).is_err(), "{query}");
        }
    }
}
