//! What hashes are made of: the one canonical CBOR of a value of a type (rule E9 of the reference).
//!
//! Whole numbers whose type fits into 64 bits are CBOR numbers, wider ones and decimals are texts with all digits that
//! their type has; an enum is its value's name; a field that is none is left out; a map whose keys are no text is an
//! array of pairs in ascending order. Invariant: equal values of one type have equal bytes. No floats.

use super::{Halt, Lookup, Machine};
use crate::ir::{HashDecl, Preimage, Presence, Range, Type, Value, decimal_text};
use crate::syntax::{HashFn, Name};
use gx_store::encode::Value as Cbor;
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const WRONG: Halt = Halt::Broken("a value that is hashed has another type");

/// The hash of bytes.
pub fn hash_of(function: HashFn, bytes: &[u8]) -> Vec<u8> {
    match function {
        HashFn::Sha256 => Sha256::digest(bytes).to_vec(),
        HashFn::Blake3 => blake3::hash(bytes).as_bytes().to_vec(),
    }
}

/// The bytes that are hashed for such arguments.
pub fn canonical(lookup: &dyn Lookup, hash: &HashDecl, arguments: Vec<Value>) -> Result<Vec<u8>, Halt> {
    let mut machine = Machine::new(lookup, crate::check::MAX_STEPS);
    machine.variables = hash.parameters.iter().map(|parameter| parameter.name.clone()).zip(arguments).collect();
    Ok(match &hash.preimage {
        Preimage::Commit(tag, elements) => {
            let mut data = Vec::with_capacity(elements.len());
            for element in elements {
                let value = machine.value(element)?;
                data.push(canonical_cbor(&value, &element.ty, &[])?);
            }
            Cbor::Array(vec![Cbor::text(tag), Cbor::Array(data)]).encode()
        }
        Preimage::Object(of, without) => canonical_cbor(&machine.value(of)?, &of.ty, without)?.encode(),
        Preimage::Raw(of) => match machine.value(of)? {
            Value::Bytes(bytes) => bytes,
            _ => return Err(WRONG),
        },
    })
}

pub(super) fn evaluate(lookup: &dyn Lookup, hash: &HashDecl, arguments: Vec<Value>) -> Result<Value, Halt> {
    canonical(lookup, hash, arguments).map(|bytes| Value::Bytes(hash_of(hash.function, &bytes)))
}

/// The canonical CBOR of a value, some fields of the record left out.
pub fn canonical_cbor(value: &Value, ty: &Type, without: &[Name]) -> Result<Cbor, Halt> {
    Ok(match (value, ty.base()) {
        (Value::Bool(b), Type::Bool) => Cbor::Bool(*b),
        (Value::Int(n), Type::Int(range)) => int(n, range),
        (Value::Int(_) | Value::Decimal(..), Type::Decimal(to, _)) => {
            let (n, scale) = value.as_decimal().ok_or(WRONG)?;
            Cbor::text(decimal_text(n, scale, *to))
        }
        (Value::Text(text), Type::Text(_)) => Cbor::text(&**text),
        (Value::Bytes(bytes), Type::Bytes(_) | Type::Hash(_)) => Cbor::Bytes(bytes.clone()),
        (Value::List(items), Type::List(element, _)) => {
            Cbor::Array(items.iter().map(|item| canonical_cbor(item, element, &[])).collect::<Result<_, _>>()?)
        }
        (Value::Map(map), Type::Map(key, element, _)) => entries(map, key, element)?,
        (Value::Optional(None), Type::Optional(_)) => Cbor::Null,
        (Value::Optional(Some(inner)), Type::Optional(ty)) => canonical_cbor(inner, ty, &[])?,
        (Value::Enum(decl, at), Type::Enum(_)) => Cbor::text(&*decl.values.get(*at).ok_or(WRONG)?.name),
        (Value::Record(_), Type::Record(record)) => {
            let mut fields = BTreeMap::new();
            for field in record.fields.iter().filter(|field| !without.contains(&field.name)) {
                let value = value.field(&field.name).ok_or(WRONG)?;
                // What is absent is left out, never null.
                if matches!((&field.presence, value), (Presence::Optional, Value::Optional(None))) {
                    continue;
                }
                fields.insert(field.name.to_string(), canonical_cbor(value, &field.ty, &[])?);
            }
            Cbor::Map(fields)
        }
        _ => return Err(WRONG),
    })
}

fn entries(map: &BTreeMap<Value, Value>, key: &Type, element: &Type) -> Result<Cbor, Halt> {
    if matches!(key.base(), Type::Text(_)) {
        let mut fields = BTreeMap::new();
        for (k, v) in map {
            let Value::Text(k) = k else { return Err(WRONG) };
            fields.insert(k.to_string(), canonical_cbor(v, element, &[])?);
        }
        return Ok(Cbor::Map(fields));
    }
    let mut pairs = Vec::with_capacity(map.len());
    for (k, v) in map {
        pairs.push(Cbor::Array(vec![canonical_cbor(k, key, &[])?, canonical_cbor(v, element, &[])?]));
    }
    Ok(Cbor::Array(pairs))
}

fn int(n: &BigInt, range: &Range) -> Cbor {
    let fits = |n: &BigInt| n.to_u64().is_some() || (-1i32 - n).to_u64().is_some();
    if !fits(&range.low) || !fits(&range.high) {
        return Cbor::text(n.to_string());
    }
    match n.to_u64() {
        Some(n) => Cbor::Unsigned(n),
        None => Cbor::Negative((-1i32 - n).to_u64().unwrap_or_default()),
    }
}
