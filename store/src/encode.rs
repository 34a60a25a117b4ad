//! The one CBOR codec of the project: RFC 8949 core deterministic encoding, and nothing beside it.
//!
//! Invariants: every value has exactly one encoding, and the decoder refuses every other one: integers and lengths in
//! their shortest form, definite lengths, map keys sorted by their encoded bytes and unique, text in UTF-8, no tags,
//! no `undefined`, nothing after the value. Floats follow the rule of the document: identity records have none, others
//! have them in 64 bits always. Lengths are checked against the bytes that are left before anything is allocated;
//! nesting is limited. This file does not know what the records mean.

use std::collections::BTreeMap;

/// How deep arrays and maps of an identity record may nest.
pub const MAX_DEPTH: usize = 64;

/// What a document does with floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatRule {
    /// It has none.
    Forbidden,
    /// They take 64 bits always; the one NaN is `7ff8000000000000`.
    Binary64,
}

/// The form of a kind of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// What it does with floats.
    pub floats: FloatRule,
    /// How deep arrays and maps may nest.
    pub depth: usize,
}

impl Form {
    /// That of identity records.
    pub const IDENTITY: Form = Form { floats: FloatRule::Forbidden, depth: MAX_DEPTH };
}

/// The bits of the one NaN.
const NAN: u64 = 0x7ff8_0000_0000_0000;

/// A CBOR value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A non-negative integer.
    Unsigned(u64),
    /// `-1 - n`.
    Negative(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// A map with text keys, each once; brought into the canonical order when encoded.
    Map(BTreeMap<String, Value>),
    /// A boolean.
    Bool(bool),
    /// Null.
    Null,
    /// The bits of a float; never in an identity record.
    Float(u64),
}

/// Why bytes are not a canonical value, or a value not the record that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("the record ends early, at byte {0}")]
    Truncated(usize),
    /// A rule of the canonical form is broken.
    #[error("the record is not canonical at byte {at}: {fault}")]
    NotCanonical {
        /// Offset of the fault.
        at: usize,
        /// The rule that is broken.
        fault: &'static str,
    },
    /// A field is missing, unknown or of another type.
    #[error("field '{field}': {fault}")]
    Field {
        /// The field's name.
        field: String,
        /// What is wrong.
        fault: String,
    },
}

impl DecodeError {
    /// A field error.
    pub fn field(field: &str, fault: impl Into<String>) -> DecodeError {
        DecodeError::Field { field: field.to_owned(), fault: fault.into() }
    }
}

impl Value {
    /// A float; every NaN is the one NaN.
    pub fn float(f: f64) -> Value {
        Value::Float(if f.is_nan() { NAN } else { f.to_bits() })
    }

    /// A text value.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// An array of texts.
    pub fn texts<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Value {
        Value::Array(items.into_iter().map(|s| Value::text(s.as_ref())).collect())
    }

    /// A map of texts to texts.
    pub fn text_map(map: &BTreeMap<String, String>) -> Value {
        Value::Map(map.iter().map(|(k, v)| (k.clone(), Value::text(v))).collect())
    }

    /// A map of named fields.
    pub fn record<'a>(fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
        Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The one encoding of this value.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Unsigned(n) => head(out, 0, *n),
            Value::Negative(n) => head(out, 1, *n),
            Value::Bytes(bytes) => {
                head(out, 2, bytes.len() as u64);
                out.extend_from_slice(bytes);
            }
            Value::Text(text) => write_text(out, text),
            Value::Array(items) => {
                head(out, 4, items.len() as u64);
                items.iter().for_each(|item| item.write(out));
            }
            Value::Map(entries) => write_map(out, entries),
            Value::Bool(false) => out.push(0xf4),
            Value::Bool(true) => out.push(0xf5),
            Value::Null => out.push(0xf6),
            Value::Float(bits) => {
                out.push(0xfb);
                out.extend_from_slice(&bits.to_be_bytes());
            }
        }
    }

    /// Reads exactly one value of an identity record.
    pub fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
        Value::decode_as(bytes, Form::IDENTITY)
    }

    /// Reads exactly one value of a document of that form.
    pub fn decode_as(bytes: &[u8], form: Form) -> Result<Value, DecodeError> {
        let mut reader = Reader { bytes, at: 0, form };
        let value = reader.value(0)?;
        if reader.at != bytes.len() {
            return Err(reader.fault("bytes follow the value"));
        }
        Ok(value)
    }
}

/// Sorts by the encoded key: shorter keys first, then bytewise, as the encoded length comes first.
fn write_map(out: &mut Vec<u8>, entries: &BTreeMap<String, Value>) {
    let mut sorted: Vec<(&String, &Value)> = entries.iter().collect();
    sorted.sort_by(|a, b| key_order(a.0, b.0));
    head(out, 5, sorted.len() as u64);
    for (key, value) in sorted {
        write_text(out, key);
        value.write(out);
    }
}

