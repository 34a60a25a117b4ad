//! From text to tokens: words, numbers, texts, marks and comments, each with its span.
//!
//! Invariants: spans are byte offsets into the text, ascending and disjoint; what is no token is reported and skipped,
//! so there is always a list of tokens. Words are not sorted into keywords here: only the parser knows where one
//! counts.

use crate::diagnostic::{Diagnostic, Rule};
use logos::Logos;

/// A stretch of the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// A span.
    pub const fn new(start: u32, end: u32) -> Span {
        Span { start, end }
    }

    /// From the start of one to the end of another.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The text of it; empty when it does not lie in the text.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Logos)]
#[logos(skip r"[ \t\r\n\x0C]+")]
pub enum Kind {
    /// A name or a keyword.
    #[regex("[A-Za-z_][A-Za-z0-9_]*")]
    Word,
    /// `12`, `1_000`.
    #[regex("[0-9][0-9_]*")]
    Int,
    /// `12.50`.
    #[regex(r"[0-9][0-9_]*\.[0-9][0-9_]*")]
    Decimal,
    /// `1.5e0`.
    #[regex(r"[0-9][0-9_]*\.[0-9][0-9_]*[eE][+-]?[0-9]+")]
    Float,
    /// `1.2.3`.
    #[regex(r"[0-9]+\.[0-9]+\.[0-9]+")]
    Version,
    /// `"text"`.
    #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
    Text,
    /// `x"00ff"`.
    #[regex(r#"x"[^"\n]*""#, priority = 10)]
    Bytes,
    /// `/// what the next thing is`.
    #[regex(r"///[^\n]*", priority = 20)]
    Doc,
    /// `//! what the contract is`.
    #[regex(r"//![^\n]*", priority = 20)]
    InnerDoc,
    /// `// for the reader of the text`.
    #[regex(r"//[^\n]*", priority = 10)]
    Comment,
    /// `{`
    #[token("{")]
    BraceOpen,
    /// `}`
    #[token("}")]
    BraceClose,
    /// `(`
    #[token("(")]
    ParenOpen,
    /// `)`
    #[token(")")]
    ParenClose,
    /// `[`
    #[token("[")]
    BracketOpen,
    /// `]`
    #[token("]")]
    BracketClose,
    /// `,`
    #[token(",")]
    Comma,
    /// `;`
    #[token(";")]
    Semicolon,
    /// `:`
    #[token(":")]
    Colon,
    /// `.`
    #[token(".")]
    Dot,
    /// `..=`
    #[token("..=")]
    To,
    /// `->`
    #[token("->")]
    Arrow,
    /// `=>`
    #[token("=>")]
    Gives,
    /// `=`
    #[token("=")]
    Equals,
    /// `==`
    #[token("==")]
    Same,
    /// `!=`
    #[token("!=")]
    Differs,
    /// `<`
    #[token("<")]
    Less,
    /// `<=`
    #[token("<=")]
    AtMost,
    /// `>`
    #[token(">")]
    Greater,
    /// `>=`
    #[token(">=")]
    AtLeast,
    /// `+`
    #[token("+")]
    Plus,
    /// `++`
    #[token("++")]
    Join,
    /// `-`
    #[token("-")]
    Minus,
    /// `*`
    #[token("*")]
    Star,
    /// `/`
    #[token("/")]
    Slash,
    /// `?`
    #[token("?")]
    Question,
    /// `??`
    #[token("??")]
    Otherwise,
    /// `|`
    #[token("|")]
    Bar,
    /// `&&`: no operator of the language; known so that a hint can be given.
    #[token("&&")]
    AndAnd,
    /// `||`: likewise.
    #[token("||")]
    BarBar,
    /// `!`: likewise.
    #[token("!")]
    Bang,
    /// `%`: likewise.
    #[token("%")]
    Percent,
    /// The end of the text.
    End,
}

impl Kind {
    /// How it is named in a message.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Word => "a name",
            Kind::Int => "a whole number",
            Kind::Decimal => "a decimal number",
            Kind::Float => "a floating-point number",
            Kind::Version => "a version",
            Kind::Text => "a text",
            Kind::Bytes => "bytes",
            Kind::Doc | Kind::InnerDoc => "a doc comment",
            Kind::Comment => "a comment",
            Kind::BraceOpen => "'{'",
            Kind::BraceClose => "'}'",
            Kind::ParenOpen => "'('",
            Kind::ParenClose => "')'",
            Kind::BracketOpen => "'['",
            Kind::BracketClose => "']'",
            Kind::Comma => "','",
            Kind::Semicolon => "';'",
            Kind::Colon => "':'",
            Kind::Dot => "'.'",
            Kind::To => "'..='",
            Kind::Arrow => "'->'",
            Kind::Gives => "'=>'",
            Kind::Equals => "'='",
            Kind::Same => "'=='",
            Kind::Differs => "'!='",
            Kind::Less => "'<'",
            Kind::AtMost => "'<='",
            Kind::Greater => "'>'",
            Kind::AtLeast => "'>='",
            Kind::Plus => "'+'",
            Kind::Join => "'++'",
            Kind::Minus => "'-'",
            Kind::Star => "'*'",
            Kind::Slash => "'/'",
            Kind::Question => "'?'",
            Kind::Otherwise => "'??'",
            Kind::Bar => "'|'",
            Kind::AndAnd => "'&&'",
            Kind::BarBar => "'||'",
            Kind::Bang => "'!'",
            Kind::Percent => "'%'",
            Kind::End => "the end of the file",
        }
    }
}

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// The tokens of a text, without comments, with an `End` at the end; and the comments.
pub(super) fn tokens(source: &str, faults: &mut Vec<Diagnostic>) -> (Vec<Token>, Vec<Token>) {
    let mut tokens = Vec::with_capacity(source.len() / 4);
    let mut comments = Vec::new();
    let mut last_bad: Option<u32> = None;
    for (kind, range) in Kind::lexer(source).spanned() {
        let span = Span::new(range.start as u32, range.end as u32);
        match kind {
            Ok(Kind::Comment) => comments.push(Token { kind: Kind::Comment, span }),
            // Four strokes rule a line off; they document nothing.
            Ok(Kind::Doc) if span.text(source).starts_with("////") => {
                comments.push(Token { kind: Kind::Comment, span });
            }
            Ok(kind) => tokens.push(Token { kind, span }),
            Err(()) => {
                // A run of bad characters is one fault.
                if last_bad != Some(span.start) {
                    faults.push(bad(source, span));
                }
                last_bad = Some(span.end);
            }
        }
    }
    let end = source.len() as u32;
    tokens.push(Token { kind: Kind::End, span: Span::new(end, end) });
    (tokens, comments)
}

fn bad(source: &str, span: Span) -> Diagnostic {
    let text = span.text(source);
    if text.starts_with('"') || text.starts_with("x\"") {
        return Diagnostic::new(Rule::Lexical, span, "a text is not closed on its line")
            .label("starts here")
            .hint("close it with '\"'; a line break inside is written \\n");
    }
    let what = text.escape_debug().to_string();
    let fault =
        Diagnostic::new(Rule::Lexical, span, format!("'{what}' is no part of the language")).label("not expected");
    match text.chars().next() {
        Some('\'') => fault.hint("texts stand in double quotes"),
        Some('&') => fault.hint("'and' joins conditions; 'bit_and(a, b)' works on bits"),
        Some('≤' | '≥' | '≠' | '→' | '−') => fault.hint("operators are written in ASCII: <=, >=, !=, ->, -"),
        _ => fault,
    }
}
