//! Generated texts that people edit: what is marked as theirs stays when the text is generated again.
//!
//! A kept region is lines from one with `gx:keep begin NAME` to one with `gx:keep end`; a name is `OPERATOR/SLOT` or
//! `SLOT`. What was last generated (the base) is compared with what is there now: whatever is no region was edited,
//! which is refused unless it is to be merged. Invariants: nothing that a person wrote is lost, it is in the merged
//! text, in what is rescued, or the whole is refused; the same three texts give the same answer. This file does not
//! know where texts lie (gx's command does).

mod regions;
#[cfg(test)]
mod tests;

use regions::{Token, tokens};
use similar::{Algorithm, DiffOp, TextDiff, capture_diff_slices};
use std::collections::BTreeSet;
use std::ops::Range;

/// A kept region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    /// `OPERATOR/SLOT` or `SLOT`.
    pub name: String,
    /// Where it begins in the text that it was read from, from 1.
    pub line: usize,
    /// Its lines with the marks.
    pub text: String,
}

/// Three texts as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The text.
    pub text: String,
    /// Regions that have no place in it any more.
    pub rescued: Vec<Region>,
}

/// Why texts are not merged. A line is one of the text that is there now, from 1.
#[allow(missing_docs)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A mark without its other one, within another region, or a name used twice.
    Marks { line: usize, why: String },
    /// Edited outside of regions; the difference as a unified diff.
    Edited { line: usize, diff: String },
    /// Edited where the generated text has changed too.
    Conflict { line: usize, what: String },
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    /// What was generated last.
    pub base: &'a str,
    /// What is there now.
    pub working: &'a str,
    /// What is generated now.
    pub new: &'a str,
}

/// A change of the base: lines that go, and what stands there instead.
struct Edit<'a> {
    at: Range<usize>,
    /// Its first line in the text that it comes from, from 1.
    line: usize,
    with: Vec<&'a Token>,
}

impl Edit<'_> {
    /// Are regions, and blank lines around them, all that it puts in?
    fn is_kept(&self) -> bool {
        let blank = |token: &&Token| matches!(token, Token::Line(line) if line.trim().is_empty());
        let region = |token: &&Token| matches!(token, Token::Region(_));
        self.at.is_empty() && self.with.iter().any(region) && self.with.iter().all(|it| region(it) || blank(it))
    }

    fn regions(&self) -> impl Iterator<Item = &Region> {
        self.with.iter().filter_map(|token| match token {
            Token::Region(region) => Some(region),
            Token::Line(_) => None,
        })
    }
}

