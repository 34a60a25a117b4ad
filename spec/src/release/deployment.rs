//! `deployment`: how an image is run, for a profile: Kubernetes and compose manifests, the runtime's configuration, the
//! bindings of policies, and what the environment is made of.
//!
//! `files` has lines `role path name`; `settings` is one TOML file, `image` an OCI layout, `policy` any file. Images
//! are named by digest only. What the profile does not allow is found, all of it. Invariant: nothing comes from the
//! machine that builds. This file does not know where it is deployed.

use super::codes::{PROFILE_INCOMPLETE, PROFILE_REFUSED};
use super::manifest::sha256;
use super::manifests::{Service, compose, kubernetes, yaml};
use crate::builtin::{Given, Made, Product, Step};
use crate::gate::report::{Finding, Report};
use crate::twin;
use gx_store::{Blobs, ExecuteError, Node, RelPath};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const STEP: Step = Step {
    name: "deployment",
    revision: 1,
    inputs: &["files"],
    outputs: &["folder"],
    arguments: &["files", "name", "profile"],
    run,
};

/// Profiles, in the order of the columns below.
const PROFILES: [&str; 3] = ["managed", "confidential", "regulated"];

/// What is stated, and which values each profile allows.
const STATED: [(&str, [&[&str]; 3]); 5] = [
    ("attestation", [&["none", "required", "attested"], &["required", "attested"], &["attested"]]),
    ("legacy_import", [&["allowed", "forbidden"], &["forbidden"], &["forbidden"]]),
    ("redaction", [&["none", "hmac-sha256"], &["hmac-sha256"], &["hmac-sha256"]]),
    ("requirements_mismatch", [&["abort"], &["abort"], &["abort"]]),
    ("unsigned_status", [&["accepted", "refused"], &["accepted", "refused"], &["refused"]]),
];

/// What else may be stated.
const OTHERS: [&str; 9] =
    ["cpu", "memory", "port", "redaction_key", "replicas", "repository", "runtime_class", "storage", "determinism"];

/// The settings, with where they stand.
struct Settings {
    file: String,
    text: String,
    table: toml::Table,
}

impl Settings {
    fn word(&self, key: &str) -> Option<&str> {
        self.table.get(key).and_then(toml::Value::as_str).filter(|it| !it.is_empty())
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.table.get(key).and_then(toml::Value::as_integer)
    }

    fn finding(&self, code: crate::gate::codes::Code, key: &str, message: String) -> Finding {
        let lines = (1u32..).zip(self.text.lines());
        let stands = lines.filter(|(_, line)| line.trim_start().starts_with(key)).map(|(line, _)| line).next();
        Finding::new(code, &self.file, key, message).at((stands.unwrap_or(1), 1))
    }
}

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let profile = given.word("profile");
    let (mut settings, mut image, mut policies) = (None, None, BTreeMap::new());
    for [role, path, name] in given.rows()? {
        match role {
            "settings" => settings = Some(read(given, path, name)?),
            "image" => image = Some(Image::of(given, path)?),
            "policy" => {
                let stem = name.rsplit('/').next().and_then(|it| it.split('.').next()).unwrap_or_default();
                policies.insert(stem.to_owned(), sha256(&one(given, path)?));
            }
            other => return Err(given.refuse(format!("'{other}' is no part of a deployment"))),
        }
    }
    let settings = settings.ok_or_else(|| given.refuse("there are no settings"))?;
    let image = image.ok_or_else(|| given.refuse("there is no image"))?;
    let mut findings = Vec::new();
    stated(&settings, profile, &mut findings);
    let service = service(given.word("name"), &settings, &image, &mut findings);
    let report = Report::new("deployment", BTreeMap::new(), findings);
    match service {
        Some(service) if report.passes() => {
            let folder = written(&service, profile, &settings, &image, &policies);
            Ok(vec![("folder", Product::Folder(folder))])
        }
        _ => Err(ExecuteError::Findings { findings: report.text() }),
    }
}

fn one(given: &Given<'_>, path: &str) -> Result<Vec<u8>, ExecuteError> {
    match given.node(path)? {
        Node::File { blob, .. } => Ok(given.store.blob(&blob)?),
        _ => Err(given.refuse(format!("'{path}' is no file"))),
    }
}

