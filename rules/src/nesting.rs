//! How deep a Starlark file nests, told before it is parsed.
//!
//! Invariants: one pass, no recursion. The parser and the evaluator recurse on what they read; a file that nests past
//! the limits would end the process by running out of stack. Measured in a release build, parsing, compiling and
//! freezing take at most 8 KB of stack for a `lambda` in a `lambda`, 5 KB for an `elif`, 4 KB for a bracket, and 2.4 KB
//! for an operator or a block, so that a file at all limits at once takes 50 MB, less than the least stack that
//! `bounds.rs` evaluates on. This file does not know the grammar, only its tokens.

use crate::error::{LoadError, LoadErrorKind, Position};

/// Open brackets.
const BRACKETS: usize = 200;
/// Words and signs of one expression, those around its brackets included. A comma begins a new one.
const TOKENS: usize = 10_000;
/// Blocks in blocks, by their indentation.
const BLOCKS: usize = 100;
/// `elif` and `lambda` in one statement at the left margin. Commas do not end a `lambda`.
const BRANCHES: usize = 1000;

/// How deep the text is nested at some place of it.
#[derive(Default)]
struct Depth {
    /// Words before each bracket that is open.
    open: Vec<usize>,
    /// The sum of these.
    outside: usize,
    /// Words of the expression since its bracket or comma.
    pending: usize,
    /// Columns at which the open blocks begin.
    blocks: Vec<usize>,
    branches: usize,
}

impl Depth {
    fn open(&mut self) {
        let before = std::mem::take(&mut self.pending) + 1;
        self.outside += before;
        self.open.push(before);
    }

    fn close(&mut self) {
        self.pending = self.open.pop().unwrap_or(0);
        self.outside = self.outside.saturating_sub(self.pending);
    }

    /// A line that is not inside brackets begins.
    fn line(&mut self, text: &str) {
        self.pending = 0;
        let blank = |c: char| matches!(c, ' ' | '\t');
        let rest = text.trim_start_matches(blank);
        let column = text.len() - rest.len();
        if rest.is_empty() || rest.starts_with(['\n', '\r', '#']) {
            return;
        }
        while self.blocks.last().is_some_and(|block| *block >= column) {
            self.blocks.pop();
        }
        if column == 0 {
            self.branches = 0;
        } else {
            self.blocks.push(column);
        }
    }

    fn word(&mut self, text: &str) {
        self.pending += 1;
        let word = text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        self.branches += usize::from(matches!(word, "elif" | "lambda"));
    }

    fn fault(&self) -> Option<String> {
        let over = |depth: usize, limit: usize, what: &str| (depth > limit).then(|| format!("{what} {limit}"));
        over(self.open.len(), BRACKETS, "brackets are nested deeper than")
            .or_else(|| over(self.outside + self.pending, TOKENS, "an expression has more words and signs than"))
            .or_else(|| over(self.blocks.len(), BLOCKS, "blocks are nested deeper than"))
            .or_else(|| over(self.branches, BRANCHES, "a statement has more 'elif' and 'lambda' than"))
    }
}

/// Refuses a text that nests deeper than the limits.
pub(crate) fn check(file: &str, text: &str) -> Result<(), LoadError> {
    let mut depth = Depth::default();
    let (mut in_word, mut line) = (false, 1_u32);
    let mut rest = text;
    depth.line(text);
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' | '\'' => string(rest, c),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            // A line that goes on.
            '\\' => 1 + rest.get(1..).and_then(|after| after.chars().next()).map_or(0, char::len_utf8),
            _ => c.len_utf8(),
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let was_in_word = std::mem::replace(&mut in_word, c.is_alphanumeric() || c == '_');
        match c {
            '(' | '[' | '{' => depth.open(),
            ')' | ']' | '}' => depth.close(),
            ',' => depth.pending = 0,
            '\n' if depth.open.is_empty() => depth.line(after),
            _ if c.is_whitespace() || c == '#' || (in_word && was_in_word) => {}
            _ => depth.word(rest),
        }
        if let Some(message) = depth.fault() {
            let at = Position { file: file.to_owned(), line, column: 1 };
            let error = LoadError::new(LoadErrorKind::Limit, message).at(Some(at));
            return Err(error.hint("give parts of it names of their own, or make it shorter"));
        }
        line = line.saturating_add(u32::try_from(token.matches('\n').count()).unwrap_or(u32::MAX));
        rest = after;
    }
    Ok(())
}

