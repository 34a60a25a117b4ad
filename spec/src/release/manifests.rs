//! Manifests of a service for Kubernetes and compose.
//!
//! Invariants: the image is named by digest; a container has no rights beyond its own files, and its root is read-only.
//! Texts are always in quotes, so that no word is taken for a number or a truth value. This file knows no profiles.

use serde_json::{Value as Json, json};

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: String,
    /// With its digest.
    pub(super) image: String,
    pub(super) port: i64,
    pub(super) replicas: i64,
    pub(super) cpu: String,
    pub(super) memory: String,
    pub(super) storage: String,
    /// The class of runtime that attests.
    pub(super) runtime_class: Option<String>,
}

/// The objects, in the order in which they are applied; `sealed` lets nothing out.
pub(super) fn kubernetes(service: &Service, runtime: &str, sealed: bool) -> Vec<Json> {
    let Service { name, image, port, replicas, cpu, memory, storage, runtime_class } = service;
    let labels = json!({"app.kubernetes.io/name": name});
    let meta = json!({"name": name, "labels": labels});
    let limits = json!({"cpu": cpu, "memory": memory});
    let mut pod = json!({
        "automountServiceAccountToken": false,
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": name, "image": image, "ports": [{"containerPort": port}],
            "resources": {"limits": limits, "requests": limits},
            "securityContext": {
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [
                {"name": "config", "mountPath": "/etc/gx", "readOnly": true}, {"name": "data", "mountPath": "/data"},
            ],
        }],
        "volumes": [
            {"name": "config", "configMap": {"name": name}},
            {"name": "data", "persistentVolumeClaim": {"claimName": name}},
        ],
    });
    if let (Some(class), Some(pod)) = (runtime_class, pod.as_object_mut()) {
        pod.insert("runtimeClassName".to_owned(), json!(class));
    }
    let mut policy = json!({
        "podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"port": port, "protocol": "TCP"}]}],
    });
    if sealed && let Some(policy) = policy.as_object_mut() {
        policy.insert("policyTypes".to_owned(), json!(["Ingress", "Egress"]));
        policy.insert("egress".to_owned(), json!([]));
    }
    // Several of them, on several nodes, share what one keeps.
    let access = if *replicas > 1 { "ReadWriteMany" } else { "ReadWriteOnce" };
    let claim = json!({"accessModes": [access], "resources": {"requests": {"storage": storage}}});
    vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"runtime_config.json": runtime}}),
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": claim}),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
            "spec": {
                "replicas": replicas, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": meta,
            "spec": {"selector": labels, "ports": [{"port": port, "targetPort": port}]},
        }),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": policy}),
    ]
}

/// A compose file.
pub(super) fn compose(service: &Service) -> Json {
    let Service { name, image, port, memory, .. } = service;
    // Compose has bytes where Kubernetes has quantities.
    let memory = memory.replace("Ki", "k").replace("Mi", "m").replace("Gi", "g");
    json!({
        "name": name,
        "services": {name: {
            "image": image, "read_only": true, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"],
            "ports": [format!("{port}:{port}")], "mem_limit": memory, "restart": "unless-stopped",
            "volumes": ["data:/data", "./runtime_config.json:/etc/gx/runtime_config.json:ro"],
        }},
        "volumes": {"data": {}},
    })
}

/// JSON as YAML in block style.
pub(super) fn yaml(json: &Json) -> String {
    let mut text = String::new();
    block(json, 0, &mut text);
    text
}

fn block(json: &Json, depth: usize, text: &mut String) {
    let blanks = "  ".repeat(depth);
    match json {
        Json::Object(map) => {
            for (key, value) in map {
                let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
                let key = if plain { key.clone() } else { Json::String(key.clone()).to_string() };
                text.push_str(&format!("{blanks}{key}:"));
                below(value, depth, text);
            }
        }
        Json::Array(items) => {
            for item in items {
                // The first line of what is in a list stands behind its dash.
                let mut inner = String::new();
                block(item, depth + 1, &mut inner);
                text.push_str(&format!("{blanks}- {}", inner.trim_start()));
            }
        }
        other => text.push_str(&format!("{blanks}{other}\n")),
    }
}

fn below(value: &Json, depth: usize, text: &mut String) {
    let empty = value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    match value {
        Json::Object(_) | Json::Array(_) if !empty => {
            text.push('\n');
            block(value, depth + 1, text);
        }
        other => text.push_str(&format!(" {other}\n")),
    }
}
