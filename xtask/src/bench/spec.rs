//! `cargo xtask bench spec`: contracts of thirty operators each, parsed, checked and canonicalised by `gx spec digest`.
//!
//! The contracts are written by a rule, so that every machine measures the same: types, records, errors, and operators
//! with folds, matches, narrowing and calls. This file does not know what a contract means.

use super::measure::Samples;
use anyhow::{Context, Result, ensure};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const OPERATORS: usize = 30;
const ROUNDS: usize = 5;

/// Writes the contracts and measures.
pub(super) fn command(root: &Path, arguments: &[String]) -> Result<()> {
    let contracts: usize = arguments.first().map_or(Ok(1000), |n| n.parse()).context("a number of contracts")?;
    let gx = root.join("target/release/gx");
    ensure!(gx.is_file(), "{} is not there: cargo build --release -p gx", gx.display());
    let folder = root.join("target/bench-spec");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let mut bytes = 0;
    for number in 0..contracts {
        let text = contract(number);
        bytes += text.len();
        std::fs::write(folder.join(format!("c{number:05}.upel")), text)?;
    }
    let mut samples = Samples::new();
    for round in 1..=ROUNDS {
        let start = Instant::now();
        let status = Command::new(&gx)
            .args(["spec", "digest"])
            .arg(&folder)
            .stdout(Stdio::null())
            .status()
            .context("starting gx")?;
        let seconds = start.elapsed().as_secs_f64();
        ensure!(status.success(), "gx spec digest failed");
        println!("round {round}: {seconds:.3} s");
        samples.add(seconds);
    }
    println!(
        "{contracts} contracts of {OPERATORS} operators, {} KB: {:.3} s (median of {ROUNDS})",
        bytes / 1024,
        samples.median()
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// One contract; its number is in its names and its figures.
fn contract(number: usize) -> String {
    let mut text = format!(
        "//! Contract {number}.\ncontract Bench.C{number} 1.{}.0 layer L2 invalid BAD_INPUT;\n\n\
         const MOST = {};\n\
         type Amount = decimal(12, 2) 0.00..=9_999_999_999.99 else BAD_AMOUNT;\n\
         type Key = text 1..=20 pattern \"[a-z][a-z0-9_]*\" else BAD_INPUT;\n\n\
         enum Kind unknown else BAD_INPUT {{\n  PLAIN = 1,\n  SPECIAL = 2,\n  OTHER = 9,\n}}\n\n\
         record Line {{\n  key: Key,\n  kind: Kind = Kind.PLAIN,\n  amount: Amount,\n  note?: text 0..=80,\n  \
         require amount > 0.00 else BAD_AMOUNT,\n}}\n\n\
         error BAD_INPUT = 1 severity ERROR category input retry no message \"bad\";\n\
         error BAD_AMOUNT = 2 severity ERROR category input retry no message \"bad amount\";\n\
         error TOO_MUCH(limit: u32) = 3 severity WARN category limit retry yes message \"more than {{limit}}\";\n\n",
        number % 7,
        50 + number % 50
    );
    for at in 0..OPERATORS {
        operator(&mut text, at, number);
    }
    text
}

fn operator(text: &mut String, at: usize, number: usize) {
    let factor = 1 + (at + number) % 9;
    let written = match at % 3 {
        0 => write!(
            text,
            "/// Adds up lines, {at}.\npure operator Sum{at}(lines: list<Line> 0..=MOST, limit: u32) -> Amount\n  \
             raises TOO_MUCH\n{{\n  fold sum: Amount = 0.00 for line in lines {{\n    match line.kind {{\n      \
             PLAIN => (sum + line.amount) as Amount else TOO_MUCH(limit: limit),\n      \
             SPECIAL => (sum + line.amount * {factor}) as Amount else TOO_MUCH(limit: limit),\n      \
             OTHER => sum,\n    }}\n  }}\n}}\n\n"
        ),
        1 => write!(
            text,
            "/// Chooses, {at}.\npure operator Choose{at}(a: u32, b: u32, kind: Kind) -> u32\n  raises TOO_MUCH\n  \
             ensure result >= 0\n{{\n  require a <= 1_000_000 else TOO_MUCH(limit: a);\n  \
             let wide = a * {factor} + b;\n  let half = wide div 2;\n  if kind == Kind.SPECIAL and b > {factor} {{\n    \
             (wide - half + b mod 7) as u32 else TOO_MUCH(limit: b)\n  }} else {{\n    half as u32 clamp\n  }}\n}}\n\n"
        ),
        _ => write!(
            text,
            "/// Keeps what is large, {at}.\npure operator Keep{at}(lines: list<Line> 0..=MOST, limit: u32) -> Amount\n  \
             raises TOO_MUCH\n  uses Sum{0}\n{{\n  \
             let large = [line for line in lines if line.amount > {factor}.50];\n  \
             let total = Sum{0}(lines: large, limit: limit);\n  \
             divide(total * 19, 100, 2, half_even) as Amount else TOO_MUCH(limit: limit)\n}}\n\n",
            at - 2
        ),
    };
    // Writing to a text does not fail.
    debug_assert!(written.is_ok());
}