fn key_order(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes()))
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    head(out, 3, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn head(out: &mut Vec<u8>, major: u8, n: u64) {
    let major = major << 5;
    match n {
        0..=23 => out.push(major | n as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, n as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(n as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&n.to_be_bytes());
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    form: Form,
}

impl<'a> Reader<'a> {
    fn fault(&self, fault: &'static str) -> DecodeError {
        DecodeError::NotCanonical { at: self.at, fault }
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], DecodeError> {
        let left = self.bytes.len() - self.at;
        if n > left as u64 {
            return Err(DecodeError::Truncated(self.bytes.len()));
        }
        let end = self.at + n as usize;
        let slice = self.bytes.get(self.at..end).ok_or(DecodeError::Truncated(self.at))?;
        self.at = end;
        Ok(slice)
    }

    /// Reads a head: major type and argument, which must be in its shortest form.
    fn head(&mut self) -> Result<(u8, u64), DecodeError> {
        let first = self.take(1)?.iter().copied().next().ok_or(DecodeError::Truncated(self.at))?;
        let (major, info) = (first >> 5, first & 0x1f);
        if major == 7 {
            return Ok((major, u64::from(info)));
        }
        let width = match info {
            0..=23 => return Ok((major, u64::from(info))),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(self.fault("indefinite or reserved length")),
        };
        let n = self.take(width)?.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let least = match width {
            1 => 24,
            2 => 0x100,
            4 => 0x1_0000,
            _ => 0x1_0000_0000,
        };
        if n < least {
            return Err(self.fault("a number is not in its shortest form"));
        }
        Ok((major, n))
    }

    fn value(&mut self, depth: usize) -> Result<Value, DecodeError> {
        if depth > self.form.depth {
            return Err(self.fault("nested too deeply"));
        }
        let (major, n) = self.head()?;
        Ok(match major {
            0 => Value::Unsigned(n),
            1 => Value::Negative(n),
            2 => Value::Bytes(self.take(n)?.to_vec()),
            3 => Value::Text(self.text(n)?),
            4 => {
                let mut items = Vec::with_capacity(self.bounded(n)?);
                for _ in 0..n {
                    items.push(self.value(depth + 1)?);
                }
                Value::Array(items)
            }
            5 => self.map(n, depth)?,
            7 => match n {
                20 => Value::Bool(false),
                21 => Value::Bool(true),
                22 => Value::Null,
                27 if self.form.floats == FloatRule::Binary64 => self.float()?,
                _ => return Err(self.fault("floats and other simple values are not allowed")),
            },
            _ => return Err(self.fault("tags are not allowed")),
        })
    }

    fn float(&mut self) -> Result<Value, DecodeError> {
        let bits = self.take(8)?.iter().fold(0u64, |bits, b| bits << 8 | u64::from(*b));
        if f64::from_bits(bits).is_nan() && bits != NAN {
            return Err(self.fault("a NaN is not the one NaN"));
        }
        Ok(Value::Float(bits))
    }

    fn map(&mut self, n: u64, depth: usize) -> Result<Value, DecodeError> {
        self.bounded(n)?;
        let mut entries = BTreeMap::new();
        let mut last: Option<String> = None;
        for _ in 0..n {
            let (major, len) = self.head()?;
            if major != 3 {
                return Err(self.fault("a key is not text"));
            }
            let key = self.text(len)?;
            if last.is_some_and(|last| key_order(&last, &key) != std::cmp::Ordering::Less) {
                return Err(self.fault("keys are not sorted, or one stands twice"));
            }
            let value = self.value(depth + 1)?;
            last = Some(key.clone());
            entries.insert(key, value);
        }
        Ok(Value::Map(entries))
    }

    fn text(&mut self, n: u64) -> Result<String, DecodeError> {
        let bytes = self.take(n)?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.fault("text is not UTF-8"))
    }

    /// How much to allocate for `n` items. Every item takes at least one byte, so a count above what is left is
    /// a lie; a count below may still be one, at every depth again, so only little is allocated ahead.
    fn bounded(&self, n: u64) -> Result<usize, DecodeError> {
        let left = self.bytes.len() - self.at;
        if n > left as u64 { Err(DecodeError::Truncated(self.bytes.len())) } else { Ok(n.min(64) as usize) }
    }
}

/// Takes a record apart, field by field; what is left over at the end is an error.
#[derive(Debug)]
pub struct Fields {
    fields: BTreeMap<String, Value>,
}

impl Fields {
    /// Decodes a map and checks its `schema` field.
    pub fn of_record(bytes: &[u8], schema: &str) -> Result<Fields, DecodeError> {
        let mut fields = Fields::of(Value::decode(bytes)?, "record")?;
        let found = fields.text("schema")?;
        if found == schema {
            Ok(fields)
        } else {
            Err(DecodeError::field("schema", format!("'{found}' where '{schema}' is expected")))
        }
    }

    /// The fields of a map.
    pub fn of(value: Value, what: &str) -> Result<Fields, DecodeError> {
        match value {
            Value::Map(entries) => Ok(Fields { fields: entries }),
            _ => Err(DecodeError::field(what, "a map is expected")),
        }
    }

    /// Takes a field that may be absent.
    pub fn optional(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name)
    }

    /// Takes a field.
    pub fn take(&mut self, name: &str) -> Result<Value, DecodeError> {
        self.optional(name).ok_or_else(|| DecodeError::field(name, "missing"))
    }

    /// Takes a text field.
    pub fn text(&mut self, name: &str) -> Result<String, DecodeError> {
        as_text(self.take(name)?, name)
    }

    /// Takes a non-negative integer field.
    pub fn unsigned(&mut self, name: &str) -> Result<u64, DecodeError> {
        match self.take(name)? {
            Value::Unsigned(n) => Ok(n),
            _ => Err(DecodeError::field(name, "a non-negative integer is expected")),
        }
    }

    /// Takes a byte string field.
    pub fn bytes(&mut self, name: &str) -> Result<Vec<u8>, DecodeError> {
        match self.take(name)? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(DecodeError::field(name, "a byte string is expected")),
        }
    }

    /// Takes a boolean field.
    pub fn boolean(&mut self, name: &str) -> Result<bool, DecodeError> {
        match self.take(name)? {
            Value::Bool(b) => Ok(b),
            _ => Err(DecodeError::field(name, "a boolean is expected")),
        }
    }

    /// Takes an array field.
    pub fn array(&mut self, name: &str) -> Result<Vec<Value>, DecodeError> {
        match self.take(name)? {
            Value::Array(items) => Ok(items),
            _ => Err(DecodeError::field(name, "an array is expected")),
        }
    }

    /// Takes an array of texts.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>, DecodeError> {
        self.array(name)?.into_iter().map(|v| as_text(v, name)).collect()
    }

    /// Takes a map of texts to texts.
    pub fn text_map(&mut self, name: &str) -> Result<BTreeMap<String, String>, DecodeError> {
        let map = Fields::of(self.take(name)?, name)?;
        map.fields.into_iter().map(|(k, v)| Ok((k, as_text(v, name)?))).collect()
    }

    /// No field may be left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => Err(DecodeError::field(name, "unknown")),
        }
    }
}

