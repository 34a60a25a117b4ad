//! The live region: the actions that are running, how far the build is, and about how long it will take.
//!
//! It is drawn at most ten times a second and erased before anything else is printed. This file does not know
//! when to draw.

use super::terminal::{columns, write_stderr};
use crate::event::{Event, How};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Most running actions shown.
const LINES: usize = 8;
/// Least time between two drawings.
const PAUSE: Duration = Duration::from_millis(50);

struct Running {
    message: String,
    since: Instant,
}

/// The state that is drawn.
pub(super) struct Live {
    phase: String,
    total: u64,
    ended: u64,
    ran: u64,
    failed: u64,
    running: BTreeMap<u64, Running>,
    remaining: Option<(Duration, Instant)>,
    began: Instant,
    lines: usize,
    drawn: Option<Instant>,
    active: bool,
}

impl Live {
    pub(super) fn new() -> Live {
        Live {
            phase: String::new(),
            total: 0,
            ended: 0,
            ran: 0,
            failed: 0,
            running: BTreeMap::new(),
            remaining: None,
            began: Instant::now(),
            lines: 0,
            drawn: None,
            active: false,
        }
    }

    /// Actions ended, and all.
    pub(super) fn position(&self) -> (u64, u64) {
        (self.ended, self.total.max(self.ended))
    }

    /// Takes note of an event.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::Started { .. } => self.active = true,
            Event::Phase(phase) => phase.clone_into(&mut self.phase),
            Event::Planned { actions } => {
                self.phase.clear();
                self.total = *actions;
            }
            Event::ActionStarted { id, message, remaining_ms, .. } => {
                self.remaining = remaining_ms.map(|ms| (Duration::from_millis(ms), Instant::now()));
                let running = Running { message: message.clone(), since: Instant::now() };
                self.running.insert(*id, running);
            }
            Event::ActionFinished(done) => {
                self.running.remove(&done.id);
                self.ended += 1;
                self.ran += u64::from(done.how == How::Run);
                self.failed += u64::from(done.how == How::Failed);
            }
            Event::Passed(count) => self.ended += count,
            Event::Summary { .. } | Event::Done(_) => self.active = false,
            _ => {}
        }
    }

    /// Takes the region off the terminal.
    pub(super) fn erase(&mut self) {
        if self.lines > 0 {
            write_stderr(&format!("\x1b[{}F\x1b[J", self.lines));
            self.lines = 0;
            self.drawn = None;
        }
    }

    /// Draws the region, unless it was drawn just now or there is nothing to show.
    pub(super) fn draw(&mut self) {
        if !self.active || self.drawn.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        let lines = self.render(Instant::now(), columns());
        let mut text = String::new();
        if self.lines > 0 {
            text.push_str(&format!("\x1b[{}F\x1b[J", self.lines));
        }
        for line in &lines {
            text.push_str(line);
            text.push('\n');
        }
        write_stderr(&text);
        self.lines = lines.len();
        self.drawn = Some(Instant::now());
    }

    fn render(&self, now: Instant, columns: usize) -> Vec<String> {
        let elapsed = now.saturating_duration_since(self.began);
        let mut head = format!("[{}/{}]", self.ended, self.total.max(self.ended));
        if !self.phase.is_empty() && self.running.is_empty() {
            head = format!("[{}]", self.phase);
        }
        head.push_str(&format!(" {} run", self.ran));
        if self.failed > 0 {
            head.push_str(&format!(", {} failed", self.failed));
        }
        head.push_str(&format!(", {:.1}s", elapsed.as_secs_f64()));
        if let Some(left) = self.estimate(now).filter(|left| left.as_secs() > 0) {
            head.push_str(&format!(", about {}s left", left.as_secs()));
        }
        let mut lines = vec![cut(&head, columns)];
        for running in self.running.values().take(LINES) {
            let seconds = now.saturating_duration_since(running.since).as_secs_f64();
            lines.push(cut(&format!("  {seconds:.1}s  {}", running.message), columns));
        }
        if self.running.len() > LINES {
            lines.push(format!("  and {} more", self.running.len() - LINES));
        }
        lines
    }

    /// What is left by recorded times.
    fn estimate(&self, now: Instant) -> Option<Duration> {
        let (left, at) = self.remaining?;
        Some(left.saturating_sub(now.saturating_duration_since(at)))
    }
}

fn cut(text: &str, columns: usize) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(columns.saturating_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_actions_and_figures_are_drawn() {
        let mut live = Live::new();
        live.take(&Event::Planned { actions: 10 });
        for id in 0..9 {
            live.take(&Event::ActionStarted {
                id,
                owner: "//a:a".into(),
                mnemonic: "Cc".into(),
                message: format!("Compiling {id}.c\u{7}"),
                remaining_ms: Some(7000),
            });
        }
        let lines = live.render(live.began, 40);
        assert_eq!(lines[0], "[0/10] 0 run, 0.0s, about 7s left");
        assert_eq!(lines[1], "  0.0s  Compiling 0.c ");
        assert_eq!(lines[9], "  and 1 more");
    }
}
