//! Source files as the rules want to see them: the text, and for Rust the text with strings and comments
//! blanked out, so that a rule about code is not misled by words in a message.
//!
//! Invariant: the blanked text has the same lines as the text. This file knows no rule.

use anyhow::{Context, Result};
use std::path::Path;
use walkdir::WalkDir;

/// What language a file is in, as far as the rules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `.rs`
    Rust,
    /// `.bzl` and BUILD files
    Starlark,
    /// Shell scripts
    Shell,
    /// `.md`
    Prose,
    /// `.toml`, `.nix`, `.py`
    Other,
}

/// One file of the repository.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    /// Its language.
    pub(super) kind: Kind,
    /// Its content.
    pub(super) text: String,
    /// The content with strings and comments blanked out (Rust), else the content.
    pub(super) code: String,
    /// How many lines stand before the trailing `#[cfg(test)] mod`; all of them when there is none, none when the
    /// whole file is a test.
    pub(super) core_lines: usize,
}

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", "gx-out", ".gx", "node_modules", ".direnv", "result"];

/// Reads every file that a rule looks at, in order of path.
pub(super) fn read_all(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let walk = WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !SKIPPED.iter().any(|name| entry.file_name().to_str() == Some(name)));
    for entry in walk {
        let entry = entry?;
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path().strip_prefix(root)?.to_string_lossy().into_owned();
        let Some(kind) = kind(&path) else { continue };
        let text = std::fs::read_to_string(entry.path()).with_context(|| format!("reading {path}"))?;
        sources.push(Source::new(path, kind, text));
    }
    Ok(sources)
}

fn kind(path: &str) -> Option<Kind> {
    if matches!(path, "setup" | "check" | ".ci/run") {
        return Some(Kind::Shell);
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if matches!(name, "BUILD" | "BUILD.gx" | "BUILD.bazel") {
        return Some(Kind::Starlark);
    }
    match name.rsplit_once('.')?.1 {
        // A program in an example is somebody else's: text, like every other language there.
        "rs" if path.starts_with("examples/") => Some(Kind::Other),
        "rs" => Some(Kind::Rust),
        "bzl" => Some(Kind::Starlark),
        "sh" => Some(Kind::Shell),
        "md" => Some(Kind::Prose),
        "toml" | "nix" | "py" => Some(Kind::Other),
        _ => None,
    }
}

impl Source {
    /// Makes one from its parts.
    pub(super) fn new(path: String, kind: Kind, text: String) -> Self {
        let code = if kind == Kind::Rust { blank(&text) } else { text.clone() };
        let core_lines = if is_test_file(&path) { 0 } else { core_lines(&code) };
        Self { path, kind, text, code, core_lines }
    }

    /// Lines of code outside tests, numbered from 1.
    pub(super) fn core(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().take(self.core_lines).enumerate().map(|(at, line)| (at + 1, line))
    }
}

fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.contains("/benches/")
        || path.contains("/examples/")
}

fn core_lines(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().collect();
    let trailing = lines.windows(2).rposition(|pair| {
        matches!(pair, [attribute, module]
            if attribute.starts_with("#[cfg(test)]") && module.starts_with("mod ") && module.ends_with('{'))
    });
    trailing.unwrap_or(lines.len())
}

/// Replaces what stands in strings, character literals and comments by spaces, line by line.
pub(super) fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&here) = chars.get(at) {
        let rest = chars.get(at..).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|i| chars.get(i)).copied().unwrap_or(' ');
        let length = literal_length(rest, before);
        if length == 0 {
            out.push(here);
            at += 1;
            continue;
        }
        out.extend(rest.iter().take(length).map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at += length;
    }
    out
}

/// How many characters of a comment, string or character literal start here; 0 when none does.
fn literal_length(rest: &[char], before: char) -> usize {
    match rest {
        ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => quoted(rest),
        ['r', '"' | '#', ..] if !is_word(before) || before == 'b' || before == 'c' => raw(rest),
        ['\'', '\\', ..] => 3 + rest.iter().skip(3).position(|c| *c == '\'').unwrap_or(0) + 1,
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < rest.len() {
        match rest.get(at..) {
            Some(['/', '*', ..]) => {
                depth += 1;
                at += 2;
            }
            Some(['*', '/', ..]) => {
                depth = depth.saturating_sub(1);
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while let Some(c) = rest.get(at) {
        match c {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw(rest: &[char]) -> usize {
    let hashes = rest.iter().skip(1).take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    let body = 2 + hashes;
    let tail = rest.get(body..).unwrap_or_default();
    tail.windows(end.len()).position(|window| window == end.as_slice()).map_or(rest.len(), |p| body + p + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_blanked_and_lines_kept() {
        let text = "let a = \"x { \\\" y\"; // fn z {\nlet b = r#\"q \" w\"#; /* a /* b */ c */ let c = '\"';\n&'a str";
        let blanked = blank(text);
        assert_eq!(blanked.lines().count(), 3);
        assert!(!blanked.contains('{') && !blanked.contains('q') && !blanked.contains('"'));
        assert!(blanked.contains("let c =") && blanked.contains("&'a str"));
    }

    #[test]
    fn core_ends_at_the_trailing_test_module() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n".to_owned();
        assert_eq!(Source::new("store/src/a.rs".into(), Kind::Rust, text).core_lines, 1);
    }
}
