//! The codes of what a release lacks or may not have.
//!
//! Invariant: numbers are sorted and never reused. This file does not know when a finding is made.

use crate::gate::codes::{Code, Severity};

const fn error(number: u16, name: &'static str) -> Code {
    Code { number, name, severity: Severity::Error }
}

/// The profile asks for something that is not stated.
pub const PROFILE_INCOMPLETE: Code = error(1201, "PROFILE_INCOMPLETE");
/// The profile does not allow something.
pub const PROFILE_REFUSED: Code = error(1202, "PROFILE_REFUSED");
/// The profile asks for a proof that is not there.
pub const PROOF_MISSING: Code = error(1203, "PROOF_MISSING");
/// A proof does not say PASS, or is none.
pub const PROOF_FAILED: Code = error(1204, "PROOF_FAILED");
/// Verdict, reports and evidence are not of one state.
pub const RELEASE_MIXED: Code = error(1205, "RELEASE_MIXED");

/// Every code.
pub const CODES: &[Code] = &[PROFILE_INCOMPLETE, PROFILE_REFUSED, PROOF_MISSING, PROOF_FAILED, RELEASE_MIXED];
