//! `gx audit diff` and `gx audit --against`: two builds, action by action, first divergence first.
//!
//! A side is a manifest or a store. Actions of two manifests are matched by label, kind of work and outputs; with a
//! store, by their digest. Invariants: what went in and what came out are kept apart; a manifest that cannot be
//! trusted is an error and never a result. This file does not know how manifests are signed.

use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::flags::AuditDiff;
use crate::keys::{Keys, Public, public_file};
use crate::manifest::{Action, Manifest, Output};
use crate::map;
use crate::request::Request;
use crate::session::Session;
use gx_store::{ActionId, Blobs, Digest, HashFunction, ObjectKind, Outcomes, Store};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Divergences that are shown to a person.
const SHOWN: usize = 20;

/// One of two builds.
enum Side {
    Manifest(Manifest),
    Store(Box<Store>),
}

/// How an action of one side stands to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The same went in, and something else came out.
    SameInputs,
    /// Something else went in.
    OtherInputs,
    /// Only the first side has it.
    OnlyFirst,
    /// Only the second has it.
    OnlySecond,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::SameInputs => "same_inputs_different_outputs",
            Kind::OtherInputs => "different_inputs",
            Kind::OnlyFirst => "only_first",
            Kind::OnlySecond => "only_second",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Kind::SameInputs => "same inputs, different outputs",
            Kind::OtherInputs => "different inputs",
            Kind::OnlyFirst => "only in the first",
            Kind::OnlySecond => "only in the second",
        }
    }
}

/// A difference.
#[derive(Debug)]
struct Divergence {
    kind: Kind,
    action: Action,
    /// What it is on the other side.
    other: Option<Action>,
    /// What is not the same, in words.
    words: Vec<String>,
}

/// What a comparison came to.
#[derive(Debug, Default)]
struct Comparison {
    same: usize,
    divergences: Vec<Divergence>,
    /// Actions that only one of two stores has: they say nothing.
    alone: usize,
}

/// `gx audit diff`.
pub(in crate::commands) fn answer(request: &Request, diff: &AuditDiff, face: &dyn Face) -> Result<Exit, Report> {
    let mut trusted = Keys::of(&request.surroundings.environment).and_then(|keys| keys.list()).unwrap_or_default();
    for file in &diff.trust {
        trusted.push(public_file(&request.cwd.join(file))?);
    }
    let function = request.settings.function();
    let side = |path: &Path| side(&request.cwd.join(path), function, &trusted);
    let comparison = compare(side(&diff.first)?, side(&diff.second)?)?;
    Ok(tell(&comparison, request.settings.json, face))
}

/// `gx audit --against`: what is built here and what another store holds.
pub(super) fn against(session: &Session<'_>, patterns: &[String], folder: &Path) -> Result<Exit, Report> {
    let request = session.request;
    let other = open_store(&request.cwd.join(folder), request.settings.function())?;
    let manifest = match super::export::manifest(session, patterns)? {
        Ok(manifest) => manifest,
        Err(exit) => return Ok(exit),
    };
    let comparison = compare(Side::Manifest(manifest), Side::Store(Box::new(other)))?;
    Ok(tell(&comparison, request.settings.json, &*session.face))
}

fn side(path: &Path, function: HashFunction, trusted: &[Public]) -> Result<Side, Report> {
    if path.is_dir() {
        return Ok(Side::Store(Box::new(open_store(path, function)?)));
    }
    Ok(Side::Manifest(Manifest::read(path, trusted)?.0))
}

/// A store that is there; none is made.
pub(in crate::commands) fn open_store(path: &Path, function: HashFunction) -> Result<Store, Report> {
    let folder = crate::daemon::place::folder_of(path, function);
    if !folder.join("db").is_dir() {
        return Err(Report::new(909, format!("'{}' is not the folder of a store", path.display()))
            .hint("a store is the folder of --store or GX_STORE; a remote cache cannot be asked yet"));
    }
    Store::open(&folder, function).map_err(|error| map::store(&error))
}

fn compare(first: Side, second: Side) -> Result<Comparison, Report> {
    match (first, second) {
        (Side::Manifest(a), Side::Manifest(b)) => manifests(&a, &b),
        (Side::Manifest(a), Side::Store(b)) => with_store(&a, &b, false),
        (Side::Store(a), Side::Manifest(b)) => with_store(&b, &a, true),
        (Side::Store(a), Side::Store(b)) => stores(&a, &b),
    }
}

