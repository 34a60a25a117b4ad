//! What a language server answers: findings, the form, what a name stands for, where it is declared, what could follow.
//!
//! A contract is looked at with all contracts of its folder, and the packs that gx ships. Invariant: the same texts
//! give the same answers. This file does not know messages.

use super::place::{offset, path, position, range, uri};
use crate::commands::fmt::is_starlark;
use crate::commands::spec::{UPEL, add_packs, read};
use gx_spec::assist::{What, candidates, meaning};
use gx_spec::load::{Loaded, Source, load};
use gx_spec::rules::Rules;
use gx_spec::syntax::Span;
use gx_spec::{format, syntax};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionParams, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity,
    DocumentFormattingParams, GotoDefinitionParams, Hover, HoverContents, HoverParams, Location, MarkupContent,
    MarkupKind, NumberOrString, Position, Range, TextDocumentPositionParams, TextEdit, Uri,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The texts that an editor holds open, by path.
#[derive(Debug, Default)]
pub(super) struct Open(BTreeMap<PathBuf, (Uri, String)>);

/// A contract in its folder: the first file is the one that was asked for.
struct Set {
    files: Vec<Loaded>,
    offset: usize,
}

fn is_contract(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == UPEL)
}

impl Open {
    /// Takes a text.
    pub(super) fn put(&mut self, uri: &Uri, text: String) {
        if let Some(path) = path(uri) {
            self.0.insert(path, (uri.clone(), text));
        }
    }

    /// Forgets a text.
    pub(super) fn remove(&mut self, uri: &Uri) {
        if let Some(path) = path(uri) {
            self.0.remove(&path);
        }
    }

    /// Every open text with its findings.
    pub(super) fn all(&self) -> impl Iterator<Item = (Uri, Vec<Diagnostic>)> {
        self.0.iter().map(|(path, (uri, text))| {
            let found = if is_contract(path) {
                self.folder(path).first().map(findings).unwrap_or_default()
            } else if is_starlark(path) {
                starlark(path, text)
            } else {
                Vec::new()
            };
            (uri.clone(), found)
        })
    }

    /// A contract, and behind it those of its folder.
    fn folder(&self, path: &Path) -> Vec<Loaded> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        let on_disk = std::fs::read_dir(folder).into_iter().flatten().filter_map(|it| Some(it.ok()?.path()));
        let open = self.0.keys().filter(|it| it.parent() == Some(folder)).cloned();
        let others: BTreeSet<PathBuf> = on_disk.chain(open).filter(|it| is_contract(it) && it != path).collect();
        let sources = std::iter::once(path.to_path_buf()).chain(others).filter_map(|path| match self.0.get(&path) {
            Some((_, text)) => Some(Source { name: path.display().to_string(), bytes: text.clone().into_bytes() }),
            // What cannot be read is not there; whoever imports it is told.
            None => read(&path).ok(),
        });
        let mut sources: Vec<Source> = sources.collect();
        add_packs(&mut sources);
        load(sources, Rules::all(), 0)
    }

    fn set(&self, at: &TextDocumentPositionParams) -> Option<Set> {
        let path = path(&at.text_document.uri).filter(|it| is_contract(it))?;
        let (_, text) = self.0.get(&path)?;
        let offset = offset(text, at.position);
        Some(Set { files: self.folder(&path), offset })
    }

    /// What the name at a place stands for.
    pub(super) fn hover(&self, asked: &HoverParams) -> Option<Hover> {
        let Set { files, offset } = self.set(&asked.text_document_position_params)?;
        let found = meaning(&files, 0, offset)?;
        let mut value = format!("```upel\n{}\n```", found.shown);
        if !found.docs.is_empty() {
            value.push_str("\n\n");
            value.push_str(&found.docs.join("\n"));
        }
        let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
        Some(Hover { contents, range: None })
    }

    /// Where the name at a place is declared; what a pack declares stands in no file.
    pub(super) fn definition(&self, asked: &GotoDefinitionParams) -> Option<Location> {
        let Set { files, offset } = self.set(&asked.text_document_position_params)?;
        let found = meaning(&files, 0, offset)?;
        let file = files.get(found.file).filter(|it| !it.source.name.starts_with("@gx//"))?;
        Some(Location { uri: uri(Path::new(&file.source.name))?, range: range(file.text(), found.span) })
    }

    /// What could stand at a place.
    pub(super) fn completion(&self, asked: &CompletionParams) -> Vec<CompletionItem> {
        let Some(Set { files, offset }) = self.set(&asked.text_document_position) else { return Vec::new() };
        let item = |it: gx_spec::assist::Candidate| CompletionItem {
            label: it.name,
            kind: Some(kind(it.what)),
            detail: Some(it.detail).filter(|it| !it.is_empty()),
            ..CompletionItem::default()
        };
        candidates(&files, 0, offset).into_iter().map(item).collect()
    }

    /// The one form of a contract, when it can be read.
    pub(super) fn formatting(&self, asked: &DocumentFormattingParams) -> Option<Vec<TextEdit>> {
        let path = path(&asked.text_document.uri).filter(|it| is_contract(it))?;
        let (_, text) = self.0.get(&path)?;
        let parsed = syntax::parse_bytes(text.as_bytes());
        let file = parsed.file.filter(|_| parsed.faults.is_empty())?;
        let formed = format::format(&file, text);
        if formed == *text {
            return Some(Vec::new());
        }
        let all = Range::new(Position::new(0, 0), position(text, text.len()));
        Some(vec![TextEdit { range: all, new_text: formed }])
    }
}

