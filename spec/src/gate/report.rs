//! Findings and reports: what a gate says, as canonical CBOR, as JSON and as text.
//!
//! Invariants: a report has everything that was found, sorted by severity, file, place, code and subject; it passes
//! when nothing is an error that no waiver takes; equal inputs give equal bytes. This file does not know what a gate
//! looks for.

use super::codes::{self, Code, Severity};
use crate::facts::Place;
use crate::twin;
use gx_store::encode::{DecodeError, Fields, Value as Cbor};
use std::collections::BTreeMap;

/// The record's schema name.
const SCHEMA: &str = "gx.report/1";

/// Who takes the blame for a finding, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Who.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day, `2027-01-31`.
    pub expires: String,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// The file that it is about.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// What it is about: a contract, a kind and a name.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The waiver that takes it.
    pub waiver: Option<Grant>,
}

impl Finding {
    /// A finding at the beginning of a file.
    pub fn new(code: Code, file: &str, subject: impl Into<String>, message: impl Into<String>) -> Finding {
        let (file, subject, message) = (file.to_owned(), subject.into(), message.into());
        Finding { code, file, place: (1, 1), subject, message, hint: String::new(), waiver: None }
    }

    /// With its place.
    pub fn at(mut self, place: Place) -> Finding {
        self.place = place;
        self
    }

    /// With what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = hint.into();
        self
    }

    /// Does it fail the gate?
    pub fn fails(&self) -> bool {
        self.code.severity == Severity::Error && self.waiver.is_none()
    }

    fn key(&self) -> (Severity, &str, Place, u16, &str, &str) {
        (self.code.severity, &self.file, self.place, self.code.number, &self.subject, &self.message)
    }

    /// As a person reads it; the first line can be taken apart by tools.
    pub fn text(&self) -> String {
        let (line, column) = self.place;
        let (severity, number, name) = (self.code.severity.name(), self.code.number, self.code.name);
        // What is missing stands nowhere.
        let place = if self.file.is_empty() { String::new() } else { format!("{}:{line}:{column}: ", self.file) };
        let mut text = format!("{place}{severity}[GX{number} {name}] {}: {}\n", self.subject, self.message);
        if !self.hint.is_empty() {
            text.push_str(&format!("  hint: {}\n", self.hint));
        }
        if let Some(Grant { owner, reason, expires }) = &self.waiver {
            text.push_str(&format!("  waived by {owner} until {expires}: {reason}\n"));
        }
        text
    }

    /// The record of it.
    pub fn value(&self) -> Cbor {
        let number = |n: u32| Cbor::Unsigned(u64::from(n));
        let mut fields = vec![
            ("code", Cbor::text(format!("GX{}", self.code.number))),
            ("name", Cbor::text(self.code.name)),
            ("severity", Cbor::text(self.code.severity.name())),
            ("file", Cbor::text(&self.file)),
            ("line", number(self.place.0)),
            ("column", number(self.place.1)),
            ("subject", Cbor::text(&self.subject)),
            ("message", Cbor::text(&self.message)),
            ("hint", Cbor::text(&self.hint)),
        ];
        if let Some(Grant { owner, reason, expires }) = &self.waiver {
            let waiver = [("owner", owner), ("reason", reason), ("expires", expires)];
            fields.push(("waiver", Cbor::record(waiver.map(|(key, value)| (key, Cbor::text(value))))));
        }
        Cbor::record(fields)
    }

    /// Reads a record that no waiver took.
    pub fn of_value(value: Cbor) -> Result<Finding, DecodeError> {
        let mut fields = Fields::of(value, "finding")?;
        let name = fields.text("name")?;
        let code =
            codes::code(&name).ok_or_else(|| DecodeError::field("name", format!("there is no code '{name}'")))?;
        let mut number = |name: &str| {
            let number = fields.unsigned(name)?;
            u32::try_from(number).map_err(|_| DecodeError::field(name, "the number is too large"))
        };
        let place = (number("line")?, number("column")?);
        let finding = Finding::new(code, &fields.text("file")?, fields.text("subject")?, fields.text("message")?);
        let finding = finding.at(place).hint(fields.text("hint")?);
        for (field, value) in [("code", format!("GX{}", code.number)), ("severity", code.severity.name().to_owned())] {
            if fields.text(field)? != value {
                return Err(DecodeError::field(field, format!("'{name}' has {value}")));
            }
        }
        fields.finish()?;
        Ok(finding)
    }
}

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The gate.
    pub gate: String,
    /// What it looked at: names, and digests of their meaning or bytes.
    pub subjects: BTreeMap<String, String>,
    /// What it counted.
    pub metrics: BTreeMap<String, u64>,
    /// What it judged on the way, in its order.
    pub verdicts: Vec<(String, String)>,
    /// What it found, sorted.
    pub findings: Vec<Finding>,
}

