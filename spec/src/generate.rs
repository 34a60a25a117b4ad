//! Inputs made from types: boundary values first, then values at random from a seed; and smaller ones of a value.
//!
//! Invariants: the same seed gives the same values on every machine; every value fits its type's ranges, sizes and
//! patterns (what must hold between fields of a record may not: an operator says so itself). This file does not know
//! operators beyond their inputs.

mod matching;

use crate::eval::conform;
use crate::ir::{Contract, Operator, Presence, Range, Size, TextType, Type, Value};
use crate::syntax::Name;
use matching::{matching, sized_matching};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use std::collections::BTreeMap;

/// Numbers that look like chance and are not: SplitMix64.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    pub const fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 when `n` is.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.draw() % n }
    }

    fn within(&mut self, range: &Range) -> BigInt {
        let size: BigInt = &range.high - &range.low + 1;
        let mut n = BigInt::zero();
        for _ in 0..=(size.bits() / 64) {
            n = (n << 64) + self.draw();
        }
        &range.low + n % size
    }

    fn pick<'v, T>(&mut self, items: &'v [T]) -> Option<&'v T> {
        items.get(self.below(items.len() as u64) as usize)
    }
}

/// How many elements a made collection has at most, unless its type asks for more.
const MOST_ELEMENTS: u64 = 4;

/// How many boundary values of one type are tried.
const MOST_BOUNDARIES: usize = 24;

/// The inputs of an operator for one case: cases count up from 0, boundary values of each input come first.
pub fn inputs(operator: &Operator, seed: u64, case: u64) -> Vec<Value> {
    let mut chance = Chance::new(seed ^ case.wrapping_mul(0xd6e8_feb8_6659_fd93));
    let mut left = case;
    let boundaries: Vec<Vec<Value>> = operator.inputs.iter().map(|input| boundaries(&input.ty)).collect();
    let mut chosen: Option<(usize, Value)> = None;
    for (at, values) in boundaries.iter().enumerate() {
        if chosen.is_none() {
            match values.get(left as usize) {
                Some(value) => chosen = Some((at, value.clone())),
                None => left -= values.len() as u64,
            }
        }
    }
    let simple = chosen.is_some() && case.is_multiple_of(2);
    let one = |(at, input): (usize, &crate::ir::Param)| match &chosen {
        Some((place, value)) if *place == at => value.clone(),
        // Half of the boundary cases hold everything else at its first value, so that one thing is tried alone.
        _ if simple => {
            boundaries.get(at).and_then(|all| all.first().cloned()).unwrap_or_else(|| random(&input.ty, &mut chance))
        }
        _ => random(&input.ty, &mut chance),
    };
    operator.inputs.iter().enumerate().map(one).collect()
}

/// How many cases are boundary cases.
pub fn boundary_cases(operator: &Operator) -> u64 {
    operator.inputs.iter().map(|input| boundaries(&input.ty).len() as u64).sum()
}

/// Boundary values of a type, the plainest first.
pub fn boundaries(ty: &Type) -> Vec<Value> {
    let mut values = match ty.base() {
        Type::Bool => vec![Value::Bool(false), Value::Bool(true)],
        Type::Int(range) => numbers(range).into_iter().map(Value::Int).collect(),
        Type::Decimal(scale, range) => numbers(range).into_iter().map(|n| Value::decimal(n, *scale)).collect(),
        Type::Float => [0.0, 1.0, -1.0, 0.5, 1e-9, 1e9, f64::MIN_POSITIVE].map(Value::Float).to_vec(),
        Type::Text(text) => texts(text),
        Type::Bytes(size) => {
            sizes(*size).into_iter().map(|n| Value::Bytes((0..n).map(|at| at as u8).collect())).collect()
        }
        Type::Hash(_) => vec![Value::Bytes(vec![0; 32]), Value::Bytes(vec![255; 32])],
        Type::Enum(decl) => (0..decl.values.len()).map(|at| Value::Enum(decl.clone(), at)).collect(),
        Type::Optional(inner) => {
            let some = boundaries(inner).into_iter().map(Value::some);
            [Value::Optional(None)].into_iter().chain(some).collect()
        }
        Type::List(element, size) => lists(element, *size),
        Type::Map(key, element, size) => maps(key, element, *size),
        Type::Record(record) => {
            let fields: Vec<(Name, Vec<Value>)> =
                record.fields.iter().map(|field| (field.name.clone(), boundaries(&field.ty))).collect();
            records(&fields)
        }
        Type::Outputs(_) | Type::Bad | Type::Never | Type::Named(_) => Vec::new(),
    };
    values.truncate(MOST_BOUNDARIES);
    values
}

