//! A contract as prose: what `read` reads, and the declarations themselves in a block at its end.
//!
//! Invariant: read back, it is the same contract, and its prose agrees with its block. This file does not know how
//! prose is read.

use crate::format::item_text;
use crate::ir::{self, Contract, Operator, Param, Preimage, Presence, RecordDecl, Type};
use crate::json::to_json;
use crate::syntax::Docs;

/// The document, with the declarations in a block at its end.
pub fn to_markdown(contract: &Contract) -> String {
    let mut out = document(contract, false);
    out.push_str("\n---\n## 11) Declarations (Normative)\n\n```upel\n");
    let tree = ir::tree(&ir::encode(contract)).map(|it| it.0);
    let items = tree.iter().flat_map(|file| &file.items);
    let items: Vec<String> = items.map(item_text).collect();
    out.push_str(&items.join("\n\n"));
    out.push_str("\n```\n");
    out
}

/// The document without them: what a person goes on writing. Types have a section of their own instead.
pub fn to_prose(contract: &Contract) -> String {
    document(contract, true)
}

fn document(contract: &Contract, with_types: bool) -> String {
    let mut out = format!("# {}\n\n", contract.name);
    let mut header = |name: &str, value: String| out.push_str(&format!("**{name}:** {value}  \n"));
    header("Algorithm", format!("`{}`", contract.name));
    header("Purpose (1 sentence)", contract.docs.first().cloned().unwrap_or_else(|| "Not said.".to_owned()));
    header("Spec Version", format!("`{}-{}`", contract.name, contract.version));
    header("Layer", format!("L{}", contract.layer));
    let invalid = contract.invalid.as_ref().map(|it| {
        let own = if it.contract == contract.name { it.name.to_string() } else { it.to_string() };
        format!("`{own}`")
    });
    header("Invalid input", invalid.unwrap_or_else(|| "none".to_owned()));
    let tree = ir::tree(&ir::encode(contract)).map(|it| it.0);
    let imports: Vec<String> = tree
        .iter()
        .flat_map(|file| &file.imports)
        .map(|it| format!("`{} {} as {}`", it.name.text(), it.version, it.alias.name))
        .collect();
    if !imports.is_empty() {
        header("Imports", imports.join(", "));
    }
    out.push_str("\n---\n## 1) Header & Global Semantics\n\n### 0.A Objective (Informative)\n");
    docs(&mut out, &contract.docs);
    out.push_str("\n### 0.G Operator Manifest\n");
    for it in &contract.operators {
        out.push_str(&format!("- `{}.{}`\n", contract.name, it.id.name));
    }
    out.push_str("\n---\n## 2) System Model\n");
    if with_types {
        types(&mut out, contract);
    }
    for it in &contract.records {
        record(&mut out, it);
    }
    hashes(&mut out, contract);
    errors(&mut out, contract);
    out.push_str("\n---\n## 5) Operator Definitions\n");
    for it in &contract.operators {
        operator(&mut out, contract, it);
    }
    out
}

fn docs(out: &mut String, docs: &Docs) {
    for line in docs {
        out.push_str(&plain(line));
        out.push('\n');
    }
}

/// A line of a doc comment that Markdown and the reader take for words.
fn plain(line: &str) -> String {
    let text = line.replace(['`', '*'], "'").replace('|', "/");
    let first = text.trim_start();
    let mark =
        first.starts_with(['#', '-', '+', '>', '~', '=', '<']) || first.starts_with(|c: char| c.is_ascii_digit());
    if mark { format!("Note: {first}") } else { text.trim_end_matches(':').to_owned() }
}

/// Code, in as many backticks as it needs.
fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn types(out: &mut String, contract: &Contract) {
    let aliases = contract.aliases.iter().map(|it| format!("{} = {}", it.id.name, shown(&it.ty)));
    let enums = contract.enums.iter().map(|it| {
        let values: Vec<&str> = it.values.iter().map(|value| &*value.name).collect();
        format!("{} = enum({})", it.id.name, values.join(", "))
    });
    let mut lines: Vec<String> = aliases.chain(enums).map(|it| format!("- {}\n", code(&it))).collect();
    lines.sort();
    if !lines.is_empty() {
        out.push_str(&format!("\n### II.E Types (Normative)\n\n{}", lines.concat()));
    }
}

fn record(out: &mut String, it: &RecordDecl) {
    out.push_str(&format!("\n### II.F {} (Normative)\n", it.id.name));
    docs(out, &it.docs);
    out.push_str("\nThe fields, no extras:\n\n");
    for field in &it.fields {
        let (mark, ty, default) = match (&field.presence, &field.ty) {
            (Presence::Optional, Type::Optional(inner)) => ("?", &**inner, None),
            (Presence::Default(default), _) => ("", &field.ty, Some(to_json(&default.1, &field.ty))),
            _ => ("", &field.ty, None),
        };
        let default = match default {
            Some(serde_json::Value::String(text)) => format!(" = {text}"),
            Some(other) => format!(" = {other}"),
            None => String::new(),
        };
        out.push_str(&format!("- {}\n", code(&format!("{}{mark}: {}{default}", field.name, shown(ty)))));
    }
}

