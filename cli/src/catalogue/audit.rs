//! The rows of the catalogue that are about audits, manifests and keys.
//!
//! Invariant: as for the other rows (`table.rs`). This file does not know when an error is raised.

use super::{Entry, entry};

/// Codes from GX0900 on, sorted.
pub(super) const ROWS: &[Entry] = &[
    entry(
        901,
        "not the same in another world",
        "An action ran again with the inputs that it had, in a world that was perturbed, and gave other bytes. \
         Something of the machine, the moment or the neighbours gets into its outputs. The message names the output \
         and the first place, the cause is the perturbation that makes the difference, found by bisection.",
        "The hint says what usually helps against that leak. `gx audit --latent --perturb NAME` asks for it alone.",
    ),
    entry(
        902,
        "unknown perturbation",
        "`--perturb` takes names of perturbations with commas between them.",
        "`gx audit --list` lists them.",
    ),
    entry(
        903,
        "this machine cannot be perturbed so",
        "A perturbation that `--perturb` names cannot be brought about on this machine, so nothing is known about it. \
         Without `--perturb` the report says so and the others are tried.",
        "The message says what is missing; `gx doctor` says what to change.",
    ),
    entry(
        904,
        "no manifest",
        "A file is not a manifest of `gx audit export`: it is cut short, is not JSON, has fields that a manifest does not \
         have, or is of another version. Or two manifests name digests of different functions.",
        "Export it again, with the same `--digest` on both sides.",
    ),
    entry(
        905,
        "bad signature",
        "The signature of a manifest does not belong to what the manifest says: it was changed after it was signed.",
        "Get the manifest again from who signed it. Do not release on it.",
    ),
    entry(
        906,
        "key not trusted",
        "A manifest is soundly signed, by a key that is not in the folder of keys.",
        "When you know whose key it is: have its `gx key export NAME` sent to you, put it as `NAME.pub` into the folder \
         of keys (`gx key new` names it), or name the file with `--trust`.",
    ),
    entry(
        907,
        "no such key",
        "A key of that name is not there, is there already, or cannot be named so; or it is not clear which key signs.",
        "`gx key list` lists them, `gx key new NAME` makes one, `--key NAME` chooses.",
    ),
    entry(
        908,
        "key cannot be used",
        "The file of a key is damaged, cannot be read or written, or its secret can be read by others.",
        "The message names the file. A secret key has mode 0600.",
    ),
    entry(
        909,
        "no store there",
        "`gx audit diff` and `gx audit --against` take the folder of a store, and there is none at that path.",
        "Name the folder that `--store` or GX_STORE names there.",
    ),
    entry(
        910,
        "opened what it did not declare",
        "An action was followed while it ran, and opened files that are neither its inputs nor its toolchain nor made by \
         itself. Its outputs may depend on them, and nobody would notice when they change.",
        "Declare the files as inputs, or run the action at level sandboxed, where it cannot see them.",
    ),
    entry(
        911,
        "could not be followed",
        "An action could not be traced to its end, so nothing is proven of it. A machine may forbid tracing \
         (`kernel.yama.ptrace_scope` above 1, a container without `ptrace`), and some programs do not run under it.",
        "The message has the cause. In Docker add --cap-add=SYS_PTRACE.",
    ),
];
