//! The verdict of conformance: all gates passed, by their reports' digests, and what they spoke of.
//!
//! What the builtin `conformance` writes is what generators and releases read. Invariant: a verdict that says anything
//! but PASS speaks of nothing.

use super::report::status;
use gx_store::encode::{DecodeError, Fields, Value as Cbor};
use std::collections::BTreeMap;

/// The record's schema name.
const SCHEMA: &str = "gx.conformance/1";

/// A verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conformance {
    pub(crate) passed: bool,
    /// Gates with the BLAKE3 of their reports, sorted.
    pub(crate) gates: Vec<(String, String)>,
    /// Digests of contracts and files by their names.
    pub(crate) subjects: BTreeMap<String, String>,
}

impl Conformance {
    /// It in canonical form.
    pub(crate) fn value(&self) -> Cbor {
        let gate = |(gate, report): &(String, String)| {
            Cbor::record([("gate", Cbor::text(gate)), ("report", Cbor::text(report))])
        };
        Cbor::record([
            ("schema", Cbor::text(SCHEMA)),
            ("verdict", Cbor::text(status(self.passed))),
            ("gates", Cbor::Array(self.gates.iter().map(gate).collect())),
            ("subjects", Cbor::text_map(&self.subjects)),
        ])
    }

    /// Reads one.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Conformance, DecodeError> {
        let mut fields = Fields::of_record(bytes, SCHEMA)?;
        let mut gates = Vec::new();
        for gate in fields.array("gates")? {
            let mut gate = Fields::of(gate, "gate")?;
            gates.push((gate.text("gate")?, gate.text("report")?));
        }
        let passed = fields.text("verdict")? == status(true);
        let subjects = fields.text_map("subjects")?;
        Ok(Conformance { passed, gates, subjects: if passed { subjects } else { BTreeMap::new() } })
    }
}