const fn kind(what: What) -> CompletionItemKind {
    match what {
        What::Local => CompletionItemKind::VARIABLE,
        What::Field => CompletionItemKind::FIELD,
        What::Constant => CompletionItemKind::CONSTANT,
        What::Type => CompletionItemKind::CLASS,
        What::Value => CompletionItemKind::ENUM_MEMBER,
        What::Error | What::Hash => CompletionItemKind::EVENT,
        What::Operator | What::Primitive => CompletionItemKind::FUNCTION,
        What::Import => CompletionItemKind::MODULE,
        What::Word => CompletionItemKind::KEYWORD,
    }
}

fn finding(range: Range, code: String, message: String) -> Diagnostic {
    Diagnostic {
        range,
        severity: Some(DiagnosticSeverity::ERROR),
        code: Some(NumberOrString::String(code)),
        source: Some("gx".to_owned()),
        message,
        ..Diagnostic::default()
    }
}

fn findings(file: &Loaded) -> Vec<Diagnostic> {
    let text = file.text();
    let related = |(span, words): &(Span, String)| {
        let location = Location { uri: uri(Path::new(&file.source.name))?, range: range(text, *span) };
        Some(DiagnosticRelatedInformation { location, message: words.clone() })
    };
    let one = |fault: &gx_spec::diagnostic::Diagnostic| {
        let mut message = fault.message.clone();
        fault.hints.iter().for_each(|hint| message.push_str(&format!("\nhint: {hint}")));
        let mut found = finding(range(text, fault.span), format!("GX{:04}", fault.rule.code()), message);
        let others: Vec<_> = fault.others.iter().filter_map(related).collect();
        found.related_information = Some(others).filter(|it| !it.is_empty());
        found
    };
    file.faults.iter().map(one).collect()
}

fn starlark(path: &Path, text: &str) -> Vec<Diagnostic> {
    let one = |error: gx_rules::LoadError| {
        let place = error
            .at
            .map_or(Position::new(0, 0), |at| Position::new(at.line.saturating_sub(1), at.column.saturating_sub(1)));
        let mut message = error.message;
        error.hints.iter().for_each(|hint| message.push_str(&format!("\nhint: {hint}")));
        finding(Range::new(place, place), "GX0107".to_owned(), message)
    };
    gx_rules::syntax_faults(&path.display().to_string(), text).into_iter().map(one).collect()
}
