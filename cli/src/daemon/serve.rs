//! The daemon itself: takes connections, answers each request on a thread of its own, and leaves when it is idle,
//! told to, or signalled.
//!
//! Invariants: a client that goes away cancels its own request and no other; while it drains, requests that run are
//! finished and no new ones are taken; the store is closed before the process ends. This file does not know what
//! requests do.

use super::connect::check_peer;
use super::outbox::Outbox;
use super::wire::{self, Status, ToClient, ToDaemon};
use crate::commands;
use crate::error::Report;
use crate::event::{Event, Face};
use crate::house::House;
use crate::request::Request;
use crate::settings::Settings;
use crate::signals::Watch;
use gx_store::Cancel;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::fs::Permissions;
use std::io::{BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

struct Daemon {
    house: House,
    status: Status,
    state: Mutex<State>,
    /// Wakes the accepting loop when the state changed.
    wake: UnixStream,
}

#[derive(Default)]
struct State {
    active: u64,
    draining: bool,
    idle_since: Option<Instant>,
}

/// Is the daemon until it ends. `socket` is where clients look for it.
pub fn serve(settings: &Settings, socket: &Path) -> Result<(), Report> {
    // A leader of a process group cannot make a session; then it has one already.
    let _ = rustix::process::setsid();
    let ready = std::io::stdout();
    let tell = |line: String| {
        // A client that does not listen any more does not need to know.
        let _ = writeln!(ready.lock(), "{line}");
    };
    let opened = House::open(settings, "daemon", &mut |owner| tell(format!("waiting {owner}")))
        .and_then(|house| Ok((house, listen(socket)?)));
    let (house, listener) = match opened {
        Ok(opened) => opened,
        Err(report) => {
            tell(format!("failed {}", serde_json::to_string(&report).unwrap_or_default()));
            return Err(report);
        }
    };
    let failed = |error: std::io::Error| Report::new(701, "the daemon cannot watch its socket").cause(&error);
    let (wake, woken) = UnixStream::pair().map_err(failed)?;
    woken.set_nonblocking(true).map_err(failed)?;
    wake.set_nonblocking(true).map_err(failed)?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let status = Status {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: super::build_id(),
        store: settings.store.clone(),
        since_s: since.as_secs(),
        active: 0,
    };
    let state = Mutex::new(State { idle_since: Some(Instant::now()), ..State::default() });
    let daemon = Arc::new(Daemon { house, status, state, wake });
    let _watch = Watch::start(false, {
        let daemon = Arc::downgrade(&daemon);
        move || {
            if let Some(daemon) = daemon.upgrade() {
                daemon.drain();
            }
        }
    })?;
    log(&format!("gx {} daemon {} serves {}", daemon.status.version, daemon.status.pid, settings.store.display()));
    tell("ready".to_owned());
    // The pipe to the client ends here: from now on words go to the log.
    let _ = rustix::stdio::dup2_stdout(std::io::stderr());
    accept(&daemon, &listener, &woken, Duration::from_secs(settings.daemon_idle_s));
    // Clients from now on find no socket and start a new daemon, which waits for the store's lock.
    let _ = std::fs::remove_file(socket);
    log(&format!("gx daemon {} ends", daemon.status.pid));
    Ok(())
}

/// A line for the log. A log that cannot be written (a full disk) stops nothing.
fn log(line: &str) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let _ = writeln!(std::io::stderr().lock(), "{} {}", super::status::utc(now.as_secs()), line.trim_end());
}

