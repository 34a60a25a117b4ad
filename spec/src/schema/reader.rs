//! JSON with the place of everything, for documents that people and other programs write.
//!
//! serde_json keeps no places and drops a key that stands twice; both are findings here. Invariants: any bytes end in
//! a tree or in one fault; nesting, size and the number of values are bounded. This file does not know schemas.

use crate::syntax::{MAX_TEXT, Span};

/// How deep values nest.
const DEPTH: usize = 96;

/// The most values of a document.
const MOST: usize = 1 << 20;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where.
    pub span: Span,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its key.
    pub key: String,
    /// Where the key stands.
    pub span: Span,
    /// Its value.
    pub value: Node,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// An array.
    Array(Vec<Node>),
    /// An object, in the order of the document.
    Object(Vec<Member>),
}

impl Node {
    /// The member of that name.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.members().iter().find(|it| it.key == key).map(|it| &it.value)
    }

    /// The members of an object.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            NodeKind::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements of an array.
    pub fn elements(&self) -> &[Node] {
        match &self.kind {
            NodeKind::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The text that it is.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value below a path of keys and places.
    pub fn at(&self, path: &[String]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match &node.kind {
            NodeKind::Array(elements) => elements.get(step.parse::<usize>().ok()?),
            _ => node.get(step),
        })
    }

    /// Without places.
    pub fn plain(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(b) => Value::Bool(*b),
            NodeKind::Number(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            NodeKind::Text(text) => Value::String(text.clone()),
            NodeKind::Array(elements) => Value::Array(elements.iter().map(Node::plain).collect()),
            NodeKind::Object(members) => {
                Value::Object(members.iter().map(|it| (it.key.clone(), it.value.plain())).collect())
            }
        }
    }
}

/// What is wrong with a document: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

struct Reader<'s> {
    source: &'s str,
    at: usize,
    depth: usize,
    count: usize,
    twice: Vec<(Span, String)>,
}

type Read<T> = Result<T, JsonError>;

/// Reads a document; keys that stand twice beside it, with their second place.
pub fn read_json(source: &str) -> Read<(Node, Vec<(Span, String)>)> {
    let mut reader = Reader { source, at: 0, depth: 0, count: 0, twice: Vec::new() };
    if source.len() > MAX_TEXT {
        let message = format!("the document has {} bytes, at most {MAX_TEXT}", source.len());
        return Err(JsonError { span: Span::default(), message, hint: "split it" });
    }
    reader.skip();
    let node = reader.value()?;
    reader.skip();
    if reader.at < source.len() {
        return Err(reader.fault("something stands behind the document's end", "a document is one value"));
    }
    Ok((node, reader.twice))
}

impl Reader<'_> {
    fn fault(&self, message: impl Into<String>, hint: &'static str) -> JsonError {
        let end = self.source.get(self.at..).and_then(|it| it.chars().next()).map_or(0, char::len_utf8);
        JsonError { span: Span::new(self.at as u32, (self.at + end) as u32), message: message.into(), hint }
    }

    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip();
        let is = self.byte() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn value(&mut self) -> Read<Node> {
        self.skip();
        self.count += 1;
        if self.count > MOST {
            return Err(self.fault(format!("the document has more than {MOST} values"), "split it"));
        }
        if self.depth >= DEPTH {
            return Err(self.fault(format!("values nest more than {DEPTH} deep"), "give parts a name in `$defs`"));
        }
        let start = self.at;
        self.depth += 1;
        let kind = match self.byte() {
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => NodeKind::Text(self.text()?),
            Some(b'-' | b'0'..=b'9') => NodeKind::Number(self.number()?),
            _ => self.word()?,
        };
        self.depth -= 1;
        Ok(Node { kind, span: Span::new(start as u32, self.at as u32) })
    }

    fn word(&mut self) -> Read<NodeKind> {
        let words = [("true", NodeKind::Bool(true)), ("false", NodeKind::Bool(false)), ("null", NodeKind::Null)];
        for (word, kind) in words {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        Err(self
            .fault("a value is expected here", "a value is an object, an array, a text, a number, true, false or null"))
    }

    fn object(&mut self) -> Read<NodeKind> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        let mut known = std::collections::BTreeSet::new();
        if self.eat(b'}') {
            return Ok(NodeKind::Object(members));
        }
        loop {
            self.skip();
            let start = self.at;
            if self.byte() != Some(b'"') {
                return Err(self.fault(
                    "a key is expected here",
                    "keys are texts in double quotes; no comma stands behind the last member",
                ));
            }
            let key = self.text()?;
            let span = Span::new(start as u32, self.at as u32);
            if !self.eat(b':') {
                return Err(self.fault("a colon is expected here", "a member is \"key\": value"));
            }
            let value = self.value()?;
            if known.insert(key.clone()) {
                members.push(Member { key, span, value });
            } else {
                self.twice.push((span, key));
            }
            if self.eat(b'}') {
                return Ok(NodeKind::Object(members));
            }
            if !self.eat(b',') {
                return Err(
                    self.fault("a comma or a closing brace is expected here", "members have commas between them")
                );
            }
        }
    }

    fn array(&mut self) -> Read<NodeKind> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.eat(b']') {
            return Ok(NodeKind::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.eat(b']') {
                return Ok(NodeKind::Array(elements));
            }
            if !self.eat(b',') {
                return Err(
                    self.fault("a comma or a closing bracket is expected here", "elements have commas between them")
                );
            }
        }
    }

    /// A text; serde_json knows its escapes.
    fn text(&mut self) -> Read<String> {
        let start = self.at;
        let mut bytes = self.rest().bytes().enumerate().skip(1);
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' => {
                    bytes.next();
                }
                b'"' => {
                    let whole = self.source.get(start..=start + at).unwrap_or_default();
                    let text = serde_json::from_str(whole);
                    self.at = start + at + 1;
                    return text.map_err(|_| JsonError {
                        span: Span::new(start as u32, self.at as u32),
                        message: "the text has an escape or a character that JSON does not know".to_owned(),
                        hint: "escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX; control characters are escaped",
                    });
                }
                _ => {}
            }
        }
        Err(self.fault("the text does not end", "close it with a double quote"))
    }

    fn number(&mut self) -> Read<String> {
        let start = self.at;
        while matches!(self.byte(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let text = self.source.get(start..self.at).unwrap_or_default();
        if text.len() > 400 || serde_json::from_str::<serde_json::Number>(text).is_err() {
            self.at = start;
            return Err(self.fault(
                format!("'{}' is no number", text.get(..text.len().min(40)).unwrap_or_default()),
                "JSON's numbers are like -1, 2.5 and 1e9",
            ));
        }
        Ok(text.to_owned())
    }
}
