//! `gx lsp`: a language server over standard input and output, for contracts and for Starlark.
//!
//! Invariants: messages are answered in their order; what an editor holds open counts, not what is on the disk; any
//! text ends in an answer. This file does not know what an answer says (`answers` does).

mod answers;
mod place;

use crate::error::Report;
use crate::exit::Exit;
use answers::Open;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{Completion, Formatting, GotoDefinition, HoverRequest, Request as _};
use lsp_types::{
    CompletionOptions, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    HoverProviderCapability, OneOf, PublishDiagnosticsParams, ServerCapabilities, TextDocumentSyncCapability,
    TextDocumentSyncKind, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Answers it: until the editor says goodbye.
pub(super) fn answer() -> Result<Exit, Report> {
    let (connection, threads) = Connection::stdio();
    let served = serve(connection);
    let ended = threads.join();
    let said = |error: &dyn std::fmt::Display| {
        let report = Report::new(1049, format!("the editor cannot be answered: {error}"));
        Err(report.hint("`gx lsp` is started by an editor, which speaks the language server protocol"))
    };
    match (served, ended) {
        // An editor that goes without a goodbye is told so by the exit code, as the protocol asks.
        (Ok(goodbye), Ok(())) => Ok(if goodbye { Exit::Ok } else { Exit::BuildFailed }),
        (_, Err(error)) => said(&error),
        (Err(error), _) => said(&error),
    }
}

fn capabilities() -> Value {
    let capabilities = ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        document_formatting_provider: Some(OneOf::Left(true)),
        definition_provider: Some(OneOf::Left(true)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(vec![".".to_owned()]),
            ..CompletionOptions::default()
        }),
        ..ServerCapabilities::default()
    };
    json!({"capabilities": capabilities, "serverInfo": {"name": "gx", "version": env!("CARGO_PKG_VERSION")}})
}

/// Serves one editor; did it say goodbye?
fn serve(connection: Connection) -> Result<bool, lsp_server::ProtocolError> {
    let (id, _) = connection.initialize_start()?;
    connection.initialize_finish(id, capabilities())?;
    let mut open = Open::default();
    for message in &connection.receiver {
        let out = match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request)? {
                    return Ok(true);
                }
                vec![Message::Response(respond(&open, request))]
            }
            Message::Notification(notification) => notice(&mut open, notification),
            Message::Response(_) => Vec::new(),
        };
        for message in out {
            if connection.sender.send(message).is_err() {
                return Ok(false);
            }
        }
    }
    Ok(false)
}

/// The parameters of a request, or the answer that they are none.
fn params<P: DeserializeOwned>(id: &RequestId, params: Value) -> Result<P, Response> {
    serde_json::from_value(params)
        .map_err(|error| Response::new_err(id.clone(), ErrorCode::InvalidParams as i32, error.to_string()))
}

fn respond(open: &Open, request: Request) -> Response {
    let Request { id, method, params: given } = request;
    let answered = match method.as_str() {
        HoverRequest::METHOD => params(&id, given).map(|it| json!(open.hover(&it))),
        GotoDefinition::METHOD => params(&id, given).map(|it| json!(open.definition(&it))),
        Completion::METHOD => params(&id, given).map(|it| json!(open.completion(&it))),
        Formatting::METHOD => params(&id, given).map(|it| json!(open.formatting(&it))),
        method => {
            Err(Response::new_err(id.clone(), ErrorCode::MethodNotFound as i32, format!("'{method}' is not answered")))
        }
    };
    answered.map_or_else(|refused| refused, |answer| Response::new_ok(id, answer))
}

/// Takes notice of a text; findings of all texts that it may concern.
fn notice(open: &mut Open, notification: Notification) -> Vec<Message> {
    let Notification { method, params } = notification;
    match method.as_str() {
        DidOpenTextDocument::METHOD => {
            let Ok(it) = serde_json::from_value::<DidOpenTextDocumentParams>(params) else { return Vec::new() };
            open.put(&it.text_document.uri, it.text_document.text);
        }
        DidChangeTextDocument::METHOD => {
            let Ok(it) = serde_json::from_value::<DidChangeTextDocumentParams>(params) else { return Vec::new() };
            // The whole text comes each time.
            let Some(last) = it.content_changes.into_iter().next_back() else { return Vec::new() };
            open.put(&it.text_document.uri, last.text);
        }
        DidCloseTextDocument::METHOD => {
            let Ok(it) = serde_json::from_value::<DidCloseTextDocumentParams>(params) else { return Vec::new() };
            open.remove(&it.text_document.uri);
            let mut out = vec![published(it.text_document.uri, Vec::new())];
            out.extend(open.all().map(|(uri, found)| published(uri, found)));
            return out;
        }
        _ => return Vec::new(),
    }
    open.all().map(|(uri, found)| published(uri, found)).collect()
}

fn published(uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>) -> Message {
    let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
    Message::Notification(Notification::new(PublishDiagnostics::METHOD.to_owned(), params))
}
