//! The meaning of the primitives (rule E8 of the reference).
//!
//! Invariant: total: what has no answer gives none. It does not know expressions.

use super::expr::place;
use super::numbers;
use crate::ir::{Primitive, Type, Value, decimal_text};
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

/// Evaluates; `None` when the values are not of the types that were checked.
pub(super) fn evaluate(primitive: Primitive, values: Vec<Value>, types: &[&Type]) -> Option<Value> {
    use Primitive as P;
    match primitive {
        P::Len | P::Abs | P::Min | P::Max | P::Sum | P::ToFloat | P::Sqrt => number(primitive, values),
        P::BitAnd | P::BitOr | P::BitXor | P::ShiftLeft | P::ShiftRight => bits(primitive, &values),
        P::Get | P::Put | P::Remove | P::Contains | P::Keys | P::Values => keyed(primitive, values),
        P::Append | P::Reverse | P::Sort | P::Slice => listed(primitive, values),
        _ => text(primitive, values, types),
    }
}

fn number(primitive: Primitive, values: Vec<Value>) -> Option<Value> {
    use Primitive as P;
    Some(match (primitive, values.as_slice()) {
        (P::Len, [Value::Text(text)]) => Value::int(text.chars().count()),
        (P::Len, [Value::Bytes(bytes)]) => Value::int(bytes.len()),
        (P::Len, [Value::List(items)]) => Value::int(items.len()),
        (P::Len, [Value::Map(map)]) => Value::int(map.len()),
        (P::Abs, [Value::Int(n)]) => Value::Int(n.abs()),
        (P::Abs, [Value::Decimal(n, scale)]) => Value::Decimal(n.abs(), *scale),
        (P::Abs, [Value::Float(f)]) => Value::Float(f.abs()),
        (P::Min, [a, b]) => {
            if b < a {
                b.clone()
            } else {
                a.clone()
            }
        }
        (P::Max, [a, b]) => {
            if b > a {
                b.clone()
            } else {
                a.clone()
            }
        }
        (P::Sum, [Value::List(items)]) => {
            let scale = items.iter().filter_map(|item| item.as_decimal().map(|it| it.1)).max().unwrap_or(0);
            let mut sum = BigInt::ZERO;
            for item in items {
                let (n, own) = item.as_decimal()?;
                sum += numbers::scaled(n, scale - own);
            }
            // Whole numbers stay whole.
            let decimal = items.iter().any(|item| matches!(item, Value::Decimal(..)));
            if decimal { Value::decimal(sum, scale) } else { Value::Int(sum) }
        }
        (P::ToFloat, [value]) => Value::Float(numbers::to_float(value)?),
        (P::Sqrt, [Value::Float(f)]) => Value::Float(f.sqrt()),
        _ => return None,
    })
}

fn bits(primitive: Primitive, values: &[Value]) -> Option<Value> {
    let [Value::Int(a), Value::Int(b)] = values else { return None };
    Some(Value::Int(match primitive {
        Primitive::BitAnd => a & b,
        Primitive::BitOr => a | b,
        Primitive::BitXor => a ^ b,
        Primitive::ShiftLeft => a << b.to_u32()?,
        _ => a >> b.to_u32()?,
    }))
}

fn keyed(primitive: Primitive, values: Vec<Value>) -> Option<Value> {
    use Primitive as P;
    let mut values = values.into_iter();
    let (first, second, third) = (values.next()?, values.next(), values.next());
    Some(match (primitive, first, second, third) {
        (P::Get, Value::List(items), Some(Value::Int(at)), None) => {
            Value::Optional(place(&at).and_then(|at| items.into_iter().nth(at)).map(Box::new))
        }
        (P::Get, Value::Map(map), Some(key), None) => Value::Optional(map.get(&key).cloned().map(Box::new)),
        (P::Put, Value::Map(mut map), Some(key), Some(value)) => {
            map.insert(key, value);
            Value::Map(map)
        }
        (P::Remove, Value::Map(mut map), Some(key), None) => {
            map.remove(&key);
            Value::Map(map)
        }
        (P::Contains, Value::Map(map), Some(key), None) => Value::Bool(map.contains_key(&key)),
        (P::Contains, Value::List(items), Some(item), None) => Value::Bool(items.contains(&item)),
        (P::Contains, Value::Text(text), Some(Value::Text(part)), None) => Value::Bool(text.contains(&*part)),
        (P::Keys, Value::Map(map), None, None) => Value::List(map.into_keys().collect()),
        (P::Values, Value::Map(map), None, None) => Value::List(map.into_values().collect()),
        _ => return None,
    })
}

