//! `gx why`: for each action of a target the smallest difference that made it run, in the last build that ran it.

use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::map;
use crate::session::Session;
use gx_engine::{Why, WhyReason, why};
use gx_rules::{Label, PackageId};
use gx_store::Level;
use serde_json::json;
use std::sync::Arc;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, target: &str) -> Result<Exit, Report> {
    let (label, records) = records(session, target)?;
    if session.request.settings.json {
        let actions: Vec<_> = records.iter().map(document).collect();
        session.face.event(Event::Document(json!({"target": label, "actions": actions}).to_string()));
    } else {
        let text = records.iter().map(words).collect::<Vec<_>>().concat();
        session.face.event(Event::Output(format!("{label}\n{text}").into_bytes()));
    }
    Ok(Exit::Ok)
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

fn words(record: &Why) -> String {
    let mut text = format!("  {}{}\n", name(record), when(record));
    text.push_str(&format!("    {}\n", reason(&record.reason)));
    if let WhyReason::Changed(differences) = &record.reason {
        for difference in differences {
            text.push_str(&format!("      {difference}\n"));
        }
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

fn document(record: &Why) -> serde_json::Value {
    let differences: Vec<String> = match &record.reason {
        WhyReason::Changed(differences) => differences.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
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
