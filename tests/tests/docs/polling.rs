//! docs/polling.md lists every resource.

use std::collections::BTreeSet;

use close::object_types::{FAMILIES, TYPES};
use shared::polling::resource::{Resource, Source};
use tests::markdown::Document;

/// The streams of Airbyte's connector (its documentation, "Close.com").
const AIRBYTE: &str = "Leads, Created Activities, Opportunity Status Change Activities, Note Activities, Meeting Activities, \
    Call Activities, Email Activities, Email Thread Activities, Lead Status Change Activities, SMS Activities, \
    Task Completed Activities, Lead Tasks, Incoming Email Tasks, Email Followup Tasks, Missed Call Tasks, \
    Answered Detached Call Tasks, Voicemail Tasks, Opportunity Due Tasks, Incoming SMS Tasks, Events, Lead Custom Fields, \
    Contact Custom Fields, Opportunity Custom Fields, Activity Custom Fields, Users, Contacts, Opportunities, Roles, \
    Lead Statuses, Opportunity Statuses, Pipelines, Email Templates, Google Connected Accounts, \
    Custom Email Connected Accounts, Zoom Connected Accounts, Send As, Email Sequences, Dialer, Smart Views, \
    Email Bulk Actions, Sequence Subscription Bulk Actions, Delete Bulk Actions, Edit Bulk Actions, Integration Links, \
    Custom Activities";

/// The streams of Singer's connector (the README of `tap-closeio`).
const SINGER: [&str; 6] = ["leads", "activities", "tasks", "users", "custom_fields", "event_log"];

fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_page_lists_every_resource_by_its_names() {
    let page = Document::read("docs/polling.md");
    let platform = page.table("Resources of the platform");
    let feed = page.table("Resources of the event feed");
    let mut listed = BTreeSet::new();
    for row in &platform[1..] {
        let resource = Resource::named(quoted(&row[0])[0]).unwrap();
        let is_feed = matches!(resource.source(), Source::EventFeed { .. });
        assert_eq!(is_feed, row[1].contains("GET /event/"), "{row:?}");
        listed.insert(resource.name());
    }
    for row in &feed[1..] {
        let names = quoted(&row[0]);
        for name in &names {
            let resource = Resource::named(name).unwrap_or_else(|| panic!("{name} is not a resource"));
            assert_eq!(resource.kind().trim_end_matches('.'), names[0], "{name}");
            assert_eq!(resource.history(), quoted(&row[1]).first().copied(), "{name}");
            listed.insert(resource.name());
            listed.insert(name);
        }
    }
    let missing: Vec<_> = Resource::names().filter(|name| !listed.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for it in TYPES.iter().chain(FAMILIES) {
        let missing = it.aliases.iter().find(|alias| !listed.contains(*alias));
        assert!(missing.is_none(), "{missing:?} of {}", it.name);
    }
}

#[test]
fn the_page_has_every_stream_of_the_other_connectors() {
    // Lines of prose may break anywhere.
    let page = Document::read("docs/polling.md").text().split_whitespace().collect::<Vec<_>>().join(" ");
    for stream in AIRBYTE.split(',').map(str::trim) {
        assert!(page.contains(stream), "{stream}");
    }
    for stream in SINGER {
        assert!(page.contains(&format!("`{stream}`")), "{stream}");
    }
}
