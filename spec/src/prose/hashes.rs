//! Preimages: `name = SHA-256(CBOR_CANONICAL(...))`, `CommitHash(tag, data)`, `ObjectDigest(x)`, wherever they stand.
//!
//! Invariants: what is not in brackets' balance is a finding, all else is read, words that are no term as words. This
//! file does not know where in a document it reads.

use super::scan::Scan;
use crate::said::{HashClass, HashFact, Said, Term};
use crate::syntax::{HashFn, Span};

/// How deep terms nest.
const DEPTH: u8 = 48;

/// Functions whose call is a hash: the word, and what it hashes.
const FUNCTIONS: [(&str, HashFn); 8] = [
    ("SHA-256", HashFn::Sha256),
    ("SHA_256", HashFn::Sha256),
    ("SHA256", HashFn::Sha256),
    ("sha256", HashFn::Sha256),
    ("BLAKE3", HashFn::Blake3),
    ("blake3", HashFn::Blake3),
    ("CommitHash", HashFn::Sha256),
    ("ObjectDigest", HashFn::Sha256),
];

/// The words for the canonical encoding.
const CANONICAL: [&str; 7] = [
    "CBOR_CANONICAL",
    "CANONICAL_CBOR",
    "CBOR",
    "CanonicalCBOR",
    "CanonicalSerialization",
    "canonical_cbor",
    "cbor_canonical",
];

/// A definition, or the place of one that cannot be read and why.
pub(super) type Found = Result<HashFact, (Span, String, &'static str)>;

/// All definitions in a stretch.
pub(super) fn find(source: &str, within: Span) -> Vec<Found> {
    // Backticks say nothing here, and one definition may have several pairs of them.
    let plain = within.text(source).replace('`', " ");
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((at, word, function)) = next_call(&plain, from) {
        from = at + word.len();
        let Some((name, start)) = name_before(&plain, at) else { continue };
        let place = Span::new(within.start + start as u32, within.start + at as u32);
        let mut scan = Scan::new(&plain, Span::new(at as u32, plain.len() as u32));
        scan.skip(word.len());
        let Some(terms) = arguments(&mut scan, DEPTH) else {
            let why = "its brackets do not close, or nothing stands in them";
            found.push(Err((place, name, why)));
            continue;
        };
        from = scan.at() as usize;
        let mut fact = classify(word, function, terms);
        fact.excludes.extend(excluded(&mut scan));
        let end = scan.at().max(from as u32);
        fact.name = Said::new(name.clone(), Span::new(place.start, place.start + name.len() as u32));
        fact.span = Span::new(place.start, within.start + end);
        found.push(Ok(fact));
    }
    found
}

/// `name =` with nothing behind it that could be a definition: the place and the name.
pub(super) fn missing(source: &str, code: Span) -> Option<String> {
    let text = code.text(source).trim_end();
    let name = text.strip_suffix('=')?.trim_end().trim_end_matches(':');
    let (found, start) = name_before(&format!("{name} = "), name.len() + 3)?;
    let ending = found.rsplit('_').next().unwrap_or_default();
    (start == 0 && matches!(ending, "hash" | "root" | "digest" | "token")).then_some(found)
}

fn next_call(text: &str, from: usize) -> Option<(usize, &'static str, HashFn)> {
    let one = |(word, function): &(&'static str, HashFn)| {
        let mut at = from;
        loop {
            at += text.get(at..)?.find(word)?;
            let before = text.get(..at)?.chars().next_back();
            let behind = text.get(at + word.len()..)?.trim_start().starts_with('(');
            if behind && !before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
                return Some((at, *word, *function));
            }
            at += word.len();
        }
    };
    FUNCTIONS.iter().filter_map(one).min_by_key(|found| found.0)
}