/// The first value of every field, then each value of each field by itself.
fn records(fields: &[(Name, Vec<Value>)]) -> Vec<Value> {
    let first: Option<Vec<(Name, Value)>> =
        fields.iter().map(|(name, values)| Some((name.clone(), values.first()?.clone()))).collect();
    let Some(first) = first else { return Vec::new() };
    let mut made = vec![Value::Record(first.clone())];
    for (at, (name, values)) in fields.iter().enumerate() {
        for value in values.iter().skip(1) {
            let mut record = first.clone();
            if let Some(field) = record.get_mut(at) {
                *field = (name.clone(), value.clone());
            }
            made.push(Value::Record(record));
        }
    }
    made
}

fn numbers(range: &Range) -> Vec<BigInt> {
    let one = BigInt::from(1);
    let nearest = if range.has(&BigInt::zero()) {
        BigInt::zero()
    } else if range.low.is_positive() {
        range.low.clone()
    } else {
        range.high.clone()
    };
    let mut found = vec![nearest];
    let ends = [range.low.clone(), range.high.clone(), &range.low + &one, &range.high - &one];
    let small = [1i32, -1, 2, 10, 100, 255, 256, 65_535, 65_536].map(BigInt::from);
    for n in ends.into_iter().chain(small) {
        if range.has(&n) && !found.contains(&n) {
            found.push(n);
        }
    }
    found
}

fn sizes(size: Size) -> Vec<u64> {
    let high = size.high.min(size.low.max(256));
    let mut found = vec![size.low];
    for n in [high, size.low + 1, high.saturating_sub(1)] {
        if size.has(n) && !found.contains(&n) {
            found.push(n);
        }
    }
    found
}

fn texts(ty: &TextType) -> Vec<Value> {
    if let Some(pattern) = &ty.pattern {
        let mut chance = Chance::new(0);
        let made = (0..64).filter_map(|_| matching(pattern, ty, &mut chance));
        let mut found: Vec<Value> = Vec::new();
        for value in made {
            if !found.contains(&value) {
                found.push(value);
            }
        }
        return found;
    }
    let mut found: Vec<Value> = sizes(ty.size).into_iter().map(|n| Value::text(&"a".repeat(n as usize))).collect();
    // Characters of more than one byte, and those that programs treat apart.
    for c in ['é', '€', '😀', ' ', '"', '\\', '\n', '\0'] {
        let text: String = std::iter::repeat_n(c, ty.size.low.max(1) as usize).collect();
        if crate::pattern::text_is(&text, ty) {
            found.push(Value::text(&text));
        }
    }
    found
}

fn lists(element: &Type, size: Size) -> Vec<Value> {
    let values = boundaries(element);
    let mut found = Vec::new();
    for n in sizes(Size::new(size.low, size.high.min(size.low.max(8)))) {
        let items: Vec<Value> = values.iter().cycle().take(n as usize).cloned().collect();
        if items.len() as u64 == n {
            found.push(Value::List(items));
        }
    }
    if size.has(1) {
        found.extend(values.into_iter().map(|value| Value::List(vec![value])));
    }
    found
}

fn maps(key: &Type, element: &Type, size: Size) -> Vec<Value> {
    let (keys, values) = (boundaries(key), boundaries(element));
    let mut found = Vec::new();
    for n in sizes(Size::new(size.low, size.high.min(size.low.max(8)))) {
        let map: BTreeMap<Value, Value> =
            keys.iter().cloned().zip(values.iter().cycle().cloned()).take(n as usize).collect();
        if map.len() as u64 == n {
            found.push(Value::Map(map));
        }
    }
    found
}

