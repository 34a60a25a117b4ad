//! A contract as JSON Schema (2020-12): types as keywords, everything that keywords cannot say in `x_gx`.
//!
//! The schema describes the JSON that `gx spec eval` takes and gives. Each declaration carries its text in the spec
//! language too, so that reading it back gives the same contract; where text and keywords differ, somebody has edited
//! one of them. Invariants: one contract has one schema, with sorted keys; `$defs` has every type by its name. This
//! file does not know how a schema is read.

use crate::format::item_text;
use crate::ir::{self, Contract, EnumDecl, Presence, Range, RecordDecl, Type, Unknown};
use crate::json::{is_safe, to_json};
use crate::syntax::{self, ItemKind};
use serde_json::{Map, Value, json};

/// The dialect.
pub(super) const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The version of the `x_gx` block.
pub(super) const BLOCK: u32 = 1;

/// The schema of a contract.
pub fn to_json_schema(contract: &Contract) -> Value {
    let tree = ir::tree(&ir::encode(contract)).map(|it| it.0);
    let items = tree.as_ref().map(|file| file.items.as_slice()).unwrap_or_default();
    let mut defs = Map::new();
    for it in &contract.aliases {
        defs.insert(it.id.name.to_string(), described(schema(contract, &it.ty), &it.docs));
    }
    for it in &contract.enums {
        defs.insert(it.id.name.to_string(), described(enumeration(it), &it.docs));
    }
    for it in &contract.records {
        defs.insert(it.id.name.to_string(), described(record(contract, it), &it.docs));
    }
    let mut others: Vec<(&str, Value)> = Vec::new();
    let mut vectors = Vec::new();
    for item in items {
        let name = &*item.name.name;
        let text = item_text(item);
        let group = match &item.kind {
            ItemKind::Type(..) | ItemKind::Enum(_) | ItemKind::Record(_) => {
                if let Some(Value::Object(def)) = defs.get_mut(name) {
                    def.insert("x_gx".to_owned(), json!({"kind": kind(&item.kind), "upel": text}));
                }
                continue;
            }
            ItemKind::Vector(it) => {
                vectors.push(json!({"operator": &*it.operator.name, "name": name, "upel": text}));
                continue;
            }
            ItemKind::Const(..) => "constants",
            ItemKind::Error(_) => "errors",
            ItemKind::Hash(_) => "preimages",
            ItemKind::Operator(_) => "operators",
        };
        others.push((group, declared(contract, group, name, text)));
    }
    let mut block = Map::new();
    for group in ["constants", "errors", "preimages", "operators"] {
        let own: Vec<Value> = others.iter().filter(|it| it.0 == group).map(|it| it.1.clone()).collect();
        block.insert(group.to_owned(), Value::Array(own));
    }
    block.insert("vectors".to_owned(), Value::Array(vectors));
    block.insert("block_version".to_owned(), json!(BLOCK));
    block.insert("contract".to_owned(), json!(&*contract.name));
    block.insert("schema_version".to_owned(), json!(contract.version.to_string()));
    block.insert("layer".to_owned(), json!(contract.layer));
    block.insert("digest".to_owned(), json!(ir::digest(contract).hex()));
    if let Some(invalid) = &contract.invalid {
        block.insert("invalid".to_owned(), json!(reference(contract, invalid)));
    }
    let imports = tree
        .iter()
        .flat_map(|file| &file.imports)
        .map(|it| json!({"contract": it.name.text(), "version": it.version.to_string(), "alias": &*it.alias.name}));
    block.insert("imports".to_owned(), Value::Array(imports.collect()));
    let whole = json!({
        "$schema": DIALECT,
        "$id": format!("gx:{}:{}", contract.name, contract.version),
        "title": &*contract.name,
        "$defs": defs,
        "x_gx": block,
    });
    described(whole, &contract.docs)
}

/// The schema as a file: two blanks, sorted keys, a line break at its end.
pub fn json_schema_text(contract: &Contract) -> String {
    serde_json::to_string_pretty(&to_json_schema(contract)).unwrap_or_default() + "\n"
}

const fn kind(kind: &ItemKind) -> &'static str {
    match kind {
        ItemKind::Type(..) => "type",
        ItemKind::Enum(_) => "enum",
        _ => "record",
    }
}

fn described(mut schema: Value, docs: &syntax::Docs) -> Value {
    if let (Value::Object(members), false) = (&mut schema, docs.is_empty()) {
        members.insert("description".to_owned(), json!(docs.join("\n")));
    }
    schema
}

fn reference(contract: &Contract, id: &ir::Ref) -> String {
    if id.contract == contract.name { id.name.to_string() } else { id.to_string() }
}

/// What is beside the types, with the parts that other programs ask for.
fn declared(contract: &Contract, group: &str, name: &str, text: String) -> Value {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(name));
    entry.insert("upel".to_owned(), json!(text));
    if let ("errors", Some(it)) = (group, contract.error(name)) {
        entry.insert("number".to_owned(), json!(it.number));
        entry.insert("severity".to_owned(), json!(it.severity.name()));
        entry.insert("category".to_owned(), json!(&*it.category));
        entry.insert("retry".to_owned(), json!(it.retry));
        entry.insert("message".to_owned(), json!(it.message));
    }
    if let ("operators", Some(it)) = (group, contract.operator(name)) {
        let side = |params: &[ir::Param]| {
            let properties: Map<String, Value> =
                params.iter().map(|it| (it.name.to_string(), schema(contract, &it.ty))).collect();
            let required: Vec<&str> =
                params.iter().filter(|it| !matches!(it.ty.base(), Type::Optional(_))).map(|it| &*it.name).collect();
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
        };
        let raises = it.raises.iter().chain(&it.boundary).map(|id| reference(contract, id));
        let raises: std::collections::BTreeSet<String> = raises.collect();
        entry.insert("purity".to_owned(), json!(it.purity.name()));
        entry.insert("in".to_owned(), side(&it.inputs));
        entry.insert("out".to_owned(), side(&it.outputs));
        entry.insert("raises".to_owned(), json!(raises));
        entry.insert("profile".to_owned(), json!(if it.tolerances.is_some() { "E1" } else { "E0" }));
    }
    Value::Object(entry)
}

