//! `GET /instances/events/analytics/instances` and `GET /instances/events/analytics/accounts`: the events of the
//! caller's account and their outcomes by interval, by instance or in all.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use shared::accounts::Account;
use shared::events::log::Fate;
use shared::instances::InstanceId;
use shared::platform::api_error::ApiError;

use super::analytics::{Asked, too_many};
use crate::Instances;
use crate::answer::Failure;
use crate::caller::Caller;
use crate::events::{Group, Whose, groups};
use crate::query::Query;

/// Events that one answer counts: their outcomes are read, not only their keys.
const MOST_EVENTS: usize = 10_000;
const MOST_INSTANCES: usize = 2_000;
const TOGETHER: usize = 16;

/// Answers 200 with each interval's events by instance.
pub(crate) async fn by_instance(
    State(state): State<Instances>,
    Caller(user): Caller,
    uri: Uri,
) -> Result<Json<Vec<Group>>, Failure> {
    grouped(&state, user.account, &uri, |_, instance| Whose::InstanceId(instance.get())).await
}

/// Answers 200 with each interval's events of the caller's account: the one that it sees.
pub(crate) async fn by_account(
    State(state): State<Instances>,
    Caller(user): Caller,
    uri: Uri,
) -> Result<Json<Vec<Group>>, Failure> {
    grouped(&state, user.account, &uri, |account, _| Whose::AccountId(account.account_id)).await
}

async fn grouped(
    state: &Instances,
    account: Account,
    uri: &Uri,
    whose: impl Fn(Account, InstanceId) -> Whose,
) -> Result<Json<Vec<Group>>, Failure> {
    check_account(uri, account.account_id)?;
    let Asked { span, interval } = Asked::of(uri, state.0.clock.now())?;
    let instances = instances_of(state, account).await?;
    let of = |instance| async move {
        let fates = state.0.history.fates(instance, span, MOST_EVENTS + 1).await?;
        Ok::<_, Failure>((instance, fates))
    };
    let mut found: Vec<(Whose, Fate)> = Vec::new();
    let mut fates = stream::iter(instances).map(of).buffer_unordered(TOGETHER);
    while let Some((instance, fates)) = fates.try_next().await? {
        found.extend(fates.into_iter().map(|fate| (whose(account, instance), fate)));
        if found.len() > MOST_EVENTS {
            return Err(too_many(MOST_EVENTS).into());
        }
    }
    Ok(Json(groups(&found, span, interval)?))
}

/// Refuses with 403 to tell about another account than the caller's, as the platform does.
pub(super) fn check_account(uri: &Uri, account_id: u64) -> Result<(), ApiError> {
    let query = Query::of(uri);
    let mut asked = query.all("accountIds[]").chain(query.all("accountIds"));
    if asked.any(|id| id != account_id.to_string()) {
        let message = "accountIds[] names an account that is not the caller's.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    Ok(())
}

/// The instances of an account, if one answer can cover them.
pub(super) async fn instances_of(state: &Instances, account: Account) -> Result<Vec<InstanceId>, Failure> {
    let found = state.0.instances.ids(account.account_id, MOST_INSTANCES).await?;
    if found.len() > MOST_INSTANCES {
        let message = format!(
            "The account has more than {MOST_INSTANCES} instances; ask for the analytics of one instance."
        );
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message).into());
    }
    Ok(found)
}
