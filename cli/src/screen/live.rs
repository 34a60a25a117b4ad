//! The live region: the actions that are running, how far the build is, and about how long it will take.
//!
//! It is drawn at most ten times a second and erased before anything else is printed. Invariant: it is never wider
//! than the terminal nor as tall, since what has scrolled out of it cannot be erased. This file does not know when to
//! draw.

use super::terminal::{size, write_stderr};
use crate::event::{Event, How};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use unicode_width::UnicodeWidthChar;

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
        let lines = {
            let (rows, columns) = size();
            self.render(Instant::now(), rows, columns)
        };
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

    /// At most `rows` - 1 lines: the cursor stands in the row below them.
    fn render(&self, now: Instant, rows: usize, columns: usize) -> Vec<String> {
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
        let room = rows.saturating_sub(2);
        let all = self.running.len();
        // The line that counts the others takes a row of the terminal, but none of `LINES`.
        let most = if all <= LINES.min(room) { all } else { LINES.min(room.saturating_sub(1)) };
        for running in self.running.values().take(most) {
            let seconds = now.saturating_duration_since(running.since).as_secs_f64();
            lines.push(cut(&format!("  {seconds:.1}s  {}", running.message), columns));
        }
        if all > most {
            lines.push(cut(&format!("  and {} more", all - most), columns));
        }
        lines.truncate(rows.saturating_sub(1));
        lines
    }

    /// What is left by recorded times.
    fn estimate(&self, now: Instant) -> Option<Duration> {
        let (left, at) = self.remaining?;
        Some(left.saturating_sub(now.saturating_duration_since(at)))
    }
}

/// As much of a text as fits into a line, by what it takes on the screen: many signs take two columns, some none.
fn cut(text: &str, columns: usize) -> String {
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| match left.checked_sub(c.width().unwrap_or(0)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_running(count: u64, message: impl Fn(u64) -> String) -> Live {
        let mut live = Live::new();
        live.take(&Event::Planned { actions: 10 });
        for id in 0..count {
            live.take(&Event::ActionStarted {
                id,
                owner: "//a:a".into(),
                mnemonic: "Cc".into(),
                message: message(id),
                remaining_ms: Some(7000),
            });
        }
        live
    }

    #[test]
    fn running_actions_and_figures_are_drawn() {
        let live = with_running(9, |id| format!("Compiling {id}.c\u{7}"));
        let lines = live.render(live.began, 24, 40);
        assert_eq!(lines[0], "[0/10] 0 run, 0.0s, about 7s left");
        assert_eq!(lines[1], "  0.0s  Compiling 0.c ");
        assert_eq!(lines[9], "  and 1 more");
    }

    #[test]
    fn the_region_fits_into_the_terminal() {
        for running in [0, 1, 7, 8, 9, 30] {
            for rows in 0..20 {
                for columns in [1, 5, 13, 40] {
                    let live = with_running(running, |id| format!("Compiling {id} 漢字漢字漢字漢字漢字漢字"));
                    let lines = live.render(live.began, rows, columns);
                    assert!(lines.len() < rows.max(1), "{running} in {rows}: {lines:?}");
                    let width = |line: &String| line.chars().filter_map(UnicodeWidthChar::width).sum::<usize>();
                    assert!(lines.iter().all(|line| width(line) < columns), "{columns}: {lines:?}");
                }
            }
        }
        let live = with_running(9, |id| id.to_string());
        let lines = live.render(live.began, 6, 40);
        assert_eq!(lines[1..], ["  0.0s  0", "  0.0s  1", "  0.0s  2", "  and 6 more"]);
    }

    #[test]
    fn lines_are_cut_by_what_they_take_on_the_screen() {
        assert_eq!(cut("漢字漢字", 6), "漢字");
        assert_eq!(cut("a漢字漢字", 6), "a漢字");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 3), "e\u{301}e\u{301}");
        assert_eq!(cut("abc", 0), "");
    }
}
