//! What templates see: the parts of a module as plain data, with every name and type as the target spells it.
//!
//! Invariants: lists are in the order of the contract; a name that the contract gives stands beside the target's as
//! `source`. This file does not know what a template makes of it.

use super::block::Writer;
use super::docs::DocSet;
use super::low::{Function, Role};
use super::lower::types;
use super::names::{World, path, place, place_in};
use super::program::Program;
use crate::ir::{Contract, ErrorDecl, ErrorRef, Operator, Param, RecordDecl, Type, Unknown};
use serde_json::{Map, Value as Json, json};

/// A context being made.
pub(super) struct Context<'a> {
    pub(super) contract: &'a Contract,
    pub(super) program: &'a Program,
    pub(super) docs: &'a DocSet,
    /// Names as the module that is written says them.
    pub(super) world: &'a World<'a>,
}

impl Context<'_> {
    fn writer(&self) -> Writer<'_> {
        Writer { world: self.world, known: &self.program.known }
    }

    /// The contract's own names, and where its module lies.
    pub(super) fn home(contract: &Contract, world: &World<'_>) -> Json {
        let parts = place(&contract.name, world.target);
        let folder = parts.split_last().map_or(&[][..], |it| it.1);
        let module = world.modules.get(&*contract.name).map_or("", |it| it.name.as_str());
        json!({
            "source": &*contract.name,
            "version": contract.version.to_string(),
            "parts": parts,
            "name": parts.last(),
            "module": module,
            "folder": folder,
            "free": place_in(&contract.name, "flat", world.target),
            "flat": path(&contract.name, "snake").join("_"),
            "pascal": path(&contract.name, "pascal").concat(),
            "upper": path(&contract.name, "upper").join("_"),
        })
    }

    /// All that a module is made of.
    pub(super) fn module(&self) -> Json {
        let contract = self.contract;
        let imports: Vec<Json> = contract.imports.iter().map(|it| Context::home(&it.contract, self.world)).collect();
        let closure: Vec<Json> = imports_of(contract, self.world);
        let module = self.program.modules.get(&*contract.name);
        let checks = module.iter().flat_map(|it| &it.checks);
        let aliases: Vec<Json> = contract.aliases.iter().filter_map(|it| self.alias(it)).collect();
        let records = self.records();
        let checks: Vec<Json> =
            checks.map(|it| json!({"name": it.name, "params": it.params, "body": it.body, "form": it.form})).collect();
        json!({
            "contract": Context::home(contract, self.world),
            "docs": self.docs.get("contract"),
            "imports": imports,
            "closure": closure,
            "aliases": aliases.clone(),
            "enums": contract.enums.iter().map(|it| self.enumeration(it)).collect::<Vec<_>>(),
            "records": records.clone(),
            "declared": self.declared(&aliases, &records),
            "errors": contract.errors.iter().filter_map(|it| self.error(it)).collect::<Vec<_>>(),
            "all_errors": self.all_errors(),
            "constants": contract.constants.iter().filter_map(|it| self.constant(it)).collect::<Vec<_>>(),
            "checks": checks,
            "functions": self.order().into_iter().flat_map(|it| self.functions(it)).collect::<Vec<_>>(),
            "operators": contract.operators.iter().filter_map(|it| self.operator(it)).collect::<Vec<_>>(),
        })
    }

    /// Aliases, collections, optionals and records, each after those that it is made of.
    fn declared(&self, aliases: &[Json], records: &[Json]) -> Vec<Json> {
        let native = |ty: &Json| ty.get("native").and_then(Json::as_str).unwrap_or_default().to_owned();
        let mut left: Vec<(String, Vec<String>, Json)> = Vec::new();
        let mut add = |what: &str, of: &Json, parts: Vec<String>| {
            let name = of.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
            left.push((name, parts, json!({"what": what, "of": of})));
        };
        for alias in aliases {
            add("alias", alias, alias.get("type").map(native).into_iter().collect());
        }
        for record in records {
            let fields = record.get("fields").and_then(Json::as_array).into_iter().flatten();
            add("record", record, fields.filter_map(|it| it.get("type")).map(native).collect());
        }
        let module = self.program.modules.get(&*self.contract.name);
        for (name, derived) in module.iter().flat_map(|it| &it.derived) {
            let parts = &derived.parts;
            let of = json!({"name": name, "kind": derived.kind, "most": derived.most, "parts": parts});
            add("derived", &of, parts.clone());
        }
        let mut made = Vec::new();
        while !left.is_empty() {
            let waits = |parts: &[String]| parts.iter().any(|part| left.iter().any(|it| it.0 == *part));
            let at = left.iter().position(|it| !waits(&it.1)).unwrap_or(0);
            made.push(left.remove(at).2);
        }
        made
    }

    fn alias(&self, alias: &crate::ir::Alias) -> Option<Json> {
        let ty = self.ty(&alias.ty, None)?;
        let name = self.world.module()?.types.get(&*alias.id.name)?;
        Some(json!({
            "name": name,
            "source": &*alias.id.name,
            "docs": self.docs.get(&format!("type {}", alias.id.name)),
            "type": ty,
        }))
    }

    fn enumeration(&self, decl: &crate::ir::EnumDecl) -> Json {
        let writer = self.writer();
        let values = decl.values.iter().enumerate().map(|(at, value)| {
            json!({
                "name": writer.value_name(&decl.id, at).unwrap_or_default(),
                "source": &*value.name,
                "number": value.number,
                "docs": self.docs.get(&format!("enum {}.{}", decl.id.name, value.name)),
            })
        });
        json!({
            "name": self.world.said(&decl.id, |it| it.types.get(&*decl.id.name)),
            "source": &*decl.id.name,
            "docs": self.docs.get(&format!("enum {}", decl.id.name)),
            "values": values.collect::<Vec<_>>(),
        })
    }

    /// Records, and outputs of operators that have several, each after those that it is made of.
    fn records(&self) -> Vec<Json> {
        let mut left: Vec<&RecordDecl> = self.contract.records.iter().map(|it| &**it).collect();
        let mut made: Vec<(String, Json)> = Vec::new();
        while !left.is_empty() {
            let waits = |decl: &RecordDecl| {
                left.iter().any(|other| other.id != decl.id && decl.fields.iter().any(|it| holds(&it.ty, &other.id)))
            };
            let at = left.iter().position(|it| !waits(it)).unwrap_or(0);
            let decl = left.remove(at);
            made.extend(self.record(decl).map(|it| (decl.id.name.to_string(), it)));
        }
        let outputs = self.contract.operators.iter().filter(|it| it.outputs.len() > 1);
        made.extend(outputs.filter_map(|it| Some((it.id.name.to_string(), self.outputs(it)?))));
        made.into_iter().map(|it| it.1).collect()
    }

    fn record(&self, decl: &RecordDecl) -> Option<Json> {
        let module = self.world.module()?;
        let writer = self.writer();
        let mut fields = Vec::new();
        for field in &decl.fields {
            let default = match &field.presence {
                crate::ir::Presence::Default(default) => super::lower::constant(&default.1, &field.ty)
                    .and_then(|ex| writer.constant(&ex))
                    .ok()
                    .map(Json::from),
                crate::ir::Presence::Optional => super::lower::constant(&crate::ir::Value::Optional(None), &field.ty)
                    .and_then(|ex| writer.constant(&ex))
                    .ok()
                    .map(Json::from),
                crate::ir::Presence::Required => None,
            };
            fields.push(json!({
                "name": module.fields.get(&(decl.id.name.to_string(), field.name.to_string())),
                "source": &*field.name,
                "docs": self.docs.get(&format!("record {}.{}", decl.id.name, field.name)),
                "type": self.ty(&field.ty, None)?,
                "default": default,
            }));
        }
        Some(json!({
            "name": module.types.get(&*decl.id.name),
            "source": &*decl.id.name,
            "docs": self.docs.get(&format!("record {}", decl.id.name)),
            "fields": fields,
            "small": self.program.known.small.contains(&decl.id),
            "state": decl.state,
        }))
    }

    fn outputs(&self, operator: &Operator) -> Option<Json> {
        let module = self.world.module()?;
        let name = &operator.id.name;
        let mut fields = Vec::new();
        for output in &operator.outputs {
            fields.push(json!({
                "name": module.fields.get(&(name.to_string(), output.name.to_string())),
                "source": &*output.name,
                "docs": self.docs.get(&format!("operator {name}.{}", output.name)),
                "type": self.ty(&output.ty, None)?,
                "default": null,
            }));
        }
        Some(json!({
            "name": module.outputs.get(&**name),
            "source": &**name,
            "docs": [format!("What {name} gives.")],
            "fields": fields,
            "small": self.program.known.small.contains(&operator.id),
            "state": false,
        }))
    }

    fn error(&self, error: &ErrorDecl) -> Option<Json> {
        let mut params = Vec::new();
        for (name, ty) in &error.parameters {
            params.push(json!({
                "name": super::names::told(name, self.world.target),
                "source": &**name,
                "type": self.ty(ty, None)?,
            }));
        }
        Some(json!({
            "name": self.world.said(&error.id, |it| it.errors.get(&*error.id.name)),
            "source": &*error.id.name,
            "full": error.id.to_string(),
            "home": &*error.id.contract,
            "module": self.world.modules.get(&*error.id.contract).map(|it| it.name.as_str()),
            "docs": self.docs.get(&format!("error {}", error.id.name)),
            "number": error.number,
            "severity": error.severity.name(),
            "category": &*error.category,
            "retry": error.retry,
            "message": message(error, &params),
            "text": error.message,
            "params": params,
        }))
    }

    /// The errors that operators of the contract can raise.
    fn all_errors(&self) -> Vec<Json> {
        let all = self.contract.closure().into_iter().map(|it| &**it).chain([self.contract]);
        all.flat_map(|it| &it.errors).filter_map(|it| self.error(it)).collect()
    }

    fn constant(&self, constant: &crate::ir::Constant) -> Option<Json> {
        let of = constant.ty.as_ref().unwrap_or(&constant.expr.ty);
        let ex = super::lower::constant(&constant.value, of).ok()?;
        Some(json!({
            "name": self.world.module()?.constants.get(&*constant.id.name),
            "source": &*constant.id.name,
            "docs": self.docs.get(&format!("const {}", constant.id.name)),
            "type": self.ty(of, None)?,
            "value": self.writer().constant(&ex).ok()?,
        }))
    }

    /// Operators in their order, or each behind those that it calls.
    fn order(&self) -> Vec<&Operator> {
        let mut left: Vec<&Operator> = self.contract.operators.iter().map(|it| &**it).collect();
        if !self.world.target.shape.callees_first {
            return left;
        }
        let mut made = Vec::new();
        while !left.is_empty() {
            let waits = |it: &&Operator| left.iter().any(|other| other.id != it.id && it.uses.contains(&other.id));
            let at = left.iter().position(|it| !waits(it)).unwrap_or(0);
            made.push(left.remove(at));
        }
        made
    }

    fn functions(&self, operator: &Operator) -> Vec<Json> {
        let module = self.program.modules.get(&*self.contract.name);
        let Some(Ok(functions)) = module.and_then(|it| it.operators.get(&*operator.id.name)) else {
            return Vec::new();
        };
        let one = |(function, written): &(Function, super::block::Written)| {
            let params = function.params.iter().zip(&written.params).zip(&operator.inputs);
            let params = params.map(|(((source, _, _), (name, ty)), input)| {
                json!({
                    "name": name,
                    "source": &**source,
                    "native": ty,
                    "type": self.ty(&input.ty, None),
                    "docs": self.docs.get(&format!("operator {}.{}", operator.id.name, source)),
                })
            });
            let raises = function.raises.iter();
            let raises = raises.map(|id| self.world.said(id, |it| it.errors.get(&*id.name)));
            json!({
                "name": written.name,
                "source": &*operator.id.name,
                "inner": function.role == Role::Inner,
                "docs": self.docs.get(&format!("operator {}", operator.id.name)),
                "params": params.collect::<Vec<_>>(),
                "result": written.result,
                "raises": raises.collect::<Vec<_>>(),
                "body": written.body,
                "form": written.form,
            })
        };
        functions.iter().map(one).collect()
    }

    /// An operator as code that tries it sees it.
    fn operator(&self, operator: &Operator) -> Option<Json> {
        let module = self.program.modules.get(&*self.contract.name)?;
        let Some(Ok(functions)) = module.operators.get(&*operator.id.name) else { return None };
        let (function, _) = functions.iter().find(|it| it.0.role == Role::Public)?;
        let names = self.world.modules.get(&*self.contract.name)?;
        let one = |param: &Param| {
            let key = (operator.id.name.to_string(), param.name.to_string());
            Some(json!({
                "name": names.fields.get(&key),
                "source": &*param.name,
                "type": self.ty(&param.ty, self.contract.invalid.as_ref())?,
            }))
        };
        Some(json!({
            "source": &*operator.id.name,
            "name": self.world.said(&operator.id, |it| it.functions.get(&*operator.id.name)),
            "inputs": operator.inputs.iter().map(one).collect::<Option<Vec<_>>>()?,
            "outputs": operator.outputs.iter().map(one).collect::<Option<Vec<_>>>()?,
            "result": function.result.as_ref().and_then(|it| self.writer().ty(it).ok()),
            "raises": !function.raises.is_empty(),
        }))
    }

    /// A type, with all that it is made of; the error is that of a breach that no name around it has one for.
    pub(super) fn ty(&self, ty: &Type, around: Option<&ErrorRef>) -> Option<Json> {
        let lowered = types::ty(ty).ok()?;
        let native = self.writer().ty(&lowered).ok()?;
        let mut around = around;
        let mut below = ty;
        while let Type::Named(alias) = below {
            around = alias.error.as_ref().or(around);
            below = &alias.ty;
        }
        let invalid = self.contract.invalid.as_ref();
        let own = match below {
            Type::Enum(decl) => match &decl.unknown {
                Unknown::Error(error) => Some(error),
                Unknown::Value(_) => None,
            },
            _ => None,
        };
        let breach = own.or(around).or(invalid).map(ToString::to_string);
        let mut made = Map::new();
        let mut put = |key: &str, value: Json| made.insert(key.to_owned(), value);
        put("kind", json!(lowered.kind()));
        put("native", json!(native));
        put("breach", json!(breach));
        match below {
            Type::Int(range) | Type::Decimal(_, range) => {
                put("scale", json!(types::scale(below)));
                put("low", json!(range.low.to_string()));
                put("high", json!(range.high.to_string()));
                put("unit", json!(unit(types::scale(below))));
                put("wide", json!(self.world.target.native(range) != Some(0)));
            }
            Type::Text(text) => {
                put("most", json!(text.size.high));
            }
            Type::Bytes(size) => {
                put("most", json!(size.high));
            }
            Type::Hash(_) => {
                put("most", json!(32));
            }
            Type::List(element, size) => {
                put("most", json!(size.high));
                put("element", self.ty(element, around)?);
            }
            Type::Map(key, value, size) => {
                put("most", json!(size.high));
                put("key", self.ty(key, around)?);
                put("value", self.ty(value, around)?);
            }
            Type::Optional(inner) => {
                put("inner", self.ty(inner, around)?);
            }
            Type::Enum(_) | Type::Record(_) => made.extend(self.declared_type(below)?),
            _ => {}
        }
        Some(Json::Object(made))
    }

    /// What a type that is declared is made of.
    fn declared_type(&self, ty: &Type) -> Option<Map<String, Json>> {
        let mut made = Map::new();
        let mut put = |key: &str, value: Json| made.insert(key.to_owned(), value);
        match ty {
            Type::Enum(decl) => {
                let rest = if let Unknown::Value(at) = decl.unknown { Some(at) } else { None };
                let writer = self.writer();
                let rest = rest.and_then(|at| writer.value_name(&decl.id, at).ok());
                put("source", json!(decl.id.to_string()));
                put("base", json!(self.world.said(&decl.id, |it| it.types.get(&*decl.id.name))));
                put("otherwise", json!(rest));
                put("values", self.values(decl));
            }
            Type::Record(decl) => {
                put("source", json!(decl.id.to_string()));
                let mut fields = Vec::new();
                for field in &decl.fields {
                    let names = self.world.modules.get(&*decl.id.contract)?;
                    let key = (decl.id.name.to_string(), field.name.to_string());
                    let ty = self.ty(&field.ty, None)?;
                    fields.push(json!({"name": names.fields.get(&key), "source": &*field.name, "type": ty}));
                }
                put("fields", json!(fields));
            }
            _ => {}
        }
        Some(made)
    }

    fn values(&self, decl: &crate::ir::EnumDecl) -> Json {
        let writer = self.writer();
        let values = decl.values.iter().enumerate();
        let values = values.map(|(at, it)| json!({"name": writer.value_name(&decl.id, at).ok(), "number": it.number}));
        Json::Array(values.collect())
    }
}

