//! The client's side of the daemon: finding it, starting it, and following a request.
//!
//! Invariants: of many clients that find no daemon one starts it and the others wait for that; a daemon of another
//! build is asked to finish its work and waited for; nothing waits by sleeping, only on pipes, sockets and locks.
//! This file does not know what a request means.

use super::place::{self, Lock};
use super::wire::{self, Status, ToClient, ToDaemon, WireError};
use crate::error::Report;
use crate::event::Event;
use crate::exit::Exit;
use crate::request::Request;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A connection to a daemon of our own build.
pub struct Connection {
    stream: UnixStream,
    /// Who answers.
    pub status: Status,
}

/// Cancels a request from another thread.
pub struct Canceller {
    stream: UnixStream,
}

impl Canceller {
    /// Tells the daemon.
    pub fn cancel(mut self) {
        // When the daemon is gone there is nothing to cancel.
        let _ = wire::send(&mut self.stream, &ToDaemon::Cancel);
    }
}

fn lost(error: &WireError) -> Report {
    match error {
        WireError::Closed | WireError::Short | WireError::Io(_) => {
            Report::new(702, "the daemon went away in the middle of the request")
                .cause(error)
                .hint("`gx daemon log` shows its last words")
        }
        _ => Report::new(704, "the daemon's answer cannot be understood").cause(error),
    }
}

/// Connects, starting a daemon when there is none.
pub fn connect(request: &Request, note: &mut dyn FnMut(String)) -> Result<Connection, Report> {
    let socket = place::socket(&request.settings.store, &request.surroundings.environment)?;
    // A daemon may end between our finding it and its answer; each round makes progress in the system.
    for _ in 0..20 {
        if let Some(connection) = find(&socket)? {
            if connection.status.build == super::build_id() {
                return Ok(connection);
            }
            note(format!(
                "the daemon (process {}) is of another build of gx; it finishes its work and gives way",
                connection.status.pid
            ));
            connection.stop()?;
        }
        let _lock = Lock::passing(&socket.with_extension("spawn"))?;
        match find(&socket)? {
            Some(connection) if connection.status.build == super::build_id() => return Ok(connection),
            Some(_) => {}
            None => spawn(request, &socket, note)?,
        }
    }
    Err(Report::new(701, "the daemon ends again and again before it answers"))
}

/// The daemon that listens, if one does. Never starts one.
pub fn find(socket: &Path) -> Result<Option<Connection>, Report> {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) => match error.kind() {
            // No socket, or one that a dead daemon left.
            std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => return Ok(None),
            _ => {
                let message = format!("the socket '{}' cannot be connected to", socket.display());
                return Err(Report::new(701, message).cause(&error));
            }
        },
    };
    check_peer(&stream)?;
    let greeted = wire::send(&mut stream, &ToDaemon::Hello { build: super::build_id() })
        .and_then(|()| wire::receive::<ToClient>(&mut stream));
    match greeted {
        Ok(ToClient::Welcome(status)) => Ok(Some(Connection { stream, status })),
        Ok(ToClient::Draining(_)) => {
            wait_for_end(&mut stream);
            Ok(None)
        }
        Ok(ToClient::Event(_)) => Err(Report::new(704, "the daemon's first words are not a greeting")),
        Err(WireError::Closed | WireError::Short | WireError::Io(_)) => Ok(None),
        Err(error) => Err(lost(&error)),
    }
}

/// The other end must be a process of the same user.
pub(super) fn check_peer(stream: &UnixStream) -> Result<(), Report> {
    let own = rustix::process::geteuid();
    match rustix::net::sockopt::socket_peercred(stream) {
        Ok(peer) if peer.uid == own => Ok(()),
        Ok(peer) => Err(Report::new(705, format!("the socket's other end belongs to user {}", peer.uid.as_raw()))),
        Err(error) => Err(Report::new(705, "the socket's other end does not say who it is").cause(&error)),
    }
}

fn wait_for_end(stream: &mut UnixStream) {
    let mut rest = Vec::new();
    // Any end is an end.
    let _ = stream.read_to_end(&mut rest);
}

