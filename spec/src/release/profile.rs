//! What a release profile asks for beside its gates: evidence, a deployment, policies, proofs.
//!
//! Gates, coverage and waivers are those of the gate `release`, which a bundle is held against again. This file does
//! not know how a finding is shown.

/// A profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    /// Has to be recorded evidence from a target `evidence`.
    pub(super) evidence: bool,
    /// Has to be a proof that it holds under failures.
    pub(super) proof: bool,
    /// Policies that have to be bound, by name.
    pub(super) policies: &'static [&'static str],
    /// Is believed unsigned.
    pub(super) unsigned: bool,
}

const PROFILES: [Profile; 3] = [
    Profile { name: "managed", evidence: false, proof: false, policies: &[], unsigned: true },
    Profile { name: "confidential", evidence: true, proof: false, policies: &["authorization"], unsigned: true },
    Profile {
        name: "regulated",
        evidence: true,
        proof: true,
        policies: &["authorization", "redaction"],
        unsigned: false,
    },
];

/// The profile of a name.
pub(super) fn profile(name: &str) -> Option<Profile> {
    PROFILES.into_iter().find(|it| it.name == name)
}
