//! `gx test`: builds tests, runs those whose inputs changed, and prints a table.
//!
//! Logs of failed tests come first (of all with `--test-output=all`), then one line a test, then the summary.

use crate::catalogue::Code;
use crate::error::Report;
use crate::event::{Event, TestLine};
use crate::exit::Exit;
use crate::session::{Built, Session, failure};
use gx_store::{DerivationId, Ending};

/// Answers it.
pub(super) fn answer(session: &Session<'_>, patterns: &[String]) -> Exit {
    if let Some(exit) = session.unchanged(patterns) {
        return exit;
    }
    let built = match session.build(patterns, true) {
        Ok(built) => built,
        Err(exit) => return exit,
    };
    let tests: Vec<(String, DerivationId)> =
        built.loaded.targets.iter().filter_map(|target| Some((target.label.clone(), target.test?))).collect();
    if tests.is_empty() && built.exit == Exit::Ok {
        let report = Report::new(807, format!("no test matches {}", patterns.join(" ")));
        session.error(report.hint("tests are targets whose rule ends in '_test'; `gx query 'kind(.*_test, //...)'`"));
        session.summary(&built);
        return Exit::Usage;
    }
    for (label, test) in &tests {
        logs(session, &built, label, test);
    }
    let lines: Vec<TestLine> = tests.into_iter().map(|(label, test)| line(&built, label, &test)).collect();
    for line in &lines {
        session.face.event(Event::Test(line.clone()));
    }
    session.summary(&built);
    session.remember(patterns, &built, &lines);
    built.exit
}

fn logs(session: &Session<'_>, built: &Built, label: &str, test: &DerivationId) {
    let store = &session.house.store;
    if let Some(failed) = built.result.failures.iter().find(|failure| failure.derivation == *test) {
        let mut report = failure::report(failed, &built.loaded.plan, store, "test");
        if let Ok(project) = session.project() {
            let kind = || built.loaded.targets.iter().find(|it| it.label == label).map(|it| it.kind.clone());
            report = crate::undeclared::explain(report, failed, &built.loaded.plan, &project.root, kind);
        }
        if report.code == Code(301) {
            report.code = Code(310);
        }
        session.error(report);
    } else if session.request.settings.all_test_logs
        && let Some(outcome) = built.result.outcomes.get(test)
    {
        let text = failure::log(store, outcome);
        session.face.event(Event::Log { owner: label.to_owned(), message: "test".to_owned(), text });
    }
}

fn line(built: &Built, label: String, test: &DerivationId) -> TestLine {
    let failed = built.result.failures.iter().find(|failure| failure.derivation == *test);
    let outcome =
        failed.and_then(|failure| failure.outcome.clone()).or_else(|| built.result.outcomes.get(test).cloned());
    let status = match outcome.as_ref().map(|outcome| &outcome.ending) {
        None if failed.is_some() => "NOT RUN",
        None => "NO STATUS",
        Some(Ending::Exit(0)) => "PASSED",
        Some(Ending::TimedOut(_)) => "TIMEOUT",
        Some(Ending::Exceeded(..)) => "LIMIT",
        Some(Ending::Exit(_) | Ending::Signal(_) | Ending::BadOutputs(_)) => "FAILED",
    };
    let ran = built.ran.contains(test);
    let wall_us = outcome.as_ref().map_or(0, |outcome| outcome.cost.wall_us);
    TestLine { label, status: status.to_owned(), cached: !ran && outcome.is_some(), wall_us }
}