/// The name that a call at a place defines: `name =`, `name :=`, `name:`; with the place where it begins.
fn name_before(text: &str, at: usize) -> Option<(String, usize)> {
    let before = text.get(..at)?.trim_end();
    let before = match before.strip_suffix('=') {
        Some(before) => before.strip_suffix(':').unwrap_or(before),
        None => before.strip_suffix(':').or_else(|| before.strip_suffix('≔'))?,
    };
    let before = before.trim_end();
    let mut depth = 0i32;
    let mut start = before.len();
    for (at, c) in before.char_indices().rev() {
        match c {
            ']' | '}' | ')' => depth += 1,
            '[' | '{' | '(' if depth > 0 => depth -= 1,
            c if c.is_alphanumeric() || matches!(c, '_' | '.' | '\'' | '-') => {}
            _ if depth > 0 => {}
            _ => break,
        }
        start = at;
    }
    let name = before.get(start..)?;
    let cut = name.len() - name.trim_start_matches(['-', '.', '\'']).len();
    let name = name.get(cut..)?;
    let first = name.chars().next()?;
    // A bullet's number, or a word of a sentence, is no name of a hash.
    (first.is_alphabetic() && depth == 0).then(|| (name.to_owned(), start + cut))
}

/// Terms in round brackets.
fn arguments(scan: &mut Scan<'_>, depth: u8) -> Option<Vec<Term>> {
    scan.eat("(").then_some(())?;
    let terms = terms(scan, ")", depth)?;
    (!terms.is_empty()).then_some(terms)
}

fn terms(scan: &mut Scan<'_>, close: &str, depth: u8) -> Option<Vec<Term>> {
    let depth = depth.checked_sub(1)?;
    let mut found = Vec::new();
    loop {
        if scan.eat(close) {
            return Some(found);
        }
        if scan.is_done() {
            return None;
        }
        if scan.eat_any(&[",", ";"]) {
            continue;
        }
        found.push(joined(scan, depth)?);
    }
}

fn joined(scan: &mut Scan<'_>, depth: u8) -> Option<Term> {
    let mut all = vec![term(scan, depth)?];
    while scan.eat("||") {
        all.push(term(scan, depth)?);
    }
    Some(if all.len() == 1 { all.remove(0) } else { Term::Joined(all) })
}

fn term(scan: &mut Scan<'_>, depth: u8) -> Option<Term> {
    let depth = depth.checked_sub(1)?;
    scan.blanks();
    if let Some((text, _)) = scan.quoted() {
        return Some(Term::Text(text));
    }
    match scan.peek()? {
        '[' => {
            scan.skip(1);
            return Some(Term::List(terms(scan, "]", depth)?));
        }
        '{' => {
            scan.skip(1);
            return entries(scan, depth).map(Term::Map);
        }
        '(' => {
            scan.skip(1);
            let inner = terms(scan, ")", depth)?;
            return Some(if inner.len() == 1 { inner.into_iter().next()? } else { Term::List(inner) });
        }
        _ => {}
    }
    let before = *scan;
    if let Some(number) = scan.integer()
        && !scan.rest().starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_'))
    {
        return Some(Term::Number(number.to_string()));
    }
    *scan = before;
    words(scan, depth)
}

fn entries(scan: &mut Scan<'_>, depth: u8) -> Option<Vec<(String, Term)>> {
    let mut found = Vec::new();
    loop {
        if scan.eat("}") {
            return Some(found);
        }
        if scan.is_done() {
            return None;
        }
        if scan.eat_any(&[",", ";"]) {
            continue;
        }
        match joined(scan, depth)? {
            Term::Name { path, .. } | Term::Text(path) if scan.eat(":") => {
                found.push((path, joined(scan, depth)?));
            }
            term => found.push((term.to_string(), term)),
        }
    }
}

const fn is_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '\'')
}