/// Asks the daemon of a store to finish and go, when there is one; used by a process that wants the store itself.
pub fn ask_to_yield(request: &Request) {
    let found = place::socket(&request.settings.store, &request.surroundings.environment).map(|path| find(&path));
    if let Ok(Ok(Some(mut connection))) = found {
        // When it cannot be asked, the lock is still waited for.
        let _ = wire::send(&mut connection.stream, &ToDaemon::Stop);
    }
}

fn spawn(request: &Request, socket: &Path, note: &mut dyn FnMut(String)) -> Result<(), Report> {
    let failed = |what: &str, error: &dyn std::error::Error| {
        Report::new(701, format!("the daemon cannot be started: {what}")).cause(error)
    };
    let settings = &request.settings;
    let log = place::log_file(&settings.store);
    let log_end = File::options().create(true).append(true).open(&log).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            crate::map::store(&gx_store::StoreError::ReadOnly(settings.store.clone()))
        }
        _ => failed("its log cannot be opened", &error),
    })?;
    let own = std::env::current_exe().map_err(|error| failed("gx does not find itself", &error))?;
    let mut command = Command::new(own);
    command.arg("daemon").arg("serve").arg("--socket").arg(socket).arg("--store").arg(&settings.store);
    command.arg("--digest").arg(&settings.digest).arg("--daemon-idle").arg(settings.daemon_idle_s.to_string());
    // One arena of memory for each of dozens of threads would keep what it once had; threads here rarely allocate at
    // once. Large pieces go back to the system when they are freed.
    command.env("MALLOC_ARENA_MAX", "2").env("MALLOC_TRIM_THRESHOLD_", "131072");
    command.env("MALLOC_MMAP_THRESHOLD_", "131072");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_end).current_dir("/");
    let mut child = command.spawn().map_err(|error| failed("its process cannot be made", &error))?;
    let Some(ready) = child.stdout.take() else { return Err(Report::new(701, "the daemon has no pipe")) };
    for line in BufReader::new(ready).lines() {
        let line = line.map_err(|error| failed("its pipe failed", &error))?;
        match line.split_once(' ').unwrap_or((line.as_str(), "")) {
            ("ready", _) => return Ok(()),
            ("waiting", owner) => note(format!("the store is in use by {owner}; the daemon waits for it")),
            ("failed", json) => {
                return Err(serde_json::from_str(json).unwrap_or_else(|_| Report::new(701, json.to_owned())));
            }
            _ => {}
        }
    }
    Err(Report::new(701, "the daemon ended before it was ready").hint(format!("its log: {}", log.display())))
}

impl Connection {
    /// Something that cancels the request from another thread.
    pub fn canceller(&self) -> Result<Canceller, Report> {
        let stream = self.stream.try_clone().map_err(|error| lost(&WireError::Io(error)))?;
        Ok(Canceller { stream })
    }

    /// Asks the daemon to finish its work and end; returns when it has.
    pub fn stop(mut self) -> Result<(), Report> {
        wire::send(&mut self.stream, &ToDaemon::Stop).map_err(|error| lost(&error))?;
        wait_for_end(&mut self.stream);
        Ok(())
    }

    /// Has a request answered.
    pub fn ask(&mut self, request: &Request, take: &mut dyn FnMut(Event)) -> Result<Exit, Report> {
        let message = ToDaemon::Request(Box::new(request.clone()));
        wire::send(&mut BufWriter::new(&self.stream), &message).map_err(|error| lost(&error))?;
        let mut reader = BufReader::with_capacity(1 << 16, &self.stream);
        loop {
            match wire::receive::<ToClient>(&mut reader) {
                Ok(ToClient::Event(Event::Done(exit))) => {
                    take(Event::Done(exit));
                    return Ok(exit);
                }
                Ok(ToClient::Event(event)) => take(event),
                Ok(_) => {}
                Err(error) => return Err(lost(&error)),
            }
        }
    }
}

/// The socket of a request's store.
pub fn socket_of(request: &Request) -> Result<PathBuf, Report> {
    place::socket(&request.settings.store, &request.surroundings.environment)
}