/// Brings what was kept into the newly generated text. `operators` are those that are generated now; `merge` takes
/// edits outside of regions too, where the generated text did not change.
///
/// # Errors
///
/// All that is in the way; nothing is merged then.
pub fn regenerate(texts: Texts<'_>, operators: &BTreeSet<String>, merge: bool) -> Result<Merged, Vec<Refusal>> {
    let working = tokens(texts.working)?;
    // Marks in generated text are text.
    let plain =
        |text: &str| -> Vec<Token> { text.split_inclusive('\n').map(|it| Token::Line(it.to_owned())).collect() };
    let (base, new) = (plain(texts.base), plain(texts.new));
    let (theirs, ours) = (edits(&base, &working), edits(&base, &new));
    let mut refusals = Vec::new();
    let (mut kept, mut edited, mut rescued) = (Vec::new(), Vec::new(), Vec::new());
    for edit in theirs {
        match edit.is_kept() {
            true => place(edit, &ours, operators, &mut kept, &mut rescued, &mut refusals),
            false => edited.push(edit),
        }
    }
    if let Some(first) = edited.first().filter(|_| !merge) {
        let without = working.iter().filter_map(|token| match token {
            Token::Line(line) => Some(line.as_str()),
            Token::Region(_) => None,
        });
        let without: String = without.collect();
        let diff = TextDiff::from_lines(texts.base, &without);
        let diff = diff.unified_diff().context_radius(3).header("generated", "edited").to_string();
        refusals.push(Refusal::Edited { line: first.line, diff });
    }
    for edit in edited.iter().filter(|_| merge) {
        let touches = |it: &&Edit<'_>| it.at.start <= edit.at.end && edit.at.start <= it.at.end;
        let same = |it: &Edit<'_>| it.at == edit.at && it.with == edit.with;
        if ours.iter().filter(touches).any(|it| !same(it)) {
            let what = "the generated text changed here too".to_owned();
            refusals.push(Refusal::Conflict { line: edit.line, what });
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(Merged { text: written(&base, &ours, &kept, &edited), rescued })
}

/// Finds the place of what was kept, or rescues it.
fn place<'a>(
    edit: Edit<'a>,
    ours: &[Edit<'_>],
    operators: &BTreeSet<String>,
    kept: &mut Vec<Edit<'a>>,
    rescued: &mut Vec<Region>,
    refusals: &mut Vec<Refusal>,
) {
    let gone = |region: &Region| region.name.rsplit_once('/').is_some_and(|(name, _)| !operators.contains(name));
    let around = ours.iter().find(|it| it.at.start < edit.at.start && edit.at.start < it.at.end);
    if edit.regions().all(gone) || around.is_some_and(|it| it.with.is_empty()) {
        rescued.extend(edit.regions().cloned());
        return;
    }
    if around.is_some() {
        for region in edit.regions() {
            let what = format!("the generated text around the region '{}' changed, on both sides of it", region.name);
            refusals.push(Refusal::Conflict { line: region.line, what });
        }
        return;
    }
    let (lost, still): (Vec<&Region>, Vec<&Region>) = edit.regions().partition(|it| gone(it));
    rescued.extend(lost.iter().map(|it| (*it).clone()));
    let stays = |token: &&Token| !matches!(token, Token::Region(it) if lost.contains(&it));
    if !still.is_empty() {
        kept.push(Edit {
            at: edit.at.clone(),
            line: edit.line,
            with: edit.with.iter().copied().filter(stays).collect(),
        });
    }
}

/// What became of the base, as changes in order.
fn edits<'a>(base: &[Token], other: &'a [Token]) -> Vec<Edit<'a>> {
    let lines: Vec<usize> = other
        .iter()
        .scan(1, |line, token| {
            let at = *line;
            *line += token.text().matches('\n').count();
            Some(at)
        })
        .collect();
    // Places are counted here: those that the operations name are off after it has moved lines about.
    let (mut old, mut new, mut found) = (0, 0, Vec::new());
    for op in capture_diff_slices(Algorithm::Myers, base, other) {
        let (from, to) = (old, new);
        (old, new) = (old + op.old_range().len(), new + op.new_range().len());
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        found.push(Edit {
            at: from..old,
            line: lines.get(to).or(lines.last()).copied().unwrap_or(1),
            with: other.get(to..new).unwrap_or_default().iter().collect(),
        });
    }
    found
}

/// The text: the base with the changes of both.
fn written(base: &[Token], ours: &[Edit<'_>], kept: &[Edit<'_>], edited: &[Edit<'_>]) -> String {
    let mut text = String::new();
    let mut put = |tokens: &[&Token]| tokens.iter().for_each(|token| text.push_str(token.text()));
    let (mut kept, mut changes) = (kept.iter().peekable(), Vec::new());
    changes.extend(ours.iter());
    // The same change on both sides is one.
    changes.extend(edited.iter().filter(|edit| !ours.iter().any(|it| it.at == edit.at)));
    changes.sort_by_key(|edit| (edit.at.start, edit.at.end));
    let mut changes = changes.into_iter().peekable();
    let mut at = 0;
    loop {
        while let Some(edit) = kept.next_if(|edit| edit.at.start <= at) {
            put(&edit.with);
        }
        if let Some(edit) = changes.next_if(|edit| edit.at.start <= at) {
            put(&edit.with);
            at = at.max(edit.at.end);
            continue;
        }
        let Some(token) = base.get(at) else { break };
        put(&[token]);
        at += 1;
    }
    text
}