fn read(given: &Given<'_>, path: &str, name: &str) -> Result<Settings, ExecuteError> {
    let text = String::from_utf8_lossy(&one(given, path)?).into_owned();
    match text.parse::<toml::Table>() {
        Ok(table) => Ok(Settings { file: name.to_owned(), text, table }),
        Err(error) => {
            let line = error.span().map_or(1, |at| text.get(..at.start).map_or(1, |it| it.matches('\n').count() + 1));
            let place = (u32::try_from(line).unwrap_or(1), 1);
            let finding = Finding::new(PROFILE_INCOMPLETE, name, "settings", error.message()).at(place);
            Err(ExecuteError::Findings { findings: finding.text() })
        }
    }
}

/// What the settings state against what the profile allows.
fn stated(settings: &Settings, profile: &str, findings: &mut Vec<Finding>) {
    let Some(column) = PROFILES.iter().position(|it| *it == profile) else {
        let hint = "profiles are managed, confidential and regulated";
        findings.push(Finding::new(PROFILE_INCOMPLETE, "", "profile", format!("'{profile}' is no profile")).hint(hint));
        return;
    };
    for (key, allowed) in STATED {
        let allowed = allowed.get(column).copied().unwrap_or_default();
        let hint = format!("one of: {}", allowed.join(", "));
        match settings.word(key) {
            None => {
                let message = format!("{profile} asks that it is stated");
                findings.push(settings.finding(PROFILE_INCOMPLETE, key, message).hint(hint));
            }
            Some(value) if !allowed.contains(&value) => {
                let message = format!("{profile} does not allow '{value}'");
                findings.push(settings.finding(PROFILE_REFUSED, key, message).hint(hint));
            }
            Some(_) => {}
        }
    }
    let needs = [
        ("redaction", "none", "redaction_key", "the id of the key that the platform holds"),
        ("attestation", "none", "runtime_class", "the class of runtime that attests, as the cluster names it"),
    ];
    for (key, without, needed, hint) in needs {
        let asks = settings.word(key).is_some_and(|it| it != without);
        if asks && settings.word(needed).is_none() {
            let message = format!("'{key}' asks for it");
            findings.push(settings.finding(PROFILE_INCOMPLETE, needed, message).hint(hint));
        }
    }
    let known: BTreeSet<&str> = STATED.iter().map(|(key, _)| *key).chain(OTHERS).collect();
    for key in settings.table.keys().filter(|key| !known.contains(key.as_str())) {
        let hint = format!("known are {}", known.iter().copied().collect::<Vec<_>>().join(", "));
        findings.push(settings.finding(PROFILE_REFUSED, key, "nothing reads it".to_owned()).hint(hint));
    }
}

/// An image, by what its layout says.
struct Image {
    digest: String,
    config: String,
    architecture: String,
    layers: Vec<String>,
    environment: Vec<String>,
}

impl Image {
    fn of(given: &Given<'_>, path: &str) -> Result<Image, ExecuteError> {
        let leaves = given.leaves(given.node(path)?)?;
        let json = |at: &str| -> Result<Json, ExecuteError> {
            let Some(Node::File { blob, .. }) = leaves.get(&RelPath::new(at).ok()) else {
                return Err(given.refuse(format!("'{path}' is no OCI image layout: there is no '{at}'")));
            };
            serde_json::from_slice(&given.store.blob(blob)?)
                .map_err(|error| given.refuse(format!("'{path}/{at}': {error}")))
        };
        let text = |json: &Json, at: &str| json.pointer(at).and_then(Json::as_str).unwrap_or_default().to_owned();
        let blob = |digest: &str| format!("blobs/{}", digest.replacen(':', "/", 1));
        let digest = text(&json("index.json")?, "/manifests/0/digest");
        let manifest = json(&blob(&digest))?;
        let config = text(&manifest, "/config/digest");
        let layers = manifest.get("layers").and_then(Json::as_array).cloned().unwrap_or_default();
        let layers = layers.iter().map(|it| text(it, "/digest")).collect();
        let said = json(&blob(&config))?;
        let environment = said.pointer("/config/Env").and_then(Json::as_array).cloned().unwrap_or_default();
        let environment = environment.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect();
        Ok(Image { digest, config, architecture: text(&said, "/architecture"), layers, environment })
    }
}