type Name<'a> = (&'a str, &'a str, Vec<&'a str>);

fn name(action: &Action) -> Name<'_> {
    (&action.label, &action.mnemonic, action.outputs.iter().map(|output| output.path.as_str()).collect())
}

fn manifests(first: &Manifest, second: &Manifest) -> Result<Comparison, Report> {
    if first.function != second.function {
        return Err(Report::new(
            904,
            format!("one manifest names digests of {}, the other of {}", first.function, second.function),
        ));
    }
    let others: BTreeMap<Name<'_>, &Action> = second.actions.iter().map(|action| (name(action), action)).collect();
    let mut known = BTreeSet::new();
    let mut comparison = Comparison::default();
    for action in &first.actions {
        known.insert(name(action));
        match others.get(&name(action)) {
            None => comparison.add(Kind::OnlyFirst, action, None),
            Some(other) if other.action != action.action => {
                comparison.add(Kind::OtherInputs, action, Some(other));
            }
            Some(other) if other.outputs != action.outputs => comparison.add(Kind::SameInputs, action, Some(other)),
            Some(_) => comparison.same += 1,
        }
    }
    for action in second.actions.iter().filter(|action| !known.contains(&name(action))) {
        comparison.add(Kind::OnlySecond, action, None);
    }
    comparison.divergences.sort_by_key(|one| one.action.depth);
    Ok(comparison)
}

/// What a manifest says of each action, and what a store holds of it.
fn with_store(manifest: &Manifest, store: &Store, store_is_first: bool) -> Result<Comparison, Report> {
    let function = store.function();
    if manifest.function != function.to_string() {
        return Err(Report::new(904, format!("the manifest names digests of {}, not {function}", manifest.function)));
    }
    let missing = if store_is_first { Kind::OnlySecond } else { Kind::OnlyFirst };
    let held = held(store)?;
    let mut comparison = Comparison::default();
    for action in &manifest.actions {
        let Some(id) = held.get(&action.action) else {
            comparison.add(missing, action, None);
            continue;
        };
        let outputs = outputs(store, id)?;
        if outputs.as_ref() == Some(&action.outputs) {
            comparison.same += 1;
        } else if let Some(outputs) = outputs {
            let other = Action { outputs, ..action.clone() };
            let (a, b) = if store_is_first { (&other, action) } else { (action, &other) };
            comparison.add(Kind::SameInputs, a, Some(b));
        } else {
            comparison.add(missing, action, None);
        }
    }
    Ok(comparison)
}

fn stores(first: &Store, second: &Store) -> Result<Comparison, Report> {
    let (a, b) = (held(first)?, held(second)?);
    let mut comparison = Comparison::default();
    for (name, id) in &a {
        let (Some(other), Some(mine)) = (b.get(name), outputs(first, id)?) else {
            comparison.alone += 1;
            continue;
        };
        match outputs(second, other)? {
            None => comparison.alone += 1,
            Some(theirs) if theirs == mine => comparison.same += 1,
            Some(theirs) => {
                let action = described(first, id, mine);
                let other = Action { outputs: theirs, ..action.clone() };
                comparison.add(Kind::SameInputs, &action, Some(&other));
            }
        }
    }
    comparison.alone += b.keys().filter(|name| !a.contains_key(*name)).count();
    Ok(comparison)
}

/// The outcomes of a store, by the hash of their action.
fn held(store: &Store) -> Result<BTreeMap<String, ActionId>, Report> {
    let mut held = BTreeMap::new();
    let mut visit = |digest: &Digest, _| {
        held.insert(digest.hex(), ActionId(*digest));
        true
    };
    store.inventory().list(ObjectKind::Outcome, &[], &mut visit).map_err(|error| map::store(&error))?;
    Ok(held)
}

/// What an action made; `None` when it failed or is not there.
fn outputs(store: &Store, id: &ActionId) -> Result<Option<Vec<Output>>, Report> {
    let outcome = store.outcome(id).map_err(|error| map::store(&error))?.filter(|outcome| outcome.succeeded());
    Ok(outcome.map(|it| it.outputs.iter().map(|(path, node)| Output::new(path.as_str(), node)).collect()))
}

