//! Helpers of this crate's unit tests: comparing a generated document with the one in `docs/`.

use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// A document of the repository.
pub(crate) fn document(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_default()
}

/// Fails when the document differs from `expected`; `UPDATE_DOCS=1` writes it instead.
pub(crate) fn same_document(name: &str, expected: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path(name), expected).unwrap();
    }
    assert!(document(name) == expected, "{name} is stale: run `UPDATE_DOCS=1 cargo test -p gx`");
}

/// The part of a document between `<!-- begin NAME -->` and `<!-- end NAME -->` is `expected`.
pub(crate) fn same_section(name: &str, section: &str, expected: &str) {
    let (begin, end) = (format!("<!-- begin {section} -->\n"), format!("<!-- end {section} -->"));
    let text = document(name);
    let from = text.find(&begin).unwrap_or_else(|| panic!("{name} has no {begin}")) + begin.len();
    let to = text.find(&end).unwrap_or_else(|| panic!("{name} has no {end}"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path(name), format!("{}{expected}{}", &text[..from], &text[to..])).unwrap();
        return;
    }
    assert!(&text[from..to] == expected, "{name} is stale: run `UPDATE_DOCS=1 cargo test -p gx`");
}
