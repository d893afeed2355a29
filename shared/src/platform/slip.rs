//! Misspelled words: the known word that was probably meant.

/// The first of `known` that differs from `written` in one place only: one or two letters are wrong, missing, added or
/// swapped.
pub fn nearest(written: &str, known: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    known.into_iter().find(|known| is_slip(written.as_bytes(), known.as_bytes()))
}

fn is_slip(written: &[u8], known: &[u8]) -> bool {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let start = written.iter().zip(known).take_while(same).count();
    let rest = (&written[start..], &known[start..]);
    let end = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(same).count();
    let apart = rest.0.len().max(rest.1.len()) - end;
    apart <= 2 && apart * 2 < known.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_wrong_in_one_place_is_recognised() {
        let known = ["calls", "contacts", "lead", "events"];
        let rows = [
            ("calss", Some("calls")),
            ("contcats", Some("contacts")),
            ("conacts", Some("contacts")),
            ("contactss", Some("contacts")),
            ("evants", Some("events")),
            ("leda", None),
            ("ledas", None),
            ("xyz", None),
            ("cntcts", None),
            ("", None),
        ];
        for (written, meant) in rows {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
    }
}
