//! Finding objects of the store by their digest or the start of it, and words for them.

use crate::error::Report;
use crate::map;
use gx_store::{Digest, Node, ObjectKind, Store};

/// Fewer digits name too much.
const DIGITS_LEAST: usize = 4;
/// So many matches are named when there is more than one.
const NAMED_MOST: usize = 8;

/// The digest that a text names, and the kinds of objects that have it.
pub(super) fn find(store: &Store, text: &str) -> Result<(Digest, Vec<ObjectKind>), Report> {
    let text = text.trim();
    let digits = text.split(':').nth(1).unwrap_or(text);
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if digits.len() < DIGITS_LEAST || digits.len() > 64 || !hexadecimal {
        return Err(Report::new(512, format!("'{text}' is no digest"))
            .hint("a digest is 64 lowercase hex digits; 4 or more of the first are enough"));
    }
    let mut found: Vec<(Digest, Vec<ObjectKind>)> = Vec::new();
    for (kind, digest) in store.resolve_prefix(text, NAMED_MOST).map_err(|error| map::store(&error))? {
        match found.iter_mut().find(|(known, _)| *known == digest) {
            Some((_, kinds)) => kinds.push(kind),
            None => found.push((digest, vec![kind])),
        }
    }
    if let [_, _, ..] = found.as_slice() {
        let names: Vec<String> =
            found.iter().map(|(digest, kinds)| format!("{} ({})", digest.hex(), kind_names(kinds))).collect();
        let report = Report::new(513, format!("'{digits}' is the start of more than one digest"));
        return Err(report.hint(format!("it could be\n{}", names.join("\n"))));
    }
    let none = || Report::new(512, format!("nothing in the store has a digest that starts with {digits}"));
    found.pop().ok_or_else(none)
}

/// The kinds in words.
pub(super) fn kind_names(kinds: &[ObjectKind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

/// A node in a line: kind, digest, size.
pub(super) fn node(node: &Node) -> String {
    match node {
        Node::File { blob, executable } => {
            format!("{} {} {:>10}", if *executable { "exec" } else { "file" }, blob.0.hex(), blob.0.size)
        }
        Node::Directory(tree) => format!("tree {} {:>10}", tree.0.hex(), tree.0.size),
        Node::Symlink(target) => format!("link -> {target}"),
    }
}

/// Bytes in words.
pub(super) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_store::{Blobs, HashFunction};

    #[test]
    fn objects_are_found_by_the_start_of_their_digest() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_memory(folder.path(), HashFunction::Blake3);
        let id = store.put_blob(b"hello").unwrap();
        let (found, kinds) = find(&store, &id.0.hex()[..7]).unwrap();
        assert_eq!((found, kinds), (id.0, vec![ObjectKind::Blob]));
        assert_eq!(find(&store, &id.0.to_string()).unwrap().0, id.0);
        insta::assert_snapshot!(find(&store, "0000").unwrap_err().text(false));
        insta::assert_snapshot!(find(&store, "xyz!").unwrap_err().text(false));
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!((size(0), size(1023), size(1536)), ("0 B".into(), "1023 B".into(), "1.5 KiB".into()));
    }
}
