//! What a bundle tells others in their own forms: a bill of materials (CycloneDX) and its provenance (SLSA, in-toto).
//!
//! CycloneDX, not SPDX: SPDX asks for the time of its making and for SHA-1 of every file, and a bundle has neither a
//! clock nor a weak digest. The provenance leaves out all times and the invocation's id for the same reason; SLSA
//! allows that. Invariant: what `verify` holds against files is written here only.

use super::manifest::{Entry, Manifest, What, sha256};
use crate::twin;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What stands for gx as a builder, whatever its version: a version that makes other bytes is another builder's.
const BUILDER: &str = "urn:gx:builder:1";

/// The digest that others know a file by; of a symlink that of where it leads.
fn digest(entry: &Entry) -> String {
    match &entry.what {
        What::File { sha256, .. } => sha256.clone(),
        What::Link(target) => sha256(target.as_bytes()),
    }
}

/// The bill of materials: what of which target is in the bundle. `manifest.files` are those that came from targets.
pub(super) fn sbom(manifest: &Manifest) -> String {
    let mut targets: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    for (path, entry) in &manifest.files {
        let file = json!({
            "type": "file", "bom-ref": path, "name": path,
            "hashes": [{"alg": "SHA-256", "content": digest(entry)}],
        });
        targets.entry(&entry.target).or_default().push(file);
    }
    let names: Vec<&str> = targets.keys().copied().collect();
    let components = targets
        .iter()
        .map(|(target, files)| json!({"type": "application", "bom-ref": target, "name": target, "components": files}));
    twin::layout(&json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "bundle", "name": manifest.name, "version": manifest.version},
            "properties": [{"name": "gx:profile", "value": manifest.profile}, {"name": "gx:target", "value": manifest.target}],
        },
        "components": components.collect::<Vec<_>>(),
        "dependencies": [{"ref": "bundle", "dependsOn": names}],
    }))
}

/// The provenance: what the bundle's files were made by and from. `subjects` are contracts and files with their
/// digests.
pub(super) fn provenance(manifest: &Manifest, subjects: &BTreeMap<String, String>) -> String {
    let subject = manifest.files.iter().map(|(path, entry)| json!({"name": path, "digest": {"sha256": digest(entry)}}));
    let from = subjects.iter().map(|(name, digest)| json!({"name": name, "digest": {"gx": digest}}));
    twin::layout(&json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject.collect::<Vec<_>>(),
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:gx:release:1",
                "externalParameters": {
                    "name": manifest.name, "profile": manifest.profile, "target": manifest.target,
                    "version": manifest.version,
                },
                "resolvedDependencies": from.collect::<Vec<_>>(),
            },
            "runDetails": {"builder": {"id": BUILDER}},
        },
    }))
}
