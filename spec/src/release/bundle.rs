//! `bundle`: outputs of targets, the reports and the verdict on them, evidence, a bill of materials and provenance, as
//! one folder.
//!
//! `files` has lines `role label path destination`. Nothing is bundled that the profile does not allow: whatever is
//! wrong is found, all of it. Invariant: the verdict, the reports and the evidence speak of one state. This file does
//! not know what a profile asks for (`profile`), nor how a bundle is checked (`verify`).

use super::codes::{PROFILE_INCOMPLETE, PROFILE_REFUSED, PROOF_FAILED, PROOF_MISSING, RELEASE_MIXED};
use super::manifest::{self, Entry, Manifest, What, sha256};
use super::profile::{Profile, profile};
use super::records;
use crate::builtin::{Given, Made, Product, Step};
use crate::gate::codes::{EVIDENCE_BROKEN, EVIDENCE_MISSING};
use crate::gate::conformance::Conformance;
use crate::gate::evidence::{Evidence, MADE};
use crate::gate::report::{Finding, Report, Summary, status};
use crate::gate::{self, Document, Input};
use gx_store::{Blobs, ExecuteError, HashFunction, Node, RelPath, StoreError};
use serde_json::Value as Json;
use std::collections::BTreeMap;

pub(crate) const STEP: Step = Step {
    name: "bundle",
    revision: 1,
    inputs: &["files"],
    outputs: &["folder"],
    arguments: &["files", "name", "version", "profile", "target"],
    run,
};

/// A file of the bundle that came from a target.
struct File {
    entry: Entry,
    node: Node,
    /// Kept of those that are looked into.
    bytes: Vec<u8>,
}

type Files = BTreeMap<String, File>;

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let (files, evidence) = gather(given)?;
    let mut findings = Vec::new();
    let verdict = Verdict::of(&files, &mut findings);
    match profile(given.word("profile")) {
        Some(profile) => held_against(profile, &files, evidence.is_some(), &mut findings),
        None => {
            let message = format!("'{}' is no profile", given.word("profile"));
            let hint = "profiles are managed, confidential and regulated";
            findings.push(Finding::new(PROFILE_INCOMPLETE, "", "profile", message).hint(hint));
        }
    }
    let chain = chain(&files, evidence.as_ref(), given.word("version"), &mut findings);
    let report = Report::new("bundle", BTreeMap::new(), findings);
    if !report.passes() {
        return Err(ExecuteError::Findings { findings: report.text() });
    }
    written(given, files, chain, &verdict)
}

/// Reads what was given; the evidence apart, which goes on in the bundle's own.
fn gather(given: &Given<'_>) -> Result<(Files, Option<Document>), ExecuteError> {
    let (mut files, mut evidence) = (Files::new(), None);
    for [role, label, path, destination] in given.rows()? {
        for (below, node) in given.leaves(given.node(path)?)? {
            let (what, bytes) = match &node {
                Node::Symlink(target) => (What::Link(target.clone()), Vec::new()),
                Node::File { blob, executable } => {
                    let bytes = given.store.blob(blob)?;
                    let (size, executable) = (bytes.len() as u64, *executable);
                    (What::File { size, sha256: sha256(&bytes), executable }, bytes)
                }
                Node::Directory(_) => continue,
            };
            if role == "evidence" {
                evidence = Some(Document { path: path.to_owned(), bytes });
                continue;
            }
            let tail = below.map_or_else(String::new, |below| format!("/{}", below.as_str()));
            let at = format!("{role}/{destination}{tail}");
            if manifest::role_of(&at) != role {
                return Err(given.refuse(format!("a bundle has no part '{role}'")));
            }
            let entry = Entry { what, role: role.to_owned(), target: label.to_owned() };
            // What is large is only carried.
            let bytes = if matches!(role, "content") { Vec::new() } else { bytes };
            files.insert(at, File { entry, node, bytes });
        }
    }
    Ok((files, evidence))
}

fn of_role<'a>(files: &'a Files, role: &'a str) -> impl Iterator<Item = (&'a String, &'a File)> {
    files.iter().filter(move |(_, file)| file.entry.role == role)
}

