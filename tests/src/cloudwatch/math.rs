//! The part of metric math that the alarms use.

use std::collections::BTreeMap;

/// A value for each period, where there is one.
pub(super) type Series = Vec<Option<f64>>;

enum Operand {
    Number(f64),
    One(Series),
    List(Vec<Series>),
}

/// The time series of an expression over others.
pub(super) fn evaluate(text: &str, known: &BTreeMap<String, Series>, periods: usize) -> Series {
    let mut parser = Parser { tokens: tokens(text), at: 0, known, periods };
    let result = parser.comparison();
    assert_eq!(parser.at, parser.tokens.len(), "{text} is understood to its end");
    parser.series(result)
}

/// Words, numbers, `>=`, `<=`, and every other character by itself.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut inside = false;
    for letter in text.chars() {
        let is_word = letter.is_alphanumeric() || letter == '_' || letter == '.';
        match tokens.last_mut() {
            Some(last) if is_word && inside => last.push(letter),
            Some(last) if letter == '=' && (last == ">" || last == "<") => last.push(letter),
            _ if letter.is_whitespace() => {}
            _ => tokens.push(letter.to_string()),
        }
        inside = is_word;
    }
    tokens
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    known: &'a BTreeMap<String, Series>,
    periods: usize,
}

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|it| it == token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) {
        assert!(self.take(token), "{token} is missing in {:?} at {}", self.tokens, self.at);
    }

    fn comparison(&mut self) -> Operand {
        let mut left = self.relation();
        while self.take("AND") {
            let right = self.relation();
            left = self.both(left, right, |a, b| f64::from(a != 0.0 && b != 0.0));
        }
        left
    }

    fn relation(&mut self) -> Operand {
        let left = self.sum();
        for (token, holds) in
            [(">=", f64::ge as fn(&f64, &f64) -> bool), (">", f64::gt), ("<=", f64::le), ("<", f64::lt)]
        {
            if self.take(token) {
                let right = self.sum();
                return self.both(left, right, |a, b| f64::from(holds(&a, &b)));
            }
        }
        left
    }

    fn sum(&mut self) -> Operand {
        let mut left = self.product();
        loop {
            if self.take("+") {
                let right = self.product();
                left = self.both(left, right, |a, b| a + b);
            } else if self.take("-") {
                let right = self.product();
                left = self.both(left, right, |a, b| a - b);
            } else {
                return left;
            }
        }
    }

    fn product(&mut self) -> Operand {
        let mut left = self.value();
        loop {
            if self.take("*") {
                let right = self.value();
                left = self.both(left, right, |a, b| a * b);
            } else if self.take("/") {
                let right = self.value();
                left = self.both(left, right, |a, b| a / b);
            } else {
                return left;
            }
        }
    }

    fn value(&mut self) -> Operand {
        if self.take("(") {
            let inner = self.comparison();
            self.expect(")");
            return inner;
        }
        if self.take("[") {
            let mut list = Vec::new();
            while !self.take("]") {
                let one = self.comparison();
                list.push(self.series(one));
                self.take(",");
            }
            return Operand::List(list);
        }
        let token = self.tokens.get(self.at).cloned().unwrap_or_default();
        self.at += 1;
        if let Ok(number) = token.parse() {
            return Operand::Number(number);
        }
        if self.take("(") {
            return self.function(&token);
        }
        Operand::One(self.known.get(&token).unwrap_or_else(|| panic!("nothing is called {token}")).clone())
    }

    fn function(&mut self, name: &str) -> Operand {
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.comparison());
            self.take(",");
        }
        let mut arguments = arguments.into_iter();
        let mut next = || arguments.next().unwrap_or_else(|| panic!("{name} needs more"));
        match name {
            "SUM" => reduced(next(), |a, b| a + b),
            "MAX" => reduced(next(), f64::max),
            "FILL" => {
                let (series, value) = (next(), next());
                let (series, value) = (self.series(series), self.series(value));
                Operand::One(series.into_iter().zip(value).map(|(it, value)| it.or(value)).collect())
            }
            "DIFF" => {
                let series = next();
                let series = self.series(series);
                let before = std::iter::once(None).chain(series.clone());
                Operand::One(
                    series.into_iter().zip(before).map(|(now, before)| Some(now? - before?)).collect(),
                )
            }
            "IF" => {
                let (condition, then, otherwise) = (next(), next(), next());
                let branches = self.series(then).into_iter().zip(self.series(otherwise));
                let chosen = self.series(condition).into_iter().zip(branches);
                let choose = |(condition, (then, otherwise)): (Option<f64>, (Option<f64>, Option<f64>))| {
                    if condition? == 0.0 { otherwise } else { then }
                };
                Operand::One(chosen.map(choose).collect())
            }
            other => panic!("{other} is not played here"),
        }
    }

    /// No value where either has none.
    fn both(&self, left: Operand, right: Operand, apply: impl Fn(f64, f64) -> f64) -> Operand {
        let (left, right) = (self.series(left), self.series(right));
        Operand::One(left.into_iter().zip(right).map(|(a, b)| Some(apply(a?, b?))).collect())
    }

    fn series(&self, operand: Operand) -> Series {
        match operand {
            Operand::Number(number) => vec![Some(number); self.periods],
            Operand::One(series) => series,
            Operand::List(_) => panic!("a list stands where one time series should"),
        }
    }
}

/// Combines the existing values of several time series into one.
fn reduced(list: Operand, apply: impl Fn(f64, f64) -> f64) -> Operand {
    let Operand::List(list) = list else { panic!("a list is missing") };
    let periods = list.first().map_or(0, Vec::len);
    let at = |period: usize| list.iter().filter_map(|series| series[period]).reduce(&apply);
    Operand::One((0..periods).map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_cloudwatch_says() {
        let known = BTreeMap::from([
            ("a".to_owned(), vec![Some(1.0), None, Some(3.0)]),
            ("b".to_owned(), vec![Some(10.0), Some(20.0), None]),
        ]);
        for (text, expected) in [
            ("100 * a / (a + 1)", [Some(50.0), None, Some(75.0)]),
            ("a + b", [Some(11.0), None, None]),
            ("SUM([a, b])", [Some(11.0), Some(20.0), Some(3.0)]),
            ("MAX([a, FILL(b, 0)])", [Some(10.0), Some(20.0), Some(3.0)]),
            ("DIFF(FILL(a, 0))", [None, Some(-1.0), Some(3.0)]),
            ("IF(FILL(b, 0) >= 10 AND b > 10, b, 1)", [Some(1.0), Some(20.0), None]),
        ] {
            assert_eq!(evaluate(text, &known, 3), expected, "{text}");
        }
    }
}
