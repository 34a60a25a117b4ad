//! Text files that name other files: scripts with an interpreter, and linker scripts.
//!
//! This file does not know where the named files are.

/// The interpreter of a script and, where that is `env`, the program it is told to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// The path after `#!`.
    pub(crate) path: String,
    /// What `env` looks for.
    pub(crate) found_by_env: Option<String>,
}

/// The interpreter that the first bytes of a file name.
pub(crate) fn interpreter(head: &[u8]) -> Option<Interpreter> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let path = words.next()?.to_owned();
    let is_env = path.ends_with("/env");
    let found_by_env = words.find(|word| !word.starts_with('-') && !word.contains('=')).filter(|_| is_env);
    Some(Interpreter { path, found_by_env: found_by_env.map(str::to_owned) })
}

/// Absolute paths that a linker script (`libc.so` is one) names; none for other files.
pub(crate) fn linker_script(text: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(text) else { return Vec::new() };
    if !["GROUP", "INPUT"].iter().any(|word| text.contains(word)) {
        return Vec::new();
    }
    let mut code = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        code.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    let words = code.split(|c: char| c.is_whitespace() || "(),\"".contains(c));
    words.filter(|word| word.starts_with('/') && word.len() > 1).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters() {
        let of = |text: &str| interpreter(text.as_bytes()).map(|i| (i.path, i.found_by_env));
        assert_eq!(of("#!/bin/sh\nx"), Some(("/bin/sh".to_owned(), None)));
        assert_eq!(of("#! /usr/bin/perl -w\n"), Some(("/usr/bin/perl".to_owned(), None)));
        let python = Some(("/usr/bin/env".to_owned(), Some("python3".to_owned())));
        assert_eq!(of("#!/usr/bin/env -S A=1 python3 -u"), python);
        assert_eq!(of("#!\n"), None);
        assert_eq!(of("x"), None);
    }

    #[test]
    fn linker_scripts() {
        let text = b"/* GNU ld script /not/this */\nOUTPUT_FORMAT(elf64-x86-64)\n\
            GROUP ( /lib/x/libc.so.6 /usr/lib/x/libc_nonshared.a  AS_NEEDED ( /lib64/ld.so.2 ) )\n";
        assert_eq!(linker_script(text), ["/lib/x/libc.so.6", "/usr/lib/x/libc_nonshared.a", "/lib64/ld.so.2"]);
        assert!(linker_script(b"!<arch>\n/ \xff").is_empty());
        assert!(linker_script(b"plain text /etc/passwd").is_empty());
    }
}
