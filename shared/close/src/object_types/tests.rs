use super::*;

fn types(list: &str) -> Vec<String> {
    let mut types: Vec<_> =
        events(&ObjectFilter::parse(list)).into_iter().map(|entry| entry.object_type).collect();
    types.dedup();
    types
}

#[test]
fn only_wanted_events_are_subscribed_to() {
    assert_eq!(types("").len(), 20);
    assert_eq!(types("Accounts, contacts"), ["lead", "contact"]);
    assert_eq!(types("activity.note,sequence"), ["activity.note", "sequence"]);
    assert_eq!(types("calls,lead-statuses"), ["activity.call", "status.lead"]);
    assert_eq!(types("tasks").len(), 9);
    assert_eq!(types("status"), ["status.lead", "status.opportunity"]);
    assert_eq!(types("activities").len(), 8, "threads and forms are subscribed to by name");
    assert!(types("activities").iter().all(|name| name.starts_with("activity.")));
    assert_eq!(types("users,nonsense"), Vec::<String>::new());
    let merged = Subscribed { object_type: "lead".to_owned(), action: "merged".to_owned() };
    assert!(events(&ObjectFilter::parse("lead")).contains(&merged));
    assert_eq!(events(&ObjectFilter::parse("membership")).len(), 2);
}

#[test]
fn a_name_means_one_type_or_family() {
    let mut seen = std::collections::BTreeSet::new();
    for it in TYPES.iter().chain(FAMILIES) {
        let short = it.name.strip_prefix("activity.").filter(|short| !short.is_empty());
        for name in it.aliases.iter().copied().chain(short).chain([it.name.trim_end_matches('.')]) {
            // `custom_fields.` is its own plural.
            assert!(seen.insert(name) || it.name == "custom_fields.", "{name} is ambiguous");
            assert_eq!(ObjectType::named(name), Some(it), "{name}");
        }
    }
    assert_eq!(ObjectType::named(" Custom-Activities ").map(|it| it.name), Some("activity.custom_activity"));
    assert_eq!(ObjectType::named("deals"), None);
}

#[test]
fn a_name_in_either_vocabulary_means_closes_type() {
    let rows = [
        ("accounts", "lead", true),
        ("lead", "lead", true),
        ("leads", "lead", true),
        ("lead", "task.lead", false),
        ("tasks", "task.voicemail", true),
        ("task", "task.voicemail", true),
        ("activity", "activity.sms", true),
        ("activities", "activity.lead_merge", true),
        ("activity.note", "activity.call", false),
        ("notes", "activity.note", true),
        ("users", "user", true),
        ("widget", "widget", true),
        ("odd_widget", "Odd-Widget", true),
        ("widgets", "widget", false),
    ];
    for (name, closes_type, expected) in rows {
        assert_eq!(means(name, closes_type), expected, "{name} {closes_type}");
    }
}
