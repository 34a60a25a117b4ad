//! `gx log`: what the actions of a target wrote, as the store keeps it: for the state that the last build
//! found, whether it ran then or was cached. Builds nothing.

use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::session::{Session, failure};
use gx_store::Outcomes;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, target: &str) -> Result<Exit, Report> {
    let (_, records) = super::why::records(session, target)?;
    let store = &session.house.store;
    let mut text = String::new();
    for record in &records {
        let Some(outcome) = store.outcome(&record.last).map_err(|error| crate::map::store(&error))? else { continue };
        let log = failure::log(store, &outcome);
        if log.is_empty() {
            continue;
        }
        if records.len() > 1 || !outcome.succeeded() {
            let failed = if outcome.succeeded() { "" } else { " (failed)" };
            text.push_str(&format!("--- {}{failed}, {} ---\n", super::why::name(record), outcome.level.name()));
        }
        text.push_str(&log);
        if !log.ends_with('\n') {
            text.push('\n');
        }
    }
    if text.is_empty() {
        session.face.event(Event::Note("its actions wrote nothing".to_owned()));
    }
    session.face.event(Event::Output(text.into_bytes()));
    Ok(Exit::Ok)
}
