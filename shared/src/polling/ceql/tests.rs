use serde_json::json;

use super::*;
use chrono::{DateTime, TimeDelta, Utc};

fn scope() -> Scope<'static> {
    let times = Times {
        last_poll: "2026-06-19T15:00:00Z".parse().unwrap(),
        now: "2026-06-19T16:00:00Z".parse().unwrap(),
    };
    Scope { times, pattern: None, is_partial: false }
}

fn holds(condition: &str, record: &serde_json::Value) -> bool {
    Condition::parse(condition).unwrap_or_else(|error| panic!("{condition}: {error}")).holds(record, &scope())
}

#[test]
fn every_operator_judges_as_the_platform_says() {
    let record = json!({
        "status_type": "won", "value": 25000, "confidence": 9, "lead_id": null, "done": true,
        "user": {"id": "user_1"}, "odd.name": "x", "tags": ["a", "b"], "quote": "it's",
        "date_updated": "2026-06-19T15:30:00.000001+00:00", "date": "2026-06-19",
    });
    let rows = [
        ("status_type='won'", true),
        ("status_type = won", true),
        ("status_type != 'won'", false),
        ("status_type <> 'lost'", true),
        ("value > 9000", true),
        ("confidence < 10", true),
        ("confidence >= 9 and confidence <= 9", true),
        ("value = '25000'", true),
        ("done = true", true),
        ("status_type LIKE 'W%'", true),
        ("status_type like '%o%'", true),
        ("status_type LIKE 'o%'", false),
        ("status_type NOT LIKE 'w%'", false),
        ("status_type LIKE '%w%w%'", false),
        ("status_type IN ('lost', 'won')", true),
        ("status_type not in ('lost')", true),
        ("lead_id IS NULL", true),
        ("nothing is null", true),
        ("status_type IS NOT NULL", true),
        ("lead_id = 'x'", false),
        ("lead_id != 'x'", true),
        ("user.id = 'user_1'", true),
        ("`odd.name` = 'x'", true),
        ("tags = 'b'", true),
        ("quote = 'it''s'", true),
        ("status_type='lost' OR value > 1 AND done = false", false),
        ("(status_type='lost' OR value > 1) AND done = true", true),
        ("NOT (status_type='lost')", true),
        ("date_updated>'${gmtDate:yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX}'", true),
        ("date_updated<'${nowTimeZone:-8:00:yyyy-MM-dd'T'HH:mm:ssXXX}'", true),
        ("date_updated<'${date:yyyy-MM-dd}'", false),
        ("date_updated='2026-06-19T15:30:00.000001Z'", true),
        ("date_updated>'2026-06-19T17:29:00+02:00'", true),
        ("value < ${epoch:ms}", true),
        ("date <= 2026-06-19", true),
    ];
    for (condition, holding) in rows {
        assert_eq!(holds(condition, &record), holding, "{condition}");
    }
}

#[test]
fn a_template_is_its_instant_in_every_spelling() {
    // The last poll was at 15:00:00, which is 17:00 in Berlin.
    let rows = [
        "${dateTimeZone:Europe/Berlin:yyyy-MM-dd'T'HH:mm:ss}",
        "${dateTimeZone:America/Denver:yyyy/MM/dd HH:mm:ss}",
        "${gmtDate:yyyy/MM/dd HH:mm:ss}",
        "${gmtDate:yyyyMMddHHmmss}",
        "${gmtDate:EEE, dd MMM yyyy hh:mm:ss a Z}",
        "${date:dd.MM.yyyy HH:mm}",
        "${date}",
        "${epoch}",
        "${epoch:s}",
        "${epoch:us}",
        "${milliseconds}",
        "${gmtDate:yyyy-MM-dd}T${gmtDate:HH:mm:ss}Z",
        // Written as if Berlin's clock were Greenwich's: no bound narrower than the instant.
        "${dateTimeZone:Europe/Berlin:yyyy-MM-dd'T'HH:mm:ss}Z",
    ];
    let at = |date: &str| json!({"date_updated": date});
    for template in rows {
        let condition = format!("date_updated>'{template}'");
        assert!(holds(&condition, &at("2026-06-19T15:00:00.000001+00:00")), "{condition}");
        assert!(holds(&condition, &at("2026-06-19T15:00:01")), "{condition}");
        assert!(!holds(&condition, &at("2026-06-19T14:59:59+00:00")), "{condition}");
        assert!(
            holds(&format!("NOT date_updated<='{template}'"), &at("2026-06-19T15:00:00.000001")),
            "{template}"
        );
    }
}

