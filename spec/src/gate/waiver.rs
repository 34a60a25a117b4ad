//! Waivers: known findings that somebody answers for, until a date.
//!
//! A file of tables `[[waiver]]` with `code`, `subject`, `owner`, `reason`, `expires`, and `file` where the subject
//! is not enough. Invariants: a waiver takes what has its code and its subject and nothing else; one that takes
//! nothing, or whose last day is over, is a finding. The day is given from outside: there is no clock here.

use super::codes::{self, Code};
use super::report::{Finding, Grant};
use crate::facts::Place;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A waiver where it stands.
#[derive(Debug, Clone)]
struct Waiver {
    code: Code,
    subject: String,
    file: Option<String>,
    grant: Grant,
    place: Place,
    used: bool,
}

/// The keys of a waiver; the last may be left out.
const KEYS: [&str; 6] = ["code", "subject", "owner", "reason", "expires", "file"];

/// Is this a day, like `2027-01-31`?
pub fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |text: &str, len: usize, most: u32| {
        text.len() == len
            && text.bytes().all(|b| b.is_ascii_digit())
            && text.parse::<u32>().is_ok_and(|n| n >= 1 && n <= most)
    };
    matches!(parts.as_slice(), [y, m, d] if number(y, 4, 9999) && number(m, 2, 12) && number(d, 2, 31))
}

/// Lets waivers of a file take findings. `ours` are the codes of the gate: other waivers are left to other gates.
/// `today` is empty when no day was given.
pub fn apply(findings: &mut Vec<Finding>, file: &str, bytes: &[u8], ours: &[Code], today: &str) {
    let mut faults = Vec::new();
    let mut waivers = read(file, bytes, &mut faults);
    waivers.retain(|waiver| ours.contains(&waiver.code));
    if !waivers.is_empty() && !is_day(today) {
        let message = format!("a waiver ends on a day, and '{today}' is no day to hold that against");
        let finding = Finding::new(codes::WAIVER_INVALID, file, "date", message);
        faults.push(finding.hint("write `date = \"2027-01-31\"`, the day of this check, where the gate is declared"));
    } else {
        for finding in findings.iter_mut() {
            let takes = |it: &&mut Waiver| {
                it.code == finding.code
                    && it.subject == finding.subject
                    && it.file.as_ref().is_none_or(|file| *file == finding.file)
            };
            if let Some(waiver) = waivers.iter_mut().find(takes) {
                waiver.used = true;
                if waiver.grant.expires.as_str() >= today {
                    finding.waiver = Some(waiver.grant.clone());
                }
            }
        }
        faults.extend(waivers.iter().filter_map(|waiver| spent(waiver, file, today)));
    }
    findings.extend(faults);
}

fn spent(waiver: &Waiver, file: &str, today: &str) -> Option<Finding> {
    let finding = |code, message: String| {
        let subject = format!("{} {}", waiver.code.name, waiver.subject);
        Some(Finding::new(code, file, subject, message).at(waiver.place))
    };
    if !waiver.used {
        let found = finding(codes::WAIVER_UNUSED, "the waiver takes nothing".to_owned());
        return found.map(|it| it.hint("take it out, or correct its code, subject or file"));
    }
    if waiver.grant.expires.as_str() < today {
        let Grant { owner, expires, .. } = &waiver.grant;
        let found = finding(codes::WAIVER_EXPIRED, format!("the waiver of {owner} ended on {expires}"));
        return found.map(|it| it.hint("mend what it was for, or have its owner give it a new day"));
    }
    None
}

