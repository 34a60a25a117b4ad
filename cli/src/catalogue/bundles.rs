//! The rows of the catalogue that are about releases and bundles.
//!
//! Invariant: as for the other rows (`table.rs`). This file does not know when an error is raised.

use super::{Entry, entry};

/// Codes from GX1200 on, sorted.
pub(super) const ROWS: &[Entry] = &[
    entry(
        1201,
        "not all that the profile asks for",
        "The release profile (managed, confidential, regulated) asks for something that the release or its deployment does \
         not state.",
        "The finding names it; docs/release.md has what each profile asks for.",
    ),
    entry(
        1202,
        "not allowed by the profile",
        "The release or its deployment states something that the profile does not allow, or was made for another profile.",
        "State what the profile asks for, or release for another profile.",
    ),
    entry(
        1203,
        "no proof",
        "The profile regulated asks for a proof pack: what a suite says that makes things fail and looks whether the \
         service comes through.",
        "Run the suite in a target, and name what it writes in `proofs`.",
    ),
    entry(
        1204,
        "proof failed",
        "A proof does not say PASS, or is no proof: JSON with `schema` (gx.proof/1), `suite` and `outcome`.",
        "Mend what the suite found; a release never goes out beside a failed proof, whatever its profile.",
    ),
    entry(
        1205,
        "not of one state",
        "The verdict of conformance, the reports and the evidence of a release do not speak of the same state.",
        "Name one `conformance` target: its reports come with it.",
    ),
    entry(
        1220,
        "no bundle",
        "A folder is no bundle of gx: it has no `manifest.json`, or that is not in the form that gx writes. The message has \
         the first byte that is not.",
        "Get the bundle again from who released it. Do not deploy it.",
    ),
    entry(
        1221,
        "not what was released",
        "A file of a bundle is missing, is one too many, or is not what the manifest says; or the manifest is not what the \
         bill of materials, the provenance and the evidence say. The message names the first thing that is off.",
        "Get the bundle again from who released it. Do not deploy it.",
    ),
    entry(
        1222,
        "no release",
        "`gx push-button` takes the label of a `release` target, and the bundle's place must be free.",
        "Name one release; `gx query 'kind(release, //...)'` lists them.",
    ),
    entry(
        1223,
        "not signed",
        "A bundle has no signature, and one is asked for: by `--trust` or `--signature`, or because its profile is \
         regulated.",
        "`gx push-button TARGET --key NAME` signs; the signature lies beside the bundle and goes with it.",
    ),
];
