//! The client: answers a command in this process, or has the daemon answer it, and shows what comes back.
//!
//! This file does not know what the commands do.

use crate::commands;
use crate::daemon::{connect, place};
use crate::error::Report;
use crate::event::{Event, Face, Program};
use crate::exit::Exit;
use crate::flags::{Cli, Command, DaemonCommand};
use crate::house::House;
use crate::project::Project;
use crate::request::Request;
use crate::screen::Screen;
use crate::settings::Settings;
use crate::signals::Watch;
use crate::{Environment, Stop};
use gx_store::{Cancel, Surroundings};
use std::sync::{Arc, Mutex, PoisonError};

impl Command {
    /// Does it work on the workspace it is started in?
    pub fn needs_workspace(&self) -> bool {
        use Command as C;
        match self {
            C::Audit(audit) => audit.builds(),
            C::Doctor(doctor) => doctor.hermetic.is_some(),
            C::Build(_) | C::Test(_) | C::Run(_) | C::Query(_) | C::Lock(_) | C::Fetch(_) => true,
            C::Generate(_) | C::PushButton(_) => true,
            _ => matches!(self, C::Clean | C::Why(_) | C::Log(_)),
        }
    }

    /// Does `--json` tell its events? All others give an answer and nothing beside it.
    pub fn tells_events(&self) -> bool {
        use Command as C;
        let own = matches!(self, C::Init | C::Lock(_) | C::Clean | C::Daemon(DaemonCommand::Stop));
        own || (self.builds() && !matches!(self, C::Audit(_) | C::Doctor(_) | C::Generate(_) | C::PushButton(_)))
    }

    /// Does it build, so that there is progress to show?
    pub fn builds(&self) -> bool {
        match self {
            Command::Audit(audit) => audit.builds(),
            Command::Doctor(doctor) => doctor.hermetic.is_some(),
            _ => matches!(
                self,
                Command::Build(_)
                    | Command::Test(_)
                    | Command::Run(_)
                    | Command::Fetch(_)
                    | Command::Generate(_)
                    | Command::PushButton(_)
            ),
        }
    }
}

/// Answers a command line.
pub fn answer(cli: Cli, settings: Settings, environment: Environment) -> Result<Exit, Stop> {
    let cwd = std::env::current_dir()
        .map_err(|error| Report::new(806, "the current folder cannot be entered").cause(&error))?;
    let project = if cli.command.needs_workspace() { Some(Project::read(&Project::find(&cwd)?)?) } else { None };
    let mirror = settings.mirror.as_ref().map(|mirror| cwd.join(mirror));
    let surroundings = Surroundings { environment, mirror, offline: settings.offline };
    let mut request = Request { cwd, project, settings, command: cli.command, surroundings };
    if let Some(exit) = commands::local(&request)? {
        return Ok(exit);
    }
    request.settings.store = place::store_folder(&request.settings)?;
    let screen = Recorder::new(Screen::new(&request.settings, &request.command));
    let exit = if request.settings.no_daemon { here(&request, &screen) } else { there(&request, &screen) };
    let (screen, program) = screen.into_parts();
    let closed = screen.map_or(Ok(()), Screen::close);
    let exit = exit?;
    closed?;
    match program {
        Some(program) if exit == Exit::Ok => Ok(commands::run::become_program(&program, &request)?),
        _ => Ok(exit),
    }
}

/// Answers in this process.
fn here(request: &Request, screen: &Arc<Recorder>) -> Result<Exit, Report> {
    let cancel = Cancel::new();
    screen.when_lost(request, {
        let cancel = cancel.clone();
        move || cancel.cancel()
    });
    let house = House::open(&request.settings, "process", &mut |owner| {
        screen.event(Event::Note(format!(
            "the store at '{}' is in use by {owner}; waiting (`gx daemon stop` ends a daemon)",
            request.settings.store.display()
        )));
        connect::ask_to_yield(request);
    })?;
    let _watch = Watch::start(true, {
        let cancel = cancel.clone();
        move || cancel.cancel()
    })?;
    let exit = commands::answer(&house, request, screen.clone(), &cancel);
    screen.event(Event::Done(exit));
    Ok(exit)
}

/// Has the daemon answer.
fn there(request: &Request, screen: &Arc<Recorder>) -> Result<Exit, Report> {
    let mut connection = connect::connect(request, &mut |note| screen.event(Event::Note(note)))?;
    let canceller = connection.canceller()?;
    let stopper = connection.canceller()?;
    screen.when_lost(request, move || stopper.cancel());
    let _watch = Watch::start(true, move || canceller.cancel())?;
    connection.ask(request, &mut |event| screen.event(event))
}

/// A screen that keeps the program to run at the end.
pub struct Recorder {
    screen: Mutex<Option<Screen>>,
    program: Mutex<Option<Program>>,
    /// Stops what only prints, once nobody gets it.
    stop: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    wants_cached: bool,
}

impl Recorder {
    fn new(screen: Screen) -> Arc<Recorder> {
        let wants_cached = screen.wants_cached();
        let (program, stop) = (Mutex::new(None), Mutex::new(None));
        Arc::new(Recorder { screen: Mutex::new(Some(screen)), program, stop, wants_cached })
    }

    /// What to do when standard output does not take any more. A build goes on: what it makes is kept.
    fn when_lost(&self, request: &Request, stop: impl FnOnce() + Send + 'static) {
        if !request.command.builds() {
            *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(stop));
        }
    }

    fn into_parts(self: Arc<Recorder>) -> (Option<Screen>, Option<Program>) {
        let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner).take();
        (screen, self.program.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

impl Face for Recorder {
    fn event(&self, event: Event) {
        if let Event::Program(program) = event {
            *self.program.lock().unwrap_or_else(PoisonError::into_inner) = Some(program);
        } else if let Some(screen) = &*self.screen.lock().unwrap_or_else(PoisonError::into_inner) {
            screen.event(event);
            if screen.is_lost()
                && let Some(stop) = self.stop.lock().unwrap_or_else(PoisonError::into_inner).take()
            {
                stop();
            }
        }
    }

    fn wants_cached(&self) -> bool {
        self.wants_cached
    }
}
