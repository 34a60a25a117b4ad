//! Releases: outputs of targets as one bundle, and the check that a bundle is what was released.
//!
//! `bundle` makes it (a folder), `image` an OCI image, `deployment` how that is run; `verify` reads a bundle again
//! through `verify::Source`; `manifest` is what both know of its form, `records` what is written for others: the bill
//! of materials and the provenance. `profile` says what each release profile asks for. Invariants: the same inputs give
//! the same bytes; no clock, no secret and no machine gets in. This folder does not know where a bundle lies nor who
//! signs it.

mod bundle;
pub mod codes;
mod deployment;
mod image;
pub mod manifest;
mod manifests;
mod profile;
mod records;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_run;
pub mod verify;

pub(crate) use bundle::STEP as BUNDLE;
pub(crate) use deployment::STEP as DEPLOYMENT;
pub(crate) use image::STEP as IMAGE;
