//! The placeholders that documentation prints for the reader's own values: `<INSERT_CLOSE_IO_API_KEY>`.

/// How placeholders of the old documentation begin, anywhere in a value.
const BEGINNING: &str = "<INSERT_";

/// The placeholder in a value, if it holds one.
///
/// Other words in angle brackets only count as the whole value: the conditions of a query have angle brackets too.
pub(super) fn in_text(text: &str) -> Option<&str> {
    if let Some(start) = text.find(BEGINNING) {
        let rest = &text[start..];
        return rest.find('>').map(|end| &rest[..=end]);
    }
    let text = text.trim();
    let inner = text.strip_prefix('<')?.strip_suffix('>')?;
    let is_shouted = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_- ".contains(c);
    let is_word = inner.starts_with(|c: char| c.is_ascii_uppercase()) && inner.len() > 1;
    (is_word && inner.chars().all(is_shouted)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_apart_from_markup_and_conditions() {
        let rows = [
            ("<INSERT_CLOSE_IO_API_KEY>", Some("<INSERT_CLOSE_IO_API_KEY>")),
            (" <INSERT_TAGS> ", Some("<INSERT_TAGS>")),
            ("https://<INSERT_HOST>/hook", Some("<INSERT_HOST>")),
            ("<PUT USERNAME HERE>", Some("<PUT USERNAME HERE>")),
            ("<B>", None),
            ("<b>x</b>", None),
            ("<script>alert(1)</script>", None),
            ("a<MAX AND b>MIN", None),
            ("<INSERT_", None),
            ("", None),
            ("North", None),
        ];
        for (text, found) in rows {
            assert_eq!(in_text(text), found, "{text}");
        }
    }
}