/// A value of exactly that size, of a text, bytes, a list or a map; `None` when none was found.
pub fn of_size(ty: &Type, size: u64) -> Option<Value> {
    let n = usize::try_from(size).ok()?;
    match ty.base() {
        Type::Text(text) => match &text.pattern {
            None => Some(Value::text(&"a".repeat(n))).filter(|_| text.size.has(size)),
            Some(pattern) => sized_matching(pattern, text, n),
        },
        Type::Bytes(_) => Some(Value::Bytes((0..n).map(|at| at as u8).collect())),
        Type::List(element, _) => {
            let items: Vec<Value> = boundaries(element).into_iter().cycle().take(n).collect();
            (items.len() == n).then_some(Value::List(items))
        }
        Type::Map(key, element, _) => {
            let mut chance = Chance::new(0);
            let mut keys = boundaries(key);
            // A small key type runs out of keys: a bounded number of tries.
            for _ in 0..n * 16 {
                keys.push(random(key, &mut chance));
            }
            let values = boundaries(element);
            let mut map = BTreeMap::new();
            for (key, value) in keys.into_iter().zip(values.iter().cycle()) {
                if map.len() == n {
                    break;
                }
                map.entry(key).or_insert_with(|| value.clone());
            }
            (map.len() == n).then_some(Value::Map(map))
        }
        _ => None,
    }
}

/// A value of a type.
pub fn random(ty: &Type, chance: &mut Chance) -> Value {
    // One in four is a boundary value: that is where faults are.
    if chance.below(4) == 0
        && let Some(value) = chance.pick(&boundaries(ty))
    {
        return value.clone();
    }
    match ty.base() {
        Type::Bool => Value::Bool(chance.below(2) == 1),
        Type::Int(range) => Value::Int(chance.within(range)),
        Type::Decimal(scale, range) => Value::decimal(chance.within(range), *scale),
        Type::Float => Value::Float((chance.below(2_000_001) as f64 - 1_000_000.0) / 64.0),
        Type::Text(text) => random_text(text, chance),
        Type::Bytes(size) => {
            let n = random_size(*size, 32, chance);
            Value::Bytes((0..n).map(|_| chance.draw() as u8).collect())
        }
        Type::Hash(_) => Value::Bytes((0..32).map(|_| chance.draw() as u8).collect()),
        Type::Enum(decl) => Value::Enum(decl.clone(), chance.below(decl.values.len() as u64) as usize),
        Type::Optional(inner) if chance.below(2) == 0 => {
            let _ = inner;
            Value::Optional(None)
        }
        Type::Optional(inner) => Value::some(random(inner, chance)),
        Type::List(element, size) => {
            let n = random_size(*size, MOST_ELEMENTS, chance);
            Value::List((0..n).map(|_| random(element, chance)).collect())
        }
        Type::Map(key, element, size) => {
            let n = random_size(*size, MOST_ELEMENTS, chance);
            let mut map = BTreeMap::new();
            // A small key type runs out of keys: a bounded number of tries.
            for _ in 0..n * 16 {
                if map.len() as u64 >= n {
                    break;
                }
                map.insert(random(key, chance), random(element, chance));
            }
            Value::Map(map)
        }
        Type::Record(record) => {
            let field = |field: &crate::ir::FieldDecl, chance: &mut Chance| match &field.presence {
                Presence::Default(default) if chance.below(4) == 0 => default.1.clone(),
                _ => random(&field.ty, chance),
            };
            Value::Record(record.fields.iter().map(|it| (it.name.clone(), field(it, chance))).collect())
        }
        Type::Outputs(_) | Type::Bad | Type::Never | Type::Named(_) => Value::Optional(None),
    }
}

fn random_size(size: Size, most: u64, chance: &mut Chance) -> u64 {
    size.low + chance.below(size.high.min(size.low.saturating_add(most)) - size.low + 1)
}

