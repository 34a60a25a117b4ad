//! A contract as SDL.
//!
//! Invariants: one contract has one text; records that operators take are inputs too, named with `Input` behind. This
//! file does not know how SDL is read.

use crate::ir::{Contract, Operator, Param, Presence, Range, RecordDecl, Type};
use crate::json::to_json;
use crate::syntax::{Docs, Purity};
use std::collections::BTreeSet;

/// The SDL of a contract.
pub fn to_sdl(contract: &Contract) -> String {
    let mut out = String::new();
    docs(&mut out, &contract.docs, "");
    let invalid = contract.invalid.as_ref().map(|it| format!(", invalid: {}", quoted(&it.name))).unwrap_or_default();
    let name = quoted(&contract.name);
    let queries: Vec<&Operator> =
        contract.operators.iter().map(|it| &**it).filter(|it| it.purity == Purity::Pure).collect();
    let changes: Vec<&Operator> =
        contract.operators.iter().map(|it| &**it).filter(|it| it.purity != Purity::Pure).collect();
    let mut roots = vec!["  query: Query".to_owned()];
    if !changes.is_empty() {
        roots.push("  mutation: Mutation".to_owned());
    }
    let version = contract.version;
    let facts = format!("name: {name}, version: \"{version}\", layer: {}{invalid}", contract.layer);
    out.push_str(&format!("schema @gxContract({facts}) {{\n{}\n}}\n\n", roots.join("\n")));
    out.push_str(DIRECTIVES);
    for scalar in ["BigInt", "Bytes", "Decimal", "Json"] {
        out.push_str(&format!("scalar {scalar}\n"));
    }
    for it in &contract.enums {
        out.push('\n');
        docs(&mut out, &it.docs, "");
        out.push_str(&format!("enum {} {{\n", it.id.name));
        for value in &it.values {
            docs(&mut out, &value.docs, "  ");
            out.push_str(&format!("  {} @gx(number: {})\n", value.name, value.number));
        }
        out.push_str("}\n");
    }
    let mut taken = BTreeSet::new();
    for operator in &contract.operators {
        operator.inputs.iter().for_each(|it| reach(&it.ty, &mut taken));
    }
    for it in &contract.records {
        record(&mut out, it, false);
        if taken.contains(&*it.id.name) {
            record(&mut out, it, true);
        }
    }
    for operator in &contract.operators {
        if operator.outputs.len() != 1 {
            out.push_str(&format!("\ntype {}Output @gx(of: {}) {{\n", operator.id.name, quoted(&operator.id.name)));
            for output in &operator.outputs {
                out.push_str(&format!("  {}: {}\n", output.name, typed(&output.ty, false)));
            }
            if operator.outputs.is_empty() {
                out.push_str("  done: Boolean! @gx(of: \"nothing\")\n");
            }
            out.push_str("}\n");
        }
    }
    root(&mut out, "Query", &queries);
    if !changes.is_empty() {
        root(&mut out, "Mutation", &changes);
    }
    out
}

const DIRECTIVES: &str = "\
directive @gxContract(name: String!, version: String!, layer: Int!, invalid: String) on SCHEMA
directive @gx(type: String, default: String, number: Int, purity: String, raises: [String!], of: String) on \
FIELD_DEFINITION | INPUT_FIELD_DEFINITION | ARGUMENT_DEFINITION | ENUM_VALUE | OBJECT | INPUT_OBJECT

";

fn docs(out: &mut String, docs: &Docs, indent: &str) {
    if docs.is_empty() {
        return;
    }
    let text = docs.join(&format!("\n{indent}")).replace("\"\"\"", "\\\"\"\"");
    out.push_str(&format!("{indent}\"\"\"\n{indent}{text}\n{indent}\"\"\"\n"));
}

/// A text as SDL writes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Records that values of a type hold.
fn reach(ty: &Type, found: &mut BTreeSet<String>) {
    match ty {
        Type::Record(it) => {
            let fresh = found.insert(it.id.name.to_string());
            it.fields.iter().filter(|_| fresh).for_each(|field| reach(&field.ty, found));
        }
        Type::Named(it) => reach(&it.ty, found),
        Type::List(inner, _) | Type::Optional(inner) => reach(inner, found),
        Type::Map(key, value, _) => {
            reach(key, found);
            reach(value, found);
        }
        _ => {}
    }
}