fn read(file: &str, bytes: &[u8], faults: &mut Vec<Finding>) -> Vec<Waiver> {
    let invalid = |place: Place, subject: &str, message: String| {
        Finding::new(codes::WAIVER_INVALID, file, subject, message)
            .at(place)
            .hint("a waiver is a table [[waiver]] with code, subject, owner, reason and expires")
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        faults.push(invalid((1, 1), "waivers", "the file is not UTF-8".to_owned()));
        return Vec::new();
    };
    let place = |at: usize| crate::diagnostic::position(text, at as u32);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or((1, 1), |span| place(span.start));
            faults.push(invalid(at, "waivers", format!("the file is no TOML: {}", error.message())));
            return Vec::new();
        }
    };
    let mut waivers = Vec::new();
    for (key, value) in table.get_ref() {
        let at = place(key.span().start);
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("waiver", DeValue::Array(items)) => {
                for item in items.iter() {
                    match one(item, place(item.span().start)) {
                        Ok(waiver) => waivers.push(waiver),
                        Err(message) => faults.push(invalid(place(item.span().start), "waiver", message)),
                    }
                }
            }
            (key, _) => faults.push(invalid(at, "waivers", format!("'{key}' is no waiver"))),
        }
    }
    waivers
}

fn one(item: &Spanned<DeValue<'_>>, place: Place) -> Result<Waiver, String> {
    let DeValue::Table(table) = item.get_ref() else { return Err("a waiver is a table".to_owned()) };
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.get_ref().as_ref())) {
        return Err(format!("'{}' is not known; a waiver has {}", key.get_ref(), KEYS.join(", ")));
    }
    let text = |key: &str| {
        let value = table.get(key).ok_or_else(|| format!("the waiver has no {key}"))?;
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(day) => day.to_string(),
            _ => return Err(format!("{key} is a text")),
        };
        if text.trim().is_empty() { Err(format!("{key} is empty")) } else { Ok(text) }
    };
    let (wanted, expires) = (text("code")?, text("expires")?);
    let code = codes::code(&wanted).ok_or_else(|| format!("there is no code '{wanted}'"))?;
    if !is_day(&expires) {
        return Err(format!("'{expires}' is no day like 2027-01-31"));
    }
    let file = if table.contains_key("file") { Some(text("file")?) } else { None };
    let grant = Grant { owner: text("owner")?, reason: text("reason")?, expires };
    Ok(Waiver { code, subject: text("subject")?, file, grant, place, used: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[[waiver]]\ncode = \"AMBIGUOUS_WORD\"\nsubject = \"A operator X\"\nowner = \"ada\"\n\
                        reason = \"known\"\nexpires = 2027-01-31\n";

    fn found(text: &str, today: &str) -> String {
        let mut findings = vec![Finding::new(codes::AMBIGUOUS_WORD, "a.upel", "A operator X", "'MAY'")];
        apply(&mut findings, "waivers.toml", text.as_bytes(), &[codes::AMBIGUOUS_WORD], today);
        findings.iter().map(Finding::text).collect()
    }

    #[test]
    fn a_waiver_takes_its_finding_until_its_last_day_and_not_longer() {
        insta::assert_snapshot!(["2027-01-31", "2027-02-01", ""].map(|day| found(TEXT, day)).join("--\n"));
    }

    #[test]
    fn what_takes_nothing_or_lacks_something_is_told() {
        let cases = [
            TEXT.replace("operator X", "operator Y"),
            TEXT.replace("owner = \"ada\"\n", ""),
            TEXT.replace("\"known\"", "\" \""),
            TEXT.replace("2027-01-31", "\"soon\""),
            TEXT.replace("AMBIGUOUS_WORD", "NONSENSE"),
            TEXT.replace("[[waiver]]", "[[waver]]"),
            TEXT.replace("owner", "owner = 1\nowner"),
            format!("{TEXT}by = \"x\"\n"),
        ];
        insta::assert_snapshot!(cases.map(|text| found(&text, "2027-01-01")).join("--\n"));
    }

    #[test]
    fn waivers_of_other_gates_are_left_alone() {
        let mut findings = Vec::new();
        apply(&mut findings, "w.toml", TEXT.as_bytes(), &[codes::DIGEST_MISMATCH], "2027-01-01");
        assert!(findings.is_empty());
    }
}
