//! Targets that read text: what a person or another program wrote.
//!
//! Bytes that are no text are read as the text up to there. The law: a text is refused with a reason, or means the
//! same when it is printed and read again. This file does not know who wrote the text.

use gx_cli::project::Project;
use gx_cli::settings::Settings;
use gx_engine::host::Manifest;
use gx_rules::lock::DebianLock;
use std::collections::BTreeMap;
use std::path::Path;

fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => bytes.get(..error.valid_up_to()).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default(),
    }
}

pub(super) fn gx_toml(bytes: &[u8]) {
    let text = text(bytes);
    let read = Project::parse(Path::new("/w"), text);
    let applied = read.and_then(|project| {
        assert!(project.repository_tables().is_ok(), "tables that are read once only");
        project.apply(&mut Settings::defaults(&BTreeMap::new()))
    });
    if let Err(report) = applied {
        assert!(!report.text(false).is_empty() && !report.text(true).is_empty());
    }
}

pub(super) fn host_manifest(bytes: &[u8]) {
    let text = text(bytes);
    match Manifest::parse(text) {
        Ok(manifest) => assert_eq!(manifest.format(), text, "a manifest with two texts"),
        Err(error) => assert!(error.line > 0),
    }
}

pub(super) fn label(bytes: &[u8]) {
    assert!(gx_rules::inside::label(text(bytes)), "a label that is not read as it is printed");
}

pub(super) fn pattern(bytes: &[u8]) {
    assert!(gx_rules::inside::pattern(text(bytes)), "an absolute pattern that depends on the folder");
}

pub(super) fn query(bytes: &[u8]) {
    assert!(gx_rules::inside::query(text(bytes)), "a query that is refused without a reason");
}

/// On a thread of its own: parsing what nests as deep as is allowed needs more stack than a test has.
pub(super) fn starlark(bytes: &[u8]) {
    let text = text(bytes);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(gx_rules::inside::STACK);
        let kept = thread.spawn_scoped(scope, || gx_rules::inside::starlark(text)).expect("a thread can be started");
        assert!(kept.join().expect("parsing ends"), "a file that is refused without a reason");
    });
}

pub(super) fn plain_command(bytes: &[u8]) {
    assert!(gx_engine::inside::plain_command(text(bytes)), "words that are not read as they are quoted");
}

pub(super) fn cargo_words(bytes: &[u8]) {
    assert!(gx_remote::inside::cargo_words(text(bytes)), "words of cargo that tell nothing");
}

pub(super) fn apt_words(bytes: &[u8]) {
    assert!(gx_remote::inside::apt_words(text(bytes)), "words of apt that are not what they are taken for");
}

pub(super) fn pypi_page(bytes: &[u8]) {
    assert!(gx_remote::inside::pypi_page(text(bytes)), "a link that is none");
}

pub(super) fn debian_lock(bytes: &[u8]) {
    match DebianLock::parse(text(bytes)) {
        Ok(lock) => {
            let again = lock.format();
            assert_eq!(DebianLock::parse(&again).as_ref(), Ok(&lock), "a lock that is not read as it is written");
        }
        Err(error) => assert!(error.line > 0 && !error.why.is_empty() && !error.why.contains('\n')),
    }
}
