//! `evidence`: a chain of records of what gates said, and the gate that holds it against the reports.
//!
//! A record has its number, the release, the gate, its status and the digest of its report; its hash is the SHA-256
//! of the canonical CBOR of `["evidence", [previous hash, number, release, gate, status, digest]]`. Invariant: a
//! record that was changed, taken out, added or moved breaks the chain at its place. This file does not know what a
//! gate looks for.

use super::codes::{self, Code};
use super::report::{Finding, Summary, status};
use super::{Found, Gate, Input, line_of};
use crate::eval::hash_of;
use crate::syntax::HashFn;
use crate::twin;
use gx_store::HashFunction;
use gx_store::encode::Value as Cbor;
use serde_json::{Value as Json, json};

pub(super) const GATE: Gate = Gate { name: "evidence", codes: CODES, look };

const CODES: &[Code] = &[codes::EVIDENCE_BROKEN, codes::EVIDENCE_MISSING];

const SCHEMA: &str = "gx.evidence/1";

#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    release: String,
    gate: String,
    status: String,
    report: String,
    hash: String,
}

/// The status of a record of something that was made and not judged.
pub const MADE: &str = "MADE";

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// How many records it has.
    pub records: u64,
    /// The hash of the last; empty without one.
    pub hash: String,
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    records: Vec<Record>,
}

fn hash(previous: &str, number: usize, it: &Record) -> String {
    let parts = [previous, &number.to_string(), &it.release, &it.gate, &it.status, &it.report].map(Cbor::text);
    let parts = Cbor::Array(vec![Cbor::text("evidence"), Cbor::Array(parts.to_vec())]);
    hex::encode(hash_of(HashFn::Sha256, &parts.encode()))
}

impl Evidence {
    /// Adds the record of a report.
    pub fn add(&mut self, release: &str, report: &[u8]) -> Result<(), String> {
        let summary = Summary::decode(report).map_err(|error| error.to_string())?;
        let digest = HashFunction::Blake3.digest(report).hex();
        self.record(release, &summary.gate, status(summary.passed), &digest);
        Ok(())
    }

    /// Adds a record.
    pub fn record(&mut self, release: &str, gate: &str, status: &str, digest: &str) {
        let [release, gate, status, report] = [release, gate, status, digest].map(str::to_owned);
        let mut record = Record { release, gate, status, report, hash: String::new() };
        record.hash = hash(&self.head().hash, self.records.len(), &record);
        self.records.push(record);
    }

    /// Where it ends.
    pub fn head(&self) -> Head {
        let hash = self.records.last().map_or(String::new(), |it| it.hash.clone());
        Head { records: self.records.len() as u64, hash }
    }

    /// Is there a record of what has that digest?
    pub fn speaks_of(&self, digest: &str) -> bool {
        self.records.iter().any(|it| it.report == digest)
    }

    /// The first of these records (gate, status, digest) with which it does not end.
    pub fn lacks_at_end<'a>(&self, release: &str, last: &'a [(&'a str, &'a str, String)]) -> Option<&'a str> {
        let from = self.records.len().saturating_sub(last.len());
        let end = self.records.get(from..).unwrap_or_default().iter().map(Some).chain(std::iter::repeat(None));
        let lacks = |(record, (gate, status, digest)): &(Option<&Record>, &(&str, &str, String))| {
            !record.is_some_and(|it| {
                (&*it.release, &*it.gate, &*it.status, &it.report) == (release, *gate, *status, digest)
            })
        };
        end.zip(last).find(lacks).map(|(_, (gate, ..))| *gate)
    }

    /// The file.
    pub fn text(&self) -> String {
        let one = |it: &Record| {
            let Record { release, gate, status, report, hash } = it;
            json!({"release": release, "gate": gate, "status": status, "report": report, "hash": hash})
        };
        twin::layout(&json!({"schema": SCHEMA, "records": self.records.iter().map(one).collect::<Vec<_>>()}))
    }

    /// Reads a file whose chain holds.
    pub fn read(bytes: &[u8]) -> Result<Evidence, String> {
        let evidence = Evidence::parse(bytes)?;
        match evidence.broken().first() {
            None => Ok(evidence),
            Some(at) => Err(format!("the hash of record {at} is not that of what it says and of the one before")),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Evidence, String> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| format!("the evidence is no JSON: {error}"))?;
        if json.get("schema").and_then(Json::as_str) != Some(SCHEMA) {
            return Err(format!("it is no {SCHEMA}"));
        }
        let records = json.get("records").and_then(Json::as_array).ok_or("it has no records")?;
        let one = |it: &Json| {
            let text = |key: &str| it.get(key).and_then(Json::as_str).map(str::to_owned);
            let (release, gate, status) = (text("release")?, text("gate")?, text("status")?);
            Some(Record { release, gate, status, report: text("report")?, hash: text("hash")? })
        };
        let records: Option<Vec<Record>> = records.iter().map(one).collect();
        let evidence = Evidence { records: records.ok_or("a record lacks something")? };
        if evidence.text().as_bytes() == bytes {
            return Ok(evidence);
        }
        Err("it is not in the form that gx writes".to_owned())
    }

    /// Numbers of records whose hash is not theirs.
    fn broken(&self) -> Vec<usize> {
        let previous = [""].into_iter().chain(self.records.iter().map(|it| it.hash.as_str()));
        let pairs = previous.zip(&self.records).enumerate();
        pairs.filter(|(at, (previous, it))| hash(previous, *at, it) != it.hash).map(|(at, _)| at).collect()
    }
}

fn look(input: &Input) -> Found {
    let mut found = Found::default();
    let hint = "evidence is made by the rule `evidence`, and never edited";
    let Some(file) = input.file("evidence") else {
        let finding = Finding::new(codes::EVIDENCE_MISSING, "", "evidence", "no evidence was given");
        found.findings.push(finding.hint("name an `evidence` target"));
        return found;
    };
    let evidence = match Evidence::parse(&file.bytes) {
        Ok(evidence) => evidence,
        Err(why) => {
            found.findings.push(Finding::new(codes::EVIDENCE_BROKEN, &file.path, "evidence", why).hint(hint));
            return found;
        }
    };
    for at in evidence.broken() {
        let hash = evidence.records.get(at).map_or("", |it| it.hash.as_str());
        let message = "its hash is not that of what it says and of the record before";
        let finding = Finding::new(codes::EVIDENCE_BROKEN, &file.path, format!("record {at}"), message);
        found.findings.push(finding.at(line_of(&file.bytes, hash)).hint(hint));
    }
    for report in input.files("reports") {
        let digest = HashFunction::Blake3.digest(&report.bytes).hex();
        if !evidence.records.iter().any(|it| it.report == digest) {
            let message = format!("no record speaks of the report with digest {}", super::digests::short(&digest));
            let finding = Finding::new(codes::EVIDENCE_MISSING, &file.path, &*report.path, message);
            found.findings.push(finding.hint(hint));
        }
    }
    found.count("records", evidence.records.len());
    found.count("reports", input.files("reports").len());
    found
}