/// What is run; nothing when the settings do not say it.
fn service(name: &str, settings: &Settings, image: &Image, findings: &mut Vec<Finding>) -> Option<Service> {
    let mut lacks = |key: &str, hint: &str| {
        findings.push(settings.finding(PROFILE_INCOMPLETE, key, "it is not stated, or not so".to_owned()).hint(hint));
    };
    let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 63 || name.starts_with('-') || name.ends_with('-') || !name.chars().all(label) {
        lacks("name", "a service's name has lower-case letters, digits and '-', at most 63");
        return None;
    }
    let repository = settings.word("repository").filter(|it| !it.contains([' ', '@']));
    let port = settings.number("port").filter(|port| (1..=65535).contains(port));
    let replicas = settings.number("replicas").filter(|n| (1..=1000).contains(n));
    let quantity = |key: &str| settings.word(key).filter(|it| it.starts_with(|c: char| c.is_ascii_digit()));
    let (cpu, memory, storage) = (quantity("cpu"), quantity("memory"), quantity("storage"));
    for (there, key, hint) in [
        (repository.is_some(), "repository", "where the image is pushed, like \"registry.example/ledger\""),
        (port.is_some(), "port", "a number from 1 to 65535"),
        (replicas.is_some(), "replicas", "a number from 1 to 1000"),
        (cpu.is_some(), "cpu", "like \"500m\""),
        (memory.is_some(), "memory", "like \"256Mi\""),
        (storage.is_some(), "storage", "like \"1Gi\""),
    ] {
        if !there {
            lacks(key, hint);
        }
    }
    Some(Service {
        name: name.to_owned(),
        image: format!("{}@{}", repository?, image.digest),
        port: port?,
        replicas: replicas?,
        cpu: cpu?.to_owned(),
        memory: memory?.to_owned(),
        storage: storage?.to_owned(),
        runtime_class: settings.word("runtime_class").map(str::to_owned),
    })
}

fn written(
    service: &Service,
    profile: &str,
    settings: &Settings,
    image: &Image,
    policies: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let said: BTreeMap<&str, &str> = STATED.iter().filter_map(|(key, _)| Some((*key, settings.word(key)?))).collect();
    let runtime = twin::layout(&json!({
        "schema": "gx.runtime/1", "profile": profile, "stated": said,
        "redaction_key": settings.word("redaction_key"),
        "determinism": settings.word("determinism").unwrap_or("E0"),
        "storage_root": format!("/data/{}", service.name), "checkpoint": {"enabled": true, "interval_steps": 1},
        "logging": {"level": "INFO", "trace_sidecar": true},
    }));
    // One digest that an execution certificate can be bound to.
    let all: String = policies.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect();
    let gate = sha256(all.as_bytes());
    let bindings = json!({
        "schema": "gx.policies/1", "profile": profile, "policies": policies, "policy_gate": gate,
        "bound_to_certificate": profile == "regulated",
    });
    let variables: String = image.environment.iter().map(|it| format!("{it}\n")).collect();
    let environment = json!({
        "schema": "gx.environment/1", "os": "linux", "architecture": image.architecture, "image": image.digest,
        "config": image.config, "layers": image.layers, "environment_sha256": sha256(variables.as_bytes()),
        "runtime_sha256": sha256(runtime.as_bytes()), "policy_gate": gate,
    });
    let sealed = profile != "managed";
    let manifests =
        kubernetes(service, &runtime, sealed).iter().map(|it| format!("---\n{}", yaml(it))).collect::<String>();
    [
        ("compose.yaml", yaml(&compose(service))),
        ("environment.json", twin::layout(&environment)),
        ("kubernetes.yaml", manifests),
        ("policy_bindings.json", twin::layout(&bindings)),
        ("runtime_config.json", runtime),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into_iter()
    .collect()
}