/// An action of a store. Stores know no labels: its command has to do.
fn described(store: &Store, id: &ActionId, outputs: Vec<Output>) -> Action {
    let command =
        store.blob(&gx_store::BlobId(id.0)).ok().and_then(|bytes| crate::commands::show::command_line(store, &bytes));
    Action {
        label: command.unwrap_or_else(|| id.0.hex()),
        mnemonic: String::new(),
        depth: 0,
        action: id.0.hex(),
        command: String::new(),
        inputs: String::new(),
        level: None,
        outputs,
    }
}

impl Comparison {
    fn add(&mut self, kind: Kind, action: &Action, other: Option<&Action>) {
        let words = other.map(|other| differences(kind, action, other)).unwrap_or_default();
        self.divergences.push(Divergence { kind, action: action.clone(), other: other.cloned(), words });
    }

    fn count(&self, kind: Kind) -> usize {
        self.divergences.iter().filter(|one| one.kind == kind).count()
    }

    /// What gates a release: the worst that was found.
    fn exit(&self) -> Exit {
        match (self.count(Kind::SameInputs), self.divergences.len()) {
            (0, 0) => Exit::Ok,
            (0, _) => Exit::OtherInputs,
            _ => Exit::Differs,
        }
    }
}

/// What is not the same, in words.
fn differences(kind: Kind, action: &Action, other: &Action) -> Vec<String> {
    let mut words = Vec::new();
    if kind == Kind::OtherInputs {
        let parts = [
            (action.command != other.command, "the command is"),
            (action.inputs != other.inputs, "the files that went in are"),
            (action.level != other.level, "the level is"),
        ];
        words.extend(parts.iter().filter(|(differs, _)| *differs).map(|(_, what)| format!("{what} not the same")));
        if action.outputs == other.outputs {
            words.push("the outputs are the same".to_owned());
        }
    }
    for output in &action.outputs {
        if let Some(theirs) = other.outputs.iter().find(|theirs| theirs.path == output.path && *theirs != output) {
            words.push(format!("'{}': {} and {}", output.path, content(output), content(theirs)));
        }
    }
    words
}

fn content(output: &Output) -> String {
    let short: String = output.content.chars().take(16).collect();
    format!("{} {short} of {} bytes", output.kind, output.size)
}

fn tell(comparison: &Comparison, json: bool, face: &dyn Face) -> Exit {
    let exit = comparison.exit();
    face.event(if json {
        Event::Document(document(comparison).to_string())
    } else {
        Event::Output(text(comparison).into_bytes())
    });
    exit
}

fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    for one in comparison.divergences.iter().take(SHOWN) {
        let action = &one.action;
        let kind = if action.mnemonic.is_empty() { String::new() } else { format!(" ({})", action.mnemonic) };
        text.push_str(&format!("{}: {}{kind}\n", one.kind.words(), action.label));
        text.push_str(&format!("  action {}\n", action.action));
        if let Some(other) = one.other.as_ref().filter(|other| other.action != action.action) {
            text.push_str(&format!("     and {}\n", other.action));
        }
        for words in &one.words {
            text.push_str(&format!("  {words}\n"));
        }
    }
    if comparison.divergences.len() > SHOWN {
        text.push_str(&format!("and {} more; --json names all\n", comparison.divergences.len() - SHOWN));
    }
    let mut line = format!("the same: {}", comparison.same);
    for kind in [Kind::SameInputs, Kind::OtherInputs, Kind::OnlyFirst, Kind::OnlySecond] {
        match comparison.count(kind) {
            0 => {}
            count => line.push_str(&format!("; {}: {count}", kind.words())),
        }
    }
    if comparison.alone > 0 {
        line.push_str(&format!("; in one store only: {}", comparison.alone));
    }
    text + &line + "\n"
}

fn document(comparison: &Comparison) -> Value {
    let divergences: Vec<_> = comparison
        .divergences
        .iter()
        .map(|one| {
            json!({
                "kind": one.kind.name(), "label": one.action.label, "mnemonic": one.action.mnemonic,
                "depth": one.action.depth, "action": one.action.action,
                "other": one.other.as_ref().map(|other| &other.action), "words": one.words,
            })
        })
        .collect();
    json!({
        "ok": comparison.divergences.is_empty(), "same": comparison.same, "alone": comparison.alone,
        "same_inputs_different_outputs": comparison.count(Kind::SameInputs),
        "different_inputs": comparison.count(Kind::OtherInputs),
        "only_first": comparison.count(Kind::OnlyFirst), "only_second": comparison.count(Kind::OnlySecond),
        "divergences": divergences,
    })
}
