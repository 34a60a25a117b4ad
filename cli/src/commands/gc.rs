//! `gx gc`: removes from the store what no root and no running build needs.

use super::objects::size;
use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::map;
use crate::session::Session;
use gx_store::GcOptions;
use serde_json::json;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, dry_run: bool) -> Result<Exit, Report> {
    let report = session.house.store.gc(&GcOptions { dry_run }).map_err(|error| map::store(&error))?;
    let removed: u64 = report.removed.values().map(|count| count.objects).sum();
    let kept: u64 = report.kept.values().map(|count| count.objects).sum();
    if session.request.settings.json {
        let document = json!({"dry_run": dry_run, "removed": removed, "bytes": report.freed(), "kept": kept});
        session.face.event(Event::Document(document.to_string()));
    } else {
        let verb = if dry_run { "would be removed" } else { "removed" };
        let line = format!("{removed} objects ({}) {verb}, {kept} kept\n", size(report.freed()));
        session.face.event(Event::Output(line.into_bytes()));
    }
    Ok(Exit::Ok)
}
