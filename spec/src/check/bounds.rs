//! Ranges of what primitives give.
//!
//! Invariant: a range holds every result for arguments in the given ranges; it may hold more. Nothing here knows types.

use crate::ir::{Primitive, Range, Size, decimal_text};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive};

/// Distances from zero.
pub(super) fn abs(range: &Range) -> Range {
    let low = if range.has_zero() { BigInt::ZERO } else { range.low.abs().min(range.high.abs()) };
    Range { low, high: range.greatest() }
}

/// Quotients of digits, brought to a scale, in whichever way they are rounded; `None` when the divisor is always zero.
pub(super) fn quotient((a, a_scale): (&Range, u32), (b, b_scale): (&Range, u32), to: u32) -> Option<Range> {
    // a / 10^a_scale / (b / 10^b_scale) * 10^to
    let (up, down) = (to + b_scale, a_scale);
    let numerator = a.scaled(up.saturating_sub(down));
    let unit = BigInt::from(10).pow(down.saturating_sub(up));
    let mut all: Option<Range> = None;
    for divisor in b.without_zero() {
        let ends = [&divisor.low * &unit, &divisor.high * &unit];
        for end in &ends {
            for n in [&numerator.low, &numerator.high] {
                let range = Range { low: n.div_floor(end), high: n.div_ceil(end) };
                all = Some(all.map_or(range.clone(), |all| all.join(&range)));
            }
        }
    }
    // Away from zero is not further than one from the floor or the ceiling.
    all
}

/// Bits, for numbers that are not negative; shifts by at most 255.
pub(super) fn bits(primitive: Primitive, a: &Range, b: &Range) -> Option<Range> {
    if a.low.is_negative() || b.low.is_negative() {
        return None;
    }
    let all_ones = |n: &BigInt| (BigInt::from(1) << n.bits()) - 1;
    Some(match primitive {
        Primitive::BitAnd => Range { low: BigInt::ZERO, high: (&a.high).min(&b.high).clone() },
        Primitive::BitOr => Range { low: (&a.low).max(&b.low).clone(), high: all_ones((&a.high).max(&b.high)) },
        Primitive::BitXor => Range { low: BigInt::ZERO, high: all_ones((&a.high).max(&b.high)) },
        Primitive::ShiftLeft => {
            let (low, high) = (b.low.to_u32()?, b.high.to_u32().filter(|n| *n <= 255)?);
            Range { low: &a.low << low, high: &a.high << high }
        }
        Primitive::ShiftRight => {
            let (low, high) = (b.low.to_u32()?, b.high.to_u32().filter(|n| *n <= 255)?);
            Range { low: &a.low >> high, high: &a.high >> low }
        }
        _ => return None,
    })
}

/// How many characters a number takes in digits.
pub(super) fn digits(range: &Range, scale: u32) -> Size {
    let length = |n: &BigInt| decimal_text(n, scale, scale).len() as u64;
    let high = length(&range.low).max(length(&range.high));
    let low = if range.has_zero() { length(&BigInt::ZERO) } else { length(&range.low).min(length(&range.high)) };
    Size::new(low, high)
}
