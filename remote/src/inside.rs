//! Doors to this crate's readers of what cargo, apt and indexes of packages say for the fuzz targets, which are a crate
//! of their own (`tests/src/fuzz`).
//!
//! Invariant: nothing else goes through here. This file does not know where the text comes from.

/// Whatever cargo says, something is told of it.
pub fn cargo_words(said: &str) -> bool {
    !crate::crates::refusal("crate 'x 1.2.3'".to_owned(), said).to_string().is_empty()
}

/// What apt lists has names, and what it describes too.
pub fn apt_words(said: &str) -> bool {
    let named = crate::apt::uris(said);
    let described = crate::apt::cache_stanzas(said);
    !crate::apt::errors(said).contains('\n')
        && named.iter().all(|it| !it.name.contains(['_', ' ']) && !it.architecture.contains(' '))
        && described.iter().all(|((name, _, _), it)| it.name == *name)
}

/// A link that is found on a page is one of the page, and an address once it is seen from there.
pub fn pypi_page(page: &str) -> bool {
    let hash = page.split("#sha256=").nth(1).map_or("", |rest| rest.split(['"', '\'', '&']).next().unwrap_or_default());
    crate::pypi::link_with(page, hash)
        .is_none_or(|link| crate::pypi::joined("https://host/simple/x/", &link).contains("://"))
}
