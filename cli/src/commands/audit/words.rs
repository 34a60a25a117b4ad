//! What an audit found, in words and as a document.
//!
//! This file does not know how a place in a file is shown (`excerpt.rs`).

use super::excerpt::{self, Diffoscope};
use crate::error::Report;
use gx_engine::audit::{Applied, Audit, Cause, Difference, Finding, Perturbation, Question, Unlike};
use gx_store::Level;
use serde_json::{Value, json};

/// How many further outputs of an action are named.
const NAMED: usize = 5;

/// The name of a question in documents.
const fn name(question: Question) -> &'static str {
    match question {
        Question::AsBuilt => "as_built",
        Question::Latent => "latent",
    }
}

/// A line of `gx audit --list`.
pub(super) fn line(one: Perturbation, refused: Option<&str>) -> String {
    let mut text = format!("{:<16} {}\n", one.name(), one.words());
    if let Some(why) = refused {
        text.push_str(&format!("{:<16} not on this machine: {why}\n", ""));
    } else if !one.lacks().is_empty() {
        text.push_str(&format!("{:<16} in part: {}\n", "", one.lacks()));
    }
    text
}

/// Nothing for an empty text.
pub(super) fn lacks(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// For a person.
pub(super) fn text(audit: &Audit, question: Question, diffoscope: Option<&Diffoscope>) -> String {
    let mut text = String::new();
    for finding in &audit.findings {
        text.push_str(&report(finding, question).text(false));
        for difference in finding.differences.iter().take(1) {
            text.push_str(&excerpt::text(audit, difference, diffoscope));
        }
        text.push('\n');
    }
    for one in &audit.unasked {
        text.push_str(&format!("not audited: {} ({}): {}\n", one.message, one.owner, one.why));
    }
    let applied = |one: &&Applied| one.refused.is_none();
    let names: Vec<_> = audit.applied.iter().filter(applied).map(|one| one.perturbation.name()).collect();
    text.push_str(&format!("perturbed: {}\n", names.join(", ")));
    for one in &audit.applied {
        match (&one.refused, lacks(one.lacks)) {
            (Some(why), _) => text.push_str(&format!("not perturbed: {}: {why}\n", one.perturbation.name())),
            (None, Some(why)) => text.push_str(&format!("perturbed in part: {}: {why}\n", one.perturbation.name())),
            (None, None) => {}
        }
    }
    text + &last_line(audit, question)
}

fn last_line(audit: &Audit, question: Question) -> String {
    let differ = audit.findings.len();
    let asked = match question {
        Question::AsBuilt => "as built",
        Question::Latent => "latent",
    };
    let mut line = format!("audit, {asked}: {} actions: {} the same", audit.total, audit.audited - differ);
    for (count, what) in [
        (differ, if differ == 1 { "differs" } else { "differ" }),
        (audit.fixed, "fixed by their hash"),
        (audit.unasked.len(), "not audited"),
    ] {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    line + "\n"
}

/// A finding as an error.
fn report(finding: &Finding, question: Question) -> Report {
    let (owner, what) = (&finding.owner, &finding.message);
    let mut report = Report::new(901, format!("{owner}: {what}: {}", places(&finding.differences)));
    for cause in &finding.causes {
        report.causes.push(cause_words(cause));
        let named: &[Perturbation] = match cause {
            Cause::One(one) => &[*one],
            Cause::Together(set) => set,
            Cause::Restless => &[Perturbation::Clock, Perturbation::Scheduling],
            Cause::Unperturbed | Cause::SinceBuilt => &[],
        };
        for one in named {
            report = report.hint(remedy(*one));
        }
    }
    if question == Question::AsBuilt && finding.level == Some(Level::None) {
        report = report.hint("it runs without a sandbox; at level sandboxed less can leak");
    }
    report.hint(format!("gx show {}", finding.action.0.hex()))
}

/// Where it differs: the first place in full, then names.
fn places(differences: &[Difference]) -> String {
    let mut text = String::new();
    if let Some(first) = differences.first() {
        text = match &first.output {
            Some(output) => format!("'{output}' {}", unlike(first)),
            None => unlike(first),
        };
    }
    let others: Vec<_> = differences.iter().skip(1).filter_map(|one| one.output.as_ref()).collect();
    if !others.is_empty() {
        let named: Vec<_> = others.iter().take(NAMED).map(|path| format!("'{path}'")).collect();
        let more = if others.len() > NAMED { " and more" } else { "" };
        text.push_str(&format!("; so do {}{more}", named.join(", ")));
    }
    text
}

fn unlike(difference: &Difference) -> String {
    let at = if difference.inside.is_empty() { String::new() } else { format!(" in '{}'", difference.inside) };
    match &difference.unlike {
        Unlike::Content(content) => format!("differs{at} from byte {} on", content.offset),
        Unlike::Executable(true) => format!("differs{at}: it was executable and is not"),
        Unlike::Executable(false) => format!("differs{at}: it was not executable and is"),
        Unlike::Target(before, now) => format!("differs{at}: a symlink led to '{before}' and leads to '{now}'"),
        Unlike::Kind(before, now) => format!("differs{at}: {before} became {now}"),
        Unlike::Gone => format!("differs: '{}' is gone", difference.inside),
        Unlike::New => format!("differs: '{}' is new", difference.inside),
        Unlike::Ending(words) => words.clone(),
    }
}

fn cause_words(cause: &Cause) -> String {
    match cause {
        Cause::One(one) => format!("{}: {}", one.name(), one.words()),
        Cause::Together(set) => {
            let names: Vec<_> = set.iter().map(|one| one.name()).collect();
            format!("{} together; fewer of them make no difference", names.join(", "))
        }
        Cause::Restless => {
            "clock or scheduling: two runs at the same moment differ, with random numbers, addresses and \
                            the processor held still"
                .to_owned()
        }
        Cause::Unperturbed => {
            "it differs from run to run with nothing perturbed; at its level more cannot be told".to_owned()
        }
        Cause::SinceBuilt => "runs agree with each other now, but not with what was built: the day, the machine, the \
                              kernel or the processor may have changed"
            .to_owned(),
    }
}

/// What to do about a leak.
const fn remedy(one: Perturbation) -> &'static str {
    use Perturbation as P;
    match one {
        P::BuildDirectory => "name paths relative to the working folder; compilers take -ffile-prefix-map=$PWD=.",
        P::HostName => "leave the host's name out of what is written",
        P::User => "name the owner of archived files: tar --owner=0 --group=0 --numeric-owner",
        P::Clock => {
            "use SOURCE_DATE_EPOCH for every time that is written: tar --mtime=@0, zip after touch -d @0, gzip -n"
        }
        P::TimeZone => "set TZ in the action, or write times in UTC",
        P::Locale => "set LC_ALL=C in the action, for sorting above all",
        P::CpuCount => "write nothing that depends on how many processors there are",
        P::DirectoryOrder => "sort what a folder's listing gives: find ... | LC_ALL=C sort, tar --sort=name",
        P::FileSystem => "sort what a folder's listing gives; write no sizes of folders and no inode numbers",
        P::Umask => "set modes of archived files: tar --mode=go=rX,u+rw",
        P::Environment => "set in the action every variable that it reads",
        P::FileTimes => "give archived files one time: tar --mtime=@0, zip after touch -d @0",
        P::Scheduling => "wait for what runs in parallel and join results in a fixed order",
        P::Random => "give generators a fixed seed; PYTHONHASHSEED=0, PERL_HASH_SEED=0, gcc -frandom-seed",
        P::Addresses => "order by content and not by address; write no pointers",
    }
}

/// For a program.
pub(super) fn document(audit: &Audit, question: Question, diffoscope: Option<&Diffoscope>) -> Value {
    let perturbations: Vec<_> = audit
        .applied
        .iter()
        .map(|one| {
            json!({
                "name": one.perturbation.name(), "words": one.perturbation.words(),
                "applied": one.refused.is_none(), "refused": one.refused, "lacks": lacks(one.lacks),
            })
        })
        .collect();
    let findings: Vec<_> = audit.findings.iter().map(|one| finding(audit, one, question, diffoscope)).collect();
    let unasked: Vec<_> = audit
        .unasked
        .iter()
        .map(|one| json!({"target": &*one.owner, "message": one.message, "why": one.why}))
        .collect();
    json!({
        "question": name(question), "ok": audit.findings.is_empty(), "perturbations": perturbations,
        "actions": {
            "total": audit.total, "audited": audit.audited, "same": audit.audited - audit.findings.len(),
            "differ": audit.findings.len(), "fixed": audit.fixed, "unasked": audit.unasked.len(),
        },
        "findings": findings, "unasked": unasked,
    })
}

fn finding(audit: &Audit, finding: &Finding, question: Question, diffoscope: Option<&Diffoscope>) -> Value {
    let causes: Vec<_> = finding
        .causes
        .iter()
        .map(|cause| {
            let (kind, names) = match cause {
                Cause::One(one) => ("perturbation", vec![one.name()]),
                Cause::Together(set) => ("together", set.iter().map(|one| one.name()).collect()),
                Cause::Restless => ("restless", vec!["clock", "scheduling"]),
                Cause::Unperturbed => ("unperturbed", vec![]),
                Cause::SinceBuilt => ("since_built", vec![]),
            };
            json!({"kind": kind, "perturbations": names, "words": cause_words(cause)})
        })
        .collect();
    let differences: Vec<_> = finding.differences.iter().map(|one| difference(audit, one)).collect();
    let diff = finding.differences.first().map(|first| excerpt::text(audit, first, diffoscope));
    let report = report(finding, question);
    json!({
        "code": report.code.to_string(), "target": &*finding.owner, "mnemonic": &*finding.mnemonic,
        "message": finding.message, "action": finding.action.0.hex(), "derivation": finding.derivation.0.hex(),
        "level": finding.level.map(Level::name), "differences": differences, "causes": causes,
        "hints": report.hints, "diff": diff,
    })
}

fn difference(audit: &Audit, one: &Difference) -> Value {
    let within = match &one.unlike {
        Unlike::Content(content) => excerpt::place(audit, content),
        _ => None,
    };
    let (kind, offset, before, now) = match &one.unlike {
        Unlike::Content(content) => {
            let (before, now) = (content.blobs.0.0.hex(), content.blobs.1.0.hex());
            ("content", Some(content.offset), Some(before), Some(now))
        }
        Unlike::Executable(was) => ("executable", None, Some(was.to_string()), Some((!was).to_string())),
        Unlike::Target(before, now) => ("target", None, Some(before.clone()), Some(now.clone())),
        Unlike::Kind(before, now) => ("kind", None, Some((*before).to_owned()), Some((*now).to_owned())),
        Unlike::Gone => ("gone", None, None, None),
        Unlike::New => ("new", None, None, None),
        Unlike::Ending(words) => ("ending", None, None, Some(words.clone())),
    };
    json!({
        "output": one.output.as_ref().map(ToString::to_string), "path": one.inside, "kind": kind, "offset": offset,
        "before": before, "now": now, "within": within,
    })
}
