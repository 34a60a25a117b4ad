//! Changed copies of seeds: flipped bits, cut, doubled and foreign parts, numbers at their edges.
//!
//! Invariant: the same seed and number give the same copy on every machine. This file does not know any format.

/// A small generator of numbers (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Numbers that `seed` decides.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % (end.max(1) as u64)).unwrap_or(0)
    }
}

/// What is likely to hit an edge: ends of ranges, quotes, brackets, escapes, odd texts.
const EDGES: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xfb",
    b"\xfc",
    b"\xfd",
    b"\"",
    b"'",
    b"\\",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b"/",
    b"//",
    b"@",
    b"..",
    b"...",
    b"-",
    b"+",
    b"=",
    b"%",
    b"#",
    b"$",
    b"`",
    b"0",
    b"99999999999999999999",
    b"-1",
    b"\xc3\xa9",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x98\x80",
    b"\xc3",
    b"\xed\xa0\x80",
    b"if ",
    b"lambda ",
    b"load(",
    b"not ",
];

/// Longest copy.
const LONGEST: usize = 1 << 16;

/// Copy `number` of a seed.
pub fn mutate(seeds: &[(String, Vec<u8>)], seed: &[u8], number: u64) -> Vec<u8> {
    let mut random = Random::new(number ^ (seed.len() as u64) << 32);
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        step(&mut random, seeds, &mut bytes);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn step(random: &mut Random, seeds: &[(String, Vec<u8>)], bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len() + 1);
    let end = at + random.below((bytes.len() - at + 1).min(64));
    match random.below(8) {
        0 => {
            let bit = 1u8 << random.below(8);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bit;
            }
        }
        1 => {
            let value = random.number().to_le_bytes();
            if let (Some(byte), [value, ..]) = (bytes.get_mut(at), value) {
                *byte = value;
            }
        }
        2 => drop(bytes.drain(at..end)),
        3 => bytes.truncate(at),
        4 => {
            let part: Vec<u8> = bytes.get(at..end).unwrap_or_default().repeat(1 + random.below(4));
            bytes.splice(at..at, part);
        }
        5 => {
            let (_, other) = seeds.get(random.below(seeds.len())).cloned().unwrap_or_default();
            let from = random.below(other.len() + 1);
            let to = from + random.below(other.len() - from + 1);
            bytes.splice(at..end, other.get(from..to).unwrap_or_default().iter().copied());
        }
        6 => {
            let edge = EDGES.get(random.below(EDGES.len())).copied().unwrap_or_default();
            bytes.splice(at..(at + edge.len()).min(bytes.len()), edge.iter().copied());
        }
        _ => {
            let edge = EDGES.get(random.below(EDGES.len())).copied().unwrap_or_default();
            let many = if random.below(8) == 0 { 300 } else { 1 };
            bytes.splice(at..at, edge.repeat(many));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mutate;

    #[test]
    fn copies_are_the_same_every_time_and_differ_by_number() {
        let seeds = vec![("a".to_owned(), b"//package:target".to_vec())];
        let copy = |number| mutate(&seeds, b"//package:target", number);
        let copies: std::collections::BTreeSet<Vec<u8>> = (0..200).map(copy).collect();
        assert!(copies.len() > 150, "{}", copies.len());
        assert!((0..200).all(|number| copy(number) == copy(number)));
    }
}
