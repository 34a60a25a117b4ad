//! `gx fetch`: makes the fetches of a build and nothing else, into the store, and into a folder by their SHA-256.
//!
//! The folder is a mirror: `sha256/<first two digits>/<hash>` for each file, and `index`, a sorted line
//! `<hash> <size> <what it was fetched for>` for each, which is for people. Invariant: what is in the folder is whole:
//! files come by renaming, and their hash was checked. This file does not know fetchers.

use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::flags::Fetch;
use crate::map;
use crate::request::Request;
use crate::session::Session;
use gx_rules::Loaded;
use gx_store::{Blobs, Goal, Node, Outcome, Plan, Work};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, fetch: &Fetch) -> Exit {
    let mut request = session.request.clone();
    if let Some(from) = &fetch.from {
        let from = request.cwd.join(from);
        if !from.is_dir() {
            return session.error(Report::new(806, format!("the folder '{}' is not there", from.display())));
        }
        request.surroundings.mirror = Some(from);
        request.surroundings.offline = true;
    }
    let session =
        Session { house: session.house, request: &request, face: Arc::clone(&session.face), cancel: session.cancel };
    let patterns = if fetch.patterns.is_empty() { vec!["//...".to_owned()] } else { fetch.patterns.clone() };
    let built = match session.fetch(&patterns, only_fetches) {
        Ok(built) => built,
        Err(exit) => return exit,
    };
    let exit = match &fetch.to {
        Some(to) if built.exit == Exit::Ok => match mirror(&session, &built.loaded.plan, &built.result.outcomes, to) {
            Ok(words) => {
                session.face.event(Event::Note(words));
                Exit::Ok
            }
            Err(report) => session.error(report),
        },
        _ => built.exit,
    };
    session.summary(&built);
    exit
}

/// The same with the fetches of what was loaded, and those that loading itself needed, as goals.
fn only_fetches(loaded: Loaded) -> Loaded {
    let plans = loaded.archives.iter().map(|(_, plan)| plan).chain([&*loaded.plan]);
    let mut derivations = HashMap::new();
    for plan in plans {
        let fetches = plan.derivations.iter().filter(|(_, it)| matches!(it.derivation.work, Work::Fetch(_)));
        derivations.extend(fetches.map(|(id, planned)| (*id, planned.clone())));
    }
    let goals: BTreeMap<_, _> = derivations.iter().collect();
    let goals = goals.into_iter().map(|(id, planned)| Goal {
        label: Arc::clone(&planned.note.owner),
        outputs: planned.derivation.outputs.iter().map(|output| (*id, output.path.clone())).collect(),
        also: Vec::new(),
    });
    let goals = goals.collect();
    let plan = Plan { derivations: Arc::new(derivations), goals, ..Plan::default() };
    Loaded { plan: Arc::new(plan), targets: Vec::new(), ..loaded }
}

type Outcomes = HashMap<gx_store::DerivationId, Arc<Outcome>>;

/// Writes the mirror; says what came of it.
fn mirror(session: &Session<'_>, plan: &Plan, outcomes: &Outcomes, to: &Path) -> Result<String, Report> {
    let request: &Request = session.request;
    let to = request.cwd.join(to);
    let store = &session.house.store;
    let mut lines: BTreeSet<String> =
        std::fs::read_to_string(to.join("index")).unwrap_or_default().lines().map(str::to_owned).collect();
    let (mut files, mut new) = (0, 0);
    for (id, planned) in plan.derivations.iter() {
        let Work::Fetch(fetch) = &planned.derivation.work else { continue };
        let Some((_, Node::File { blob, .. })) = outcomes.get(id).and_then(|outcome| outcome.outputs.first()) else {
            continue;
        };
        let path = gx_remote::mirror::path_in(&to, &fetch.sha256);
        files += 1;
        let there = std::fs::metadata(&path).is_ok_and(|data| data.is_file() && data.len() == blob.0.size);
        if !there {
            let mut bytes = store.open_blob(blob).map_err(|error| map::store(&error))?;
            write(&path, |file| std::io::copy(&mut bytes, file).map(drop))?;
            new += 1;
        }
        let what: String = planned.note.message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        lines.insert(format!("{} {} {what}", fetch.sha256, blob.0.size));
    }
    let index: String = lines.iter().map(|line| format!("{line}\n")).collect();
    write(&to.join("index"), |file| file.write_all(index.as_bytes()))?;
    Ok(format!("{}: {files} files, {new} of them new", to.display()))
}

/// Writes a file whole or not at all.
fn write(path: &PathBuf, content: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>) -> Result<(), Report> {
    let failed =
        |error: &dyn std::error::Error| Report::new(804, format!("'{}' cannot be written: {error}", path.display()));
    let folder = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    content(file.as_file_mut()).map_err(|error| failed(&error))?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode).map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    Ok(())
}