/// A type as prose reads it. A pattern with quotes stays in the block alone.
fn shown(ty: &Type) -> String {
    match ty {
        Type::Text(text) if text.pattern.as_ref().is_some_and(|it| it.contains(['"', '`'])) => {
            format!("text {}", text.size)
        }
        Type::List(element, size) => format!("list<{}> {size}", shown(element)),
        Type::Map(key, value, size) => format!("map<{}, {}> {size}", shown(key), shown(value)),
        Type::Optional(inner) => format!("optional {}", shown(inner)),
        ty => ty.to_string(),
    }
}

fn hashes(out: &mut String, contract: &Contract) {
    if contract.hashes.is_empty() {
        return;
    }
    out.push_str("\n### II.G Hash Definitions (Normative)\n");
    for it in &contract.hashes {
        docs(out, &it.docs);
        let facts = crate::said::hash_of(it);
        let elements: Vec<String> = facts.elements.iter().map(ToString::to_string).collect();
        let call = match it.function {
            crate::syntax::HashFn::Sha256 => "SHA-256",
            crate::syntax::HashFn::Blake3 => "BLAKE3",
        };
        let inside = match &it.preimage {
            Preimage::Commit(tag, _) => {
                format!("CBOR_CANONICAL([{}, [{}]])", crate::text::quoted(tag), elements.join(", "))
            }
            Preimage::Object(_, without) if !without.is_empty() => {
                format!("CBOR_CANONICAL({} excluding {{{}}})", elements.join(", "), without.join(", "))
            }
            Preimage::Object(..) => format!("CBOR_CANONICAL({})", elements.join(", ")),
            Preimage::Raw(_) => elements.join(", "),
        };
        out.push_str(&format!("\n- {}\n", code(&format!("{} = {call}({inside})", it.id.name))));
    }
}

fn errors(out: &mut String, contract: &Contract) {
    if contract.errors.is_empty() {
        return;
    }
    out.push_str("\n### II.H Errors (Normative)\n\n");
    out.push_str(
        "| code_id | numeric_code | category | severity | retryable | message_template |\n|---|---:|---|---|---|---|\n",
    );
    for it in &contract.errors {
        let message = it.message.replace('\n', " ").replace('|', "\\|");
        out.push_str(&format!(
            "| `{}` | {} | {} | {} | {} | {} |\n",
            it.id.name,
            it.number,
            it.category,
            it.severity.name(),
            it.retry,
            code(&message)
        ));
    }
}

fn operator(out: &mut String, contract: &Contract, it: &Operator) {
    let side = |params: &[Param], successor: bool| {
        let one = |param: &Param| match (param.state, successor) {
            (true, true) => format!("{}'", param.name),
            _ => format!("{}: {}", param.name, shown(&param.ty)),
        };
        if params.is_empty() { "()".to_owned() } else { params.iter().map(one).collect::<Vec<_>>().join(", ") }
    };
    let line = |name: &str, value: &str| format!("**{name}:** {value}  \n");
    out.push('\n');
    out.push_str(&line("Operator", &format!("`{}.{}`", contract.name, it.id.name)));
    out.push_str(&line("Signature", &code(&format!("({} -> {})", side(&it.inputs, false), side(&it.outputs, true)))));
    out.push_str(&line("Purity class", &it.purity.name().to_ascii_uppercase()));
    out.push_str(&line("Determinism", "deterministic"));
    let words: Vec<String> = it.docs.iter().map(|it| plain(it)).collect();
    if !words.is_empty() {
        out.push_str(&line("Definition", &words.join(" ")));
    }
    let numbers = numbers(it);
    if !numbers.is_empty() {
        out.push_str(&line("Numerical considerations", &numbers));
    }
    let raised = it.raises.iter().chain(&it.boundary).map(|it| format!("`{}`", it.name));
    let raised: std::collections::BTreeSet<String> = raised.collect();
    let raised = if raised.is_empty() { "NONE".to_owned() } else { raised.into_iter().collect::<Vec<_>>().join(", ") };
    out.push_str(&line("allowed_error_codes", &raised));
    if !it.uses.is_empty() {
        let names: Vec<String> = it.uses.iter().map(|it| format!("`{it}`")).collect();
        out.push_str(&line("Dependencies", &names.join(", ")));
    }
}

/// How an operator rounds, and how far off what it gives may be, in the words that are read.
fn numbers(it: &Operator) -> String {
    let ways = crate::said::number::roundings(it).into_iter().map(|way| format!("rounds {way}"));
    let tolerances = it.tolerances.iter().flatten().map(|it| {
        let path = it.path.join(".");
        format!("`{path}`: `abs_tol = {:e}`, `rel_tol = {:e}`", it.absolute, it.relative)
    });
    ways.chain(tolerances).collect::<Vec<_>>().join("; ")
}
