//! `gx why`: for each action of a target the smallest difference that made it run, in the last build that ran it.

use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::flags;
use crate::map;
use crate::session::Session;
use gx_engine::host::packages_of;
use gx_engine::{Difference, Why, WhyReason, beside, why};
use gx_rules::{Label, PackageId};
use gx_store::Level;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, asked: &flags::Why) -> Result<Exit, Report> {
    if let Some(folder) = &asked.against {
        return against(session, &asked.target, folder);
    }
    let (label, records) = records(session, &asked.target)?;
    let packages = packages(records.iter().flat_map(|record| changed(&record.reason)));
    if session.request.settings.json {
        let actions: Vec<_> = records.iter().map(|record| document(record, &packages)).collect();
        session.face.event(Event::Document(json!({"target": label, "actions": actions}).to_string()));
    } else {
        let text = records.iter().map(|record| words(record, &packages)).collect::<Vec<_>>().concat();
        session.face.event(Event::Output(format!("{label}\n{text}").into_bytes()));
    }
    Ok(Exit::Ok)
}

/// `gx why --against`: what is not the same in another store.
fn against(session: &Session<'_>, target: &str, folder: &Path) -> Result<Exit, Report> {
    let (label, _) = records(session, target)?;
    let request = session.request;
    let other = super::audit::open_store(&request.cwd.join(folder), request.settings.function())?;
    let workspace = session.options()?.workspace;
    let found = beside(&session.house.store, &workspace, &label, &other).map_err(|error| map::store(&error))?;
    let packages = packages(found.iter().flat_map(|one| &one.differences));
    if request.settings.json {
        let actions = found.iter().map(|one| {
            json!({
                "mnemonic": one.mnemonic, "output": one.output, "action": one.action.0.hex(),
                "other": one.other.map(|other| other.0.hex()),
                "differences": lines(&one.differences, &packages),
            })
        });
        let document = json!({"target": label, "against": folder, "actions": actions.collect::<Vec<_>>()});
        session.face.event(Event::Document(document.to_string()));
        return Ok(Exit::Ok);
    }
    let mut text = format!("{label}\n");
    for one in &found {
        text.push_str(&format!("  {} {}\n", one.mnemonic, one.output).replace(" \n", "\n"));
        match one.other {
            None => text.push_str("    the other store never had it\n"),
            Some(other) if other == one.action => text.push_str("    the other store has the same action\n"),
            Some(other) => {
                text.push_str("    from the other store to this one:\n");
                for line in lines(&one.differences, &packages) {
                    text.push_str(&format!("      {line}\n"));
                }
                text.push_str(&format!("    gx show {} (there: {})\n", one.action.0.hex(), other.0.hex()));
            }
        }
    }
    session.face.event(Event::Output(text.into_bytes()));
    Ok(Exit::Ok)
}

/// Differences of an action that changed.
fn changed(reason: &WhyReason) -> &[Difference] {
    if let WhyReason::Changed(differences) = reason { differences } else { &[] }
}

/// The packages of this machine that have files of a toolchain that changed, by path.
fn packages<'a>(differences: impl Iterator<Item = &'a Difference>) -> BTreeMap<String, String> {
    let paths = differences.filter_map(|difference| match difference {
        Difference::Input { path, .. } if path.starts_with('/') => Some(path.clone()),
        _ => None,
    });
    let paths: BTreeSet<String> = paths.collect();
    if paths.is_empty() { BTreeMap::new() } else { packages_of(&paths) }
}

/// Each difference in a line, files of a toolchain with the package that this machine has them from.
fn lines(differences: &[Difference], packages: &BTreeMap<String, String>) -> Vec<String> {
    let line = |difference: &Difference| {
        let package = match difference {
            Difference::Input { path, .. } => packages.get(path),
            _ => None,
        };
        package.map_or_else(|| difference.to_string(), |package| format!("{difference} ({package})"))
    };
    differences.iter().map(line).collect()
}

/// A target's label in full, and what history knows of its actions.
pub(super) fn records(session: &Session<'_>, target: &str) -> Result<(String, Vec<Why>), Report> {
    let here = Arc::new(PackageId::new("", &session.request.current_package()));
    let label =
        Label::parse(target, &here).map_err(|error| Report::new(110, format!("'{target}' is no label: {error}")))?;
    let workspace = session.options()?.workspace;
    let records = why(&session.house.store, &workspace, &label.to_string()).map_err(|error| map::store(&error))?;
    if records.is_empty() {
        let folder = session.project()?.root.join(&*label.package.path);
        let here = label.package.repository.is_empty();
        if here && !crate::project::BUILD_FILES.iter().any(|name| folder.join(name).is_file()) {
            return Err(Report::new(112, format!("there is no package '{}'", label.package))
                .hint("`gx query //...` lists all targets"));
        }
        return Err(Report::new(
            805,
            format!("no build of this workspace that is remembered made anything for {label}"),
        )
        .hint(format!("gx build {label}")));
    }
    Ok((label.to_string(), records))
}

/// What an action is, in a line.
pub(super) fn name(record: &Why) -> String {
    if record.output.is_empty() { record.mnemonic.clone() } else { format!("{} {}", record.mnemonic, record.output) }
}

/// In which build it ran last, in brackets, and whether a later one did without; empty when it never ran.
fn when(record: &Why) -> String {
    let failed = if record.failed { ", and failed" } else { "" };
    let since = if record.last == record.action { "" } else { "; since then another state of it was cached" };
    record.build.map_or_else(String::new, |build| format!(" (build {build}{failed}{since})"))
}

fn words(record: &Why, packages: &BTreeMap<String, String>) -> String {
    let mut text = format!("  {}{}\n", name(record), when(record));
    text.push_str(&format!("    {}\n", reason(&record.reason)));
    for line in lines(changed(&record.reason), packages) {
        text.push_str(&format!("      {line}\n"));
    }
    if let Some(level) = record.level {
        text.push_str(&format!("    level {}\n", level.name()));
    }
    text.push_str(&format!("    gx show {}\n", record.action.0.hex()));
    text
}

fn reason(reason: &WhyReason) -> String {
    match reason {
        WhyReason::First => "it had never been built in this workspace".to_owned(),
        WhyReason::Changed(differences) => match differences.len() {
            1 => "one thing is not as it was:".to_owned(),
            count => format!("{count} things are not as they were:"),
        },
        WhyReason::OutputsLost => "its outputs were lost or corrupt".to_owned(),
        WhyReason::Retried => "it had failed before and was to be tried again".to_owned(),
        WhyReason::CacheCleared => "the store did not know it any more".to_owned(),
        WhyReason::NeverRan => "it never ran for this workspace: it was known already".to_owned(),
    }
}

fn document(record: &Why, packages: &BTreeMap<String, String>) -> serde_json::Value {
    let differences = lines(changed(&record.reason), packages);
    let kind = match &record.reason {
        WhyReason::First => "first",
        WhyReason::Changed(_) => "changed",
        WhyReason::OutputsLost => "outputs_lost",
        WhyReason::Retried => "retried",
        WhyReason::CacheCleared => "cache_cleared",
        WhyReason::NeverRan => "never_ran",
    };
    json!({
        "mnemonic": record.mnemonic, "output": record.output, "build": record.build,
        "action": record.action.0.hex(), "last": record.last.0.hex(), "failed": record.failed,
        "level": record.level.map(Level::name), "reason": kind, "differences": differences,
    })
}
