//! The routes: one file each, and the table that the router and the description of the API both have.

mod account_analytics;
mod analytics;
mod count;
mod create;
mod delete;
mod dispositions;
mod element;
mod enable_callback;
mod enabled;
mod event;
mod events;
mod list;
mod patch;
mod redeliver;
mod replace;
mod setting;
mod settings;
mod show;

use axum::middleware::from_fn;
use axum::routing::{MethodRouter, get, post, put};

use crate::Instances;
use crate::catalogue::element::check;

/// A path below `/elements/api-v2`, and what answers there.
pub(crate) type Route = (&'static str, MethodRouter<Instances>);

/// Every route. Those without an id are about the instance whose token the caller presents, or about the account.
pub(crate) fn all() -> Vec<Route> {
    let instance = || get(show::show).put(replace::replace).patch(patch::patch).delete(delete::delete);
    let enabled = || put(enabled::enable).delete(enabled::disable);
    let setting = || get(setting::show).patch(setting::patch);
    vec![
        (
            "/instances",
            post(create::create)
                .get(list::list_or_show)
                .put(replace::replace)
                .patch(patch::patch)
                .delete(delete::delete),
        ),
        ("/instances/count", get(count::show)),
        ("/instances/enabled", enabled()),
        ("/instances/callback/enabled", put(enable_callback::enable_callback)),
        ("/instances/configuration", get(settings::settings)),
        ("/instances/configuration/{setting}", setting()),
        ("/instances/events", get(events::events)),
        ("/instances/events/analytics", get(analytics::analytics)),
        ("/instances/events/analytics/accounts", get(account_analytics::by_account)),
        ("/instances/events/analytics/instances", get(account_analytics::by_instance)),
        ("/instances/events/dispositions", get(dispositions::dispositions)),
        ("/instances/events/redeliver", put(redeliver::many)),
        ("/instances/events/{event}", get(event::event)),
        ("/instances/events/{event}/redeliver", put(redeliver::one)),
        ("/instances/{id}", instance()),
        ("/instances/{id}/enabled", enabled()),
        ("/instances/{id}/callback/enabled", put(enable_callback::enable_callback)),
        ("/instances/{id}/configuration", get(settings::settings)),
        ("/instances/{id}/configuration/{setting}", setting()),
        ("/instances/{id}/events", get(events::events)),
        ("/instances/{id}/events/analytics", get(analytics::analytics)),
        ("/instances/{id}/events/dispositions", get(dispositions::dispositions)),
        ("/instances/{id}/events/redeliver", put(redeliver::many)),
        ("/instances/{id}/events/{event}", get(event::event)),
        ("/instances/{id}/events/{event}/redeliver", put(redeliver::one)),
        ("/elements/{element}", get(element::show).layer(from_fn(check))),
        ("/elements/{element}/metadata", get(element::metadata).layer(from_fn(check))),
        (
            "/elements/{element}/instances",
            post(create::create_in_catalogue).get(list::list).layer(from_fn(check)),
        ),
        ("/elements/{element}/instances/{id}", instance().layer(from_fn(check))),
    ]
}

#[cfg(test)]
mod tests;