#[test]
fn a_day_is_compared_with_a_template_by_the_day() {
    let at = |date: &str| json!({"date": date});
    let rows = [
        ("date>='${gmtDate:yyyy-MM-dd}'", true),
        ("date>'${gmtDate:yyyy-MM-dd'T'HH:mm}'", true),
        ("date<'${gmtDate:yyyy-MM-dd}'", false),
        ("date<='${gmtDate:yyyy-MM-dd}'", true),
        ("date='${gmtDate:yyyy-MM-dd}'", true),
        ("date!='${gmtDate:yyyy-MM-dd}'", false),
        ("date='${dateTimeZone:Pacific/Auckland:yyyy-MM-dd}'", false),
        ("date LIKE '${gmtDate:yyyy-MM}%'", true),
    ];
    for (condition, expected) in rows {
        assert_eq!(holds(condition, &at("2026-06-19")), expected, "{condition}");
    }
    assert!(!holds("date>'${gmtDate:yyyy-MM-dd}'", &at("2026-06-18")));
    assert!(holds("date<'${gmtDate:yyyy-MM-dd}'", &at("2026-06-18")));
}

#[test]
fn plain_times_and_numbers_are_compared_as_what_they_are() {
    let record = json!({"date_updated": "2026-01-31T00:30:00+00:00", "date_won": "2026-01-31", "value": 9, "id": "9007199254740993"});
    let rows = [
        ("date_updated>'2026-01-31'", true),
        ("date_updated>'2026-01-31T00:00:00Z'", true),
        ("date_updated>'2026-01-31T01:45:00+01:00'", false),
        ("date_updated>'2026-01-31T01:29:00+01:00'", true),
        ("date_updated='2026-01-31T00:30:00'", true),
        ("date_won='2026-01-31T00:00:00Z'", true),
        ("date_won<'2026-02-01'", true),
        ("value<10", true),
        ("value='9.0'", true),
        ("value<'ten'", false),
        ("value>'ten'", false),
        ("id=9007199254740992", false),
        ("id=9007199254740993", true),
    ];
    for (condition, expected) in rows {
        assert_eq!(holds(condition, &record), expected, "{condition}");
    }
}

#[test]
fn what_cannot_be_judged_is_refused_with_what_could_be() {
    let rows = [
        ("date_updated>'yesterday'", 14, "there may be a time such as '2026-01-31T00:00:00Z'"),
        (
            "a=1 AND data.date_created = '31.01.2026'",
            29,
            "data.date_created has dates, and \"31.01.2026\" is not one",
        ),
        ("activity_at IN ('2026-01-31', 'x')", 31, "\"x\" is not one"),
        ("date_updated>'${gmtDate:HH:mm}'", 14, "the template has no year (yyyy)"),
        ("name<='${gmtDate:yyyy-MM-dd hh:mm}'", 7, "an hour of half a day (hh) without its half (a)"),
        ("date_updated>'since ${gmtDate:yyyy-MM-dd}'", 14, "such as '${gmtDate:yyyy-MM-dd}T00:00:00Z'"),
        ("name>'x${epoch}'", 6, "with the text around its template"),
    ];
    for (text, position, said) in rows {
        let error = Condition::parse(text).unwrap_err();
        assert_eq!(error.position, position, "{text}: {error}");
        assert!(error.to_string().contains(said), "{text}: {error}");
    }
    for sound in [
        "name>'M'",
        "name='x${epoch}'",
        "date_updated LIKE '2026%'",
        "date_updated IS NULL",
        "status='${gmtDate:HH}'",
    ] {
        assert!(Condition::parse(sound).is_ok(), "{sound}");
    }
}

/// The patterns of the wire contract's documents and exports, and some more.
const PATTERNS: &[&str] = &[
    "yyyy-MM-dd'T'HH:mm:ssXXX",
    "yyyy-MM-dd'T'HH:mm:ss",
    "yyyy-MM-dd'T'HH:mm:ss'Z'",
    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "yyyy-MM-dd'T'HH:mm:ssZ",
    "MM/dd/yyyy HH:mm:ss",
    "yyyy/MM/dd HH:mm:ss",
    "EEE, dd MMM yyyy HH:mm:ss Z",
    "yyyy-MM-dd",
    "yyyy-MM-dd'T'HH:mmz",
    "yyyyMMddHHmmss",
    "dd.MM.yy h:mm a",
    "yyyy-DDD HH",
    "MMMM yyyy",
];

const ZONES: &[&str] = &[
    "GMT",
    "PST",
    "America/Denver",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "-8:00",
    "+05:45",
];