fn listen(socket: &Path) -> Result<UnixListener, Report> {
    // Whoever holds the store's lock is the only daemon, so a socket that is there is stale.
    let _ = std::fs::remove_file(socket);
    let bound = UnixListener::bind(socket).and_then(|listener| {
        std::fs::set_permissions(socket, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|error| Report::new(701, format!("the socket '{}' cannot be made", socket.display())).cause(&error))
}

/// Takes connections until the daemon is drained.
fn accept(daemon: &Arc<Daemon>, listener: &UnixListener, woken: &UnixStream, idle: Duration) {
    loop {
        let left = {
            let mut state = daemon.lock();
            let idle_for = state.idle_since.map(|since| since.elapsed());
            if state.active == 0 && idle_for.is_some_and(|so_far| so_far >= idle) {
                state.draining = true;
            }
            if state.draining && state.active == 0 {
                return;
            }
            idle_for.map(|so_far| idle.saturating_sub(so_far))
        };
        let mut watched = [PollFd::new(listener, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        // An interrupted poll looks again, as does every other end of it.
        let _ = rustix::event::poll(&mut watched, timeout.as_ref());
        let mut bytes = [0u8; 64];
        while matches!(std::io::Read::read(&mut &*woken, &mut bytes), Ok(n) if n > 0) {}
        while let Ok((stream, _)) = listener.accept() {
            let daemon = daemon.clone();
            let served = std::thread::Builder::new().name("client".to_owned()).spawn(move || {
                if let Err(report) = daemon.clone().serve_client(stream) {
                    log(&report.text(false));
                }
            });
            if let Err(error) = served {
                log(&format!("a client could not be served: {error}"));
            }
        }
    }
}

impl Daemon {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self) {
        self.lock().draining = true;
        self.wake();
    }

    fn wake(&self) {
        // A full pipe wakes just as well.
        let _ = (&self.wake).write(&[1]);
    }

    fn status(&self) -> Status {
        Status { active: self.lock().active, ..self.status.clone() }
    }

    fn serve_client(self: Arc<Daemon>, stream: UnixStream) -> Result<(), Report> {
        let broken = |error: std::io::Error| Report::new(704, "a client's socket failed").cause(&error);
        stream.set_nonblocking(false).map_err(broken)?;
        check_peer(&stream)?;
        let mut reader = BufReader::new(stream.try_clone().map_err(broken)?);
        let mut writer = stream;
        let cancel = Cancel::new();
        let mut requests = Vec::new();
        let garbled = loop {
            match wire::receive::<ToDaemon>(&mut reader) {
                Ok(ToDaemon::Hello { .. } | ToDaemon::Status) => {
                    let answer = match self.lock().draining {
                        true => ToClient::Draining(self.status.clone()),
                        false => ToClient::Welcome(self.status.clone()),
                    };
                    let answer = match answer {
                        ToClient::Welcome(_) => ToClient::Welcome(self.status()),
                        other => other,
                    };
                    if wire::send(&mut writer, &answer).is_err() {
                        break None;
                    }
                }
                Ok(ToDaemon::Cancel) => cancel.cancel(),
                Ok(ToDaemon::Stop) => self.drain(),
                Ok(ToDaemon::Request(request)) => {
                    if !self.begin() {
                        break None;
                    }
                    let (daemon, cancel) = (self.clone(), cancel.clone());
                    let answerer = writer.try_clone().map_err(broken)?;
                    requests.push(std::thread::spawn(move || daemon.answer(&request, answerer, &cancel)));
                }
                Err(wire::WireError::Closed | wire::WireError::Short | wire::WireError::Io(_)) => break None,
                Err(error) => break Some(error),
            }
        };
        cancel.cancel();
        for request in requests {
            // A request that panicked has told so in the log.
            let _ = request.join();
        }
        match garbled {
            Some(error) => Err(Report::new(704, "a client does not speak as it should").cause(&error)),
            None => Ok(()),
        }
    }

    /// Counts a request in, unless the daemon drains.
    fn begin(&self) -> bool {
        let mut state = self.lock();
        if state.draining {
            return false;
        }
        state.active += 1;
        state.idle_since = None;
        true
    }

    fn end(&self) {
        let mut state = self.lock();
        state.active = state.active.saturating_sub(1);
        if state.active == 0 {
            state.idle_since = Some(Instant::now());
        }
        drop(state);
        self.wake();
    }

    fn answer(&self, request: &Request, stream: UnixStream, cancel: &Cancel) {
        struct End<'a>(&'a Daemon);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.end();
            }
        }
        let _end = End(self);
        let outbox = Arc::new(Outbox::default());
        let face = Arc::new(WireFace { outbox: outbox.clone(), wants_cached: request.settings.wants_cached() });
        let gone = cancel.clone();
        let writer = std::thread::spawn(move || write_events(&outbox, stream, &gone));
        let exit = commands::answer(&self.house, request, face.clone(), cancel);
        face.event(Event::Done(exit));
        drop(face);
        // A writer that panicked has told so in the log.
        let _ = writer.join();
        if self.lock().active == 1 {
            self.house.rest();
        }
    }
}

/// Hands events to the thread that writes them.
struct WireFace {
    outbox: Arc<Outbox>,
    wants_cached: bool,
}

impl Face for WireFace {
    fn event(&self, event: Event) {
        if let Err(error) = self.outbox.put(event) {
            log(&format!("an event cannot be told: {error}"));
        }
    }

    fn wants_cached(&self) -> bool {
        self.wants_cached
    }
}

impl Drop for WireFace {
    fn drop(&mut self) {
        self.outbox.close();
    }
}

/// Writes events, those of a moment at once; cancels when the client is gone.
fn write_events(events: &Outbox, mut stream: UnixStream, cancel: &Cancel) {
    while let Some(bytes) = events.take() {
        if stream.write_all(&bytes).is_err() {
            events.close();
            return cancel.cancel();
        }
    }
}
