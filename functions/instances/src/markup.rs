//! Names and tags without markup: other systems show them on their pages.

/// Elements whose content is code, not text.
const CODE: [&str; 2] = ["script", "style"];

/// Entities and their characters. `&amp;` is last, so that it cannot create another entity.
const ENTITIES: [(&str, &str); 5] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];

/// Removes tags, comments and code. A text without `<` is only trimmed.
///
/// The result contains no markup: a remaining `<` that could begin a tag becomes `&lt;`.
pub(crate) fn strip(text: &str) -> String {
    if !text.contains('<') {
        return text.trim().to_owned();
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('<') {
        shown.push_str(before);
        if opens(after) {
            rest = &after[markup_length(after)..];
        } else {
            shown.push('<');
            rest = after;
        }
    }
    shown.push_str(rest);
    let decoded = ENTITIES.iter().fold(shown, |text, (entity, character)| text.replace(entity, character));
    escape(decoded.trim())
}

/// True if a `<` before this begins markup.
fn opens(after: &str) -> bool {
    after.starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'))
}

/// The length of the markup after a `<`: a comment, an element of code, or a tag.
fn markup_length(after: &str) -> usize {
    let up_to =
        |end: &str, from: usize| after[from..].find(end).map_or(after.len(), |at| from + at + end.len());
    if after.starts_with("!--") {
        return up_to("-->", 3);
    }
    let names =
        |text: &str, name: &str| text.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
    let Some(code) = CODE.into_iter().find(|code| names(after, code)) else { return up_to(">", 0) };
    let end = after.match_indices("</").find(|(at, _)| names(&after[at + 2..], code));
    end.map_or(after.len(), |(at, _)| up_to(">", at))
}

fn escape(text: &str) -> String {
    let mut parts = text.split('<');
    let mut escaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        escaped.push_str(if opens(part) { "&lt;" } else { "<" });
        escaped.push_str(part);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_removed_and_text_is_kept() {
        let rows = [
            ("Test", "Test"),
            (" Test ", "Test"),
            ("A & B", "A & B"),
            ("&lt;b&gt;", "&lt;b&gt;"),
            ("1 < 2", "1 < 2"),
            ("<a href=\"http://evil.example\">x</a>", "x"),
            ("<b>Müller</b> &amp; <i>Söhne</i>", "Müller & Söhne"),
            ("a<script>alert(1)</script>b", "ab"),
            ("a<style>b{}</style>", "a"),
            ("a<!-- <b> -->b", "ab"),
            ("<img src=x onerror=alert(1)>", ""),
            ("<<b>script>x", "&lt;script>x"),
            ("<i>&lt;script&gt;x", "&lt;script>x"),
            ("a<b", "a"),
            ("a<SCRIPT src=x>b</Script >c", "ac"),
            ("a<script>b", "a"),
            ("<i>&amp;lt;b></i>", "&lt;b>"),
            ("<", "<"),
            ("ä<é", "ä<é"),
        ];
        for (text, stripped) in rows {
            assert_eq!(strip(text), stripped, "{text}");
        }
    }
}
