//! What lies at a place of a file: a section of a program, a member of an archive, a field of its header.
//!
//! Knows ELF (64 bits, little endian), `ar`, `tar`, `zip` and `gzip`, and looks into a member of `ar` once more.
//! A guess for people: whatever does not fit is nothing. Invariant: no input makes it fail, loop or grow.
//! This file does not know what differs there.

/// Archives in archives that are looked into.
const DEEPEST: u32 = 3;

/// What lies at an offset, in words, outermost first.
pub(super) fn at(bytes: &[u8], offset: usize) -> Option<String> {
    look(bytes, offset, 0)
}

fn look(bytes: &[u8], offset: usize, depth: u32) -> Option<String> {
    if depth >= DEEPEST || offset > bytes.len() {
        return None;
    }
    if bytes.starts_with(b"\x7fELF\x02\x01") {
        return elf(bytes, offset);
    }
    if bytes.starts_with(b"!<arch>\n") {
        return ar(bytes, offset, depth);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return tar(bytes, offset);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return zip(bytes, offset);
    }
    (bytes.starts_with(&[0x1f, 0x8b]) && (4..8).contains(&offset)).then(|| "the time in the header of gzip".to_owned())
}

/// A little-endian number.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<usize> {
    let part = bytes.get(at..at.checked_add(size)?)?;
    let value =
        part.iter().rev().try_fold(0usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?;
    Some(value)
}

/// A text that ends with a NUL, or with the bytes.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

fn elf(bytes: &[u8], offset: usize) -> Option<String> {
    if offset < 64 {
        return Some("the header of an ELF file".to_owned());
    }
    let (table, size, count) = (number(bytes, 40, 8)?, number(bytes, 58, 2)?, number(bytes, 60, 2)?);
    let header = |index: usize| table.checked_add(index.checked_mul(size)?);
    if (table..header(count)?).contains(&offset) {
        return Some("the table of sections of an ELF file".to_owned());
    }
    let names = number(bytes, header(number(bytes, 62, 2)?)?.checked_add(24)?, 8)?;
    for index in 0..count {
        let own = bytes.get(header(index)?..)?;
        let (kind, begin, length) = (number(own, 4, 4)?, number(own, 24, 8)?, number(own, 32, 8)?);
        // A section without bytes in the file.
        const NOBITS: usize = 8;
        if kind != NOBITS && offset >= begin && offset - begin < length {
            let name = names.checked_add(number(own, 0, 4)?)?;
            return Some(format!("section {}", text(bytes.get(name..)?.get(..200.min(bytes.len() - name))?)));
        }
    }
    None
}

/// A field of a header, by where it begins and how long it is.
type Field = (usize, usize, &'static str);

fn field(fields: &[Field], offset: usize) -> &'static str {
    let found = fields.iter().find(|(begin, length, _)| (*begin..begin + length).contains(&offset));
    found.map_or("its header", |(_, _, name)| name)
}

const AR_FIELDS: &[Field] =
    &[(0, 16, "its name"), (16, 12, "its time"), (28, 6, "its user"), (34, 6, "its group"), (40, 8, "its mode")];

fn ar(bytes: &[u8], offset: usize, depth: u32) -> Option<String> {
    let mut at = 8usize;
    let mut long_names: &[u8] = &[];
    while let Some(header) = bytes.get(at..at.checked_add(60)?) {
        let size: usize = text(header.get(48..58)?).trim().parse().ok()?;
        let raw = text(header.get(..16)?);
        let begin = at + 60;
        let body = bytes.get(begin..begin.checked_add(size)?)?;
        if raw.starts_with("//") {
            long_names = body;
        }
        let name = match raw.trim_end().strip_prefix('/').map(str::parse::<usize>) {
            Some(Ok(place)) => text(long_names.get(place..)?).lines().next().unwrap_or_default().to_owned(),
            _ => raw.trim_end().to_owned(),
        };
        let name = name.trim_end_matches('/').to_owned();
        if offset < begin {
            return Some(format!("member '{name}', {}", field(AR_FIELDS, offset - at)));
        }
        if offset < begin + size {
            let inner = look(body, offset - begin, depth + 1).map_or_else(String::new, |inner| format!(", {inner}"));
            return Some(format!("member '{name}'{inner}"));
        }
        at = begin + size + size % 2;
    }
    None
}