fn enumeration(it: &EnumDecl) -> Value {
    let names: Vec<&str> = it.values.iter().map(|value| &*value.name).collect();
    let numbers: Map<String, Value> =
        it.values.iter().map(|value| (value.name.to_string(), json!(value.number))).collect();
    let unknown = match &it.unknown {
        Unknown::Error(error) => json!({"error": &*error.name}),
        Unknown::Value(at) => json!({"value": it.values.get(*at).map(|value| &*value.name)}),
    };
    json!({"type": "string", "enum": names, "x_gx_numbers": numbers, "x_gx_unknown": unknown})
}

fn record(contract: &Contract, it: &RecordDecl) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in &it.fields {
        let (ty, default) = match (&field.presence, field.ty.base()) {
            (Presence::Optional, Type::Optional(inner)) => (&**inner, None),
            (Presence::Default(default), _) => (&field.ty, Some(to_json(&default.1, &field.ty))),
            _ => (&field.ty, None),
        };
        let mut own = described(schema(contract, ty), &field.docs);
        if let (Some(default), Value::Object(members)) = (default, &mut own) {
            members.insert("default".to_owned(), default);
        }
        if matches!(field.presence, Presence::Required) {
            required.push(&*field.name);
        }
        properties.insert(field.name.to_string(), own);
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The greatest number of digits of a range, as a pattern of its texts.
fn digits(range: &Range) -> Value {
    json!({"type": "string", "pattern": "^-?[0-9]+$", "x_gx_range": [range.low.to_string(), range.high.to_string()]})
}

fn number(n: &num_bigint::BigInt) -> Value {
    serde_json::from_str(&n.to_string()).unwrap_or(Value::Null)
}

fn schema(contract: &Contract, ty: &Type) -> Value {
    match ty {
        Type::Bad | Type::Never | Type::Outputs(_) => json!({}),
        Type::Bool => json!({"type": "boolean"}),
        Type::Int(range) if is_safe(range) => {
            json!({"type": "integer", "minimum": number(&range.low), "maximum": number(&range.high)})
        }
        Type::Int(range) => digits(range),
        Type::Decimal(scale, range) => {
            let text = |n| ir::decimal_text(n, *scale, *scale);
            let pattern = format!("^-?[0-9]+(\\.[0-9]{{0,{scale}}})?$");
            json!({"type": "string", "pattern": pattern, "x_gx_scale": scale, "x_gx_range": [text(&range.low), text(&range.high)]})
        }
        Type::Float => json!({"type": "number"}),
        Type::Text(text) => {
            let mut own = json!({"type": "string", "minLength": text.size.low, "maxLength": text.size.high});
            if let Value::Object(members) = &mut own {
                if let Some(pattern) = &text.pattern {
                    members.insert("pattern".to_owned(), json!(format!("^(?:{pattern})$")));
                }
                if text.nfc {
                    members.insert("x_gx_normalization".to_owned(), json!("NFC"));
                }
            }
            own
        }
        Type::Bytes(size) => hexadecimal(size.low, size.high),
        Type::Hash(function) => {
            let mut own = hexadecimal(32, 32);
            if let Value::Object(members) = &mut own {
                members.insert("x_gx_hash".to_owned(), json!(function.name()));
            }
            own
        }
        Type::List(element, size) => {
            json!({"type": "array", "items": schema(contract, element), "minItems": size.low, "maxItems": size.high})
        }
        Type::Map(key, value, size) if matches!(key.base(), Type::Text(_)) => json!({
            "type": "object",
            "propertyNames": schema(contract, key),
            "additionalProperties": schema(contract, value),
            "minProperties": size.low,
            "maxProperties": size.high,
        }),
        Type::Map(key, value, size) => json!({
            "type": "array",
            "items": {"type": "array", "prefixItems": [schema(contract, key), schema(contract, value)], "items": false, "minItems": 2},
            "minItems": size.low,
            "maxItems": size.high,
            "x_gx_map": true,
        }),
        Type::Optional(inner) => json!({"anyOf": [schema(contract, inner), {"type": "null"}]}),
        Type::Enum(it) => link(contract, &it.id),
        Type::Record(it) => link(contract, &it.id),
        Type::Named(it) => link(contract, &it.id),
    }
}

fn hexadecimal(low: u64, high: u64) -> Value {
    json!({
        "type": "string",
        "contentEncoding": "base16",
        "minLength": low.saturating_mul(2),
        "maxLength": high.saturating_mul(2),
        "pattern": "^([0-9a-f]{2})*$",
    })
}

fn link(contract: &Contract, id: &ir::Ref) -> Value {
    if id.contract == contract.name {
        return json!({"$ref": format!("#/$defs/{}", id.name)});
    }
    let home = contract.home(&id.contract).map(|it| it.version.to_string()).unwrap_or_default();
    json!({"$ref": format!("gx:{}:{home}#/$defs/{}", id.contract, id.name)})
}
