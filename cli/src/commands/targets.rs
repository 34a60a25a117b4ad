//! `gx targets`: the backends that ship, what they can express, and whether this machine has their programs.

use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::request::Request;
use gx_spec::emit::Target;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Answers it.
pub(super) fn answer(request: &Request, face: &dyn Face) -> Result<Exit, Report> {
    let mut folders: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for (path, text) in gx_stdlib::files() {
        if let Some((id, rest)) = path.strip_prefix("targets/").and_then(|it| it.split_once('/')) {
            folders.entry(id).or_default().insert(format!("{id}/{rest}"), (*text).to_owned());
        }
    }
    let mut targets = Vec::new();
    for (id, own) in folders.iter().filter(|it| !Target::is_abstract(it.1)) {
        let mut texts = own.clone();
        let mut base = Target::base(own);
        while let Some(more) = base.as_deref().and_then(|base| folders.get(base)) {
            texts.extend(more.clone());
            base = Target::base(more);
        }
        let target = Target::read(&texts).map_err(|fault| Report::new(801, format!("the target '{id}': {fault}")))?;
        targets.push(target);
    }
    let home = request.surroundings.environment.get("HOME").map(String::as_str);
    if request.settings.json {
        let rows: Vec<Value> = targets.iter().map(|it| row(it, home)).collect();
        face.event(Event::Document(json!({"targets": rows}).to_string()));
    } else {
        face.event(Event::Output(targets.iter().map(|it| words(it, home)).collect::<String>().into_bytes()));
    }
    Ok(Exit::Ok)
}

/// Programs that are not where toolchains are imported from.
fn missing<'t>(target: &'t Target, home: Option<&str>) -> Vec<&'t str> {
    let there = |program: &str| ["/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(program).exists());
    // A Rust of rustup stands in a home.
    let elsewhere = |program: &str| {
        matches!(program, "cargo" | "rustc")
            && home.is_some_and(|home| Path::new(home).join(".cargo/bin").join(program).exists())
    };
    let lacks = |program: &&str| !there(program) && !elsewhere(program);
    target.toolchain.programs.iter().map(String::as_str).filter(lacks).collect()
}

fn row(target: &Target, home: Option<&str>) -> Value {
    let missing = missing(target, home);
    json!({
        "id": target.id,
        "label": format!("@gx//targets:{}", target.id),
        "title": target.title,
        "class": target.class,
        "family": target.family,
        "capabilities": target.capabilities(),
        "programs": target.toolchain.programs,
        "packages": target.toolchain.packages,
        "runs_here": missing.is_empty(),
        "missing": missing,
    })
}

fn words(target: &Target, home: Option<&str>) -> String {
    let missing = missing(target, home);
    let state = if missing.is_empty() {
        "runs here".to_owned()
    } else {
        format!("no {} here: apt-get install {}", missing.join(", "), target.toolchain.packages.join(" "))
    };
    let Target { id, title, class, family, .. } = target;
    format!("{id:<12} {title:<14} {class} ({family}), {state}\n{:13}{}\n", "", target.capabilities().join(", "))
}
