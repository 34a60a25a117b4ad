//! The rows of the catalogue that are about releases, bundles and generated folders.
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
    entry(
        1230,
        "no project",
        "`gx generate` takes the label of a target that makes exactly one folder, of files only.",
        "Name one target of `codegen`.",
    ),
    entry(
        1231,
        "generated and edited",
        "A generated file was edited outside of a kept region, or removed. Nothing was written. The message has the \
         difference to what was generated.",
        "Change what it is generated from, put the edit between `gx:keep begin NAME` and `gx:keep end`, take it in with \
         --merge, or undo it.",
    ),
    entry(
        1232,
        "in the way of what is generated",
        "What is generated cannot be put where a person's own work is: a file that was not generated, or an edit on lines \
         that changed. Nothing was written.",
        "Move what is yours away from there, generate, and put it where it belongs now.",
    ),
    entry(
        1233,
        "record of what was generated cannot be read",
        "`.gx-generated.json` in the folder says what was generated last, so that edits can be told from it. It is broken, \
         of another version, or of another digest function.",
        "Get it back from version control; it belongs there with the folder.",
    ),
    entry(
        1234,
        "what was generated last is gone",
        "A generated file was edited, and the store has no copy of the text that was generated: it was made on another \
         machine, or collected.",
        "Check out what it was generated from, run the same command there, and come back to what is now.",
    ),
    entry(
        1235,
        "marks of a kept region are wrong",
        "A region does not end, ends without a beginning, lies within another one, has no name, or has a name that there \
         is twice in the file.",
        "Each region is between a line with `gx:keep begin NAME` and one with `gx:keep end`.",
    ),
];
