//! `gx audit`: runs every action of targets again in a perturbed world, and names what leaks.
//!
//! The targets are built first when they are not; nothing is placed below `gx-out`. This file does not know how a
//! world is perturbed, nor how a difference is worded (`words.rs`, `excerpt.rs`).

mod anatomy;
mod compare;
mod excerpt;
mod export;
mod words;

pub(super) use compare::{answer as diff, open_store};

use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::flags;
use crate::map;
use crate::request::Request;
use crate::session::{Session, interrupted};
use gx_engine::audit::{Audit, AuditOptions, Perturbation, Progress, Question};
use gx_engine::sandbox::SandboxOptions;
use serde_json::json;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, audit: &flags::Audit) -> Result<Exit, Report> {
    if let Some(flags::AuditCommand::Export(export)) = &audit.command {
        return export::answer(session, export);
    }
    if let Some(folder) = &audit.against {
        return compare::against(session, &audit.patterns, folder);
    }
    let question = if audit.latent { Question::Latent } else { Question::AsBuilt };
    let perturbations = chosen(audit.perturb.as_deref())?;
    let (loaded, result, _lease) = match session.realised(&audit.patterns) {
        Ok(built) => built,
        Err(exit) => return Ok(exit),
    };
    let options = AuditOptions { question, perturbations, sandbox: SandboxOptions::of_this_program() };
    let tell = |progress: Progress<'_>| session.face.event(phase(progress));
    let engine = &session.house.engine;
    let found = engine.audit(loaded.plan.clone(), &result.outcomes, &options, &tell, session.cancel);
    let Some(found) = found.map_err(|error| map::engine(&error))? else { return Err(interrupted()) };
    let diffoscope = excerpt::Diffoscope::find(&session.request.surroundings);
    if session.request.settings.json {
        let document = words::document(&found, question, diffoscope.as_ref());
        session.face.event(Event::Document(document.to_string()));
    } else {
        let text = words::text(&found, question, diffoscope.as_ref());
        session.face.event(Event::Output(text.into_bytes()));
    }
    let refused = if audit.perturb.is_some() { refused(&found) } else { Vec::new() };
    let exit = if found.findings.is_empty() { Exit::Ok } else { Exit::Differs };
    Ok(session.errors(refused).worse(exit))
}

/// A perturbation that was asked for by name and cannot be brought about here.
fn refused(found: &Audit) -> Vec<Report> {
    let refused = found.applied.iter().filter_map(|one| {
        let why = one.refused.as_ref()?;
        let name = one.perturbation.name();
        Some(Report::new(903, format!("'{name}' cannot be perturbed on this machine: {why}")))
    });
    refused.collect()
}

fn phase(progress: Progress<'_>) -> Event {
    Event::Phase(match progress {
        Progress::Started(actions) => format!("running {actions} actions again in a perturbed world"),
        Progress::Through { done, of } => format!("running again in a perturbed world: {done} of {of}"),
        Progress::Inquiring { owner, message } => format!("looking for what leaks into {message} ({owner})"),
    })
}

/// The perturbations of a list of names; all of them without a list.
fn chosen(names: Option<&str>) -> Result<Vec<Perturbation>, Report> {
    let Some(names) = names else { return Ok(Perturbation::ALL.to_vec()) };
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let mut chosen = Vec::new();
    for name in names {
        let known = Perturbation::ALL.map(Perturbation::name);
        let one = Perturbation::from_name(name).ok_or_else(|| {
            let report = Report::new(902, format!("there is no perturbation '{name}'"));
            report.suggest(name, known).hint("`gx audit --list` lists them")
        })?;
        if !chosen.contains(&one) {
            chosen.push(one);
        }
    }
    match chosen.as_slice() {
        [] => Err(Report::new(902, "no perturbation is named").hint("`gx audit --list` lists them")),
        _ => Ok(chosen),
    }
}

/// `gx audit --list`: what can be perturbed, and what of it on this machine.
pub(super) fn list(request: &Request, face: &dyn Face) -> Exit {
    let spawner = SandboxOptions::of_this_program().spawner;
    let all = Perturbation::ALL.map(|one| (one, one.refusal(&spawner)));
    if request.settings.json {
        let rows = all.iter().map(|(one, refused)| {
            json!({"name": one.name(), "words": one.words(), "refused": refused, "lacks": words::lacks(one.lacks())})
        });
        let document = json!({"perturbations": rows.collect::<Vec<_>>()});
        face.event(Event::Document(document.to_string()));
    } else {
        let text: String = all.iter().map(|(one, refused)| words::line(*one, refused.as_deref())).collect();
        face.event(Event::Output(text.into_bytes()));
    }
    Exit::Ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_a_list() {
        let some = chosen(Some("clock, host_name,clock")).unwrap();
        assert_eq!(some, [Perturbation::Clock, Perturbation::HostName]);
        assert_eq!(chosen(None).unwrap().len(), Perturbation::ALL.len());
        insta::assert_snapshot!(chosen(Some("clok")).unwrap_err().text(false));
        insta::assert_snapshot!(chosen(Some(" ,")).unwrap_err().text(false));
    }
}
