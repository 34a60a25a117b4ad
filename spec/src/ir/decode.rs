//! From canonical bytes back to an IR: to a syntax tree first, and through the checker like any text.
//!
//! Invariants: bytes that are not the canonical encoding of a sound contract are refused; what is given encodes to the
//! very bytes that were read. Doc comments are no part of the encoding, so there are none. This file does not know what
//! a contract may say.

use super::decode_expr::Trees;
use super::encode::SCHEMA;
use super::{Contract, encode};
use crate::check::check;
use crate::diagnostic::Diagnostic;
use crate::rules::Rules;
use crate::syntax::{self as s, Name, Span};
use gx_store::encode::{DecodeError as Broken, Fields, FloatRule, Form, Value as Cbor};
use std::sync::Arc;

/// The form of an encoded contract: floats in 64 bits; a level of the tree takes up to four of CBOR.
const FORM: Form = Form { floats: FloatRule::Binary64, depth: 4 * s::MAX_DEPTH as usize + 16 };

/// Why bytes are no contract.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// They are no canonical CBOR, or a record is not as it has to be.
    #[error("the encoded contract cannot be read: {0}")]
    Form(#[from] Broken),
    /// An import is missing, or is another one than the contract was made with.
    #[error("the import '{0}' is not there with the digest that is recorded")]
    Import(String),
    /// What they say breaks a rule.
    #[error("the encoded contract breaks rule {}: {}", .0.rule.number(), .0.message)]
    Rule(Box<Diagnostic>),
    /// They say it in another way than the canonical one.
    #[error("the bytes are not the canonical encoding of what they say")]
    NotCanonical,
}

/// Reads a contract. `import` finds what it uses, by name and version.
pub fn decode(
    bytes: &[u8],
    import: &dyn Fn(&str, s::Version) -> Option<Arc<Contract>>,
) -> Result<Arc<Contract>, DecodeError> {
    let (file, digests) = tree(bytes)?;
    let mut imports = Vec::with_capacity(file.imports.len());
    for (wanted, digest) in file.imports.iter().zip(&digests) {
        let name = wanted.name.text();
        let found = import(&name, wanted.version).filter(|it| super::digest(it).to_string() == *digest);
        imports.push(Some(found.ok_or(DecodeError::Import(name))?));
    }
    let checked = check(&file, &imports, Rules::all());
    if let Some(fault) = checked.faults.into_iter().next() {
        return Err(DecodeError::Rule(Box::new(fault)));
    }
    let contract = checked.contract.ok_or(DecodeError::NotCanonical)?;
    if encode(&contract) == bytes { Ok(contract) } else { Err(DecodeError::NotCanonical) }
}

/// The syntax tree that an encoding says, with the digests of its imports.
pub(crate) fn tree(bytes: &[u8]) -> Result<(s::File, Vec<String>), Broken> {
    let mut it = Fields::of(Cbor::decode_as(bytes, FORM)?, "contract")?;
    let schema = it.text("schema")?;
    if schema != SCHEMA {
        return Err(Broken::field("schema", format!("'{schema}' where '{SCHEMA}' is expected")));
    }
    let name = path(&it.text("name")?);
    let version = version(it.take("version")?)?;
    let layer = u8::try_from(it.unsigned("layer")?).map_err(|_| Broken::field("layer", "it is 1 to 4"))?;
    if !(1..=4).contains(&layer) {
        return Err(Broken::field("layer", "it is 1 to 4"));
    }
    let mut trees = Trees::default();
    let mut imports = Vec::new();
    let mut digests = Vec::new();
    for value in it.array("imports")? {
        let mut import = Fields::of(value, "import")?;
        let full = import.text("name")?;
        let version = self::version(import.take("version")?)?;
        digests.push(import.text("digest")?);
        import.finish()?;
        let alias = trees.alias(&full);
        imports.push(s::Import { name: path(&full), version, alias: ident(&alias), span: Span::default() });
    }
    let invalid = it.optional("invalid").map(|value| trees.reference(value)).transpose()?;
    let mut items = Vec::new();
    for (field, read) in Trees::ITEMS {
        for value in it.array(field)? {
            items.push(read(&trees, Fields::of(value, field)?)?);
        }
    }
    it.finish()?;
    let span = Span::default();
    let header = s::Header { name, version, version_span: span, layer, invalid, span };
    Ok((s::File { docs: Vec::new(), header, imports, items, comments: Vec::new() }, digests))
}

pub(super) fn ident(name: &str) -> s::Ident {
    s::Ident { name: Name::from(name), span: Span::default() }
}

pub(super) fn path(text: &str) -> s::Path {
    s::Path { parts: text.split('.').map(ident).collect() }
}

fn version(value: Cbor) -> Result<s::Version, Broken> {
    let wrong = || Broken::field("version", "three numbers are expected");
    let Cbor::Array(parts) = value else { return Err(wrong()) };
    let numbers = parts.iter().map(|part| match part {
        Cbor::Unsigned(n) => u32::try_from(*n).map_err(|_| wrong()),
        _ => Err(wrong()),
    });
    let numbers: Vec<u32> = numbers.collect::<Result<_, _>>()?;
    let [major, minor, patch] = numbers.as_slice() else { return Err(wrong()) };
    Ok(s::Version(*major, *minor, *patch))
}