fn random_text(ty: &TextType, chance: &mut Chance) -> Value {
    if let Some(pattern) = &ty.pattern {
        return matching(pattern, ty, chance).unwrap_or_else(|| Value::text(""));
    }
    let alphabet: Vec<char> = "abcXYZ019 .,-_\"\\é€😀".chars().collect();
    let n = random_size(ty.size, 16, chance);
    let text: String = (0..n).filter_map(|_| chance.pick(&alphabet).copied()).collect();
    Value::text(&text)
}

/// Smaller inputs that still fail: `fails` is asked for each candidate, and the last that fails is given.
pub fn shrink(
    contract: &Contract,
    operator: &Operator,
    inputs: Vec<Value>,
    fails: &mut dyn FnMut(&[Value]) -> bool,
) -> Vec<Value> {
    /// Candidates that are tried in all.
    const TRIES: usize = 2000;
    let mut smallest = inputs;
    let mut tries = 0;
    'again: loop {
        for at in 0..smallest.len() {
            let (Some(value), Some(input)) = (smallest.get(at), operator.inputs.get(at)) else { continue };
            for candidate in smaller(value) {
                tries += 1;
                if tries > TRIES {
                    return smallest;
                }
                if conform(contract, candidate.clone(), &input.ty, contract.invalid.as_ref()).is_err() {
                    continue;
                }
                let mut all = smallest.clone();
                if let Some(slot) = all.get_mut(at) {
                    *slot = candidate;
                }
                if fails(&all) {
                    smallest = all;
                    continue 'again;
                }
            }
        }
        return smallest;
    }
}

/// Values that are smaller, the smallest first.
fn smaller(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(true) => vec![Value::Bool(false)],
        Value::Int(n) => fewer(n).into_iter().map(Value::Int).collect(),
        Value::Decimal(n, scale) => fewer(n).into_iter().map(|n| Value::decimal(n, *scale)).collect(),
        Value::Text(text) => {
            let chars: Vec<char> = text.chars().collect();
            let n = chars.len();
            let cut = [0, n / 2, n.saturating_sub(1)].into_iter().filter(|cut| *cut < n);
            cut.map(|cut| Value::text(&chars.iter().take(cut).collect::<String>())).collect()
        }
        Value::Bytes(bytes) => {
            let n = bytes.len();
            let cut = [0, n / 2, n.saturating_sub(1)].into_iter().filter(|cut| *cut < n);
            cut.map(|cut| Value::Bytes(bytes.iter().take(cut).copied().collect())).collect()
        }
        Value::List(items) => {
            let without = (0..items.len()).map(|at| {
                Value::List(items.iter().enumerate().filter(|it| it.0 != at).map(|it| it.1.clone()).collect())
            });
            let each = items.iter().enumerate().flat_map(|(at, item)| {
                smaller(item).into_iter().map(move |less| {
                    let mut items = items.clone();
                    if let Some(slot) = items.get_mut(at) {
                        *slot = less;
                    }
                    Value::List(items)
                })
            });
            without.chain(each).collect()
        }
        Value::Map(map) => map
            .keys()
            .map(|key| {
                let mut less = map.clone();
                less.remove(key);
                Value::Map(less)
            })
            .collect(),
        Value::Optional(Some(inner)) => {
            [Value::Optional(None)].into_iter().chain(smaller(inner).into_iter().map(Value::some)).collect()
        }
        Value::Enum(decl, at) if *at > 0 => vec![Value::Enum(decl.clone(), 0)],
        Value::Record(fields) => fields
            .iter()
            .enumerate()
            .flat_map(|(at, (name, value))| {
                smaller(value).into_iter().map(move |less| {
                    let mut fields = fields.clone();
                    if let Some(slot) = fields.get_mut(at) {
                        *slot = (name.clone(), less);
                    }
                    Value::Record(fields)
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn fewer(n: &BigInt) -> Vec<BigInt> {
    if n.is_zero() {
        return Vec::new();
    }
    let towards: BigInt = n - n.signum();
    let mut found = vec![BigInt::zero()];
    for candidate in [n / 2, towards] {
        if candidate != *n && !found.contains(&candidate) {
            found.push(candidate);
        }
    }
    found
}
