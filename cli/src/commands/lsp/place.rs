//! Places as editors count them: lines from 0, columns in units of UTF-16; and the paths of what they hold open.
//!
//! Invariant: a place outside the text is its end. This file does not know messages.

use gx_spec::syntax::Span;
use lsp_types::{Position, Range, Uri};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The place of a byte.
pub(super) fn position(text: &str, at: usize) -> Position {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = text.get(..at).unwrap_or_default();
    let line = before.bytes().filter(|b| *b == b'\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..).unwrap_or_default().encode_utf16().count();
    Position::new(line as u32, column as u32)
}

/// The byte of a place.
pub(super) fn offset(text: &str, place: Position) -> usize {
    let mut start = 0;
    for _ in 0..place.line {
        match text.get(start..).and_then(|rest| rest.find('\n')) {
            Some(at) => start += at + 1,
            None => return text.len(),
        }
    }
    let mut units = 0;
    let line = text.get(start..).unwrap_or_default().split('\n').next().unwrap_or_default();
    for (at, c) in line.char_indices() {
        if units >= place.character as usize {
            return start + at;
        }
        units += c.len_utf16();
    }
    start + line.trim_end_matches('\r').len()
}

/// The range of a span.
pub(super) fn range(text: &str, span: Span) -> Range {
    Range::new(position(text, span.start as usize), position(text, (span.end.max(span.start)) as usize))
}

/// The path of a file that an editor names.
pub(super) fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let rest = rest.get(rest.find('/')?..)?;
    let mut bytes = Vec::with_capacity(rest.len());
    let mut at = rest.bytes();
    while let Some(byte) = at.next() {
        if byte == b'%' {
            let digits = [at.next()?, at.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// The other way.
pub(super) fn uri(path: &Path) -> Option<Uri> {
    let mut text = "file://".to_owned();
    for byte in path.to_str()?.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    Uri::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_units_of_utf_16() {
        let text = "a\n\u{1f600}b\u{e9}c\r\nlast";
        for at in 0..=text.len() {
            if text.is_char_boundary(at) && !text[at..].starts_with('\n') {
                assert_eq!(offset(text, position(text, at)), at, "{at}");
            }
        }
        assert_eq!(position(text, 6), Position::new(1, 2));
        assert_eq!(offset(text, Position::new(1, 99)), 10);
        assert_eq!(offset(text, Position::new(9, 0)), text.len());
        assert_eq!(position(text, 99), position(text, text.len()));
    }

    #[test]
    fn paths_with_any_characters_come_back() {
        for name in ["/a/b.upel", "/a b/\u{e9}%#?.upel"] {
            assert_eq!(path(&uri(Path::new(name)).unwrap()).unwrap(), Path::new(name));
        }
        assert_eq!(path(&Uri::from_str("untitled:Untitled-1").unwrap()), None);
        assert_eq!(path(&Uri::from_str("file:///a%FF").unwrap()), None, "no text");
    }
}
