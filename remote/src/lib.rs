//! gx-remote: the wire. Fetchers that get bytes whose hash was declared.
//!
//! `http` gets a file by URL, `crates` a crate through cargo's own configuration, `apt` a Debian package through apt's,
//! `pypi` and `npm` the like; `mirror` is a folder that comes before them; `sink` is where bytes of all arrive: hashed
//! while they come, and gone again when they are wrong.
//! What this crate does not know: derivations other than fetches, BUILD files, the terminal.
#![forbid(unsafe_code)]
#![cfg_attr(test, expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong"))]

pub mod apt;
pub mod crates;
pub mod http;
#[doc(hidden)]
pub mod inside;
pub mod mirror;
pub mod npm;
mod process;
pub mod pypi;
mod sink;

pub use apt::DebFetcher;
pub use crates::CrateFetcher;
pub use http::HttpFetcher;
pub use npm::NpmFetcher;
pub use pypi::PypiFetcher;

use gx_store::Fetcher;
use mirror::Mirrored;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every fetcher, by the name that derivations use.
pub fn fetchers() -> BTreeMap<String, Arc<dyn Fetcher>> {
    let all: [(&str, Arc<dyn Fetcher>); 5] = [
        ("http", Arc::new(HttpFetcher::default())),
        ("crate", Arc::new(CrateFetcher)),
        ("deb", Arc::new(DebFetcher::default())),
        ("npm", Arc::new(NpmFetcher)),
        ("pypi", Arc::new(PypiFetcher::default())),
    ];
    all.into_iter().map(|(name, fetcher)| (name.to_owned(), Arc::new(Mirrored(fetcher)) as Arc<dyn Fetcher>)).collect()
}