fn listed(primitive: Primitive, values: Vec<Value>) -> Option<Value> {
    use Primitive as P;
    let mut values = values.into_iter();
    let (first, second, third) = (values.next()?, values.next(), values.next());
    Some(match (primitive, first, second, third) {
        (P::Append, Value::List(mut items), Some(item), None) => {
            items.push(item);
            Value::List(items)
        }
        (P::Reverse, Value::List(mut items), None, None) => {
            items.reverse();
            Value::List(items)
        }
        (P::Sort, Value::List(mut items), None, None) => {
            items.sort();
            Value::List(items)
        }
        (P::Slice, of, Some(Value::Int(from)), Some(Value::Int(count))) => {
            // A place before the start is the start; a count below zero is zero.
            let from = if from.is_negative() { 0 } else { from.to_usize().unwrap_or(usize::MAX) };
            let count = if count.is_negative() { 0 } else { count.to_usize().unwrap_or(usize::MAX) };
            match of {
                Value::Text(text) => Value::text(&text.chars().skip(from).take(count).collect::<String>()),
                Value::Bytes(bytes) => Value::Bytes(bytes.into_iter().skip(from).take(count).collect()),
                Value::List(items) => Value::List(items.into_iter().skip(from).take(count).collect()),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn text(primitive: Primitive, values: Vec<Value>, types: &[&Type]) -> Option<Value> {
    use Primitive as P;
    Some(match (primitive, values.as_slice()) {
        (P::Split, [Value::Text(text), Value::Text(mark)]) => {
            // An empty mark parts nothing.
            let parts: Vec<&str> = if mark.is_empty() { vec![text] } else { text.split(&**mark).collect() };
            Value::List(parts.into_iter().map(Value::text).collect())
        }
        (P::Codes, [Value::Text(text)]) => Value::List(text.chars().map(|c| Value::int(u32::from(c))).collect()),
        (P::TextOf, [Value::List(codes)]) => {
            let chars = codes.iter().map(|code| match code {
                Value::Int(n) => n.to_u32().and_then(char::from_u32),
                _ => None,
            });
            let text: Option<String> = chars.collect();
            Value::Optional(text.map(|text| Box::new(Value::text(&text))))
        }
        (P::Utf8, [Value::Text(text)]) => Value::Bytes(text.as_bytes().to_vec()),
        (P::FromUtf8, [Value::Bytes(bytes)]) => {
            Value::Optional(std::str::from_utf8(bytes).ok().map(|text| Box::new(Value::text(text))))
        }
        (P::ToText, [Value::Enum(decl, at)]) => Value::Text(decl.values.get(*at)?.name.clone()),
        (P::ToText, [value]) => {
            let (n, scale) = value.as_decimal()?;
            let least = if let Some(Type::Decimal(scale, _)) = types.first() { *scale } else { 0 };
            Value::text(&decimal_text(n, scale, least))
        }
        (P::ParseInt, [Value::Text(text)]) => Value::Optional(parse_int(text).map(|n| Box::new(Value::Int(n)))),
        (P::Lower, [Value::Text(text)]) => Value::text(&text.to_ascii_lowercase()),
        (P::Upper, [Value::Text(text)]) => Value::text(&text.to_ascii_uppercase()),
        (P::StartsWith, [Value::Text(text), Value::Text(start)]) => Value::Bool(text.starts_with(&**start)),
        (P::Hex, [Value::Bytes(bytes)]) => Value::text(&hex::encode(bytes)),
        (P::HashBytes, [Value::Bytes(bytes)]) => Value::Bytes(bytes.clone()),
        _ => return None,
    })
}

/// Digits with or without a `-`, at most seventy of them; a leading zero is allowed, a `+` is not.
fn parse_int(text: &str) -> Option<BigInt> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || digits.len() > 70 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