/// A value that must be text.
pub fn as_text(value: Value, field: &str) -> Result<String, DecodeError> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(DecodeError::field(field, "text is expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_rfc() {
        let cases: [(Value, &str); 9] = [
            (Value::Unsigned(0), "00"),
            (Value::Unsigned(24), "1818"),
            (Value::Unsigned(1_000_000), "1a000f4240"),
            (Value::Negative(99), "3863"),
            (Value::text("IETF"), "6449455446"),
            (Value::Bytes(vec![1, 2, 3, 4]), "4401020304"),
            (Value::Array(vec![Value::Unsigned(1), Value::Bool(true)]), "8201f5"),
            (Value::record([]), "a0"),
            (Value::Null, "f6"),
        ];
        for (value, hex_text) in cases {
            assert_eq!(hex::encode(value.encode()), hex_text);
            assert_eq!(Value::decode(&hex::decode(hex_text).unwrap()), Ok(value));
        }
    }

    #[test]
    fn keys_are_sorted_by_their_encoding() {
        let map = Value::record([("aa", Value::Unsigned(1)), ("b", Value::Unsigned(2))]);
        assert_eq!(hex::encode(map.encode()), "a2616202626161 01".replace(' ', ""));
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for bad in [
            "1817",               // 23 in two bytes
            "190018",             // 24 in three bytes
            "5f41ff",             // indefinite
            "c000",               // a tag
            "f93c00",             // a float
            "f7",                 // undefined
            "0000",               // two values
            "a2616201616101",     // keys not sorted
            "a2616101616102",     // a key twice
            "a10101",             // a key that is no text
            "61ff",               // not UTF-8
            "9bffffffffffffffff", // a count that lies
            "5bffffffffffffffff", // a length that lies
            "",
        ] {
            assert!(Value::decode(&hex::decode(bad).unwrap()).is_err(), "{bad}");
        }
        let deep = [vec![0x81u8; 100], vec![0x00]].concat();
        assert!(Value::decode(&deep).is_err());
    }

    #[test]
    fn floats_follow_the_rule_of_their_document() {
        let form = Form { floats: FloatRule::Binary64, depth: 2 };
        for (f, text) in [(1.5, "fb3ff8000000000000"), (-0.0, "fb8000000000000000"), (f64::NAN, "fb7ff8000000000000")] {
            let bytes = hex::decode(text).unwrap();
            assert_eq!(Value::float(f).encode(), bytes);
            assert_eq!(Value::decode_as(&bytes, form), Ok(Value::float(f)));
            assert!(Value::decode(&bytes).is_err(), "an identity record has no floats");
        }
        for bad in ["fb7ff8000000000001", "f93c00", "fa3fc00000", "fb3ff8", "81818180"] {
            assert!(Value::decode_as(&hex::decode(bad).unwrap(), form).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_decode_to_their_own_encoding_or_not_at_all(bytes: Vec<u8>) {
            if let Ok(value) = Value::decode(&bytes) {
                proptest::prop_assert_eq!(value.encode(), bytes);
            }
        }
    }
}