/// The length of the string literal that a text begins with.
fn string(text: &str, quote: char) -> usize {
    let triple: String = [quote; 3].iter().collect();
    let end = if text.starts_with(&triple) { triple } else { quote.to_string() };
    let mut at = end.len();
    while let Some(rest) = text.get(at..) {
        match rest.chars().next() {
            None => break,
            Some('\\') => at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            Some('\n') if end.len() == 1 => break,
            Some(_) if rest.starts_with(&end) => return at + end.len(),
            Some(c) => at += c.len_utf8(),
        }
    }
    at.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::check;

    fn blocks(count: usize) -> String {
        let lines = (1..=count).map(|n| format!("{}if f:\n", " ".repeat(n)));
        format!("def f():\n{}{}pass\n", lines.collect::<String>(), " ".repeat(count + 1))
    }

    fn branches(count: usize) -> String {
        format!("def f(x):\n  if x:\n    pass\n{}", "  elif x:\n    pass\n".repeat(count))
    }

    /// Everything at its limit at once.
    fn all_at_once() -> String {
        let words = "not ".repeat(9_000);
        let brackets = "[".repeat(190) + &"]".repeat(190);
        let mut text = String::from("def f(x):\n");
        for n in 1..=95 {
            text += &format!("{}if x:\n", " ".repeat(n));
        }
        let margin = " ".repeat(96);
        text += &format!("{margin}if x:\n{margin} pass\n");
        text += &format!("{margin}elif x:\n{margin} pass\n").repeat(900);
        text + &format!("{margin}else:\n{margin} x = {words}{brackets}\n")
    }

    #[test]
    fn what_is_past_a_limit_is_refused_before_it_is_parsed() {
        let texts = [
            format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
            format!("x = {}1{}", "(".repeat(20_000), ")".repeat(20_000)),
            format!("x = {}1", "1+".repeat(50_000)),
            format!("x = {}1", "1+ \\\n".repeat(50_000)),
            format!("x = {}1", "not ".repeat(50_000)),
            format!("x = {}1{}", "(not not not not not not not ".repeat(2000), ")".repeat(2000)),
            format!("x = {}1", "lambda a, b: ".repeat(50_000)),
            blocks(2_000),
            branches(100_000),
        ];
        let told = texts.map(|text| check("BUILD.gx", &text).unwrap_err().to_string());
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn what_the_limits_allow_is_evaluated_on_the_least_stack() {
        for text in [
            format!("x = {}{}", "[".repeat(200), "]".repeat(200)),
            format!("x = {}1", "1+".repeat(4_900)),
            format!("x = {}1{}", "(not not not not not not not ".repeat(190), ")".repeat(190)),
            format!("x = {}1", "lambda a, b: ".repeat(1000)),
            format!("x = [{}]\n", "'a[[[', ".repeat(50_000)),
            format!("'''{}'''\n# {}\n", "[\n".repeat(5_000), "[".repeat(5_000)),
            format!("def f(x):\n{}", "  x = 1\n\n".repeat(50_000)),
            blocks(99),
            branches(1000),
            all_at_once(),
        ] {
            let dialect = starlark::syntax::Dialect::Standard;
            let evaluate = move || {
                let ast = crate::bzl::parse("a.bzl", text, &dialect).map_err(|e| e.to_string())?;
                starlark::environment::Module::with_temp_heap(|module| {
                    let globals = starlark::environment::Globals::standard();
                    let done = starlark::eval::Evaluator::new(&module).eval_module(ast, &globals).map(drop);
                    done.map_err(|e| e.to_string())?;
                    module.freeze().map(drop).map_err(|e| format!("{e:?}"))
                })
            };
            let thread = std::thread::Builder::new().stack_size(crate::bounds::LEAST_STACK);
            thread.spawn(evaluate).unwrap().join().unwrap().unwrap();
        }
    }

    #[test]
    fn the_line_is_named() {
        let error = check("BUILD.gx", &format!("x = 1\ny = {}", "[".repeat(300))).unwrap_err();
        assert_eq!(error.at.unwrap().line, 2);
    }
}
