//! Releases: outputs of targets as one bundle, and the check that a bundle is what was released.
//!
//! `bundle` makes it (a folder), `verify` reads it again through `verify::Source`; `manifest` is what both know of
//! its form, `records` what is written for others: the bill of materials and the provenance. `profile` says what each
//! release profile asks for. Invariants: the same inputs give the same bytes; no clock, no secret and no machine gets
//! in. This folder does not know where a bundle lies nor who signs it.

mod bundle;
pub mod codes;
pub mod manifest;
mod profile;
mod records;
#[cfg(test)]
mod tests;
pub mod verify;

pub(crate) use bundle::STEP as BUNDLE;
