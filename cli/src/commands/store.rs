//! `gx store ls|cat|du|verify|roots`: looking into the store.

use super::objects::{self, size};
use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::flags::StoreCommand;
use crate::map;
use crate::session::Session;
use gx_store::{BlobId, Blobs, Digest, Node, ObjectKind, RelPath, StoreError, TreeId, Trees};
use serde_json::json;
use std::io::Read;

/// A blob is told in pieces of this size.
const PIECE: usize = 1 << 20;

/// Answers one of them.
pub(super) fn answer(session: &Session<'_>, command: &StoreCommand) -> Result<Exit, Report> {
    match command {
        StoreCommand::Ls { digest: Some(digest) } => list(session, digest),
        StoreCommand::Ls { digest: None } => roots(session, true),
        StoreCommand::Cat { digest, path } => cat(session, digest, path.as_deref()),
        StoreCommand::Show(show) => super::show::answer(session, &show.digest),
        StoreCommand::Du => usage(session),
        StoreCommand::Verify => verify(session),
        StoreCommand::Roots => roots(session, false),
    }
}

fn told(session: &Session<'_>, text: String) -> Result<Exit, Report> {
    session.face.event(Event::Output(text.into_bytes()));
    Ok(Exit::Ok)
}

fn failed(error: StoreError) -> Report {
    map::store(&error)
}

fn list(session: &Session<'_>, text: &str) -> Result<Exit, Report> {
    let store = &session.house.store;
    let (digest, kinds) = objects::find(store, text)?;
    if !kinds.contains(&ObjectKind::Tree) {
        let kinds = objects::kind_names(&kinds);
        return Err(Report::new(512, format!("{} is no tree but: {kinds}", digest.hex())).hint("`gx show` shows it"));
    }
    let tree = store.tree(&TreeId(digest)).map_err(failed)?;
    told(session, tree.entries.iter().map(|(name, node)| format!("{}  {name}\n", objects::node(node))).collect())
}

fn cat(session: &Session<'_>, text: &str, path: Option<&str>) -> Result<Exit, Report> {
    let store = &session.house.store;
    let (digest, kinds) = objects::find(store, text)?;
    let blob = match path {
        None if kinds == [ObjectKind::Tree] => {
            let hex = digest.hex();
            return Err(Report::new(512, format!("{hex} is a tree, not a file"))
                .hint(format!("`gx store ls {hex}` lists it, `gx store cat {hex} PATH` writes a file in it")));
        }
        None => BlobId(digest),
        Some(path) => inside(session, &digest, path)?,
    };
    let mut reader = store.open_blob(&blob).map_err(failed)?;
    loop {
        let mut piece = Vec::new();
        let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        read.map_err(|error| failed(StoreError::io("reading", store.directory(), error)))?;
        if piece.is_empty() || session.cancel.is_cancelled() {
            return Ok(Exit::Ok);
        }
        session.face.event(Event::Output(piece));
    }
}

fn inside(session: &Session<'_>, digest: &Digest, path: &str) -> Result<BlobId, Report> {
    let below = RelPath::new(path).map_err(|error| Report::new(802, error.to_string()))?;
    match session.house.store.lookup(&TreeId(*digest), &below).map_err(failed)? {
        Some(Node::File { blob, .. }) => Ok(blob),
        _ => Err(Report::new(512, format!("the tree {} has no file '{path}'", digest.hex()))),
    }
}

fn usage(session: &Session<'_>) -> Result<Exit, Report> {
    let usage = session.house.store.usage().map_err(failed)?;
    if session.request.settings.json {
        let count = |count: &gx_store::Count| json!({"count": count.objects, "bytes": count.bytes});
        let objects: serde_json::Map<_, _> =
            usage.objects.iter().map(|(kind, it)| (kind.name().to_owned(), count(it))).collect();
        let disk: serde_json::Map<_, _> = usage.disk.iter().map(|(folder, it)| (folder.clone(), count(it))).collect();
        session.face.event(Event::Document(json!({"objects": objects, "disk": disk}).to_string()));
        return Ok(Exit::Ok);
    }
    let mut text = String::from("objects\n");
    for (kind, count) in &usage.objects {
        text.push_str(&format!("  {:<12} {:>9} {:>12}\n", kind.name(), count.objects, size(count.bytes)));
    }
    text.push_str("on disk\n");
    for (folder, count) in &usage.disk {
        text.push_str(&format!("  {folder:<12} {:>9} {:>12}\n", count.objects, size(count.bytes)));
    }
    let all: u64 = usage.disk.values().map(|count| count.bytes).sum();
    text.push_str(&format!("  {:<12} {:>9} {:>12}\n", "all", "", size(all)));
    told(session, text)
}

fn verify(session: &Session<'_>) -> Result<Exit, Report> {
    let report = session.house.store.verify().map_err(failed)?;
    let mut text = format!("{} objects ({}) checked\n", report.checked.objects, size(report.checked.bytes));
    for (kind, digest) in &report.corrupt {
        text.push_str(&format!("corrupt, in quarantine now: {} {}\n", kind.name(), digest.hex()));
    }
    for action in &report.incomplete {
        text.push_str(&format!("incomplete, forgotten: outcome {}\n", action.0.hex()));
    }
    for folder in &report.folders {
        text.push_str(&format!("changed, removed: {}\n", folder.display()));
    }
    session.face.event(Event::Output(text.into_bytes()));
    if report.is_sound() {
        return Ok(Exit::Ok);
    }
    let found = report.corrupt.len() + report.incomplete.len() + report.folders.len();
    Err(Report::new(502, format!("{found} things in the store were not as they should be and are put aside"))
        .hint("what is needed again is made again by the next build; when this comes back, check the disk"))
}

fn roots(session: &Session<'_>, with_content: bool) -> Result<Exit, Report> {
    let roots = session.house.store.roots().map_err(failed)?;
    let mut text = String::new();
    for (name, root) in roots {
        text.push_str(&format!("{name}  ({} outputs, {} actions)\n", root.nodes.len(), root.actions.len()));
        if with_content {
            for node in &root.nodes {
                text.push_str(&format!("  {}\n", objects::node(node)));
            }
        }
    }
    told(session, text)
}
