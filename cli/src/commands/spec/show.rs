//! `gx spec show`: a contract's canonical form.

use super::{Files, Told, tell};
use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::flags_spec::{Form, ShowContract};
use gx_spec::format;
use gx_spec::ir::{self, Contract, Operator, Param};
use serde_json::{Value as Json, json};

/// Answers it.
pub(super) fn answer(told: &Told<'_>, show: &ShowContract) -> Result<Exit, Report> {
    let files = Files::one(told, &show.file)?;
    tell(told, &files);
    let Some(contract) = files.asked().first().and_then(|it| it.contract.as_ref()) else {
        return Ok(Exit::BuildFailed);
    };
    match (show.form, told.json()) {
        (Form::Json, _) | (Form::Text, true) => {
            let document = document(contract);
            if told.json() {
                told.document(&document);
            } else {
                told.say(serde_json::to_string_pretty(&document).unwrap_or_default() + "\n");
            }
        }
        (Form::Text, false) => told.say(format::print(contract)),
        (Form::Cbor, _) => told.face.event(Event::Output(ir::encode(contract))),
    }
    Ok(Exit::Ok)
}

fn document(contract: &Contract) -> Json {
    let error = |it: &ir::ErrorDecl| {
        json!({
            "name": &*it.id.name,
            "number": it.number,
            "severity": it.severity.name(),
            "category": &*it.category,
            "retry": it.retry,
            "message": it.message,
            "docs": it.docs,
        })
    };
    json!({
        "name": &*contract.name,
        "version": contract.version.to_string(),
        "layer": contract.layer,
        "digest": ir::digest(contract).hex(),
        "docs": contract.docs,
        "errors": contract.errors.iter().map(|it| error(it)).collect::<Vec<_>>(),
        "operators": contract.operators.iter().map(|it| operator(it)).collect::<Vec<_>>(),
        "vectors": contract.vectors.iter().map(|it| format!("{}.{}", it.operator, it.name)).collect::<Vec<_>>(),
    })
}

fn operator(it: &Operator) -> Json {
    let param = |it: &Param| json!({"name": &*it.name, "type": it.ty.to_string(), "base": it.ty.base().to_string(), "state": it.state});
    let names = |ids: &[ir::Ref]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "name": &*it.id.name,
        "docs": it.docs,
        "extern": it.is_extern,
        "purity": it.purity.name(),
        "profile": if it.tolerances.is_some() { "E1" } else { "E0" },
        "inputs": it.inputs.iter().map(param).collect::<Vec<_>>(),
        "outputs": it.outputs.iter().map(param).collect::<Vec<_>>(),
        "raises": names(&it.raises),
        "boundary": names(&it.boundary),
        "effects": it.effects.iter().map(|it| &**it).collect::<Vec<_>>(),
        "uses": names(&it.uses),
        "steps": it.steps,
    })
}