/// A name, a call, a name without fields, or words up to the end of the term.
fn words(scan: &mut Scan<'_>, depth: u8) -> Option<Term> {
    let start = *scan;
    let (path, _) = scan.take(is_path);
    let mut path = path.to_owned();
    if !path.is_empty() && scan.rest().starts_with('(') {
        return Some(Term::Call(path, arguments(scan, depth).or_else(|| empty(scan))?));
    }
    while !path.is_empty() && scan.rest().starts_with('[') {
        let Some(end) = scan.rest().find(']') else { break };
        path.push_str(scan.rest().get(..=end)?);
        scan.skip(end + 1);
        path.push_str(scan.take(is_path).0);
    }
    let optional = !path.is_empty() && scan.eat("?");
    let name = Term::Name { path: path.clone(), optional };
    scan.blanks();
    let ends = |scan: &Scan<'_>| scan.peek().is_none_or(|c| ",;)]}:".contains(c)) || scan.rest().starts_with("||");
    if !path.is_empty() && ends(scan) {
        return Some(name);
    }
    let without = excluded(scan);
    if !path.is_empty() && !without.is_empty() && ends(scan) {
        return Some(Term::Without(Box::new(name), without));
    }
    *scan = start;
    let mut open = 0usize;
    let mut length = 0;
    for (at, c) in scan.rest().char_indices() {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' if open > 0 => open -= 1,
            ')' | ']' | '}' | ',' | ';' if open == 0 => break,
            '|' if open == 0 && scan.rest().get(at..).is_some_and(|it| it.starts_with("||")) => break,
            _ => {}
        }
        length = at + c.len_utf8();
    }
    let text = scan.rest().get(..length)?.split_whitespace().collect::<Vec<_>>().join(" ");
    scan.skip(length);
    if text.is_empty() { None } else { Some(Term::Words(text)) }
}

/// Goes over `()`, which has no terms.
fn empty(scan: &mut Scan<'_>) -> Option<Vec<Term>> {
    (scan.eat("(") && scan.eat(")")).then(Vec::new)
}

/// `excluding fields {a, b}`, `without a`: the fields.
fn excluded(scan: &mut Scan<'_>) -> Vec<String> {
    let before = *scan;
    if !scan.eat_any(&["excluding", "(excluding", "without", "(without", "minus"]) {
        return Vec::new();
    }
    scan.eat_any(&["its own", "the"]);
    scan.eat_any(&["fields", "field"]);
    let mut names = Vec::new();
    let close = if scan.eat("{") { Some("}") } else { None };
    while let Some((name, _)) = scan.word() {
        let rest = scan.take(is_path).0;
        names.push(format!("{name}{rest}").trim_end_matches('.').to_owned());
        if close.is_none() || !scan.eat(",") {
            break;
        }
    }
    let closed = close.is_none_or(|close| scan.eat(close));
    scan.eat_any(&["fields", "field"]);
    if names.is_empty() || !closed {
        *scan = before;
        return Vec::new();
    }
    names
}

fn classify(word: &str, function: HashFn, mut terms: Vec<Term>) -> HashFact {
    let none = Span::default();
    let fact = |class, elements, list, excludes| HashFact {
        name: Said::new(String::new(), none),
        function,
        class,
        elements,
        list,
        excludes,
        span: none,
    };
    let data = |term: Term| match term {
        Term::List(items) => (items, true, Vec::new()),
        Term::Without(inner, names) => (vec![*inner], false, names),
        other => (vec![other], false, Vec::new()),
    };
    let commit = |tag: String, term: Term| {
        let (elements, list, excludes) = data(term);
        fact(HashClass::Commit(tag), elements, list, excludes)
    };
    let tag = |term: &Term| match term {
        Term::Text(tag) => Some(tag.clone()),
        Term::Name { path, .. } if word == "CommitHash" => Some(path.clone()),
        _ => None,
    };
    if word == "CommitHash" {
        if let ([first, _], 2) = (terms.as_slice(), terms.len())
            && let Some(tag) = tag(first)
        {
            return commit(tag, terms.remove(1));
        }
        return fact(HashClass::Object, terms, true, Vec::new());
    }
    let one = if terms.len() == 1 { terms.remove(0) } else { Term::List(terms) };
    let inner = match one {
        Term::Call(name, mut inner) if CANONICAL.contains(&&*name) => {
            if inner.len() == 1 {
                inner.remove(0)
            } else {
                Term::List(inner)
            }
        }
        other if word == "ObjectDigest" => other,
        other => {
            let (elements, list, excludes) = data(other);
            return fact(HashClass::Raw, elements, list, excludes);
        }
    };
    if let Term::List(items) = &inner
        && let [Term::Text(tag), second] = items.as_slice()
        && word != "ObjectDigest"
    {
        return commit(tag.clone(), second.clone());
    }
    let (elements, list, excludes) = data(inner);
    fact(HashClass::Object, elements, list, excludes)
}
