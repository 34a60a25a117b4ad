//! `gx log`: what the actions of a target wrote, as the store keeps it: their last run. Builds nothing.

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
        let Some(outcome) = store.outcome(&record.action).map_err(|error| crate::map::store(&error))? else { continue };
        let log = failure::log(store, &outcome);
        if log.is_empty() {
            continue;
        }
        if records.len() > 1 || record.failed {
            text.push_str(&format!("--- {}{} ---\n", super::why::name(record), super::why::when(record)));
        }
        text.push_str(&log);
        if !log.ends_with('\n') {
            text.push('\n');
        }
    }
    if let Some(caution) = super::why::caution(&records) {
        session.face.event(Event::Note(caution));
    }
    if text.is_empty() {
        session.face.event(Event::Note("its actions wrote nothing".to_owned()));
    }
    session.face.event(Event::Output(text.into_bytes()));
    Ok(Exit::Ok)
}
