//! `gx daemon status|stop|log`: asking about the daemon without starting one.

use super::connect::{self, find};
use super::place;
use super::wire::Status;
use crate::error::Report;
use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::flags::DaemonCommand;
use crate::request::Request;
use serde_json::json;

/// Answers one of the three.
pub fn answer(request: &Request, command: &DaemonCommand, face: &dyn Face) -> Result<Exit, Report> {
    let store = &request.settings.store;
    let json = request.settings.json;
    match command {
        DaemonCommand::Status => {
            let found = find(&connect::socket_of(request)?)?;
            match (found, json) {
                (Some(connection), true) => {
                    face.event(Event::Document(document(&connection.status).to_string()));
                    Ok(Exit::Ok)
                }
                (Some(connection), false) => {
                    face.event(Event::Output(words(&connection.status).into_bytes()));
                    Ok(Exit::Ok)
                }
                (None, true) => {
                    face.event(Event::Document(json!({"running": false, "store": store}).to_string()));
                    Ok(Exit::Ok)
                }
                (None, false) => {
                    face.event(Event::Output(format!("no daemon runs for {}\n", store.display()).into_bytes()));
                    Ok(Exit::Ok)
                }
            }
        }
        DaemonCommand::Stop => {
            match find(&connect::socket_of(request)?)? {
                Some(connection) => {
                    let pid = connection.status.pid;
                    connection.stop()?;
                    face.event(Event::Note(format!("the daemon (process {pid}) has ended")));
                }
                None => face.event(Event::Note(format!("no daemon runs for {}", store.display()))),
            }
            Ok(Exit::Ok)
        }
        DaemonCommand::Log => {
            let path = place::log_file(store);
            let bytes = std::fs::read(&path).map_err(|error| {
                Report::new(706, format!("there is no daemon's log at '{}'", path.display())).cause(&error)
            })?;
            face.event(Event::Output(bytes));
            Ok(Exit::Ok)
        }
        DaemonCommand::Serve { socket } => super::serve::serve(&request.settings, socket).map(|()| Exit::Ok),
    }
}

fn words(status: &Status) -> String {
    format!(
        "process {}\nversion {}\nstore   {}\nsince   {}\nactive  {}\n",
        status.pid,
        status.version,
        status.store.display(),
        utc(status.since_s),
        status.active
    )
}

fn document(status: &Status) -> serde_json::Value {
    json!({
        "running": true, "pid": status.pid, "version": status.version, "store": status.store,
        "since": utc(status.since_s), "since_s": status.since_s, "active": status.active,
    })
}

/// Seconds since 1970 as `2026-01-31 23:59:59 UTC`.
pub fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Civil date from days, counted in eras of 400 years that begin on 1 March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_767_225_599), "2025-12-31 23:59:59 UTC");
    }

    #[test]
    fn a_status_says_who_since_when_and_for_what() {
        let status =
            Status { pid: 7, version: "0.1.0".into(), build: "x".into(), store: "/s".into(), since_s: 0, active: 2 };
        insta::assert_snapshot!(words(&status));
        insta::assert_snapshot!(document(&status).to_string());
    }
}