impl Report {
    /// A report; findings are brought into their order, and each is told once.
    pub fn new(gate: &str, subjects: BTreeMap<String, String>, mut findings: Vec<Finding>) -> Report {
        findings.sort_by(|a, b| a.key().cmp(&b.key()));
        findings.dedup();
        Report { gate: gate.to_owned(), subjects, metrics: BTreeMap::new(), verdicts: Vec::new(), findings }
    }

    /// Does it pass?
    pub fn passes(&self) -> bool {
        !self.findings.iter().any(Finding::fails)
    }

    /// The record.
    pub fn value(&self) -> Cbor {
        let metrics = self.metrics.iter().map(|(key, value)| (key.clone(), Cbor::Unsigned(*value)));
        let mut record = vec![
            ("schema", Cbor::text(SCHEMA)),
            ("gate", Cbor::text(&self.gate)),
            ("status", Cbor::text(status(self.passes()))),
            ("subjects", Cbor::text_map(&self.subjects)),
            ("metrics", Cbor::Map(metrics.collect())),
            ("findings", Cbor::Array(self.findings.iter().map(Finding::value).collect())),
        ];
        if !self.verdicts.is_empty() {
            let one = |(name, said): &(String, String)| Cbor::texts([name, said]);
            record.push(("verdicts", Cbor::Array(self.verdicts.iter().map(one).collect())));
        }
        Cbor::record(record)
    }

    /// As a person reads it.
    pub fn text(&self) -> String {
        let mut text: String = self.findings.iter().map(Finding::text).collect();
        let count = |severity: Severity| self.findings.iter().filter(|it| it.code.severity == severity).count();
        let waived = self.findings.iter().filter(|it| it.waiver.is_some()).count();
        for (name, said) in &self.verdicts {
            text.push_str(&format!("{} {name}: {said}\n", self.gate));
        }
        text.push_str(&format!(
            "{}: {}: {} errors, {} warnings, {waived} waived\n",
            self.gate,
            status(self.passes()),
            count(Severity::Error),
            count(Severity::Warning)
        ));
        text
    }

    /// The readable twin of the record.
    pub fn twin(&self) -> String {
        twin::text(&self.value())
    }
}

/// The word for a verdict.
pub const fn status(passes: bool) -> &'static str {
    if passes { "PASS" } else { "FAIL" }
}

/// What others need of a report that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The gate.
    pub gate: String,
    /// Did it pass?
    pub passed: bool,
    /// What it looked at.
    pub subjects: BTreeMap<String, String>,
    /// What it counted.
    pub metrics: BTreeMap<String, u64>,
    /// Subjects of findings that a waiver takes, with their codes.
    pub waived: Vec<String>,
}

impl Summary {
    /// Reads a report's canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Summary, DecodeError> {
        let mut fields = Fields::of_record(bytes, SCHEMA)?;
        let Cbor::Map(metrics) = fields.take("metrics")? else {
            return Err(DecodeError::field("metrics", "a map is expected"));
        };
        let number = |(key, value)| match value {
            Cbor::Unsigned(n) => Ok((key, n)),
            _ => Err(DecodeError::field("metrics", "a number is expected")),
        };
        let metrics = metrics.into_iter().map(number).collect::<Result<_, _>>()?;
        let mut waived = Vec::new();
        for finding in fields.array("findings")? {
            let mut finding = Fields::of(finding, "finding")?;
            if finding.optional("waiver").is_some() {
                waived.push(format!("{} {}", finding.text("name")?, finding.text("subject")?));
            }
        }
        let gate = fields.text("gate")?;
        Ok(Summary {
            gate,
            passed: fields.text("status")? == status(true),
            subjects: fields.text_map("subjects")?,
            metrics,
            waived,
        })
    }
}
