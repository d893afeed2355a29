//! From tokens to a condition, by recursive descent.

use super::lexer::{Token, tokens};
use super::{Columns, Condition, Literal, Operator, Piece, Problem, SyntaxError};

/// Parentheses and `NOT` may be nested this deep.
pub(super) const MAX_DEPTH: usize = 32;

/// The words that are not columns.
const KEYWORDS: &[&str] = &["and", "or", "not", "like", "in", "is", "null"];

impl Condition {
    /// Reads a condition on Close's columns.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_for(text, Columns::default())
    }

    /// Reads a condition on these columns.
    pub fn parse_for(text: &str, columns: Columns<'_>) -> Result<Self, SyntaxError> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, columns };
        let condition = parser.any()?;
        if parser.peek() == Token::End { Ok(condition) } else { Err(parser.unexpected("AND, OR or the end")) }
    }
}

struct Parser<'a> {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    columns: Columns<'a>,
}

impl Parser<'_> {
    /// Conditions with `OR` between them.
    fn any(&mut self) -> Result<Condition, SyntaxError> {
        let mut conditions = vec![self.all()?];
        while self.takes_word("or") {
            conditions.push(self.all()?);
        }
        Ok(joined(conditions, Condition::Any))
    }

    /// Conditions with `AND` between them.
    fn all(&mut self) -> Result<Condition, SyntaxError> {
        let mut conditions = vec![self.one()?];
        while self.takes_word("and") {
            conditions.push(self.one()?);
        }
        Ok(joined(conditions, Condition::All))
    }

    fn one(&mut self) -> Result<Condition, SyntaxError> {
        if self.depth >= MAX_DEPTH {
            return Err(SyntaxError { position: self.position(), problem: Problem::TooDeep });
        }
        self.depth += 1;
        let condition = if self.takes_word("not") {
            self.one().map(negated)
        } else if self.takes(&Token::Open) {
            let inner = self.any()?;
            if self.takes(&Token::Close) { Ok(inner) } else { Err(self.unexpected("\")\"")) }
        } else {
            self.comparison()
        };
        self.depth -= 1;
        condition
    }

    fn comparison(&mut self) -> Result<Condition, SyntaxError> {
        let column = self.column()?;
        if self.takes_word("is") {
            let not = self.takes_word("not");
            if !self.takes_word("null") {
                return Err(self.unexpected("NULL"));
            }
            let condition = Condition::IsNull(column);
            return Ok(if not { negated(condition) } else { condition });
        }
        let not = self.takes_word("not");
        let condition = if self.takes_word("like") {
            Condition::Compare(column, Operator::Like, self.literal()?)
        } else if self.takes_word("in") {
            let literals = self.list(&column)?;
            Condition::In(column, literals)
        } else if let (Token::Operator(operator), false) = (self.peek(), not) {
            self.at += 1;
            let literal = self.compared(&column, operator)?;
            Condition::Compare(column, operator, literal)
        } else {
            return Err(self.unexpected("an operator (= != < > <= >= LIKE IN IS NULL)"));
        };
        Ok(if not { negated(condition) } else { condition })
    }

    fn column(&mut self) -> Result<String, SyntaxError> {
        if let Token::Column(column) = self.peek() {
            self.at += 1;
            return Ok(column);
        }
        self.plain_word().ok_or_else(|| self.unexpected("a column"))
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        if let Token::Literal(literal) = self.peek() {
            self.at += 1;
            return Ok(literal);
        }
        let word = self.plain_word().map(|word| Literal(vec![Piece::Text(word)]));
        word.ok_or_else(|| self.unexpected("a literal such as 'won'"))
    }

    /// A literal that a column can be compared with.
    fn compared(&mut self, column: &str, operator: Operator) -> Result<Literal, SyntaxError> {
        let position = self.position();
        let literal = self.literal()?;
        let checked = self.columns.check(column, operator, &literal);
        checked.map_err(|problem| SyntaxError { position, problem })?;
        Ok(literal)
    }

    /// A word that is not a keyword, if one is next.
    fn plain_word(&mut self) -> Option<String> {
        let Token::Word(word) = self.peek() else { return None };
        let plain = !is_keyword(&word);
        self.at += usize::from(plain);
        plain.then_some(word)
    }

    fn list(&mut self, column: &str) -> Result<Vec<Literal>, SyntaxError> {
        if !self.takes(&Token::Open) {
            return Err(self.unexpected("\"(\""));
        }
        let mut literals = vec![self.compared(column, Operator::Equal)?];
        while self.takes(&Token::Comma) {
            literals.push(self.compared(column, Operator::Equal)?);
        }
        if self.takes(&Token::Close) { Ok(literals) } else { Err(self.unexpected("\",\" or \")\"")) }
    }

    fn peek(&self) -> Token {
        self.tokens.get(self.at).map_or(Token::End, |(_, token)| token.clone())
    }

    fn position(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(position, _)| *position)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let there = self.peek() == *token;
        self.at += usize::from(there);
        there
    }

    fn takes_word(&mut self, keyword: &str) -> bool {
        let there = matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(there);
        there
    }

    fn unexpected(&self, expected: &'static str) -> SyntaxError {
        let problem = Problem::Unexpected { expected, found: self.peek().shown() };
        SyntaxError { position: self.position(), problem }
    }
}

/// A list, so that a thousand conditions in a row nest no deeper than two.
fn joined(mut conditions: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    if conditions.len() == 1 { conditions.remove(0) } else { join(conditions) }
}

fn negated(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}