const TAR_FIELDS: &[Field] = &[
    (0, 100, "its name"),
    (100, 8, "its mode"),
    (108, 8, "its user"),
    (116, 8, "its group"),
    (124, 12, "its size"),
    (136, 12, "its time"),
    // It follows from the others, of which the first was named.
    (148, 8, "the sum of its header"),
    (265, 32, "its user's name"),
    (297, 32, "its group's name"),
];

fn tar(bytes: &[u8], offset: usize) -> Option<String> {
    let mut at = 0usize;
    while let Some(header) = bytes.get(at..at.checked_add(512)?) {
        let name = text(header.get(..100)?);
        if name.is_empty() {
            return None;
        }
        let size = usize::from_str_radix(text(header.get(124..136)?).trim(), 8).ok()?;
        let begin = at + 512;
        if offset < begin {
            return Some(format!("member '{name}', {}", field(TAR_FIELDS, offset - at)));
        }
        if offset < begin.checked_add(size)? {
            return Some(format!("member '{name}'"));
        }
        at = begin.checked_add(size.checked_next_multiple_of(512)?)?;
    }
    None
}

const ZIP_FIELDS: &[Field] = &[(10, 4, "its time"), (14, 4, "its checksum"), (18, 8, "its size")];

fn zip(bytes: &[u8], offset: usize) -> Option<String> {
    let mut at = 0usize;
    while bytes.get(at..at.checked_add(4)?) == Some(b"PK\x03\x04") {
        let (packed, name_length) = (number(bytes, at + 18, 4)?, number(bytes, at + 26, 2)?);
        let begin = at + 30 + name_length + number(bytes, at + 28, 2)?;
        let name = text(bytes.get(at + 30..at + 30 + name_length)?);
        if offset < begin {
            let what = if offset - at < 30 { field(ZIP_FIELDS, offset - at) } else { "its name or extra fields" };
            return Some(format!("member '{name}', {what}"));
        }
        if offset < begin.checked_add(packed)? {
            return Some(format!("member '{name}'"));
        }
        at = begin + packed;
    }
    Some("the list of members at the end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A header of `tar` or `ar` with these fields.
    fn header(size: usize, fields: &[(usize, &str)]) -> Vec<u8> {
        let mut bytes = vec![0; size];
        for (at, text) in fields {
            bytes[*at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        bytes
    }

    #[test]
    fn places_are_named() {
        let one = header(512, &[(0, "in/a"), (124, "00000000003"), (257, "ustar")]);
        let mut body = b"abc".to_vec();
        body.resize(512, 0);
        let tar = [one, body, header(512, &[(0, "in/b"), (124, "00000000000"), (257, "ustar")])].concat();
        assert_eq!(at(&tar, 110).unwrap(), "member 'in/a', its user");
        assert_eq!(at(&tar, 513).unwrap(), "member 'in/a'");
        assert_eq!(at(&tar, 1024 + 137).unwrap(), "member 'in/b', its time");
        let ar =
            [b"!<arch>\n".to_vec(), format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "x.o/", 0, 0, 0, 644, 2).into()];
        let ar = [ar.concat(), b"hi".to_vec()].concat();
        assert_eq!(at(&ar, 8 + 17).unwrap(), "member 'x.o', its time");
        assert_eq!(at(&ar, 8 + 61).unwrap(), "member 'x.o'");
        assert_eq!(at(b"\x1f\x8b\x08\x00\x01\x02\x03\x04", 5).unwrap(), "the time in the header of gzip");
        assert_eq!(at(b"text", 1), None);
        // This very program is an ELF file; what lies at its start is known.
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(at(&own, 20).unwrap(), "the header of an ELF file");
        let interpreter = own.windows(6).position(|window| window == b"/lib64").unwrap();
        assert_eq!(at(&own, interpreter).unwrap(), "section .interp");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fail(
            start in 0usize..5, bytes in proptest::collection::vec(any::<u8>(), 0..2000), offset in 0usize..2100,
        ) {
            let starts: [&[u8]; 5] = [b"\x7fELF\x02\x01", b"!<arch>\n", b"PK\x03\x04", b"\x1f\x8b", b""];
            let mut all = [starts[start], &bytes].concat();
            let _ = at(&all, offset);
            if all.len() > 262 {
                all[257..262].copy_from_slice(b"ustar");
                let _ = tar(&all, offset);
            }
        }
    }
}
