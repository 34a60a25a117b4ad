//! gx-remote: the wire. Fetchers that get bytes whose hash was declared.
//!
//! `http` gets a file by URL, `crates` a crate through cargo's own configuration, `apt` a Debian package through apt's;
//! `sink` is where bytes of all arrive: hashed while they come, and gone again when they are wrong.
//! What this crate does not know: derivations other than fetches, BUILD files, the terminal.
#![forbid(unsafe_code)]
#![cfg_attr(test, expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong"))]

pub mod apt;
pub mod crates;
pub mod http;
#[doc(hidden)]
pub mod inside;
mod process;
mod sink;

pub use apt::DebFetcher;
pub use crates::CrateFetcher;
pub use http::HttpFetcher;

use gx_store::Fetcher;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every fetcher, by the name that derivations use.
pub fn fetchers() -> BTreeMap<String, Arc<dyn Fetcher>> {
    let http: Arc<dyn Fetcher> = Arc::new(HttpFetcher::default());
    let crates: Arc<dyn Fetcher> = Arc::new(CrateFetcher);
    let debs: Arc<dyn Fetcher> = Arc::new(DebFetcher::default());
    BTreeMap::from([("http".to_owned(), http), ("crate".to_owned(), crates), ("deb".to_owned(), debs)])
}
