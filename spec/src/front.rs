//! Contracts in any of their forms, as one: each is opened to a text of the language, loaded with the others, and what
//! is found is told at its place in the document.
//!
//! Invariants: the form is chosen by the file's ending; a text of the language stays as it is; every finding names the
//! document that was given. This file reads no files.

use crate::diagnostic::Diagnostic;
use crate::drift::{Side, drift};
use crate::graphql;
use crate::ir::Contract;
use crate::load::{Loaded, Source, check_with, load};
use crate::prose;
use crate::rules::Rules;
use crate::said::{Facts, Finding, Gravity, Kind, Lowered, lower, of_contract, sort};
use crate::schema::{self, Node};
use crate::syntax::Span;
use std::sync::Arc;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The spec language.
    Upel,
    /// Prose.
    Markdown,
    /// JSON Schema.
    JsonSchema,
    /// GraphQL's schema language.
    GraphQl,
}

impl Form {
    /// Endings, with their forms.
    pub const ENDINGS: [(&'static str, Form); 5] = [
        ("upel", Form::Upel),
        ("md", Form::Markdown),
        ("json", Form::JsonSchema),
        ("graphql", Form::GraphQl),
        ("graphqls", Form::GraphQl),
    ];

    /// The form of a file of that name.
    pub fn of(name: &str) -> Option<Form> {
        let ending = name.rsplit('/').next()?.rsplit_once('.')?.1;
        Form::ENDINGS.iter().find(|row| row.0 == ending).map(|row| row.1)
    }
}

/// A document while its contract is made.
#[derive(Debug)]
struct Opened {
    source: Source,
    lowered: Option<Lowered>,
    own: Option<Node>,
    facts: Option<Facts>,
}

/// A document and its contract.
#[derive(Debug)]
pub struct Document {
    /// The document as it was given; the findings of the language have their places in it.
    pub loaded: Loaded,
    /// Findings of its form: what cannot be read, is assumed, was edited.
    pub findings: Vec<Finding>,
    /// What it says, when its form is not the language's.
    pub facts: Option<Facts>,
    /// Its text in the language, when its form is another.
    pub text: Option<String>,
}

impl Document {
    /// Is anything wrong?
    pub fn is_sound(&self) -> bool {
        self.loaded.faults.is_empty() && self.findings.iter().all(|it| it.gravity != Gravity::Error)
    }
}

fn open(source: Source) -> Opened {
    let (name, bytes) = (source.name.clone(), &source.bytes);
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let of_facts = |mut facts: Facts| {
        let broken = facts.findings.iter().any(|it| matches!(it.kind, Kind::NotText | Kind::SdlForm));
        let mut lowered = if broken { Lowered::default() } else { lower(&facts, text) };
        lowered.findings.append(&mut facts.findings.clone());
        sort(&mut lowered.findings);
        facts.findings.clear();
        (Some(lowered), None, Some(facts))
    };
    let (lowered, own, facts) = match Form::of(&name) {
        None | Some(Form::Upel) => (None, None, None),
        Some(Form::Markdown) => of_facts(prose::read(&name, bytes)),
        Some(Form::GraphQl) => of_facts(graphql::import(&name, bytes)),
        Some(Form::JsonSchema) => {
            let imported = schema::import(&name, bytes);
            let facts = if imported.own.is_some() { None } else { Some(imported.facts) };
            (Some(imported.lowered), imported.own, facts)
        }
    };
    Opened { source, lowered, own, facts }
}

/// Loads documents of any form, in their order. `threads` at once; 0 for one a processor.
pub fn load_any(sources: Vec<Source>, rules: Rules, threads: usize) -> Vec<Document> {
    let mut opened: Vec<Opened> = sources.into_iter().map(open).collect();
    let texts = opened.iter_mut().map(|it| {
        let name = it.source.name.clone();
        match &it.lowered {
            Some(lowered) => Source { name, bytes: lowered.text.clone().into_bytes() },
            None => Source { name, bytes: std::mem::take(&mut it.source.bytes) },
        }
    });
    let loaded = load(texts.collect(), rules, threads);
    loaded.into_iter().zip(opened).map(|(loaded, opened)| close(loaded, opened)).collect()
}

/// Checks one document of any form against contracts that are there already.
pub fn check_document(source: Source, known: &[Arc<Contract>]) -> Document {
    let opened = open(source);
    let bytes = match &opened.lowered {
        Some(lowered) => lowered.text.clone().into_bytes(),
        None => opened.source.bytes.clone(),
    };
    let (file, checked) = check_with(&bytes, known, Rules::all());
    let source = Source { name: opened.source.name.clone(), bytes };
    close(Loaded { source, file, contract: checked.contract, faults: checked.faults }, opened)
}

/// Brings findings back to the document.
fn close(mut loaded: Loaded, opened: Opened) -> Document {
    let Some(lowered) = opened.lowered else {
        return Document { loaded, findings: Vec::new(), facts: None, text: None };
    };
    loaded.source = opened.source;
    let mut findings = lowered.findings.clone();
    if lowered.text.is_empty() {
        // What made no text says why; that an empty text is no contract helps nobody.
        loaded.faults.clear();
    }
    let back = |fault: &mut Diagnostic| {
        fault.span = lowered.back(fault.span);
        for (span, _) in &mut fault.others {
            *span = lowered.back(*span);
        }
    };
    loaded.faults.iter_mut().for_each(back);
    loaded.faults.sort_by_key(|fault| (fault.span, fault.rule));
    if let Some(file) = &mut loaded.file {
        file.header.version_span = lowered.back(file.header.version_span);
        for part in &mut file.header.name.parts {
            part.span = lowered.back(part.span);
        }
        file.items.iter_mut().for_each(|item| moved(item, &lowered));
    }
    if let (Some(node), Some(contract)) = (&opened.own, &loaded.contract) {
        findings.extend(schema::edited(&loaded.source.name, loaded.text(), node, contract));
    }
    // Prose with declarations in it must say what they say.
    if let (Some(said), Some(contract)) = (&opened.facts, &loaded.contract)
        && said.fences.iter().any(|it| it.language == "upel")
    {
        let own = of_contract(&loaded.source.name, contract, loaded.file.as_ref());
        let side = |facts| Side::new(facts, loaded.text());
        findings.extend(drift(side(said), side(&own)));
    }
    sort(&mut findings);
    Document { loaded, findings, facts: opened.facts, text: Some(lowered.text) }
}

/// Brings the places of a declaration and of its parts back.
fn moved(item: &mut crate::syntax::Item, lowered: &Lowered) {
    use crate::syntax::ItemKind;
    let back = |span: &mut Span| *span = lowered.back(*span);
    match &mut item.kind {
        ItemKind::Record(it) => it.fields.iter_mut().for_each(|field| back(&mut field.name.span)),
        ItemKind::Operator(it) => {
            it.inputs.iter_mut().chain(&mut it.outputs).for_each(|param| back(&mut param.name.span));
        }
        ItemKind::Enum(it) => it.values.iter_mut().for_each(|value| back(&mut value.name.span)),
        _ => {}
    }
    back(&mut item.name.span);
}
