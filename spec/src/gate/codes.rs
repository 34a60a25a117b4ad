//! The codes of findings: a number of the catalogue, a name, and how bad it is.
//!
//! Invariant: numbers are sorted and never reused. This file does not know when a finding is made.

use crate::said::{Gravity, Kind};

/// How bad a finding is. The worse comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It fails the gate.
    Error,
    /// It is told.
    Warning,
}

impl Severity {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// Its number in the catalogue: 1110 is GX1110.
    pub number: u16,
    /// Its name, which waivers may use too.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal $severity:ident;)*) => {
        $($(#[$doc])* pub const $name: Code =
            Code { number: $number, name: stringify!($name), severity: Severity::$severity };)*
        /// Every code.
        pub const CODES: &[Code] = &[$($name),*];
    };
}

codes! {
    /// A document that no contract is made of.
    SCHEMA_MISSING = 1101 Error;
    /// Something is recorded of a contract that is not there.
    SCHEMA_ORPHAN = 1102 Error;
    /// A file that gx writes is not in its one form.
    NONCANONICAL = 1103 Error;
    /// A name leads nowhere.
    REF_UNRESOLVED = 1104 Error;
    /// Something is declared or imported, and nothing needs it.
    REF_UNUSED = 1105 Warning;
    /// A recorded digest is not that of the content.
    DIGEST_MISMATCH = 1106 Error;
    /// A contract changed, and its version did not.
    VERSION_NOT_BUMPED = 1107 Error;
    /// A contract is not in the lock.
    DIGEST_UNLOCKED = 1108 Error;
    /// A word leaves a choice open.
    AMBIGUOUS_WORD = 1110 Error;
    /// An operator is not explained.
    OPERATOR_SILENT = 1111 Warning;
    /// Rounding, tolerances or numbers of errors are used, and no policy is stated.
    POLICY_MISSING = 1112 Error;
    /// Something is not as the policy says.
    POLICY_CONFLICT = 1113 Error;
    /// Two definitions of one hash or tag differ.
    PREIMAGE_CONFLICT = 1114 Error;
    /// Two contracts of one name and version differ.
    CONTRACT_CONFLICT = 1115 Error;
    /// Two errors share a number, or one name stands for two.
    ERROR_CONFLICT = 1116 Error;
    /// A tie is broken by something that is not there.
    TIE_UNDEFINED = 1117 Error;
    /// The order of a list is not stated.
    ITERATION_UNORDERED = 1118 Warning;
    /// An operator is not in the registry.
    REGISTRY_MISSING = 1120 Error;
    /// The registry has an operator that no contract has.
    REGISTRY_EXTRA = 1121 Error;
    /// The registry says something else than the contract.
    REGISTRY_DIFFERS = 1122 Error;
    /// A record of the registry breaks a rule of registries.
    REGISTRY_INVALID = 1123 Error;
    /// An operator, an error, a boundary or a value has no vector.
    VECTOR_MISSING = 1130 Error;
    /// A frozen vector was changed.
    VECTOR_CHANGED = 1131 Error;
    /// A frozen vector says something else than the contract means.
    VECTOR_MISMATCH = 1132 Error;
    /// Vectors were frozen again without a reason.
    VECTOR_UNFROZEN = 1133 Error;
    /// A frozen vector is of an operator that is not there.
    VECTOR_UNKNOWN = 1134 Error;
    /// The signature of an operator is not the recorded one.
    INTERFACE_CHANGED = 1140 Error;
    /// A recorded operator is gone.
    INTERFACE_REMOVED = 1141 Error;
    /// An operator is not recorded yet.
    INTERFACE_UNRECORDED = 1142 Error;
    /// A change needs a greater step of the version.
    BUMP_TOO_SMALL = 1150 Error;
    /// A version goes back.
    VERSION_BACKWARDS = 1151 Error;
    /// A breaking change has no migration.
    MIGRATION_MISSING = 1152 Error;
    /// A record of evidence or a link of its chain does not hold.
    EVIDENCE_BROKEN = 1160 Error;
    /// Evidence of something is missing.
    EVIDENCE_MISSING = 1161 Error;
    /// Less is covered by vectors than the profile asks for.
    COVERAGE_LOW = 1170 Error;
    /// A gate that the profile asks for was not passed.
    GATE_MISSING = 1171 Error;
    /// The profile allows no waivers.
    WAIVER_REFUSED = 1172 Error;
    /// A waiver matches nothing.
    WAIVER_UNUSED = 1180 Error;
    /// A waiver is past its date.
    WAIVER_EXPIRED = 1181 Error;
    /// A waiver lacks something, or says something that is no waiver.
    WAIVER_INVALID = 1182 Error;
    /// What changes a state has no recorded trace, or no step in it.
    TRACE_MISSING = 1183 Error;
    /// A trace was edited, or is of nothing.
    TRACE_BROKEN = 1184 Error;
    /// A recorded trace gives something else now.
    REPLAY_DIVERGED = 1185 Error;
    /// What is restored from a checkpoint goes another way.
    CHECKPOINT_DIVERGED = 1186 Error;
    /// A suite of conformance is red.
    SUITE_FAILED = 1187 Error;
    /// A suite of conformance lacks a gate.
    SUITE_MISSING = 1188 Error;
    /// What is read of a log after a crash are not the states that were.
    RECOVERY_DIVERGED = 1189 Error;
    /// Generated code gives something else than is expected of it.
    BACKEND_DIFFERS = 1190 Error;
    /// A contract is not one that the verdict of conformance speaks of.
    NOT_ADMITTED = 1191 Error;
    /// What changes a state can fail, and nothing that is recorded shows it.
    FAILURE_UNTRIED = 1192 Error;
    /// What fails changes a state.
    FAILURE_DIVERGED = 1193 Error;
}

/// The codes of findings about documents, and of differences between them and contracts. One number has several names.
#[expect(clippy::indexing_slicing, reason = "it is evaluated when it is compiled")]
pub const DOCUMENTS: &[Code] = &{
    let mut codes = [SCHEMA_MISSING; Kind::ALL.len()];
    let mut at = 0;
    while at < codes.len() {
        codes[at] = of_kind(Kind::ALL[at]);
        at += 1;
    }
    codes
};

/// The code of a finding about a document.
pub const fn of_kind(kind: Kind) -> Code {
    let severity = match kind.gravity() {
        Gravity::Error => Severity::Error,
        Gravity::Warning | Gravity::Note => Severity::Warning,
    };
    Code { number: kind.code(), name: kind.name(), severity }
}

/// The code of a number (`GX1110`) or a name; those of documents have names alone.
pub fn code(text: &str) -> Option<Code> {
    let number = text.strip_prefix("GX").and_then(|digits| digits.parse().ok());
    let own = CODES.iter().find(|code| code.name == text || Some(code.number) == number);
    own.or_else(|| DOCUMENTS.iter().find(|code| code.name == text)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_and_found() {
        assert!(CODES.windows(2).all(|pair| pair[0].number < pair[1].number));
        assert_eq!(code("GX1110"), Some(AMBIGUOUS_WORD));
        assert_eq!(code("AMBIGUOUS_WORD"), Some(AMBIGUOUS_WORD));
        assert_eq!(code("1110"), None);
        assert_eq!(code("DRIFT_TYPE"), Some(of_kind(Kind::DriftType)));
        assert_eq!(code("GX1048"), None, "one number stands for many kinds of differences");
    }
}