/// Reports in their canonical form, with the digests that verdicts know them by.
fn reports(files: &Files) -> impl Iterator<Item = (&String, &File, String)> {
    let canonical = of_role(files, "report").filter(|(path, _)| path.ends_with(".cbor"));
    canonical.map(|(path, file)| (path, file, HashFunction::Blake3.digest(&file.bytes).hex()))
}

/// The verdict of conformance.
#[derive(Default)]
struct Verdict {
    /// BLAKE3 of its bytes.
    digest: String,
    subjects: BTreeMap<String, String>,
}

impl Verdict {
    /// Reads it, and holds it against the reports.
    fn of(files: &Files, findings: &mut Vec<Finding>) -> Verdict {
        let mixed = |path: &str, subject: &str, message: String| {
            Finding::new(RELEASE_MIXED, path, subject, message)
                .hint("name one `conformance` target; its reports come with it")
        };
        let Some((path, file)) = of_role(files, "verdict").find(|(path, _)| path.ends_with(".cbor")) else {
            findings.push(mixed("", "verdict", "there is no verdict of conformance".to_owned()));
            return Verdict::default();
        };
        let said = match Conformance::decode(&file.bytes) {
            Ok(said) => said,
            Err(error) => {
                findings.push(mixed(path, "verdict", format!("it is no verdict: {error}")));
                return Verdict::default();
            }
        };
        if !said.passed {
            findings.push(mixed(path, "verdict", "it does not say PASS".to_owned()));
        }
        let mut gates: BTreeMap<String, String> = said.gates.into_iter().map(|(gate, report)| (report, gate)).collect();
        for (path, _, digest) in reports(files) {
            if gates.remove(&digest).is_none() {
                findings.push(mixed(path, "report", "the verdict does not speak of it".to_owned()));
            }
        }
        for gate in gates.values() {
            findings.push(mixed(path, gate, "its report is not there".to_owned()));
        }
        Verdict { digest: HashFunction::Blake3.digest(&file.bytes).hex(), subjects: said.subjects }
    }
}

/// What the profile asks for.
fn held_against(profile: Profile, files: &Files, evidence: bool, findings: &mut Vec<Finding>) {
    let lacks = |code, subject: &str, message: String, hint: &str| Finding::new(code, "", subject, message).hint(hint);
    let documents: Vec<Document> =
        reports(files).map(|(path, file, _)| Document { path: path.clone(), bytes: file.bytes.clone() }).collect();
    let mut input = Input::default();
    input.files.insert("reports", documents);
    input.arguments.insert("profile".to_owned(), profile.name.to_owned());
    if let Some(gate) = gate::gate("release") {
        findings.extend(gate.report(&input).findings);
    }
    if profile.evidence && !evidence {
        let message = format!("{} asks for recorded evidence", profile.name);
        findings.push(lacks(EVIDENCE_MISSING, "evidence", message, "name an `evidence` target"));
    }
    for policy in profile.policies {
        let stem = |path: &str| path.rsplit('/').next().and_then(|it| it.split('.').next()) == Some(*policy);
        if !of_role(files, "policy").any(|(path, _)| stem(path)) {
            let message = format!("{} asks for the policy '{policy}'", profile.name);
            let hint = "name its file in `policies`; a policy's name is its file's up to the first dot";
            findings.push(lacks(PROFILE_INCOMPLETE, "policies", message, hint));
        }
    }
    let mut proven = false;
    for (path, file) in of_role(files, "proof") {
        let json: Json = serde_json::from_slice(&file.bytes).unwrap_or_default();
        let word = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
        let message = match (word("schema"), word("suite"), word("outcome")) {
            ("gx.proof/1", suite, "PASS") if !suite.is_empty() => {
                proven = true;
                continue;
            }
            ("gx.proof/1", suite, outcome) if !suite.is_empty() => format!("the suite '{suite}' says '{outcome}'"),
            _ => "it is no proof".to_owned(),
        };
        let hint = "a proof is JSON: {\"schema\": \"gx.proof/1\", \"suite\": NAME, \"outcome\": \"PASS\"}";
        findings.push(Finding::new(PROOF_FAILED, path, "proof", message).hint(hint));
    }
    if profile.proof && !proven {
        let message = format!("{} asks for a proof pack of failures that were survived", profile.name);
        findings.push(lacks(PROOF_MISSING, "proofs", message, "name what the suite writes in `proofs`"));
    }
    for (path, file) in of_role(files, "deployment").filter(|(path, _)| path.ends_with("/policy_bindings.json")) {
        let json: Json = serde_json::from_slice(&file.bytes).unwrap_or_default();
        let made = json.get("profile").and_then(Json::as_str).unwrap_or_default();
        if made != profile.name {
            let message = format!("it was made for the profile '{made}', and this is a release for {}", profile.name);
            let hint = "give the deployment and the release one profile";
            findings.push(Finding::new(PROFILE_REFUSED, path, "deployment", message).hint(hint));
        }
    }
}

