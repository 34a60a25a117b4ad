//! Rules about shape: file heads, lengths of files, functions and lines.

use super::{Finding, Kind, Source};

const FILE_CORE_LINES: usize = 500;
const FILE_LINES: usize = 800;
const FUNCTION_LINES: usize = 70;
const COLUMNS: usize = 120;

pub(super) fn check(source: &Source, findings: &mut Vec<Finding>) {
    head(source, findings);
    columns(source, findings);
    if source.kind == Kind::Rust {
        file_length(source, findings);
        function_length(source, findings);
    }
}

fn head(source: &Source, findings: &mut Vec<Finding>) {
    let first = source.text.lines().next().unwrap_or_default();
    let second = source.text.lines().nth(1).unwrap_or_default();
    let (good, wanted) = match source.kind {
        Kind::Rust => (first.starts_with("//! "), "a `//!` head: what it is, its invariants, what it does not know"),
        Kind::Starlark => (
            first.starts_with('#') || first.starts_with("\"\"\"") || !source.path.ends_with(".bzl"),
            "a head comment that says what the file is",
        ),
        Kind::Shell => {
            (first.starts_with("#!") && second.starts_with('#'), "`#!` and a comment that says what it does")
        }
        Kind::Prose => (first.starts_with("# "), "a `# Title`"),
        Kind::Other => (true, ""),
    };
    if !good {
        findings.push(Finding::new(source, 1, format!("the file must open with {wanted}")));
    }
}

fn columns(source: &Source, findings: &mut Vec<Finding>) {
    if matches!(source.kind, Kind::Other | Kind::Prose) {
        return;
    }
    for (at, (line, code)) in source.text.lines().zip(source.code.lines()).enumerate() {
        if width(line, code) > COLUMNS {
            findings.push(Finding::new(source, at + 1, format!("the line is longer than {COLUMNS} columns")));
        }
        if line.trim_end() != line {
            findings.push(Finding::new(source, at + 1, "blanks at the end of the line"));
        }
    }
}

/// How wide a line is. What stands in strings does not count when there is code in the line: rustfmt does not break
/// strings, and a table of texts reads best with one row a line.
fn width(line: &str, code: &str) -> usize {
    let full = line.chars().count();
    if line.trim_start().starts_with("//") {
        return full;
    }
    let indent = line.chars().take_while(|c| *c == ' ').count();
    let words: usize = code.split_whitespace().map(|word| word.chars().count() + 1).sum();
    (indent + words).saturating_sub(1).min(full)
}

fn file_length(source: &Source, findings: &mut Vec<Finding>) {
    let lines = source.text.lines().count();
    if source.core_lines > FILE_CORE_LINES {
        let message = format!("{} lines before the tests, at most {FILE_CORE_LINES}: split it", source.core_lines);
        findings.push(Finding::new(source, 0, message));
    } else if lines > FILE_LINES {
        findings.push(Finding::new(source, 0, format!("{lines} lines, at most {FILE_LINES}: split it")));
    }
}

fn function_length(source: &Source, findings: &mut Vec<Finding>) {
    for function in functions(&source.code) {
        if function.lines > FUNCTION_LINES && function.line <= source.core_lines {
            let message = format!("`{}` has {} lines, at most {FUNCTION_LINES}", function.name, function.lines);
            findings.push(Finding::new(source, function.line, message));
        }
    }
}

/// A function found in blanked code.
struct Function {
    name: String,
    line: usize,
    lines: usize,
}

/// Functions with a body, by matching braces.
fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let before = code.get(..at).unwrap_or_default();
        if before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = code.get(at + 3..).unwrap_or_default();
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(length) = body_end(rest) else { continue };
        // A module of natives is a function by its syntax only: what stands in it is measured by itself.
        let is_module = before.lines().rev().take(5).any(|line| line.trim().ends_with("starlark_module]"));
        if name.is_empty() || is_module {
            continue;
        }
        let lines = rest.get(..length).unwrap_or_default().matches('\n').count() + 1;
        found.push(Function { name, line: before.matches('\n').count() + 1, lines });
    }
    found
}

/// Where the body that follows a function's name ends, in bytes; `None` when there is no body.
fn body_end(rest: &str) -> Option<usize> {
    let mut parentheses = 0i32;
    let mut braces = 0i32;
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' if braces == 0 => parentheses += 1,
            ')' | ']' if braces == 0 => {
                parentheses -= 1;
                if parentheses < 0 {
                    return None;
                }
            }
            ';' if braces == 0 && parentheses == 0 => return None,
            '{' if parentheses == 0 => braces += 1,
            '}' if parentheses == 0 => {
                braces -= 1;
                if braces == 0 {
                    return Some(at);
                }
                if braces < 0 {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_name_to_brace() {
        let code = "trait T { fn none(&self); }\nfn two(a: [u8; 3]) -> u8\n{\n  if a { b }\n}\nlet f: fn (u8) = x;\n";
        let found: Vec<(String, usize, usize)> =
            functions(code).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, vec![("two".to_owned(), 2, 4)]);
    }
}
