//! Rules about words that may stand in no file, whatever its language.
//!
//! The words are put together from pieces here, or this file would break its own rules.

use super::{Finding, Kind, Source};

/// Marks of unfinished work.
const LEFTOVERS: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO"), concat!("to", "do!")];

/// Registries: which one is used is the machine's choice (cargo's, apt's configuration), never ours.
const HOSTS: &[&str] = &[
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("files.pythonhosted", ".org"),
    concat!("registry.npmjs", ".org"),
    concat!("deb.debian", ".org"),
    concat!("archive.ubuntu", ".com"),
    concat!("proxy.golang", ".org"),
];

/// Folders of one particular machine.
const MACHINE_PATHS: &[&str] = &[concat!("/wor", "k/"), concat!("/home", "/")];

pub(super) fn check(source: &Source, findings: &mut Vec<Finding>) {
    for (at, line) in source.text.lines().enumerate() {
        let line_number = at + 1;
        for word in LEFTOVERS {
            if has_word(line, word) {
                let message = format!("`{word}` is left over: finish it, or say what is true and why");
                findings.push(Finding::new(source, line_number, message));
            }
        }
        for host in HOSTS {
            if line.contains(host) {
                findings.push(Finding::new(source, line_number, format!("`{host}` names a registry's host")));
            }
        }
        let prose = source.kind == Kind::Prose;
        for path in MACHINE_PATHS {
            if !prose && is_absolute(line, path) && at < source.core_lines {
                findings.push(Finding::new(source, line_number, format!("`{path}` is a folder of one machine")));
            }
        }
    }
}

/// Does the word stand in the line with no letter, digit or underscore beside it?
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|s| s.chars().next());
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !joins(before) && (word.ends_with('!') || !joins(after))
    })
}

/// Does a path that starts at the root start with these words in the line?
fn is_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}' | ')' | '/' | '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_and_paths_absolute() {
        let mark = concat!("XX", "X");
        assert!(has_word(&format!("// {mark}: later"), mark));
        assert!(!has_word(&format!("gx-{mark}{mark}"), mark));
        let home = concat!("/home", "/");
        assert!(is_absolute(&format!("\"{home}me\""), home));
        assert!(!is_absolute(&format!("a{home}me"), home));
    }
}
