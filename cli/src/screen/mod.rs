//! The screen: shows events to a person (a live region or plain lines) or to a program (`--json`).
//!
//! Standard output carries results: the outputs of targets, the answer of a query, the last line. Everything
//! else goes to standard error. Invariants: a closed standard output never panics; one that cannot be written is
//! told when the screen closes. This file does not know where events come from.

mod live;
mod terminal;
mod trace;

use crate::error::indented;
use crate::event::{Event, Face, How};
use crate::flags::Command;
use crate::settings::{Color, Settings};
use gx_rules::label::shown;
use live::Live;
use std::io::IsTerminal;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use trace::Trace;

pub use terminal::{Lost, print_error, write_stderr, write_stdout};

/// How things are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A live region at the bottom of a terminal.
    Live,
    /// Plain lines.
    Plain,
    /// Errors and results only.
    Quiet,
    /// Events, one a line.
    Json,
    /// An answer for a program: one document, or errors as JSON; what else is to be said goes to standard error.
    Answer,
}

/// The screen of one request.
pub struct Screen {
    mode: Mode,
    color: bool,
    show_logs: bool,
    verbose: bool,
    shared: Arc<Shared>,
    ticker: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    live: Live,
    trace: Option<Trace>,
    closing: bool,
    /// Set by the first write to standard output that failed; nothing is written to it after that.
    lost: Option<Lost>,
}

impl State {
    fn result(&mut self, bytes: &[u8]) {
        if self.lost.is_none() {
            self.lost = write_stdout(bytes).err();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen {
    /// A screen for a command, as the settings want it.
    pub fn new(settings: &Settings, command: &Command) -> Screen {
        let terminal = std::io::stderr().is_terminal();
        let color = match settings.color {
            Color::Auto => terminal,
            Color::Always => true,
            Color::Never => false,
        };
        let mode = if settings.json {
            if command.tells_events() { Mode::Json } else { Mode::Answer }
        } else if settings.quiet {
            Mode::Quiet
        } else if command.builds() && terminal && color {
            Mode::Live
        } else {
            Mode::Plain
        };
        let trace = settings.trace.as_ref().map(|path| Trace::new(path.clone()));
        let state = State { live: Live::new(), trace, closing: false, lost: None };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        let ticker = (mode == Mode::Live)
            .then(|| shared.clone())
            .and_then(|shared| std::thread::Builder::new().name("ticker".into()).spawn(move || tick(&shared)).ok());
        Screen { mode, color, show_logs: settings.show_logs, verbose: settings.verbose, shared, ticker }
    }

    /// Are colours wanted?
    pub fn color(&self) -> bool {
        self.color
    }

    /// Does nobody get what goes to standard output?
    pub fn is_lost(&self) -> bool {
        self.shared.lock().lost.is_some()
    }

    /// Takes the live region away and writes the trace. The error is about the trace's file or standard output.
    pub fn close(mut self) -> Result<(), crate::error::Report> {
        self.stop_ticking();
        let mut state = self.shared.lock();
        let traced = state.trace.take().map_or(Ok(()), Trace::write);
        state.lost.take().map_or(Ok(()), |lost| lost.report()).and(traced)
    }

    fn stop_ticking(&mut self) {
        let mut state = self.shared.lock();
        state.closing = true;
        state.live.erase();
        drop(state);
        self.shared.wake.notify_all();
        if let Some(ticker) = self.ticker.take() {
            // A panicking ticker has nothing left to tell.
            let _ = ticker.join();
        }
    }

    /// A line for a person, above the live region.
    fn line(&self, state: &mut State, text: &str) {
        state.live.erase();
        terminal::write_stderr(text);
        if self.mode == Mode::Live {
            state.live.draw();
        }
    }

    fn json(event: &Event, state: &mut State) {
        match event {
            Event::Output(bytes) => state.result(bytes),
            Event::Document(text) => state.result(format!("{text}\n").as_bytes()),
            event => {
                if let Some(json) = event.json() {
                    state.result(format!("{json}\n").as_bytes());
                }
            }
        }
    }

    fn person(&self, event: &Event, state: &mut State) {
        let quiet = self.mode == Mode::Quiet;
        match event {
            Event::Error(report) => self.line(state, &report.text(self.color)),
            Event::Output(bytes) => {
                state.live.erase();
                state.result(bytes);
            }
            _ if quiet => {}
            Event::Note(text) => self.line(state, &format!("{}\n", indented(text))),
            Event::ActionStarted { message, owner, .. } if self.verbose => {
                self.line(state, &format!("start {} ({owner})\n", shown(message)));
            }
            Event::ActionFinished(done) if self.mode == Mode::Plain || self.verbose => {
                let wanted = matches!(done.how, How::Run | How::Failed) || self.verbose;
                if wanted {
                    let (at, total) = state.live.position();
                    let failed = if done.how == How::Failed { "FAILED " } else { "" };
                    self.line(state, &format!("[{at}/{total}] {failed}{}\n", shown(&done.message)));
                }
            }
            Event::Log { owner, message, text } => {
                let end = if text.ends_with('\n') { "" } else { "\n" };
                self.line(state, &format!("--- {} ({owner}) ---\n{text}{end}", shown(message)));
            }
            Event::Target { label, outputs } => {
                state.live.erase();
                let mut text = format!("{label}\n");
                for output in outputs {
                    text.push_str(&format!("  {output}\n"));
                }
                state.result(text.as_bytes());
            }
            Event::Test(test) => {
                state.live.erase();
                state.result(format!("{}\n", test_line(test, self.color)).as_bytes());
            }
            Event::Summary { counts, .. } => {
                state.live.erase();
                state.result(format!("{}\n", counts.line()).as_bytes());
            }
            _ => {}
        }
    }
}

fn test_line(test: &crate::event::TestLine, color: bool) -> String {
    let status = match (color, test.status == "PASSED") {
        (false, _) => test.status.clone(),
        (true, true) => format!("\x1b[32m{}\x1b[0m", test.status),
        (true, false) => format!("\x1b[31m{}\x1b[0m", test.status),
    };
    let how = if test.cached { "(cached)".to_owned() } else { format!("in {:.1}s", test.wall_us as f64 / 1e6) };
    format!("{:<50} {status} {how}", test.label)
}

fn tick(shared: &Shared) {
    let mut state = shared.lock();
    while !state.closing {
        state.live.draw();
        let waited = shared.wake.wait_timeout(state, Duration::from_millis(100));
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

impl Face for Screen {
    fn event(&self, event: Event) {
        let mut state = self.shared.lock();
        if let Some(trace) = &mut state.trace {
            trace.take(&event, Instant::now());
        }
        let answers = matches!(event, Event::Document(_) | Event::Error(_));
        if self.mode == Mode::Json || (self.mode == Mode::Answer && answers) {
            return Screen::json(&event, &mut state);
        }
        state.live.take(&event);
        self.person(&event, &mut state);
    }

    fn wants_cached(&self) -> bool {
        let state = self.shared.lock();
        self.mode == Mode::Json || self.show_logs || self.verbose || state.trace.is_some()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.stop_ticking();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TestLine;

    #[test]
    fn tests_are_lines_of_a_table() {
        let test = TestLine { label: "//a:t".into(), status: "PASSED".into(), cached: true, wall_us: 0 };
        assert!(test_line(&test, false).ends_with(" PASSED (cached)"));
        let test = TestLine { status: "FAILED".into(), cached: false, wall_us: 1_500_000, ..test };
        assert!(test_line(&test, false).ends_with(" FAILED in 1.5s"));
    }
}
