//! `gx doctor`: what this machine can do: the sandbox, the store, the daemon, the programs of the host toolchain.

use crate::daemon::{connect, place};
use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::request::Request;
use gx_engine::sandbox::{SandboxOptions, means, probe};
use gx_store::{HashFunction, Store};
use serde_json::json;
use std::path::Path;

/// Programs that the shipped toolchains are made of: name, Debian package, and what does not work without it.
const PROGRAMS: [(&str, &str, &str); 9] = [
    ("sh", "dash", "genrule"),
    ("bash", "bash", "genrule"),
    ("gcc", "gcc", "cc_* rules for C"),
    ("g++", "g++", "cc_* rules for C++"),
    ("as", "binutils", "cc_* rules"),
    ("ld", "binutils", "cc_* rules"),
    ("ar", "binutils", "cc_* rules"),
    ("sed", "sed", "genrule"),
    ("cargo", "cargo", "crate_archive"),
];

/// One thing that was looked at.
struct Check {
    name: String,
    ok: bool,
    /// Nothing works without it.
    needed: bool,
    words: String,
    hint: String,
    /// It works, and could do more.
    partly: bool,
}

/// Answers it.
pub(super) fn answer(request: &Request, face: &dyn Face) -> Result<Exit, Report> {
    let mut checks = vec![sandbox(request)];
    checks.extend(limits());
    checks.extend([store(request), daemon(request)]);
    let path = request.surroundings.environment.get("PATH").map_or("", String::as_str);
    checks.extend(PROGRAMS.iter().map(|(name, package, what)| program(name, package, what, path)));
    if request.settings.json {
        let list: Vec<_> = checks
            .iter()
            .map(|it| json!({"name": it.name, "ok": it.ok, "needed": it.needed, "found": it.words, "hint": it.hint}))
            .collect();
        face.event(Event::Document(json!({"checks": list, "ok": checks.iter().all(|it| it.ok)}).to_string()));
    } else {
        let mut text = String::new();
        for check in &checks {
            let mark = match (check.ok, check.needed) {
                (true, _) => "ok     ",
                (false, true) => "MISSING",
                (false, false) => "absent ",
            };
            text.push_str(&format!("{mark} {:<10} {}\n", check.name, check.words));
            if (!check.ok || check.partly) && !check.hint.is_empty() {
                text.push_str(&format!("        {:<10} -> {}\n", "", check.hint));
            }
        }
        face.event(Event::Output(text.into_bytes()));
    }
    let bad = |name: &str| checks.iter().any(|check| check.name == name && !check.ok);
    Ok(match (bad("sandbox"), bad("store")) {
        (true, _) => Exit::Sandbox,
        (false, true) => Exit::Store,
        _ => Exit::Ok,
    })
}

fn sandbox(request: &Request) -> Check {
    let mut check = Check {
        name: "sandbox".to_owned(),
        ok: false,
        needed: true,
        words: String::new(),
        hint: "`--sandbox=none` runs actions without a sandbox; that is recorded and never shared".to_owned(),
        partly: false,
    };
    let folder = request.settings.store.join(format!("doctor-{}", std::process::id()));
    if let Err(error) = std::fs::create_dir_all(&folder) {
        check.words = format!("cannot be tried: '{}': {error}", folder.display());
        return check;
    }
    let scratch = Store::in_memory(&folder, HashFunction::Blake3);
    let found = probe(&scratch, &SandboxOptions::of_this_program());
    drop(scratch);
    // What is left is small, and the next doctor does not mind it.
    let _ = std::fs::remove_dir_all(&folder);
    check.ok = found.ok;
    check.words = format!("actions can be run at levels up to '{}'", found.level.name());
    if !found.ok || !found.findings.is_empty() {
        let lines = found.findings.iter().map(|it| format!("{}: {}", it.what, it.why));
        let words = lines.collect::<Vec<_>>().join("; ");
        let most = if found.ok { check.words } else { "actions can be run at level 'none' only".to_owned() };
        check.words = format!("{most}; {words}");
        let hints: Vec<&str> = found.findings.iter().map(|it| it.hint.as_str()).collect();
        check.hint = hints.join("; ");
        check.partly = found.ok;
    }
    check
}

/// What an action may use, and who sees to it.
fn limits() -> impl Iterator<Item = Check> {
    means().into_iter().map(|it| Check {
        name: it.of.to_owned(),
        ok: it.held,
        needed: false,
        words: it.words,
        hint: "actions are not kept from using all of it".to_owned(),
        partly: false,
    })
}

fn store(request: &Request) -> Check {
    let folder = &request.settings.store;
    let found = place::store_folder(&request.settings).and_then(|folder| {
        let probe = folder.join(format!("doctor-{}.tmp", std::process::id()));
        let written = std::fs::write(&probe, "x").and_then(|()| std::fs::remove_file(&probe));
        written.map_err(|error| crate::map::store(&gx_store::StoreError::io("writing", probe, error)))
    });
    Check {
        name: "store".to_owned(),
        ok: found.is_ok(),
        needed: true,
        words: match &found {
            Ok(()) => format!("'{}' can be written", folder.display()),
            Err(report) => report.to_string(),
        },
        hint: "`--store DIR` or GX_STORE names another folder".to_owned(),
        partly: false,
    }
}

fn daemon(request: &Request) -> Check {
    let mut request = request.clone();
    let found = place::store_folder(&request.settings).and_then(|folder| {
        request.settings.store = folder;
        connect::find(&connect::socket_of(&request)?)
    });
    Check {
        name: "daemon".to_owned(),
        ok: found.is_ok(),
        needed: false,
        words: match &found {
            Ok(Some(connection)) => format!("process {} runs", connection.status.pid),
            Ok(None) => "none runs; it is started when it is needed".to_owned(),
            Err(report) => report.to_string(),
        },
        hint: "`--no-daemon` works without one".to_owned(),
        partly: false,
    }
}

fn program(name: &str, package: &str, what: &str, path: &str) -> Check {
    // Toolchains are imported from fixed places; cargo is looked up as the person would.
    let path = if name == "cargo" { path } else { "/usr/bin:/bin" };
    let found = path.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    Check {
        name: name.to_owned(),
        ok: found.is_some(),
        needed: matches!(name, "sh" | "bash"),
        words: found.map_or_else(|| format!("not found; {what} will not work"), |path| path.display().to_string()),
        hint: format!("apt-get install {package}"),
        partly: false,
    }
}
