//! `gx spec`: contracts checked, evaluated, hashed and compared, for people at a terminal.
//!
//! Invariants: findings are told sorted by file and place, all of them; the same texts give the same bytes. This folder
//! does not know what contracts mean (gx-spec does).

mod check;
mod corpus;
mod diff;
mod drift;
mod eval;
mod facts;
mod files;
mod findings;
mod freeze;
mod import;
mod meta;
mod new;
mod show;
mod vectors;

pub(super) use files::{Files, UPEL, add_packs, find, read};
pub(super) use findings::{report, tell};

use crate::error::Report;
use crate::event::Face;
use crate::exit::Exit;
use crate::flags_spec::SpecCommand;
use crate::request::Request;
use gx_spec::corpus::Question;

/// Answers it.
pub(super) fn answer(request: &Request, command: &SpecCommand, face: &dyn Face, color: bool) -> Result<Exit, Report> {
    let told = Told { request, face, color };
    match command {
        SpecCommand::New(it) => new::answer(&told, it),
        SpecCommand::Check(it) => check::check(&told, &it.paths),
        SpecCommand::Digest(it) => check::digest(&told, &it.paths),
        SpecCommand::Eval(it) => eval::answer(&told, it),
        SpecCommand::Diff(it) => diff::answer(&told, it),
        SpecCommand::Vectors(it) => vectors::answer(&told, it),
        SpecCommand::Freeze(it) => freeze::answer(&told, it),
        SpecCommand::Show(it) => show::answer(&told, it),
        SpecCommand::Facts(it) => facts::answer(&told, it),
        SpecCommand::Coverage(it) => corpus::ask(&told, Question::Coverage, it),
        SpecCommand::Residue(it) => corpus::ask(&told, Question::Residue, it),
        SpecCommand::Preimages(it) => corpus::ask(&told, Question::Preimages, it),
        SpecCommand::Close(it) => corpus::ask(&told, Question::Closure, it),
        SpecCommand::Resolve(it) => corpus::ask(&told, Question::References, it),
        SpecCommand::Errors(it) => corpus::ask(&told, Question::Errors, it),
        SpecCommand::Drift(it) => drift::answer(&told, it),
        SpecCommand::Meta(it) => meta::answer(&told, it),
        SpecCommand::Import(it) => import::import(&told, it),
        SpecCommand::Export(it) => import::export(&told, it),
    }
}

/// Who is told, and how.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) request: &'a Request,
    pub(super) face: &'a dyn Face,
    pub(super) color: bool,
}

impl Told<'_> {
    /// Is the answer one JSON document?
    pub(super) fn json(&self) -> bool {
        self.request.settings.json
    }

    /// Writes lines to standard output.
    pub(super) fn say(&self, text: impl Into<String>) {
        self.face.event(crate::event::Event::Output(text.into().into_bytes()));
    }

    /// Writes a document to standard output.
    pub(super) fn document(&self, document: &serde_json::Value) {
        self.face.event(crate::event::Event::Document(document.to_string()));
    }
}
