//! `GET /instances`: the instances of the caller's account or, by its token, one instance; and
//! `GET /elements/{element}/instances`, which lists in any case.

use axum::Json;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use shared::accounts::Account;
use shared::instances::Instance;
use shared::instances::InstanceId;
use shared::platform::api_error::ApiError;

use super::show;
use crate::Instances;
use crate::answer::Failure;
use crate::caller::{Addressed, Scope, presents_token};
use crate::condition::Condition;
use crate::page::{self, Page};
use crate::query::Query;
use crate::representation::{self, Representation};

/// Clients of the old platform expect all their instances in one answer, so a page is large.
const PAGE: usize = 1000;
/// A page ends with the instance that makes it larger than this: Lambda carries 6 MB, and an instance takes half a
/// megabyte of it at most.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// About what an instance takes beside its settings, with quotes counted twice.
const FRAME_BYTES: usize = 4 * 1024;

/// Answers 200 with the one instance, or with those that match `searchText` and every `tags[]`; 404 if none does.
///
/// A caller with a token who searches gets a list, since it asks for more than the one instance.
pub(crate) async fn list_or_show(
    State(state): State<Instances>,
    request: Request,
) -> Result<Response, Failure> {
    let (mut parts, _) = request.into_parts();
    if presents_token(&parts) && Wanted::of(&Query::of(&parts.uri)).is_everything() {
        let Addressed(instance) = Addressed::from_request_parts(&mut parts, &state).await?;
        return Ok(show::answer(&state, &instance, &parts.headers).await?.into_response());
    }
    Ok(search(&state, parts).await?.into_response())
}

/// Answers 200 with the instances that match, also to a caller with a token; 404 if none does.
pub(crate) async fn list(
    State(state): State<Instances>,
    request: Request,
) -> Result<(HeaderMap, Json<Vec<Representation>>), Failure> {
    search(&state, request.into_parts().0).await
}

async fn search(
    state: &Instances,
    mut parts: Parts,
) -> Result<(HeaderMap, Json<Vec<Representation>>), Failure> {
    let scope = Scope::of_search(&mut parts, state).await?;
    let query = Query::of(&parts.uri);
    let (page, wanted) = (Page::of(&query, PAGE, PAGE)?, Wanted::of(&query));
    let first = page.after.is_none();
    let (found, next) = match &scope {
        Scope::Account(account) => find(state, *account, &wanted, page).await?,
        Scope::Instance(one) => {
            (Some(&**one).filter(|it| wanted.fits(it)).cloned().into_iter().collect(), None)
        }
    };
    if found.is_empty() && first && next.is_none() {
        return Err(ApiError::not_found("No instances found.").into());
    }
    let total = match &scope {
        _ if first && next.is_none() => Some(found.len()),
        Scope::Account(account) if wanted.is_everything() => Some(count(state, *account).await?),
        // The total is only known after reading all of them.
        Scope::Account(_) | Scope::Instance(_) => None,
    };
    let conditions = state.conditions(&found).await?;
    let unknown = Condition::default();
    let condition = |id| conditions.get(id).unwrap_or(&unknown);
    let base = representation::base_url(&parts.headers);
    let shown: Vec<_> = found.iter().map(|it| Representation::of(it, condition(&it.id), &base)).collect();
    Ok((page::headers(shown.len(), next.as_ref(), total), Json(shown)))
}

/// How many instances an account has. Their keys are counted, a hundred with each query.
pub(super) async fn count(state: &Instances, account: Account) -> Result<usize, Failure> {
    Ok(state.0.instances.ids(account.account_id, usize::MAX).await?.len())
}

async fn find(
    state: &Instances,
    account: Account,
    wanted: &Wanted,
    page: Page<InstanceId>,
) -> Result<(Vec<Instance>, Option<InstanceId>), Failure> {
    let (mut found, mut after, mut bytes) = (Vec::new(), page.after, 0);
    let is_full = |found: &[Instance], bytes| found.len() == page.size || bytes >= PAGE_BYTES;
    loop {
        let listing = state.0.instances.list(account.account_id, after).await?;
        let mut fitting = listing.instances.into_iter().filter(|instance| wanted.fits(instance));
        for instance in fitting.by_ref() {
            bytes += size(&instance);
            found.push(instance);
            if is_full(&found, bytes) {
                break;
            }
        }
        let more = fitting.next().is_some() || listing.next.is_some();
        if is_full(&found, bytes) {
            let next = found.last().map(|last| last.id).filter(|_| more);
            return Ok((found, next));
        }
        after = listing.next;
        if after.is_none() {
            return Ok((found, None));
        }
    }
}

/// About how many bytes of Lambda's answer an instance takes.
fn size(instance: &Instance) -> usize {
    let settings = instance.configuration.entries();
    let settings: usize = settings.map(|(key, value)| carried(key) + value.map_or(0, carried)).sum();
    FRAME_BYTES
        + carried(&instance.name)
        + instance.tags.iter().map(|tag| carried(tag)).sum::<usize>()
        + settings
}

/// How many bytes a text takes in JSON that is itself a JSON string, as the body of Lambda's answer is.
fn carried(text: &str) -> usize {
    let byte = |byte| match byte {
        b'"' | b'\\' => 4,
        0..b' ' => 7,
        _ => 1,
    };
    text.bytes().map(byte).sum()
}

struct Wanted {
    text: Option<String>,
    tags: Vec<String>,
}

impl Wanted {
    fn of(query: &Query) -> Self {
        let tags = query.all("tags[]").chain(query.all("tags")).map(str::to_owned).collect();
        Self { text: query.get("searchText").map(str::to_lowercase), tags }
    }

    fn is_everything(&self) -> bool {
        self.text.is_none() && self.tags.is_empty()
    }

    /// True if the name or a tag contains the text, in any case, and each of the tags is a tag of the instance.
    fn fits(&self, instance: &Instance) -> bool {
        let texts = || std::iter::once(&instance.name).chain(&instance.tags);
        let has_text =
            self.text.as_ref().is_none_or(|text| texts().any(|it| it.to_lowercase().contains(text)));
        has_text && self.tags.iter().all(|tag| instance.tags.contains(tag))
    }
}
