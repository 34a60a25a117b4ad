//! `gx show`: any object of the store in words.

use super::objects;
use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::map;
use crate::session::{Session, failure};
use gx_store::proto::{ActionProto, Command, DigestProto};
use gx_store::{
    ActionId, BlobId, Blobs, Derivation, DerivationId, Digest, Directory, Ending, Level, ObjectKind, Outcome, Outcomes,
    Source, Store, StoreError, TreeId, Trees, Work,
};
use prost::Message;
use serde_json::json;
use std::fmt::Write;

/// A blob is shown as text up to this size.
const TEXT_MOST: u64 = 256 << 10;

/// Answers it.
pub(super) fn answer(session: &Session<'_>, text: &str) -> Result<Exit, Report> {
    let store = &session.house.store;
    let (digest, kinds) = objects::find(store, text)?;
    let words = words(store, &digest, &kinds).map_err(|error| map::store(&error))?;
    session.face.event(if session.request.settings.json {
        let level = level(store, &digest, &kinds).map_err(|error| map::store(&error))?.map(Level::name);
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        Event::Document(
            json!({"digest": digest.to_string(), "kinds": kinds, "level": level, "text": words}).to_string(),
        )
    } else {
        Event::Output(words.into_bytes())
    });
    Ok(Exit::Ok)
}

/// The level that an outcome records, or that a derivation asks for.
fn level(store: &Store, digest: &Digest, kinds: &[ObjectKind]) -> Result<Option<Level>, StoreError> {
    if kinds.contains(&ObjectKind::Outcome)
        && let Some(outcome) = store.outcome(&ActionId(*digest))?
    {
        return Ok(Some(outcome.level));
    }
    if !kinds.contains(&ObjectKind::Derivation) {
        return Ok(None);
    }
    Ok(store.derivation(&DerivationId(*digest))?.and_then(|found| match &found.work {
        Work::Run(run) => Some(run.level),
        Work::Fetch(_) | Work::Builtin(_) => None,
    }))
}

fn words(store: &Store, digest: &Digest, kinds: &[ObjectKind]) -> Result<String, StoreError> {
    let mut text = format!("{} {digest}\n", objects::kind_names(kinds));
    let is = |kind: ObjectKind| kinds.contains(&kind);
    if is(ObjectKind::Tree) {
        text.push_str(&tree(&*store.tree(&TreeId(*digest))?));
    }
    if is(ObjectKind::Derivation)
        && let Some(found) = store.derivation(&DerivationId(*digest))?
    {
        text.push_str(&derivation(&found));
    }
    if is(ObjectKind::Blob) && (is(ObjectKind::Outcome) || digest.size < 4096) {
        let bytes = store.blob(&BlobId(*digest))?;
        match action(store, &bytes) {
            Some(words) if is(ObjectKind::Outcome) || is_action(store, &bytes) => text.push_str(&words),
            _ => text.push_str(&blob(&bytes)),
        }
    } else if is(ObjectKind::Blob) && digest.size <= TEXT_MOST {
        text.push_str(&blob(&store.blob(&BlobId(*digest))?));
    } else if is(ObjectKind::Blob) {
        let _ = writeln!(text, "{} bytes; `gx store cat {}` writes them", digest.size, digest.hex());
    }
    if is(ObjectKind::Outcome)
        && let Some(found) = store.outcome(&ActionId(*digest))?
    {
        text.push_str(&outcome(store, &found));
    }
    Ok(text)
}

fn tree(directory: &Directory) -> String {
    directory.entries.iter().map(|(name, node)| format!("  {}  {name}\n", objects::node(node))).collect()
}

fn blob(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => format!("\n{text}{}", if text.ends_with('\n') { "" } else { "\n" }),
        _ => format!("{} bytes that are no text\n", bytes.len()),
    }
}

/// Are the bytes an `Action` whose command is in the store? Any short bytes may decode as one by chance.
fn is_action(store: &Store, bytes: &[u8]) -> bool {
    let command = ActionProto::decode(bytes).ok().and_then(|action| action.command_digest);
    command.and_then(|digest| digest_of(store, &digest)).is_some_and(|id| store.has_blob(&BlobId(id)).unwrap_or(false))
}

fn digest_of(store: &Store, proto: &DigestProto) -> Option<Digest> {
    Digest::from_hex(store.function(), &proto.hash, u64::try_from(proto.size_bytes).ok()?).ok()
}

/// The command line of an `Action`'s bytes, in one line.
pub(super) fn command_line(store: &Store, bytes: &[u8]) -> Option<String> {
    let digest = ActionProto::decode(bytes).ok()?.command_digest?;
    let command = store.blob(&BlobId(digest_of(store, &digest)?)).ok()?;
    let words = Command::decode(command.as_slice()).ok()?.arguments;
    Some(words.iter().map(|word| failure::quoted(word)).collect::<Vec<_>>().join(" "))
}