/// The contracts that a contract uses, directly or not, and itself, each behind those that it uses.
fn imports_of(contract: &Contract, world: &World<'_>) -> Vec<Json> {
    let mut left: Vec<&Contract> = contract.closure().into_iter().map(|it| &**it).chain([contract]).collect();
    let mut made = Vec::new();
    while !left.is_empty() {
        let waits =
            |it: &&Contract| it.imports.iter().any(|of| left.iter().any(|other| other.name == of.contract.name));
        let at = left.iter().position(|it| !waits(it)).unwrap_or(0);
        made.push(Context::home(left.remove(at), world));
    }
    made
}

/// The parts of a message: texts, and places of parameters.
fn message(error: &ErrorDecl, params: &[Json]) -> Vec<Json> {
    let mut parts = Vec::new();
    let mut rest = error.message.as_str();
    while let Some((before, (name, after))) = rest.split_once('{').and_then(|it| Some((it.0, it.1.split_once('}')?))) {
        if !before.is_empty() {
            parts.push(json!({"text": before}));
        }
        let param = params.iter().find(|it| it.get("source").and_then(Json::as_str) == Some(name));
        parts.push(json!({"param": param}));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(json!({"text": rest}));
    }
    parts
}

/// What a whole number counts, where it stands for a decimal.
fn unit(scale: u32) -> Option<String> {
    (scale > 0).then(|| format!("0.{}1", "0".repeat(scale as usize - 1)))
}

/// Is a type made of a record, directly or not?
fn holds(ty: &Type, id: &crate::ir::Ref) -> bool {
    match ty.base() {
        Type::Record(decl) => decl.id == *id || decl.fields.iter().any(|it| holds(&it.ty, id)),
        Type::List(inner, _) | Type::Optional(inner) => holds(inner, id),
        Type::Map(key, value, _) => holds(key, id) || holds(value, id),
        _ => false,
    }
}
