//! `gx generate`: the project that a target makes, in a folder where people edit it.
//!
//! What was generated last is named by digest in a file of that folder, and its texts are kept in the store: a file is
//! what it was, or what people kept of theirs goes into the new one (`gx_spec::keep`). Invariants: all that is in the
//! way is told and nothing is written then; what a person wrote is never lost; a second time writes nothing. This file
//! does not know what is generated.

mod plan;
mod record;

use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::flags::Generate;
use crate::map;
use crate::outputs;
use crate::session::{Built, Session};
use gx_store::{Blobs, Node, Store, Trees};
use plan::{Plan, Step};
use record::{Entry, FILE, Record};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Files of a project: bytes, by path.
type Files = BTreeMap<String, (Entry, Vec<u8>)>;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, generate: &Generate) -> Result<Exit, Report> {
    let folder = session.request.cwd.join(&generate.to);
    let shown = generate.to.display().to_string();
    let store = &session.house.store;
    let last = Record::read(&folder, &shown, store.function())?;
    if let Some(last) = last.as_ref().filter(|last| last.target != generate.target) {
        let message = format!("'{shown}' has what '{}' generated", last.target);
        let hint = format!("give each target a folder of its own, or remove '{shown}/{FILE}' to begin anew");
        return Err(Report::new(1232, message).hint(hint));
    }
    let built = match session.build(std::slice::from_ref(&generate.target), false) {
        Ok(built) => built,
        Err(exit) => return Ok(exit),
    };
    if built.exit != Exit::Ok {
        session.summary(&built);
        return Ok(built.exit);
    }
    let (project, operators) = project_of(store, &built, &generate.target)?;
    let files = files_of(store, &project)?;
    let last = last.unwrap_or_else(|| Record::new(&generate.target, store.function()));
    let plan = Plan::of(&folder, &shown, store, &last, &files, &operators, generate.merge);
    let plan = match plan {
        Ok(plan) => plan,
        Err(reports) => return Ok(session.errors(reports)),
    };
    if !generate.check {
        let entries = files.iter().map(|(path, (entry, _))| (path.clone(), entry.clone())).collect();
        plan.apply(&folder).map_err(|(path, error)| {
            Report::new(804, format!("'{}' cannot be written", path.display())).cause(&error)
        })?;
        last.with(entries).write(&folder)?;
        let name = format!("generate/{}", folder.display());
        store.set_root(&name, &[project], &[]).map_err(|error| map::store(&error))?;
    }
    session.summary(&built);
    session.face.event(told(&plan, &shown, generate.check, session.request.settings.json));
    Ok(if generate.check && !plan.steps.is_empty() { Exit::Differs } else { Exit::Ok })
}

/// The one folder that the target makes, and the operators that its reports name.
fn project_of(store: &Store, built: &Built, target: &str) -> Result<(Node, BTreeSet<String>), Report> {
    let nodes = built.loaded.targets.iter().flat_map(|target| &target.outputs);
    let nodes: Vec<(&str, Node)> =
        nodes.filter_map(|file| Some((file.path.as_str(), outputs::node(file, &built.result)?))).collect();
    let mut operators = BTreeSet::new();
    for (path, node) in &nodes {
        if let Node::File { blob, .. } = node
            && path.ends_with(".json")
        {
            let bytes = store.blob(blob).map_err(|error| map::store(&error))?;
            named(&serde_json::from_slice(&bytes).unwrap_or_default(), &mut operators);
        }
    }
    let mut folders = nodes.into_iter().map(|(_, node)| node).filter(|node| matches!(node, Node::Directory(_)));
    match (folders.next(), folders.next()) {
        (Some(folder), None) => Ok((folder, operators)),
        (first, _) => {
            let count = if first.is_none() { "none" } else { "several" };
            let report = Report::new(1230, format!("'{target}' is no project: of folders it makes {count}"));
            Err(report.hint("name one target of `codegen`, or another one that makes one folder"))
        }
    }
}

/// Values of `operator`, wherever they stand.
fn named(json: &Json, operators: &mut BTreeSet<String>) {
    match json {
        Json::Object(map) => {
            operators.extend(map.get("operator").and_then(Json::as_str).map(str::to_owned));
            map.values().for_each(|value| named(value, operators));
        }
        Json::Array(items) => items.iter().for_each(|item| named(item, operators)),
        _ => {}
    }
}

/// The files of a folder in the store.
fn files_of(store: &Store, project: &Node) -> Result<Files, Report> {
    let mut files = Files::new();
    let mut ahead = vec![(String::new(), project.clone())];
    while let Some((at, node)) = ahead.pop() {
        match node {
            Node::File { blob, executable } => {
                let bytes = store.blob(&blob).map_err(|error| map::store(&error))?;
                files.insert(at, (Entry::new(&blob, executable), bytes));
            }
            Node::Symlink(_) => {
                return Err(Report::new(1230, format!("the project has a symlink, '{at}'"))
                    .hint("a generated project has files only"));
            }
            Node::Directory(tree) => {
                let tree = store.tree(&tree).map_err(|error| map::store(&error))?;
                for (name, node) in &tree.entries {
                    let below =
                        if at.is_empty() { name.as_str().to_owned() } else { format!("{at}/{}", name.as_str()) };
                    ahead.push((below, node.clone()));
                }
            }
        }
    }
    Ok(files)
}

/// What was done, or would be.
fn told(plan: &Plan, shown: &str, check: bool, as_json: bool) -> Event {
    let rows: Vec<(&str, &str)> = plan.steps.iter().map(Step::words).collect();
    if as_json {
        let steps: Vec<Json> = rows.iter().map(|(what, path)| json!({"step": what, "path": path})).collect();
        let document = json!({"folder": shown, "written": !check, "unchanged": plan.unchanged, "steps": steps});
        return Event::Document(document.to_string());
    }
    let would = if check { "would be " } else { "" };
    let shown = Path::new(shown);
    let lines = rows.iter().map(|(what, path)| format!("{would}{what}: {}\n", shown.join(path).display()));
    let count = format!("{} files are as they were generated or kept\n", plan.unchanged);
    Event::Output((lines.collect::<String>() + &count).into_bytes())
}
