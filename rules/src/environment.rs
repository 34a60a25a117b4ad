//! The environment of actions and tests: fixed, and over it what a rule says. Nothing of the host is in it.
//!
//! This file does not know who runs anything.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// What every action has. Part of every action's key: a change is a new world. `LC_CTYPE` and not `LANG`: the other
/// categories of `C.UTF-8` are those of `C`, and to read their eleven files takes a quarter of a small program's time.
const COMMON: [(&str, &str); 6] = [
    ("HOME", "/tmp"),
    ("LC_CTYPE", "C.UTF-8"),
    ("PATH", "/usr/bin:/bin"),
    ("SOURCE_DATE_EPOCH", "0"),
    ("TMPDIR", "/tmp"),
    ("TZ", "UTC"),
];

/// An action's whole environment.
pub(crate) fn of_action(own: &[(Arc<str>, Arc<str>)]) -> Arc<BTreeMap<String, String>> {
    // Most actions add nothing, and then thousands of them share one.
    static BARE: OnceLock<Arc<BTreeMap<String, String>>> = OnceLock::new();
    let bare = BARE.get_or_init(|| Arc::new(COMMON.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()));
    if own.is_empty() {
        return bare.clone();
    }
    let mut all = BTreeMap::clone(bare);
    all.extend(own.iter().map(|(k, v)| (k.to_string(), v.to_string())));
    Arc::new(all)
}

/// A test's whole environment.
pub(crate) fn of_test(label: &str, own: &[(Arc<str>, Arc<str>)]) -> Arc<BTreeMap<String, String>> {
    let mut all = BTreeMap::clone(&of_action(&[]));
    let test = [
        ("RUNFILES_DIR", "."),
        ("TEST_SRCDIR", "."),
        ("TEST_TARGET", label),
        ("TEST_TMPDIR", "/tmp"),
        ("TEST_WORKSPACE", "_main"),
    ];
    all.extend(test.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())));
    all.extend(own.iter().map(|(k, v)| (k.to_string(), v.to_string())));
    Arc::new(all)
}
