use super::*;

#[test]
fn every_type_of_the_feed_is_a_resource_by_each_of_its_names() {
    for it in TYPES {
        let resource = Resource::named(it.name).unwrap();
        assert!(matches!(resource.source(), Source::EventFeed { object_type } if object_type == it.name));
        for alias in it.aliases {
            let found = Resource::named(alias).unwrap();
            assert!(it.covers(found.kind()), "{alias}");
        }
    }
    let rows = [
        ("calls", "activity.call"),
        ("Email", "activity.email"),
        ("sms", "activity.sms"),
        ("custom_objects", "custom_object"),
        ("status.lead", "status.lead"),
        ("task", "task."),
        ("activity", "activity."),
        ("note", "activity.note"),
    ];
    for (name, kind) in rows {
        assert_eq!(Resource::named(name).map(Resource::kind), Some(kind), "{name}");
    }
    assert_eq!(Resource::named("deals"), None);
    assert_eq!(Resource::nearest("calss"), Some("calls"));
    assert_eq!(Resource::nearest("contcats"), Some("contacts"));
    assert_eq!(Resource::nearest("xyz"), None);
    assert!(Resource::names().all(|name| Resource::named(name).is_some()));
}

#[test]
fn a_resource_is_wanted_in_either_vocabulary() {
    let rows = [
        ("contact,lead", Resource::Contacts, true),
        ("contact,lead", Resource::Accounts, true),
        ("contact,lead", Resource::Tasks, false),
        ("accounts", Resource::Leads, true),
        ("activity.note", Resource::Activities, true),
        ("activity.lead_merge", Resource::Activities, true),
        ("activity.note", Resource::Notes, true),
        ("activity.call", Resource::Notes, false),
        ("task.voicemail", Resource::Tasks, true),
        ("user", Resource::Users, true),
        ("users", Resource::Users, true),
        ("anything", Resource::Events, true),
        ("people", Resource::Contacts, true),
    ];
    for (objects, resource, expected) in rows {
        let name = if objects == "people" { objects } else { resource.name() };
        assert_eq!(
            resource.is_wanted(name, &ObjectFilter::parse(objects)),
            expected,
            "{objects} {resource:?}"
        );
    }
}

#[test]
fn a_record_of_a_list_has_closes_type() {
    let of = |resource: Resource, own: &str| resource.closes_type(&serde_json::json!({"_type": own}));
    assert_eq!(of(Resource::Activities, "LeadStatusChange"), "activity.lead_status_change");
    assert_eq!(of(Resource::Activities, "SMS"), "activity.sms");
    assert_eq!(of(Resource::Activities, "WhatsAppMessage"), "activity.whatsapp_message");
    assert_eq!(of(Resource::Tasks, "missed_call"), "task.missed_call");
    assert_eq!(of(Resource::Accounts, "x"), "lead");
}
