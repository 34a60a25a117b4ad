//! A session: one request that builds. Loads the workspace, has the engine make what was asked for, places outputs
//! in `gx-out`, and tells what happened.
//!
//! Invariants: a lease is held while the engine works; the summary is the last thing told of a build; outputs of a
//! target are placed only when all of them were made. This file does not know which process it is in.

pub mod failure;
pub mod noop;
mod notices;
mod roots;
mod stamps;

use crate::error::{Place, Report};
use crate::event::{Counts, Event, Face, TestLine};
use crate::exit::Exit;
use crate::house::{Asker, House, LoadFailure, Room};
use crate::map;
use crate::outputs;
use crate::project::{FILE, Project};
use crate::request::Request;
use gx_engine::{BuildOptions, BuildResult, Failure};
use gx_rules::{LoadRequest, Loaded};
use gx_store::{Cancel, DerivationId, Lease};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A request on its way.
pub struct Session<'a> {
    /// Store, engine, workspaces.
    pub house: &'a House,
    /// What is asked.
    pub request: &'a Request,
    /// Who is told.
    pub face: Arc<dyn Face>,
    /// Stops it.
    pub cancel: &'a Cancel,
}

/// What was placed in `gx-out`, by label.
type Placed = Vec<(String, Vec<String>)>;

/// What came of a build.
pub struct Built {
    /// What was loaded.
    pub loaded: Loaded,
    /// What the engine says.
    pub result: BuildResult,
    /// How the command ends, as far as building goes (failed tests count as failures here).
    pub exit: Exit,
    /// What was placed in `gx-out`, by label.
    pub placed: Placed,
    /// What was so before loading.
    before: noop::Before,
    /// Tests that ran just now.
    pub ran: HashSet<DerivationId>,
    /// The workspace.
    pub room: Arc<Room>,
    /// When it began.
    pub began: Instant,
}

/// What a command has when it has loaded.
struct Begun<'a> {
    began: Instant,
    before: noop::Before,
    project: &'a Project,
    lease: Lease,
    room: Arc<Room>,
    loaded: Loaded,
}

