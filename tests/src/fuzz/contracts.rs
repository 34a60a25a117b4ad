//! Targets of the spec language: its texts, the form of them, the encoding of contracts, and what is kept of them.
//!
//! The laws: a text is read or refused, and never ends gx; the form of a form is itself and reads as the same contract;
//! bytes are the one encoding of a sound contract, or are refused. This file does not know what a contract means.

use gx_spec::format::{format, print};
use gx_spec::front::load_any;
use gx_spec::gate::drift::Held;
use gx_spec::ir::{Contract, decode, digest, encode};
use gx_spec::load::{Source, load};
use gx_spec::rules::Rules;
use gx_spec::said::rows;
use gx_spec::syntax::{parse, parse_bytes};
use gx_spec::trace::{Read, Trace};
use gx_spec::vectors::Frozen;
use std::sync::Arc;

fn checked(bytes: &[u8]) -> Option<Arc<Contract>> {
    let source = Source { name: "fuzz".to_owned(), bytes: bytes.to_vec() };
    let loaded = load(vec![source], Rules::all(), 1).into_iter().next()?;
    for fault in &loaded.faults {
        assert!(
            fault.span.start <= fault.span.end && fault.span.end as usize <= bytes.len(),
            "a place outside the text"
        );
    }
    assert!(loaded.contract.is_some() || !loaded.faults.is_empty(), "neither a contract nor a finding");
    loaded.contract
}

pub(super) fn upel(bytes: &[u8]) {
    let Some(contract) = checked(bytes) else { return };
    let printed = print(&contract);
    let again = checked(printed.as_bytes());
    assert_eq!(again.map(|it| encode(&it)), Some(encode(&contract)), "what is printed is another contract");
}

pub(super) fn upel_format(bytes: &[u8]) {
    let parsed = parse_bytes(bytes);
    let (Some(file), true, Ok(text)) = (parsed.file, parsed.faults.is_empty(), std::str::from_utf8(bytes)) else {
        return;
    };
    let formed = format(&file, text);
    let again = parse(&formed);
    assert!(again.faults.is_empty(), "a form that cannot be read: {:?}\n{formed}", again.faults);
    assert_eq!(again.file.map(|file| format(&file, &formed)), Some(formed.clone()), "a form of a form");
    let (before, after) = (checked(bytes), checked(formed.as_bytes()));
    assert_eq!(before.map(|it| digest(&it)), after.map(|it| digest(&it)), "a form with another digest");
}

pub(super) fn upel_cbor(bytes: &[u8]) {
    if let Ok(contract) = decode(bytes, &|_, _| None) {
        assert_eq!(encode(&contract), bytes, "bytes that are not the encoding of what they say");
    }
}

/// A document of any form: whatever is said of it lies in it, and it is a contract or has findings.
fn document(ending: &str, bytes: &[u8]) {
    let source = Source { name: format!("fuzz.{ending}"), bytes: bytes.to_vec() };
    for document in load_any(vec![source], Rules::all(), 1) {
        let spans = document.findings.iter().map(|it| it.span);
        for span in spans.chain(document.loaded.faults.iter().map(|it| it.span)) {
            assert!(span.start <= span.end && span.end as usize <= bytes.len(), "a place outside the document");
        }
        assert!(document.loaded.contract.is_some() || !document.is_sound(), "neither a contract nor a finding");
    }
}

pub(super) fn prose(bytes: &[u8]) {
    let facts = gx_spec::prose::read("fuzz.md", bytes);
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    for row in rows(&facts) {
        assert!(text.get(row.span.start as usize..row.span.end as usize).is_some(), "a place that is no text: {row:?}");
    }
    document("md", bytes);
}

pub(super) fn json_schema(bytes: &[u8]) {
    document("json", bytes);
}

pub(super) fn sdl(bytes: &[u8]) {
    document("graphql", bytes);
}

/// A trace that is read is written as what it says.
pub(super) fn trace(bytes: &[u8]) {
    if let Ok(trace) = Trace::read(bytes) {
        let again = Trace::read(trace.text().as_bytes());
        assert_eq!(again.as_ref(), Ok(&trace), "a trace that is written and is another");
        assert!(trace.broken().is_none_or(|step| step < trace.steps.len()), "a step that is not there");
    }
}

/// A log that is read is whole up to a place in it.
pub(super) fn wal(bytes: &[u8]) {
    if let Ok(read) = Read::of(bytes) {
        let ends = read.ends();
        assert!(ends.is_sorted() && ends.last().is_none_or(|end| *end <= bytes.len()), "frames outside the log");
        assert!(read.calls() <= ends.len() / 2, "more calls than frames");
    }
}

/// What holding documents against a contract gave.
pub(super) fn held(bytes: &[u8]) {
    if let Ok(held) = Held::decode(bytes) {
        assert!(held.encode() == bytes, "bytes that are not the encoding of what they say");
    }
}

/// Frozen vectors that are read are written as what they say.
pub(super) fn frozen(bytes: &[u8]) {
    if let Ok((frozen, _)) = Frozen::read(bytes) {
        let text = frozen.text();
        assert_eq!(Frozen::read(text.as_bytes()).map(|it| it.0.text()).ok(), Some(text), "vectors that are others");
    }
}