/// GraphQL's `Int` has 32 bits.
fn fits_int(range: &Range) -> bool {
    range.low >= i32::MIN.into() && range.high <= i32::MAX.into()
}

/// GraphQL's own type.
fn coarse(ty: &Type, input: bool) -> String {
    let inside = match ty {
        Type::Optional(inner) => return coarse(inner, input).trim_end_matches('!').to_owned(),
        Type::Named(it) => return coarse(&it.ty, input),
        Type::Bool => "Boolean".to_owned(),
        Type::Int(range) if fits_int(range) => "Int".to_owned(),
        Type::Int(_) => "BigInt".to_owned(),
        Type::Decimal(..) => "Decimal".to_owned(),
        Type::Float => "Float".to_owned(),
        Type::Text(_) => "String".to_owned(),
        Type::Bytes(_) | Type::Hash(_) => "Bytes".to_owned(),
        Type::List(element, _) => format!("[{}]", coarse(element, input)),
        Type::Enum(it) => it.id.name.to_string(),
        Type::Record(it) if input => format!("{}Input", it.id.name),
        Type::Record(it) => it.id.name.to_string(),
        Type::Map(..) | Type::Bad | Type::Never | Type::Outputs(_) => "Json".to_owned(),
    };
    format!("{inside}!")
}

/// The exact type, its names followed, since aliases have no place in SDL.
fn exact(ty: &Type) -> String {
    match ty {
        Type::Named(it) => exact(&it.ty),
        Type::List(element, size) => format!("list<{}> {size}", exact(element)),
        Type::Map(key, value, size) => format!("map<{}, {}> {size}", exact(key), exact(value)),
        Type::Optional(inner) => format!("optional {}", exact(inner)),
        ty => ty.to_string(),
    }
}

fn typed(ty: &Type, input: bool) -> String {
    format!("{} @gx(type: {})", coarse(ty, input), quoted(&exact(ty)))
}

fn record(out: &mut String, it: &RecordDecl, input: bool) {
    out.push('\n');
    docs(out, &it.docs, "");
    let (word, end) = if input { ("input", "Input") } else { ("type", "") };
    let of = if input { format!(" @gx(of: {})", quoted(&it.id.name)) } else { String::new() };
    out.push_str(&format!("{word} {}{end}{of} {{\n", it.id.name));
    for field in &it.fields {
        docs(out, &field.docs, "  ");
        let (ty, default) = match (&field.presence, field.ty.base()) {
            (Presence::Optional, Type::Optional(inner)) => (&**inner, String::new()),
            (Presence::Default(default), _) => {
                let value = match to_json(&default.1, &field.ty) {
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                };
                (&field.ty, format!(", default: {}", quoted(&value)))
            }
            _ => (&field.ty, String::new()),
        };
        let mut own = coarse(ty, input);
        if !matches!(field.presence, Presence::Required) {
            own = own.trim_end_matches('!').to_owned();
        }
        out.push_str(&format!("  {}: {own} @gx(type: {}{default})\n", field.name, quoted(&exact(ty))));
    }
    out.push_str("}\n");
}

fn camel(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase().to_string() + chars.as_str()).unwrap_or_default()
}

fn root(out: &mut String, name: &str, operators: &[&Operator]) {
    out.push_str(&format!("\ntype {name} {{\n"));
    if operators.is_empty() {
        out.push_str("  version: String! @gx(of: \"nothing\")\n");
    }
    for it in operators {
        docs(out, &it.docs, "  ");
        let arguments: Vec<String> =
            it.inputs.iter().map(|it: &Param| format!("{}: {}", it.name, typed(&it.ty, true))).collect();
        let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        let (result, exact) = match it.outputs.as_slice() {
            [only] => (coarse(&only.ty, false), format!("{}: {}", only.name, exact(&only.ty))),
            _ => (format!("{}Output!", it.id.name), String::new()),
        };
        let raises: Vec<String> = it.raises.iter().map(|it| quoted(&it.name)).collect();
        let kind = if exact.is_empty() { String::new() } else { format!("type: {}, ", quoted(&exact)) };
        let facts = format!("{kind}purity: {}, raises: [{}]", quoted(it.purity.name()), raises.join(", "));
        out.push_str(&format!("  {}{arguments}: {result} @gx({facts})\n", camel(&it.id.name)));
    }
    out.push_str("}\n");
}