fn action(store: &Store, bytes: &[u8]) -> Option<String> {
    let action = ActionProto::decode(bytes).ok()?;
    let command_digest = action.command_digest.as_ref()?;
    let mut text = String::from("action\n");
    let command = digest_of(store, command_digest).and_then(|id| store.blob(&BlobId(id)).ok());
    if let Some(command) = command.and_then(|bytes| Command::decode(bytes.as_slice()).ok()) {
        let words: Vec<String> = command.arguments.iter().map(|word| failure::quoted(word)).collect();
        let _ = writeln!(text, "  command     {}", words.join(" "));
        for pair in &command.environment_variables {
            let _ = writeln!(text, "  environment {}={}", pair.name, failure::quoted(&pair.value));
        }
        for output in &command.output_paths {
            let _ = writeln!(text, "  output      {output}");
        }
    }
    let _ = writeln!(text, "  command as  {}", command_digest.hash);
    if let Some(root) = &action.input_root_digest {
        let _ = writeln!(text, "  input root  {}", root.hash);
    }
    Some(text)
}

fn outcome(store: &Store, outcome: &Outcome) -> String {
    let ending = match &outcome.ending {
        Ending::Exit(0) => "success".to_owned(),
        Ending::Exit(code) => format!("exit code {code}"),
        Ending::Signal(signal) => format!("signal {signal}"),
        Ending::TimedOut(ms) => format!("timed out after {ms} ms"),
        Ending::Exceeded(resource, most) => format!("used more than {}", resource.words(*most)),
        Ending::BadOutputs(why) => format!("bad outputs: {why}"),
    };
    let mut text = format!("outcome\n  ending      {ending}\n");
    for (path, node) in &outcome.outputs {
        let _ = writeln!(text, "  made        {}  {path}", objects::node(node));
    }
    for path in &outcome.undeclared {
        let _ = writeln!(text, "  undeclared  {path}");
    }
    let _ = writeln!(text, "  stdout      {} {:>10}", outcome.stdout.0.hex(), outcome.stdout.0.size);
    let _ = writeln!(text, "  stderr      {} {:>10}", outcome.stderr.0.hex(), outcome.stderr.0.size);
    let _ = writeln!(text, "  level       {}", outcome.level.name());
    let _ = writeln!(text, "  executor    {}", outcome.executor);
    let cost = outcome.cost;
    let _ = writeln!(
        text,
        "  cost        {:.3} s wall, {:.3} s user, {:.3} s system, {} KiB",
        cost.wall_us as f64 / 1e6,
        cost.user_us as f64 / 1e6,
        cost.system_us as f64 / 1e6,
        cost.max_rss_kib
    );
    let log = failure::log(store, outcome);
    if !log.is_empty() {
        let _ = write!(text, "log\n{log}");
    }
    text
}

fn derivation(derivation: &Derivation) -> String {
    let mut text = format!("{}\n", derivation.kind());
    match &derivation.work {
        Work::Run(run) => {
            let words: Vec<String> = run.arguments.iter().map(|word| failure::quoted(word)).collect();
            let _ = writeln!(text, "  command     {}", words.join(" "));
            for (name, value) in run.environment.iter() {
                let _ = writeln!(text, "  environment {name}={}", failure::quoted(value));
            }
            let _ = writeln!(text, "  level       {}", run.level.name());
        }
        Work::Fetch(fetch) => {
            let _ = writeln!(text, "  fetcher     {}", fetch.fetcher);
            for (name, value) in &fetch.parameters {
                let _ = writeln!(text, "  {name:<11} {}", failure::quoted(value));
            }
            let _ = writeln!(text, "  sha256      {}", fetch.sha256);
        }
        Work::Builtin(call) => {
            let _ = writeln!(text, "  name        {} (revision {})", call.name, call.revision);
            for (name, value) in &call.arguments {
                let _ = writeln!(text, "  {name:<11} {}", failure::quoted(value));
            }
        }
    }
    for input in &derivation.inputs {
        let _ = writeln!(text, "  input       {}  {}", source(&input.source), input.path);
    }
    for set in &derivation.input_sets {
        let _ = writeln!(text, "  input set   {}", set.0.hex());
    }
    for root in &derivation.roots {
        let _ = writeln!(text, "  root        {}", source(root));
    }
    for output in &derivation.outputs {
        let _ = writeln!(text, "  output      {}", output.path);
    }
    text
}

fn source(source: &Source) -> String {
    match source {
        Source::Known(node) => objects::node(node),
        Source::Output { derivation, path } => format!("of   {} {path}", derivation.0.hex()),
    }
}