impl Session<'_> {
    /// The project; commands that get here have one.
    pub fn project(&self) -> Result<&Project, Report> {
        self.request.project.as_ref().ok_or_else(|| Report::new(101, "this command needs a workspace"))
    }

    /// Tells an error; gives the exit it leads to.
    pub fn error(&self, report: Report) -> Exit {
        let exit = report.exit();
        self.face.event(Event::Error(report));
        exit
    }

    /// Tells errors; gives the worst exit.
    pub fn errors(&self, reports: impl IntoIterator<Item = Report>) -> Exit {
        reports.into_iter().fold(Exit::Ok, |exit, report| exit.worse(self.error(report)))
    }

    /// Options of builds as the settings want them.
    pub fn options(&self) -> Result<BuildOptions, Report> {
        let settings = &self.request.settings;
        Ok(BuildOptions {
            workspace: self.project()?.root.display().to_string(),
            keep_going: settings.keep_going || self.tests(),
            retry: settings.retry,
            // Whoever is shown each action wants the engine to look at each.
            thorough: settings.json || settings.show_logs || settings.verbose || settings.trace.is_some(),
            jobs: settings.jobs,
            longest_run_ms: settings.timeout_ms,
            allowance: settings.allowance,
            surroundings: self.request.surroundings.clone(),
        })
    }

    /// Who asks, for loads.
    pub fn asker(&self) -> Result<Asker, Report> {
        Ok(Asker {
            options: self.options()?,
            face: self.face.clone(),
            cancel: self.cancel.clone(),
            rustup: self.request.rustup(),
        })
    }

    /// The workspace.
    pub fn room(&self) -> Result<Arc<Room>, Exit> {
        let project = self.project().map_err(|report| self.error(report))?;
        self.house.room(project, self.request.settings.levels()).map_err(|reports| self.errors(reports))
    }

    /// Tells why a load failed.
    pub fn load_failed(&self, failure: LoadFailure) -> Exit {
        if self.cancel.is_cancelled() {
            return self.error(interrupted());
        }
        if failure.actions.is_empty() {
            return self.errors(failure.errors.iter().map(map::load));
        }
        let wanted = failure.errors.first().map(|error| error.message.clone()).unwrap_or_default();
        let declared = self.project().map(|project| project.repositories.as_slice()).unwrap_or_default();
        self.errors(failure.actions.into_iter().map(|report| {
            // A repository's own failure says all there is, but not where it is declared.
            let line = declared.iter().find(|(name, _)| report.message.starts_with(&format!("@{name}: ")));
            match line {
                Some((_, line)) => report.at(Place::new(FILE, *line, 1)),
                None => report.hint(format!("it was needed for loading: {wanted}")),
            }
        }))
    }

    /// Loads what patterns name.
    fn load(&self, room: &Room, patterns: &[String], tests_only: bool, with_tests: bool) -> Result<Loaded, Exit> {
        self.face.event(Event::Phase("loading".to_owned()));
        let current_package = self.request.current_package();
        let load = LoadRequest { patterns: patterns.to_vec(), current_package, tests_only, with_tests };
        let asker = self.asker().map_err(|report| self.error(report))?;
        room.load(&load, asker).map_err(|failure| self.load_failed(failure))
    }

    /// The beginning of a command that loads, and then makes something of it.
    fn begin(&self, patterns: &[String], tests_only: bool, with_tests: bool) -> Result<Begun<'_>, Exit> {
        let began = Instant::now();
        self.house.untidy.store(true, Ordering::Relaxed);
        let tell = |report: Report| self.error(report);
        let project = self.project().map_err(tell)?;
        let before = noop::Before::loading(&project.root);
        self.face.event(Event::Started { workspace: project.root.display().to_string(), patterns: patterns.to_vec() });
        let lease = self.house.store.lease().map_err(|error| tell(map::store(&error)))?;
        let room = self.room()?;
        let loaded = self.load(&room, patterns, tests_only, with_tests)?;
        Ok(Begun { began, before, project, lease, room, loaded })
    }

    /// Loads, builds and places outputs. Errors are told; the summary is left to `summary`.
    pub fn build(&self, patterns: &[String], tests: bool) -> Result<Built, Exit> {
        let Begun { began, before, project, lease, room, loaded } = self.begin(patterns, tests, tests)?;
        for line in &loaded.prints {
            self.face.event(Event::Note(line.clone()));
        }
        let (mut result, mut ran) = self.realise(&loaded, false)?;
        let epoch = self.house.store.epoch();
        let (mut placed, mut reports) = self.place(&loaded, &result);
        if !reports.is_empty() && self.house.store.epoch() != epoch {
            // An output was found lost or corrupt only now that it was read: whatever makes it runs again.
            let again = self.realise(&loaded, false)?;
            ran.extend(again.1);
            result = again.0;
            (placed, reports) = self.place(&loaded, &result);
        }
        let exit = self.errors(reports);
        let keep = |result: &BuildResult| {
            roots::keep(self.house, project, patterns, &loaded, result).map_err(|error| self.error(map::store(&error)))
        };
        if !keep(&result)? {
            keep(&self.realise(&loaded, true)?.0)?;
        }
        drop(lease);
        let exit = self.failures(&loaded, &result, &room).worse(exit);
        Ok(Built { loaded, result, exit, placed, before, ran, room, began })
    }

    /// Loads and builds, and places nothing: gives the outcome of every action, which stays in the store as long as the
    /// lease. Whatever failed is told.
    pub fn realised(&self, patterns: &[String]) -> Result<(Loaded, BuildResult, Lease), Exit> {
        let lease = self.house.store.lease().map_err(|error| self.error(map::store(&error)))?;
        let room = self.room()?;
        let loaded = self.load(&room, patterns, false, false)?;
        let (result, _) = self.realise(&loaded, true)?;
        match self.failures(&loaded, &result, &room) {
            Exit::Ok => Ok((loaded, result, lease)),
            exit => Err(exit),
        }
    }

    /// Loads, and makes what `plan` takes of what was loaded; places nothing.
    pub fn fetch(&self, patterns: &[String], plan: impl FnOnce(Loaded) -> Loaded) -> Result<Built, Exit> {
        let Begun { began, before, lease, room, loaded, .. } = self.begin(patterns, false, true)?;
        let loaded = plan(loaded);
        let (result, ran) = self.realise(&loaded, true)?;
        drop(lease);
        let exit = self.failures(&loaded, &result, &room);
        Ok(Built { loaded, result, exit, placed: Vec::new(), before, ran, room, began })
    }

    /// Runs what has to be run; `thorough` looks at each action even when all is known to be done.
    fn realise(&self, loaded: &Loaded, thorough: bool) -> Result<(BuildResult, HashSet<DerivationId>), Exit> {
        let mut options = self.options().map_err(|report| self.error(report))?;
        options.thorough |= thorough;
        let (sender, receiver) = crossbeam_channel::unbounded();
        let store = &self.house.store;
        let result = std::thread::scope(|scope| {
            let teller = notices::Teller::new(&*self.face, store, loaded, &self.request.settings);
            let telling = scope.spawn(move || teller.tell(&receiver));
            let result = self.house.engine.build(loaded.plan.clone(), options, sender, self.cancel);
            result.map(|result| (result, telling.join().unwrap_or_default()))
        });
        result.map_err(|error| self.error(map::engine(&error)))
    }

    /// Places the outputs of targets in `gx-out`; gives what was placed, and what could not be.
    fn place(&self, loaded: &Loaded, result: &BuildResult) -> (Placed, Vec<Report>) {
        let (mut placed, mut reports) = (Vec::new(), Vec::new());
        let Ok(project) = self.project() else { return (placed, reports) };
        let ends = outputs::place(&self.house.store, &project.root, &loaded.targets, result);
        for (target, end) in loaded.targets.iter().zip(ends) {
            match end {
                Ok(Some(outputs)) => {
                    // Standard output of `gx run` is the program's.
                    let wanted = !matches!(self.request.command, crate::flags::Command::Run(_));
                    if wanted && loaded.targets.len() <= noop::LISTED_MOST && !outputs.is_empty() {
                        self.face.event(Event::Target { label: target.label.clone(), outputs: outputs.clone() });
                    }
                    placed.push((target.label.clone(), outputs));
                }
                Ok(None) => {}
                Err(report) => reports.push(report),
            }
        }
        (placed, reports)
    }

    /// Are tests run?
    pub fn tests(&self) -> bool {
        matches!(self.request.command, crate::flags::Command::Test(_))
    }

    /// Answers from memory, when nothing changed since a build that succeeded.
    pub fn unchanged(&self, patterns: &[String]) -> Option<Exit> {
        noop::answer(self, patterns, self.tests())
    }

    /// Remembers an answer for `unchanged`.
    pub fn remember(&self, patterns: &[String], built: &Built, tests: &[TestLine]) {
        noop::remember(self, patterns, built, tests);
    }

    /// Tells the failures, the test's own logs aside.
    fn failures(&self, loaded: &Loaded, result: &BuildResult, room: &Room) -> Exit {
        let is_test = |failure: &Failure| loaded.targets.iter().any(|t| t.test == Some(failure.derivation));
        let (tests, others): (Vec<_>, Vec<_>) = result.failures.iter().partition(|failure| is_test(failure));
        let mut exit = if tests.is_empty() { Exit::Ok } else { Exit::TestsFailed };
        if result.cancelled {
            return exit.worse(self.error(interrupted()));
        }
        for failure in others {
            let mut report = failure::report(failure, &loaded.plan, &self.house.store, "build");
            if let (Ok(project), Ok(asker)) = (self.project(), self.asker()) {
                report = crate::undeclared::explain(report, failure, &loaded.plan, &project.root, || {
                    let found = room.query(&failure.owner, "", asker).ok()?;
                    found.nodes.into_iter().find(|node| node.label == *failure.owner).map(|node| node.kind)
                });
            }
            exit = exit.worse(self.error(report));
        }
        exit
    }

    /// The last line.
    pub fn summary(&self, built: &Built) {
        let counts = built.result.counts;
        let counts = Counts {
            run: counts.run as u64,
            cached: counts.cached as u64,
            cut_off: counts.cutoff as u64,
            failed: counts.failed as u64,
            skipped: counts.skipped as u64,
        };
        let wall_ms = u64::try_from(built.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.face.event(Event::Summary { counts, wall_ms });
    }
}

/// The error of a build that was stopped.
pub fn interrupted() -> Report {
    Report::new(311, "interrupted").hint("what was finished is kept; the same command goes on from there")
}
