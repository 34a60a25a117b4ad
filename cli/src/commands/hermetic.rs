//! `gx doctor --hermetic`: proves by tracing that the actions of a target open nothing but what they declare.

use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::map;
use crate::session::{Session, interrupted};
use gx_engine::audit::Proof;
use gx_engine::sandbox::SandboxOptions;
use gx_store::Level;
use serde_json::{Value, json};

/// Files that are named to a person.
const NAMED: usize = 30;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, target: &str) -> Result<Exit, Report> {
    let (loaded, result, _lease) = match session.realised(&[target.to_owned()]) {
        Ok(built) => built,
        Err(exit) => return Ok(exit),
    };
    let tell = |at: usize, of: usize| session.face.event(Event::Phase(format!("following action {} of {of}", at + 1)));
    let (engine, sandbox) = (&session.house.engine, SandboxOptions::of_this_program());
    let proofs = engine.prove(loaded.plan.clone(), &result.outcomes, &sandbox, &tell, session.cancel);
    let Some(proofs) = proofs.map_err(|error| map::engine(&error))? else { return Err(interrupted()) };
    if session.request.settings.json {
        session.face.event(Event::Document(document(target, &proofs).to_string()));
    } else {
        session.face.event(Event::Output(text(&proofs).into_bytes()));
    }
    Ok(session.errors(proofs.iter().filter_map(report)))
}

/// What is wrong with an action.
fn report(proof: &Proof) -> Option<Report> {
    let what = format!("{}: {}", proof.owner, proof.message);
    if let Some(first) = proof.strangers.first() {
        let more = match proof.strangers.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let mut report = Report::new(910, format!("{what} opened '{first}'{more}, and did not declare it"));
        if proof.level == Level::None {
            report = report.hint("at level none the programs of the machine run; at sandboxed they are inputs");
        }
        return Some(report.hint(format!("gx show {}", proof.action.0.hex())));
    }
    let why = proof.failed.as_ref()?;
    Some(Report::new(911, format!("{what} could not be followed: {why}")))
}

fn text(proofs: &[Proof]) -> String {
    let mut text = String::new();
    for proof in proofs {
        let verdict = match (&proof.failed, proof.strangers.len()) {
            (_, 1..) => format!("{} were not declared", proof.strangers.len()),
            (Some(_), 0) => "nothing is proven".to_owned(),
            (None, 0) => "all were declared".to_owned(),
        };
        let (owner, message) = (&proof.owner, &proof.message);
        text.push_str(&format!("{message} ({owner}): {} files opened, {verdict}\n", proof.opened));
        for path in proof.strangers.iter().take(NAMED) {
            text.push_str(&format!("  not declared  {path}\n"));
        }
        if proof.strangers.len() > NAMED {
            text.push_str(&format!("  and {} more; --json names all\n", proof.strangers.len() - NAMED));
        }
        for path in &proof.kernel {
            text.push_str(&format!("  of the kernel {path}\n"));
        }
    }
    let clean = proofs.iter().filter(|proof| proof.strangers.is_empty() && proof.failed.is_none()).count();
    text + &format!("{} actions followed, {clean} opened nothing but what they declare\n", proofs.len())
}

fn document(target: &str, proofs: &[Proof]) -> Value {
    let actions: Vec<_> = proofs
        .iter()
        .map(|proof| {
            json!({
                "target": &*proof.owner, "message": proof.message, "action": proof.action.0.hex(),
                "level": proof.level.name(), "opened": proof.opened, "not_declared": proof.strangers,
                "kernel": proof.kernel, "failed": proof.failed,
            })
        })
        .collect();
    let clean = proofs.iter().all(|proof| proof.strangers.is_empty() && proof.failed.is_none());
    json!({"target": target, "ok": clean, "actions": actions})
}
