//! Names and tags without markup: other systems show them on their pages.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// Elements whose content is code, not text.
const CODE: [&str; 2] = ["script", "style"];

/// The text of `text` as a browser would show it, trimmed; what has no `<` in it is left as it is.
///
/// The result holds no markup either: a `<` that stays and could begin a tag is written as `&lt;`.
pub(crate) fn strip(text: &str) -> String {
    if !text.contains('<') {
        return text.trim().to_owned();
    }
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text));
    let tokenizer = Tokenizer::new(Text::default(), TokenizerOpts::default());
    // There are no scripts to wait for: nothing ever suspends it.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    escape(tokenizer.sink.text.borrow().trim())
}

/// Collects what is neither a tag, nor a comment, nor code.
#[derive(Default)]
struct Text {
    text: RefCell<String>,
    inside: RefCell<Option<String>>,
}

impl TokenSink for Text {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(characters) if self.inside.borrow().is_none() => {
                self.text.borrow_mut().push_str(&characters);
            }
            Token::TagToken(tag) => self.pass(&tag),
            Token::CharacterTokens(_)
            | Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

impl Text {
    fn pass(&self, tag: &Tag) {
        let mut inside = self.inside.borrow_mut();
        match tag.kind {
            TagKind::StartTag if CODE.contains(&&*tag.name) => *inside = Some(tag.name.to_string()),
            TagKind::EndTag if inside.as_deref() == Some(&*tag.name) => *inside = None,
            TagKind::StartTag | TagKind::EndTag => {}
        }
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let opens = |next: &char| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?');
        if character == '<' && characters.peek().is_some_and(opens) {
            escaped.push_str("&lt;");
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_text_stays() {
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
        ];
        for (text, stripped) in rows {
            assert_eq!(strip(text), stripped, "{text}");
        }
    }
}
