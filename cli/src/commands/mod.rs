//! The commands, one file each.
//!
//! `local` answers what needs no store in the client itself; `answer` everything else, in whichever process has the
//! house. This file does not know how a command works.

mod audit;
mod build;
mod clean;
mod completion;
mod doctor;
mod fetch;
mod fmt;
mod gc;
mod generate;
mod hermetic;
mod init;
mod key;
mod lock;
mod log;
mod lsp;
mod objects;
mod push_button;
mod query;
pub mod run;
mod show;
mod spec;
mod store;
mod targets;
mod test;
mod verify;
mod why;

use crate::catalogue::{self, CATALOGUE, Code};
use crate::daemon;
use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::flags::{Audit, AuditCommand, Command, DaemonCommand, Doctor, StoreCommand};
use crate::house::House;
use crate::request::Request;
use crate::screen::Screen;
use crate::session::Session;
use gx_store::Cancel;
use serde_json::json;
use std::sync::Arc;

/// Answers commands that need no store; `None` for those that do.
pub fn local(request: &Request) -> Result<Option<Exit>, Report> {
    let screen = Screen::new(&request.settings, &request.command);
    let exit = match &request.command {
        Command::Init => init::answer(request, &screen)?,
        Command::Lock(it) => lock::answer(request, &it.names, &screen)?,
        Command::Clean => clean::answer(request, &screen)?,
        Command::Spec(command) => spec::answer(request, command, &screen, screen.color())?,
        Command::Fmt(it) => fmt::answer(request, it, &screen, screen.color())?,
        Command::Targets => targets::answer(request, &screen)?,
        Command::Lsp => lsp::answer()?,
        Command::Explain(explain) => self::explain(&explain.code, &screen)?,
        Command::Audit(audit) if audit.list => self::audit::list(request, &screen),
        Command::Audit(Audit { command: Some(AuditCommand::Diff(diff)), .. }) => {
            self::audit::diff(request, diff, &screen)?
        }
        Command::Key(command) => key::answer(request, command, &screen)?,
        Command::Verify(it) => verify::answer(request, it, &screen)?,
        Command::Doctor(it) if it.hermetic.is_none() => doctor::answer(request, &screen)?,
        Command::Daemon(command) => {
            let mut request = request.clone();
            // The daemon itself is told the folder as it is.
            if !matches!(command, DaemonCommand::Serve { .. }) {
                request.settings.store = daemon::place::store_folder(&request.settings)?;
            }
            daemon::status::answer(&request, command, &screen)?
        }
        Command::Completion(completion) => completion::answer(completion.shell, &screen),
        Command::Version => {
            let version = env!("CARGO_PKG_VERSION");
            screen.event(match request.settings.json {
                true => Event::Document(json!({"version": version}).to_string()),
                false => Event::Output(format!("gx {version}\n").into_bytes()),
            });
            Exit::Ok
        }
        _ => return Ok(None),
    };
    screen.close()?;
    Ok(Some(exit))
}

/// Answers a command over the house. Everything that goes wrong is told as an event.
pub fn answer(house: &House, request: &Request, face: Arc<dyn Face>, cancel: &Cancel) -> Exit {
    let session = Session { house, request, face, cancel };
    let answered = match &request.command {
        Command::Build(it) => Ok(build::answer(&session, &it.patterns)),
        Command::Test(it) => Ok(test::answer(&session, &it.patterns)),
        Command::Fetch(it) => Ok(fetch::answer(&session, it)),
        Command::Run(it) => run::answer(&session, it),
        Command::Audit(it) => audit::answer(&session, it),
        Command::Generate(it) => generate::answer(&session, it),
        Command::PushButton(it) => push_button::answer(&session, it),
        Command::Doctor(Doctor { hermetic: Some(target) }) => hermetic::answer(&session, target),
        Command::Query(it) => query::answer(&session, it),
        Command::Show(it) | Command::Store(StoreCommand::Show(it)) => show::answer(&session, &it.digest),
        Command::Why(it) => why::answer(&session, it),
        Command::Log(it) => log::answer(&session, &it.target),
        Command::Store(command) => store::answer(&session, command),
        Command::Gc(it) => gc::answer(&session, it.dry_run),
        Command::Init
        | Command::Lock(_)
        | Command::Clean
        | Command::Spec(_)
        | Command::Fmt(_)
        | Command::Lsp
        | Command::Explain(_)
        | Command::Targets
        | Command::Doctor(_)
        | Command::Key(_)
        | Command::Verify(_)
        | Command::Daemon(_)
        | Command::Completion(_)
        | Command::Version => Err(Report::new(801, "this command is not answered here")),
    };
    answered.unwrap_or_else(|report| session.error(report))
}

/// `gx explain`.
fn explain(code: &str, face: &dyn Face) -> Result<Exit, Report> {
    match Code::parse(code).and_then(Code::entry) {
        Some(entry) => {
            face.event(Event::Output(catalogue::explain(entry).into_bytes()));
            Ok(Exit::Ok)
        }
        None => {
            let known: Vec<String> = CATALOGUE.iter().map(|entry| entry.code.to_string()).collect();
            let report = Report::new(803, format!("no error has the code '{code}'"));
            Err(report.suggest(&code.to_uppercase(), known.iter().map(String::as_str)))
        }
    }
}