/// The chain of evidence so far, with a record of each report.
fn chain(files: &Files, evidence: Option<&Document>, version: &str, findings: &mut Vec<Finding>) -> Evidence {
    let mut chain = Evidence::default();
    if let Some(file) = evidence {
        match Evidence::read(&file.bytes) {
            Ok(read) => chain = read,
            Err(why) => findings.push(Finding::new(EVIDENCE_BROKEN, &file.path, "evidence", why)),
        }
    }
    for (path, file, digest) in reports(files) {
        if !chain.speaks_of(&digest) {
            // A report that cannot be read was found already by the gate `release`.
            if Summary::decode(&file.bytes).is_ok_and(|it| it.passed)
                && let Err(why) = chain.add(version, &file.bytes)
            {
                findings.push(Finding::new(EVIDENCE_BROKEN, path, "evidence", why));
            }
        }
    }
    chain
}

/// The bundle itself.
fn written(given: &Given<'_>, files: Files, mut chain: Evidence, verdict: &Verdict) -> Result<Made, ExecuteError> {
    let (mut texts, mut nodes, mut entries) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (path, file) in files {
        nodes.insert(path.clone(), file.node);
        entries.insert(path, file.entry);
    }
    let word = |name: &str| given.word(name).to_owned();
    let (name, version, profile, target) = (word("name"), word("version"), word("profile"), word("target"));
    let blake3 = |text: &str| HashFunction::Blake3.digest(text.as_bytes()).hex();
    chain.record(&version, "release.conformance", status(true), &verdict.digest);
    chain.record(&version, "release.content", MADE, &blake3(&Manifest::released(&entries)));
    let mut manifest = Manifest { name, version, profile, target, head: chain.head(), files: entries };
    let mut put = |manifest: &mut Manifest, path: &'static str, text: String| {
        let what = What::File { size: text.len() as u64, sha256: sha256(text.as_bytes()), executable: false };
        let (role, target) = (manifest::role_of(path).to_owned(), manifest.target.clone());
        manifest.files.insert(path.to_owned(), Entry { what, role, target });
        texts.insert(path, text);
    };
    let sbom = records::sbom(&manifest);
    chain.record(&manifest.version, "release.sbom", MADE, &blake3(&sbom));
    manifest.head = chain.head();
    put(&mut manifest, manifest::SBOM, sbom);
    put(&mut manifest, manifest::EVIDENCE, chain.text());
    let provenance = records::provenance(&manifest, &verdict.subjects);
    put(&mut manifest, manifest::PROVENANCE, provenance);
    let text = manifest.text();
    // What is written is what can be read.
    Manifest::read(text.as_bytes()).map_err(|(_, why)| given.refuse(why))?;
    texts.insert(manifest::FILE, text);
    for (path, text) in texts {
        nodes.insert(path.to_owned(), given.put_file(text.as_bytes())?);
    }
    let at = |(path, node)| Ok((RelPath::new(path).map_err(StoreError::from)?, node));
    let nodes: BTreeMap<RelPath, Node> = nodes.into_iter().map(at).collect::<Result<_, ExecuteError>>()?;
    Ok(vec![("folder", Product::Nodes(nodes))])
}