#[test]
fn no_pattern_and_no_zone_drops_what_changed_after_the_last_poll() {
    use proptest::prelude::*;
    let pattern = prop::sample::select(PATTERNS);
    let (zone, own, own_zone) =
        (prop::sample::select(ZONES), prop::sample::select(PATTERNS), prop::sample::select(ZONES));
    let micros = 1_262_304_000_000_000_i64..1_924_992_000_000_000; // 2010 to 2030
    let later = prop_oneof![1_i64..2_000_000, 1_i64..10_000_000_000, 1_i64..100_000_000_000_000];
    let config = ProptestConfig::with_cases(4096);
    proptest!(config, |(pattern in pattern, zone in zone, own in own, own_zone in own_zone, at in micros, later in later)| {
        let last_poll = DateTime::<Utc>::from_timestamp_micros(at).unwrap();
        let changed = last_poll + TimeDelta::microseconds(later);
        let own: DatePattern = own.parse().unwrap();
        let own_zone: Zone = own_zone.parse().unwrap();
        let times = Times { last_poll, now: changed + TimeDelta::seconds(1) };
        let scope = Scope { times, pattern: Some((&own, own_zone)), is_partial: false };
        // A text with an abbreviation of a zone cannot be read back.
        let own_spelling = own.format(changed, own_zone);
        let mut spellings = vec![
            changed.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string(),
            changed.format("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
        ];
        spellings.extend(own.parse(&own_spelling, own_zone).is_some().then_some(own_spelling));
        let template = format!("${{dateTimeZone:{zone}:{pattern}}}");
        let now = format!("${{nowTimeZone:{zone}:{pattern}}}");
        for (number, spelling) in spellings.iter().enumerate() {
            let record = json!({"date_updated": spelling, "custom.touched": spelling});
            let column = if number == 2 { "custom.touched" } else { "date_updated" };
            for condition in [
                format!("{column}>'{template}'"),
                format!("{column}>='{template}'"),
                format!("NOT {column}<='{template}'"),
                format!("{column}>'${{milliseconds}}'"),
                format!("{column}>'${{date}}' AND {column}<='{now}'"),
            ] {
                let parsed = Condition::parse(&condition).unwrap();
                prop_assert!(parsed.holds(&record, &scope), "{} of {} at {}", condition, spelling, last_poll);
            }
        }
    });
}

#[test]
fn only_what_must_be_equal_is_left_to_close() {
    let equalities = |text: &str| {
        let condition = Condition::parse(text).unwrap();
        condition
            .equalities(&scope())
            .iter()
            .map(|(column, value)| format!("{column}:{value}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(equalities("a='1' AND (b=2 AND c>3)"), ["a:1", "b:2"]);
    assert!(equalities("a='1' OR b='2'").is_empty());
    assert!(equalities("NOT a='1'").is_empty());
}

#[test]
fn a_fault_is_named_with_its_position() {
    let rows = [
        ("", 1, "expected a column, found the end"),
        ("a='x", 3, "the quote that begins here does not end"),
        ("a=1 AND b='${gmtDate:yyyy'", 12, "the template that begins here does not end"),
        ("a='${gmtDat:yyyy}'", 4, "the template ${gmtDat:yyyy} is unknown"),
        ("a='${gmtDate:YYYY}'", 4, "the letter 'Y' at position 1"),
        ("`a=1", 1, "the back-tick that begins here does not end"),
        ("a ! b", 3, "found \"!\""),
        ("a=1 b=2", 5, "expected AND, OR or the end, found \"b\""),
        ("(a=1", 5, "expected \")\", found the end"),
        ("a IN 'x'", 6, "expected \"(\", found a literal"),
        ("a IN ('x' 'y')", 11, "expected \",\" or \")\""),
        ("a IS 1", 6, "expected NULL"),
        ("and=1", 1, "expected a column, found \"and\""),
        ("a=and", 3, "expected a literal such as 'won', found \"and\""),
        ("a NOT = 1", 7, "expected an operator"),
        ("é='x", 3, "the quote that begins here does not end"),
    ];
    for (text, position, said) in rows {
        let error = Condition::parse(text).unwrap_err();
        assert_eq!(error.position, position, "{text}: {error}");
        let shown = error.to_string();
        assert!(shown.starts_with("Error parsing query: at character"), "{shown}");
        assert!(shown.contains(said), "{text}: {shown}");
    }
    let deep = format!("{}a=1{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(Condition::parse(&deep).unwrap_err().problem, Problem::TooDeep);
    let not = format!("{}a=1", "not ".repeat(5000));
    assert_eq!(Condition::parse(&not).unwrap_err().problem, Problem::TooDeep);
}

#[test]
fn no_text_panics() {
    use proptest::prelude::*;
    proptest!(|(text in "[a-c='`(),<>!${}: %é-]{0,40}|\\PC{0,24}")| {
        if let Ok(condition) = Condition::parse(&text) {
            let _ = condition.holds(&json!({"a": "b", "b": 1, "c": null}), &scope());
        }
    });
}

#[test]
fn what_close_withholds_may_be_anything() {
    let partial = Scope { is_partial: true, ..scope() };
    let record = json!({"action": "deleted"});
    let rows = [
        ("mark='a'", true, false),
        ("NOT mark='a'", true, true),
        ("mark<>'a' AND mark='a'", true, false),
        ("mark IN ('a', 'b')", true, false),
        ("NOT mark IN ('a')", true, true),
        ("mark IS NULL", true, true),
        ("mark IS NOT NULL", true, false),
        ("action='updated' OR action='created'", false, false),
        ("action='deleted' AND mark>3", true, false),
    ];
    for (condition, may_hold, holds) in rows {
        let parsed = Condition::parse(condition).unwrap();
        let judged = (parsed.holds(&record, &partial), parsed.holds(&record, &scope()));
        assert_eq!(judged, (may_hold, holds), "{condition}");
    }
}

#[test]
fn the_columns_of_a_condition_are_known() {
    let condition = "a='1' AND (NOT b.c>2 OR d IN ('x') OR `e f` IS NULL)";
    assert_eq!(Condition::parse(condition).unwrap().columns(), ["a", "b.c", "d", "e f"]);
}
