//! Links such as `cc`, `c++` and `awk`, which a maintainer script would make by `update-alternatives`.
//!
//! Read are the calls whose words are plain text: `--install <link> <name> <path> <priority>` with their `--slave`
//! links. A call with a variable in it is passed over (`links` of the repository then says what is wanted). This file
//! does not know packages.

use super::merge::Settled;
use gx_store::RelPath;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A candidate for a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    priority: Reverse<i64>,
    path: String,
    /// Its other links and where they lead.
    slaves: Vec<(String, String)>,
}

/// Links what the scripts would have registered; a link that a package has itself stays.
pub(super) fn link(mut settled: Settled, scripts: &[String]) -> Settled {
    let mut all: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for (link, candidate) in scripts.iter().flat_map(|script| calls(script)) {
        all.entry(link).or_default().push(candidate);
    }
    for (link, mut candidates) in all {
        candidates.sort();
        let there = candidates.into_iter().find(|candidate| relative(&candidate.path).is_some_and(|p| settled.has(&p)));
        let Some(best) = there else { continue };
        for (link, target) in [(link, best.path)].into_iter().chain(best.slaves) {
            if let (Some(link), Some(target)) = (relative(&link), relative(&target))
                && settled.has(&target)
            {
                // What a package has at that path stays.
                let _ = settled.link(&link, &target);
            }
        }
    }
    settled
}

fn relative(path: &str) -> Option<RelPath> {
    RelPath::new(path.strip_prefix('/')?).ok()
}

/// The calls of a script: each with the link that it is for.
pub(super) fn calls(script: &str) -> Vec<(String, Candidate)> {
    let script = script.replace("\\\n", " ");
    let lines = script.lines().flat_map(|line| line.split([';', '&', '|']));
    lines.filter_map(|line| call(&line.split_whitespace().collect::<Vec<_>>())).collect()
}

fn call(words: &[&str]) -> Option<(String, Candidate)> {
    let at = words.iter().position(|word| word.ends_with("update-alternatives"))?;
    let words = words.get(at + 1..)?;
    let install = words.iter().position(|word| *word == "--install")?;
    let [link, _, path, priority, rest @ ..] = words.get(install + 1..)? else { return None };
    let plain = |word: &&str| word.starts_with('/') && !word.contains(['$', '"', '\'', '`', '*', '{']);
    if !plain(link) || !plain(path) {
        return None;
    }
    let mut slaves = Vec::new();
    let mut rest = rest;
    while let [flag, more @ ..] = rest {
        rest = more;
        if let ("--slave", [link, _, target, more @ ..]) = (*flag, more) {
            rest = more;
            if plain(link) && plain(target) {
                slaves.push(((*link).to_owned(), (*target).to_owned()));
            }
        }
    }
    let priority = Reverse(priority.parse().ok()?);
    Some(((*link).to_owned(), Candidate { priority, path: (*path).to_owned(), slaves }))
}
