use serde_json::json;

use super::*;

fn scope() -> Scope<'static> {
    let times = Times {
        last_poll: "2026-06-19T15:00:00Z".parse().unwrap(),
        now: "2026-06-19T16:00:00Z".parse().unwrap(),
    };
    Scope { times, pattern: None }
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
