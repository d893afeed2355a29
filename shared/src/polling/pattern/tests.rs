use chrono::{DateTime, Utc};

use super::*;
use crate::polling::zone::{GMT, Zone};

fn pattern(text: &str) -> DatePattern {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn every_supported_letter_prints_as_java_prints_it() {
    let denver: Zone = "America/Denver".parse().unwrap();
    let rows = [
        ("G", GMT, "AD"),
        ("y", GMT, "2026"),
        ("yy", GMT, "26"),
        ("yyyy", GMT, "2026"),
        ("yyyyy", GMT, "02026"),
        ("M", GMT, "6"),
        ("MM", GMT, "06"),
        ("MMM", GMT, "Jun"),
        ("MMMM", GMT, "June"),
        ("LL", GMT, "06"),
        ("D", GMT, "170"),
        ("d", GMT, "19"),
        ("ddd", GMT, "019"),
        ("E", GMT, "Fri"),
        ("EEEE", GMT, "Friday"),
        ("u", GMT, "5"),
        ("a", GMT, "PM"),
        ("H", GMT, "15"),
        ("HH", denver, "09"),
        ("k", GMT, "15"),
        ("K", GMT, "3"),
        ("hh", GMT, "03"),
        ("m", GMT, "4"),
        ("mm", GMT, "04"),
        ("s", GMT, "5"),
        ("ss", GMT, "05"),
        ("S", GMT, "4"),
        ("SSS", GMT, "451"),
        ("SSSSSS", GMT, "451007"),
        ("SSSSSSSSS", GMT, "451007000"),
        ("z", GMT, "GMT"),
        ("z", denver, "MDT"),
        ("Z", GMT, "+0000"),
        ("Z", denver, "-0600"),
        ("X", GMT, "Z"),
        ("X", denver, "-06"),
        ("XX", denver, "-0600"),
        ("XXX", denver, "-06:00"),
        ("''", GMT, "'"),
        ("'o''clock'", GMT, "o'clock"),
        ("[.]", GMT, "[.]"),
    ];
    for (text, zone, printed) in rows {
        assert_eq!(pattern(text).format(time("2026-06-19T15:04:05.451007Z"), zone), printed, "{text}");
    }
}

#[test]
fn midnight_and_noon_have_their_four_spellings() {
    let midnight = pattern("H k K h a").format(time("2026-06-19T00:30:00Z"), GMT);
    assert_eq!(midnight, "0 24 0 12 AM");
    let noon = pattern("H k K h a").format(time("2026-06-19T12:30:00Z"), GMT);
    assert_eq!(noon, "12 12 0 12 PM");
    for text in [midnight, noon] {
        let read = |letters: &str, text: &str| pattern(letters).parse(text, GMT).unwrap().time();
        let [big, k, half, h, a]: [&str; 5] = text.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let hour = read("H", big);
        assert_eq!(read("k", k), hour);
        assert_eq!(read("K a", &format!("{half} {a}")), hour);
        assert_eq!(read("h a", &format!("{h} {a}")), hour);
    }
}

#[test]
fn every_pattern_in_use_reads_what_it_prints() {
    let zone: Zone = "America/New_York".parse().unwrap();
    let at = time("2026-06-19T15:04:05.451007Z");
    let rows = [
        ("yyyy-MM-dd'T'HH:mm:ssXXX", "2026-06-19T15:04:05Z"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-06-19T15:04:05.451Z"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", "2026-06-19T15:04:05.451007Z"),
        ("yyyy-MM-dd'T'HH:mm:ssZ", "2026-06-19T15:04:05Z"),
        ("MM/dd/yyyy HH:mm:ss", "2026-06-19T15:04:05Z"),
        ("EEE, dd MMM yyyy HH:mm:ss Z", "2026-06-19T15:04:05Z"),
        ("EEEE, d MMMM yyyy h:mm:ss a z", "2026-06-19T15:04:05Z"),
        ("yyyy-MM-dd'T'HH:mmz", "2026-06-19T15:04:00Z"),
        ("yyyyMMddHHmmss", "2026-06-19T15:04:05Z"),
        ("yyyy-DDD HH:mm", "2026-06-19T15:04:00Z"),
        ("yy-M-d H:m:s.S", "2026-06-19T15:04:05.4Z"),
        ("yyyy-MM-dd", "2026-06-19T04:00:00Z"),
    ];
    for (text, read) in rows {
        let (pattern, printed) = (pattern(text), pattern(text).format(at, zone));
        if text.ends_with('z') {
            // An abbreviation such as EDT is no zone's id: it prints, and what it says is not read back.
            continue;
        }
        assert_eq!(pattern.parse(&printed, zone), Some(time(read)), "{text} {printed}");
    }
}

#[test]
fn closes_own_dates_are_read_with_the_patterns_of_the_seed() {
    let seed = pattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX");
    let read = seed.parse("2017-05-18T21:55:26.451000+00:00", GMT).unwrap();
    assert_eq!(read, time("2017-05-18T21:55:26.451Z"), "451000 are microseconds, not seven minutes");
    assert_eq!(seed.parse("2017-05-18T23:55:26.451+02:00", GMT), Some(read));
    for wrong in ["", "2017-05-18", "2017-05-18T21:55:26+00:00", "2017-13-18T21:55:26.451000Z", "soon", "é"]
    {
        assert_eq!(seed.parse(wrong, GMT), None, "{wrong}");
    }
}

#[test]
fn what_is_not_supported_is_refused_with_its_position() {
    let error = |text: &str| text.parse::<DatePattern>().unwrap_err().to_string();
    for letter in ["Y", "w", "W", "F", "T", "b", "x", "n", "e", "c", "V", "O", "A"] {
        let refused = error(&format!("yyyy-{letter}"));
        assert!(refused.contains(&format!("the letter '{letter}' at position 6")), "{refused}");
        assert!(refused.contains("yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"), "{refused}");
    }
    assert!(error("yyyy-MM-dd'T").contains("a quote at position 11 that does not end"));
    assert!(error("HH:mmXXXX").contains("4 times 'X' at position 6, at most 3"));
    assert!(error("").contains("is empty"));
}

#[test]
fn no_text_panics() {
    use proptest::prelude::*;
    proptest!(|(text in "\\PC{0,24}", date in "\\PC{0,32}")| {
        if let Ok(pattern) = text.parse::<DatePattern>() {
            let _ = pattern.parse(&date, GMT);
            let _ = pattern.format(DateTime::<Utc>::MAX_UTC, GMT);
            let _ = pattern.format(DateTime::<Utc>::MIN_UTC, GMT);
        }
    });
}
