//! Cases and results as lines of words.
//!
//! A case is an operator and its inputs, a result is `ok` and the outputs, `error` with its full name and what it
//! tells, or `skip`.

use std::io::{BufRead, Write};
use std::str::FromStr;

/// Why a case cannot be given to an operator: the error that its type raises.
pub type Breach = &'static str;

/// The words of a case.
pub struct Words<'a>(std::str::SplitAsciiWhitespace<'a>);

impl<'a> Words<'a> {
    /// The next word; empty when there is none.
    pub fn word(&mut self) -> &'a str {
        self.0.next().unwrap_or("")
    }

    /// A truth.
    pub fn truth(&mut self) -> bool {
        self.word() == "1"
    }

    /// A whole number; what the representation has no room for is a breach.
    pub fn int<N: FromStr>(&mut self, breach: Breach) -> Result<N, Breach> {
        self.word().parse().map_err(|_| breach)
    }

    /// How many come.
    pub fn count(&mut self) -> usize {
        self.word().parse().unwrap_or(0)
    }

    /// Bytes.
    pub fn bytes(&mut self) -> Vec<u8> {
        let digits = self.word().as_bytes().get(1..).unwrap_or(&[]);
        let digit = |c: u8| (c as char).to_digit(16).unwrap_or(0) as u8;
        digits.chunks(2).map(|pair| pair.iter().fold(0, |n, c| n * 16 + digit(*c))).collect()
    }

    /// A text.
    pub fn text(&mut self) -> String {
        String::from_utf8(self.bytes()).unwrap_or_default()
    }
}

/// The word of bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("x"), |text, byte| text + &format!("{byte:02x}"))
}

/// Tries every case of the standard input.
pub fn run(tried: impl Fn(&str, &mut Words<'_>) -> String) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = Words(line.split_ascii_whitespace());
        let operator = words.word();
        writeln!(out, "{}", tried(operator, &mut words))?;
    }
    out.flush()
}
