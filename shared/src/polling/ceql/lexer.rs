//! From text to tokens with their positions.

use super::{Literal, Operator, Piece, Problem, SyntaxError};
use crate::polling::template::Template;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word: a column, a keyword, a number.
    Word(String),
    /// A column in back-ticks.
    Column(String),
    /// A literal in quotes, or a bare template.
    Literal(Literal),
    Operator(Operator),
    Open,
    Close,
    Comma,
    End,
}

impl Token {
    /// The token for a message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) | Self::Column(word) => format!("{word:?}"),
            Self::Literal(_) => "a literal".to_owned(),
            Self::Operator(_) => "an operator".to_owned(),
            Self::Open => "\"(\"".to_owned(),
            Self::Close => "\")\"".to_owned(),
            Self::Comma => "\",\"".to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

/// The tokens of `text`, each with its position; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, SyntaxError> {
    let mut lexer = Lexer { characters: text.chars().collect(), at: 0 };
    let mut tokens = Vec::new();
    loop {
        let (position, token) = lexer.next()?;
        let end = token == Token::End;
        tokens.push((position, token));
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer {
    characters: Vec<char>,
    at: usize,
}

impl Lexer {
    fn next(&mut self) -> Result<(usize, Token), SyntaxError> {
        while self.peek(0).is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let position = self.at + 1;
        let Some(first) = self.peek(0) else { return Ok((position, Token::End)) };
        let simple = |this: &mut Self, token: Token, length: usize| {
            this.at += length;
            Ok(token)
        };
        let token = match (first, self.peek(1)) {
            ('(', _) => simple(self, Token::Open, 1),
            (')', _) => simple(self, Token::Close, 1),
            (',', _) => simple(self, Token::Comma, 1),
            ('=', _) => simple(self, Token::Operator(Operator::Equal), 1),
            ('!', Some('=')) | ('<', Some('>')) => simple(self, Token::Operator(Operator::NotEqual), 2),
            ('<', Some('=')) => simple(self, Token::Operator(Operator::AtMost), 2),
            ('>', Some('=')) => simple(self, Token::Operator(Operator::AtLeast), 2),
            ('<', _) => simple(self, Token::Operator(Operator::Less), 1),
            ('>', _) => simple(self, Token::Operator(Operator::Greater), 1),
            ('\'', _) => self.quoted().map(Token::Literal),
            ('`', _) => self.column().map(Token::Column),
            ('$', Some('{')) => self.template().map(|it| Token::Literal(Literal(vec![Piece::Template(it)]))),
            _ if is_word(first) => Ok(self.word()),
            _ => {
                let found = format!("{:?}", first.to_string());
                Err(self.error(position, Problem::Unexpected { expected: "a column or a literal", found }))
            }
        };
        Ok((position, token?))
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn error(&self, position: usize, problem: Problem) -> SyntaxError {
        SyntaxError { position: position.min(self.characters.len() + 1), problem }
    }

    fn word(&mut self) -> Token {
        let word: String = self.characters[self.at..].iter().take_while(|it| is_word(**it)).collect();
        self.at += word.chars().count();
        Token::Word(word)
    }

    fn column(&mut self) -> Result<String, SyntaxError> {
        let start = self.at + 1;
        let length = self.characters[start..].iter().position(|it| *it == '`');
        let length = length.ok_or_else(|| self.error(start, Problem::Unbalanced("back-tick")))?;
        self.at = start + length + 1;
        Ok(self.characters[start..start + length].iter().collect())
    }

    /// A literal in quotes. A template's own quotes do not end it; two quotes are one.
    fn quoted(&mut self) -> Result<Literal, SyntaxError> {
        let start = self.at + 1;
        self.at += 1;
        let (mut pieces, mut text) = (Vec::new(), String::new());
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return Err(self.error(start, Problem::Unbalanced("quote"))),
                (Some('\''), Some('\'')) => {
                    text.push('\'');
                    self.at += 2;
                }
                (Some('\''), _) => {
                    self.at += 1;
                    break;
                }
                (Some('$'), Some('{')) => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Template(self.template()?));
                }
                (Some(letter), _) => {
                    text.push(letter);
                    self.at += 1;
                }
            }
        }
        pieces.push(Piece::Text(text));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Literal(pieces))
    }

    /// The template that begins here: up to the first closing brace, whatever quotes are before it.
    fn template(&mut self) -> Result<Template, SyntaxError> {
        let start = self.at + 2;
        let length = self.characters[start..].iter().position(|it| *it == '}');
        let length = length.ok_or_else(|| self.error(start - 1, Problem::Unbalanced("template")))?;
        let inside: String = self.characters[start..start + length].iter().collect();
        self.at = start + length + 1;
        Template::parse(&inside).map_err(|error| self.error(start - 1, error.into()))
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-' | '+' | ':' | '/' | '@' | '*' | '%')
}
