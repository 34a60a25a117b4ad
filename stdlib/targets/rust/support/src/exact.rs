//! What generated modules share: exact arithmetic and total operations.
//!
//! Amounts and other decimals are whole numbers of their smallest unit, so nothing here rounds unless it is told how.

use std::collections::BTreeMap;
use std::ops::{Add, Div, Neg, Rem, Sub};

/// Whole numbers that can be divided.
pub trait Whole:
    Copy
    + Ord
    + From<i8>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Div<Output = Self>
    + Rem<Output = Self>
    + Neg<Output = Self>
{
}

impl Whole for i64 {}
impl Whole for i128 {}

/// The quotient, rounded down.
pub fn floor<N: Whole>(a: N, b: N) -> N {
    let (zero, rest) = (N::from(0), a % b);
    if rest != zero && (rest < zero) != (b < zero) {
        a / b - N::from(1)
    } else {
        a / b
    }
}

/// The quotient, rounded up.
pub fn ceiling<N: Whole>(a: N, b: N) -> N {
    let (zero, rest) = (N::from(0), a % b);
    if rest != zero && (rest < zero) == (b < zero) {
        a / b + N::from(1)
    } else {
        a / b
    }
}

/// What division rounded down leaves; it has the sign of the divisor.
pub fn modulo<N: Whole>(a: N, b: N) -> N {
    let (zero, rest) = (N::from(0), a % b);
    if rest != zero && (rest < zero) != (b < zero) {
        rest + b
    } else {
        rest
    }
}

/// One step away from zero, for a quotient.
fn away<N: Whole>(a: N, b: N) -> N {
    let zero = N::from(0);
    if (a < zero) == (b < zero) {
        N::from(1)
    } else {
        N::from(-1)
    }
}

/// The quotient, rounded away from zero.
pub fn up<N: Whole>(a: N, b: N) -> N {
    if a % b == N::from(0) {
        a / b
    } else {
        a / b + away(a, b)
    }
}

/// How far the quotient is into its last unit: less than half, half, or more.
fn half<N: Whole>(a: N, b: N) -> std::cmp::Ordering {
    let zero = N::from(0);
    let rest = if a % b < zero { -(a % b) } else { a % b };
    let size = if b < zero { -b } else { b };
    rest.cmp(&(size - rest))
}

/// The quotient, rounded to the nearest; half to the even one.
pub fn half_even<N: Whole>(a: N, b: N) -> N {
    let odd = (a / b) % N::from(2) != N::from(0);
    match half(a, b) {
        std::cmp::Ordering::Greater => a / b + away(a, b),
        std::cmp::Ordering::Equal if odd => a / b + away(a, b),
        _ => a / b,
    }
}

/// The quotient, rounded to the nearest; half away from zero.
pub fn half_up<N: Whole>(a: N, b: N) -> N {
    match half(a, b) {
        std::cmp::Ordering::Less => a / b,
        _ => a / b + away(a, b),
    }
}

/// A length as a number. No collection is longer.
pub fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A value that was seen to be there.
pub fn known<T>(value: Option<T>) -> T {
    value.expect("the value was seen to be there")
}

/// The element at a place from 0; none when there is none.
pub fn element<T: Clone>(items: &[T], place: i64) -> Option<T> {
    usize::try_from(place).ok().and_then(|place| items.get(place)).cloned()
}

/// A list with one more element.
pub fn append<T: Clone>(items: &[T], item: T) -> Vec<T> {
    let mut items = items.to_vec();
    items.push(item);
    items
}

/// A list with another behind it.
pub fn joined<T: Clone>(items: &[T], more: &[T]) -> Vec<T> {
    [items, more].concat()
}

/// A map with a key's value set.
pub fn put<K: Clone + Ord, V: Clone>(entries: &BTreeMap<K, V>, key: K, value: V) -> BTreeMap<K, V> {
    let mut entries = entries.clone();
    entries.insert(key, value);
    entries
}

/// A number of units of ten to the power of minus the scale, with its point.
pub fn decimal_text(digits: i64, scale: usize) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, part) = text.split_at(text.len() - scale);
    format!("{sign}{whole}.{part}")
}
