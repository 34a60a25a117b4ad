//! Expressions of queries: text to tree.
//!
//! Grammar: `sum = term (('+'|'-'|'^'|union|except|intersect) term)*`, all of one rank and from the left, as in Bazel;
//! `term = function '(' argument (',' argument)* ')' | '(' sum ')' | set '(' word* ')' | word`.
//! This file does not know what a function does.

use crate::error::{LoadError, LoadErrorKind, nearest};

/// Functions and how many arguments they take.
pub(crate) const FUNCTIONS: [(&str, usize, usize); 12] = [
    ("deps", 1, 2),
    ("rdeps", 2, 3),
    ("kind", 2, 2),
    ("somepath", 2, 2),
    ("allpaths", 2, 2),
    ("attr", 3, 3),
    ("filter", 2, 2),
    ("labels", 2, 2),
    ("tests", 1, 1),
    ("some", 1, 2),
    ("siblings", 1, 1),
    ("same_pkg_direct_rdeps", 1, 1),
];

/// Set operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Union,
    Except,
    Intersect,
}

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    /// A pattern, a number or a regular word: what it means depends on where it stands.
    Word(String),
    Set(Vec<String>),
    Call {
        name: String,
        arguments: Vec<Expression>,
    },
    Operation(Box<Expression>, Operation, Box<Expression>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Comma,
    Operation(Operation),
    Word(String),
    Quoted(String),
}

/// How deep parentheses may go.
const DEPTH: usize = 100;

fn wrong(text: &str, at: usize, message: impl std::fmt::Display) -> LoadError {
    let shown = text.get(..at).map_or(0, |head| head.chars().count()) + 1;
    LoadError::new(LoadErrorKind::Query, format!("the query is wrong at character {shown}: {message}"))
        .hint("a query looks like 'deps(//a:b) intersect kind(cc_library, //...)'")
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, LoadError> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let token = match c {
            c if c.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '+' => Token::Operation(Operation::Union),
            '^' => Token::Operation(Operation::Intersect),
            // A minus in a word belongs to it; one before a word takes away.
            '-' => Token::Operation(Operation::Except),
            '"' | '\'' => {
                let mut word = String::new();
                loop {
                    match chars.next() {
                        Some((_, next)) if next == c => break,
                        Some((_, next)) => word.push(next),
                        None => return Err(wrong(text, at, "a quote is not closed")),
                    }
                }
                Token::Quoted(word)
            }
            c => {
                let mut word = String::from(c);
                while let Some((_, next)) = chars.next_if(|(_, n)| !n.is_whitespace() && !"(),+^'\"".contains(*n)) {
                    word.push(next);
                }
                match word.as_str() {
                    "union" => Token::Operation(Operation::Union),
                    "except" => Token::Operation(Operation::Except),
                    "intersect" => Token::Operation(Operation::Intersect),
                    _ => Token::Word(word),
                }
            }
        };
        tokens.push((at, token));
    }
    Ok(tokens)
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(usize, Token)>,
    next: usize,
}

/// Reads an expression.
pub(crate) fn parse(text: &str) -> Result<Expression, LoadError> {
    let mut parser = Parser { text, tokens: tokens(text)?, next: 0 };
    let expression = parser.sum(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(parser.wrong(format!("nothing is expected here, found {}", name_of(token)))),
    }
}

fn name_of(token: &Token) -> String {
    match token {
        Token::Open => "'('".to_owned(),
        Token::Close => "')'".to_owned(),
        Token::Comma => "','".to_owned(),
        Token::Operation(Operation::Union) => "'union'".to_owned(),
        Token::Operation(Operation::Except) => "'except'".to_owned(),
        Token::Operation(Operation::Intersect) => "'intersect'".to_owned(),
        Token::Word(word) | Token::Quoted(word) => format!("'{word}'"),
    }
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    fn wrong(&self, message: impl std::fmt::Display) -> LoadError {
        wrong(self.text, self.tokens.get(self.next).map_or(self.text.len(), |(at, _)| *at), message)
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), LoadError> {
        if self.peek() == Some(wanted) {
            self.next += 1;
            return Ok(());
        }
        let found = self.peek().map_or("the end".to_owned(), name_of);
        Err(self.wrong(format!("{} is expected, found {found}", name_of(wanted))))
    }

    fn sum(&mut self, depth: usize) -> Result<Expression, LoadError> {
        if depth > DEPTH {
            return Err(self.wrong("parentheses are nested too deep"));
        }
        let mut left = self.term(depth)?;
        while let Some(Token::Operation(operation)) = self.peek().cloned() {
            self.next += 1;
            let right = self.term(depth)?;
            left = Expression::Operation(Box::new(left), operation, Box::new(right));
        }
        Ok(left)
    }

    fn term(&mut self, depth: usize) -> Result<Expression, LoadError> {
        let start = self.next;
        match self.take() {
            Some(Token::Open) => {
                let inner = self.sum(depth + 1)?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Quoted(word)) => Ok(Expression::Word(word)),
            Some(Token::Word(word)) if self.peek() == Some(&Token::Open) => {
                self.next += 1;
                self.call(word, start, depth)
            }
            Some(Token::Word(word)) => Ok(Expression::Word(word)),
            other => {
                self.next = start;
                let found = other.as_ref().map_or("the end".to_owned(), name_of);
                Err(self.wrong(format!("a pattern, a function or '(' is expected, found {found}")))
            }
        }
    }

    fn call(&mut self, name: String, start: usize, depth: usize) -> Result<Expression, LoadError> {
        if name == "set" {
            let mut words = Vec::new();
            while let Some(Token::Word(word) | Token::Quoted(word)) = self.peek().cloned() {
                self.next += 1;
                words.push(word);
            }
            self.expect(&Token::Close)?;
            return Ok(Expression::Set(words));
        }
        let Some((_, least, most)) = FUNCTIONS.into_iter().find(|(known, ..)| *known == name) else {
            self.next = start;
            let error = self.wrong(format!("there is no function '{name}'"));
            return Err(match nearest(&name, FUNCTIONS.map(|(known, ..)| known)) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("there are {}", FUNCTIONS.map(|(known, ..)| known).join(", "))),
            });
        };
        let mut arguments = vec![self.sum(depth + 1)?];
        while self.peek() == Some(&Token::Comma) {
            self.next += 1;
            arguments.push(self.sum(depth + 1)?);
        }
        self.expect(&Token::Close)?;
        if arguments.len() < least || arguments.len() > most {
            self.next = start;
            let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
            return Err(self.wrong(format!("'{name}' takes {wanted} arguments, not {}", arguments.len())));
        }
        Ok(Expression::Call { name, arguments })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn good_and_bad() {
        let shown: Vec<String> = [
            "deps(//a:b)",
            "deps(//a:b, 1) - //c/...",
            "rdeps(//..., :x) intersect kind('cc_.* rule', //...)",
            "set(//a //b) + (c ^ d)",
            "a-b",
            "dep(//a)",
            "deps()",
            "deps(//a",
            "deps(a, b, c)",
            "//a //b",
            "",
            "//a +",
            "'x",
            ")",
            "kind(x)",
        ]
        .iter()
        .map(|text| match parse(text) {
            Ok(expression) => format!("{text}\n    {expression:?}"),
            Err(error) => format!("{text}\n    {error}"),
        })
        .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    proptest! {
        #[test]
        fn junk_never_panics(text in "[-a-z(),+^' \"/:é]{0,40}") {
            drop(parse(&text));
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&"deps(".repeat(100_000)).is_err());
    }
}
