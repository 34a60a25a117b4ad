//! A checked contract as facts, so that it can be held against prose.
//!
//! Invariants: a fact has the place of its declaration in the text, where there is a text; types keep their declared
//! names, and `types` says what those stand for. This file does not know prose.

use super::{
    Default, ErrorRow, Facts, Field, FieldType, HashClass, HashFact, Limits, NamedType, Operator, Param, Record, Said,
    Signature, Term,
};
use crate::ir::{self, Contract, Expr, ExprKind, Preimage, Presence, Type};
use crate::json::to_json;
use crate::syntax::{File, ItemKind, Span};
use std::collections::BTreeMap;

/// Places of declarations and of their fields, by name.
pub(super) struct Places {
    items: BTreeMap<String, Span>,
    parts: BTreeMap<(String, String), Span>,
}

impl Places {
    fn of(file: Option<&File>) -> Places {
        let mut places = Places { items: BTreeMap::new(), parts: BTreeMap::new() };
        for item in file.iter().flat_map(|file| &file.items) {
            let name = item.name.name.to_string();
            let mut part = |part: &crate::syntax::Ident| {
                places.parts.insert((name.clone(), part.name.to_string()), part.span);
            };
            match &item.kind {
                ItemKind::Record(it) => it.fields.iter().for_each(|field| part(&field.name)),
                ItemKind::Operator(it) => it.inputs.iter().chain(&it.outputs).for_each(|param| part(&param.name)),
                ItemKind::Enum(it) => it.values.iter().for_each(|value| part(&value.name)),
                ItemKind::Vector(_) => continue,
                _ => {}
            }
            places.items.insert(name, item.name.span);
        }
        places
    }

    /// From what was written down of a text: each span is the number of a place in the list.
    fn listed(known: &crate::facts::Facts) -> (Places, Vec<(u32, u32)>) {
        let mut places = Places { items: BTreeMap::new(), parts: BTreeMap::new() };
        let mut list = vec![known.place("contract")];
        for (subject, place) in &known.places {
            let Some((kind, name)) = subject.split_once(' ').filter(|it| !matches!(it.0, "vector" | "import")) else {
                continue;
            };
            let span = Span::new(list.len() as u32, list.len() as u32);
            list.push(*place);
            match name.split_once('.').filter(|_| matches!(kind, "record" | "enum")) {
                Some((item, part)) => {
                    places.parts.insert((item.to_owned(), part.to_owned()), span);
                }
                None => {
                    places.items.insert(name.to_owned(), span);
                }
            }
        }
        (places, list)
    }

    pub(super) fn item(&self, name: &str) -> Span {
        self.items.get(name).copied().unwrap_or_default()
    }

    fn part(&self, item: &str, name: &str) -> Span {
        self.parts.get(&(item.to_owned(), name.to_owned())).copied().unwrap_or_else(|| self.item(item))
    }
}

/// The facts of a contract. With its tree they have places.
pub fn of_contract(name: &str, contract: &Contract, file: Option<&File>) -> Facts {
    let header = file.map(|file| (file.header.name.span(), file.header.version_span)).unwrap_or_default();
    facts(name, contract, &Places::of(file), header)
}

/// The facts of a contract whose text is not at hand: each span is the number of a place in the list beside them.
pub fn of_places(contract: &Contract, known: &crate::facts::Facts) -> (Facts, Vec<(u32, u32)>) {
    let (places, list) = Places::listed(known);
    (facts(&known.file, contract, &places, (Span::default(), Span::default())), list)
}

fn facts(name: &str, contract: &Contract, places: &Places, header: (Span, Span)) -> Facts {
    let said = |name: &str| Said::new(name.to_owned(), places.item(name));
    let mut facts = Facts {
        file: name.to_owned(),
        identity: Some(Said::new(contract.name.to_string(), header.0)),
        version: Some(Said::new(contract.version.to_string(), header.1)),
        layer: Some(contract.layer),
        ..Facts::default()
    };
    for it in &contract.aliases {
        facts.types.push(NamedType { name: said(&it.id.name), ty: ty(&it.ty) });
    }
    for it in &contract.enums {
        let values = it.values.iter().map(|value| value.name.to_string()).collect();
        facts.types.push(NamedType { name: said(&it.id.name), ty: FieldType::Enum(values) });
    }
    for import in &contract.imports {
        imported(places, &import.contract, &mut facts.imported);
    }
    for it in &contract.records {
        let fields = it.fields.iter().map(|field| self::field(places, &it.id.name, field)).collect();
        let span = places.item(&it.id.name);
        facts.records.push(Record {
            name: said(&it.id.name),
            fields,
            headed: false,
            closed: true,
            operator: None,
            span,
        });
    }
    for it in &contract.errors {
        let span = places.item(&it.id.name);
        facts.errors.push(ErrorRow {
            name: said(&it.id.name),
            number: Some(Said::new(it.number, span)),
            severity: Some(Said::new(it.severity.name().to_owned(), span)),
            category: Some(Said::new(it.category.to_string(), span)),
            retry: Some(Said::new(it.retry, span)),
            message: Some(Said::new(it.message.clone(), span)),
            fields: it.parameters.iter().map(|(name, _)| Said::new(name.to_string(), span)).collect(),
            span,
        });
    }
    facts.hashes = contract.hashes.iter().map(|it| hash(it, places.item(&it.id.name))).collect();
    facts.numbers = super::number::of_contract(contract, places);
    facts.numbered = contract.operators.iter().filter(|it| !it.is_extern).map(|it| it.id.name.to_string()).collect();
    facts.operators = contract.operators.iter().map(|it| operator(places, it)).collect();
    for record in &facts.records {
        for field in &record.fields {
            if let Some(value) = &field.default {
                let path = Said::new(format!("{}.{}", record.name.value, field.name.value), field.span);
                facts.defaults.push(Default { path, value: value.clone() });
            }
        }
    }
    facts
}

/// What names of other contracts stand for; of two with one name that of the nearer contract counts.
fn imported(places: &Places, contract: &Contract, types: &mut Vec<NamedType>) {
    let mut declare = |name: &str, ty: FieldType| {
        if !types.iter().any(|it| it.name.value == name) {
            types.push(NamedType { name: Said::new(name.to_owned(), Span::default()), ty });
        }
    };
    contract.aliases.iter().for_each(|it| declare(&it.id.name, ty(&it.ty)));
    for it in &contract.enums {
        declare(&it.id.name, FieldType::Enum(it.values.iter().map(|value| value.name.to_string()).collect()));
    }
    for it in &contract.records {
        let fields = it.fields.iter().map(|field| self::field(places, &it.id.name, field)).collect();
        declare(&it.id.name, FieldType::Record(fields));
    }
    for import in &contract.imports {
        imported(places, &import.contract, types);
    }
}

fn field(places: &Places, record: &str, it: &ir::FieldDecl) -> Field {
    let span = places.part(record, &it.name);
    let default = match &it.presence {
        Presence::Default(default) => {
            let value = match to_json(&default.1, &it.ty) {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
            Some(Said::new(value, span))
        }
        _ => None,
    };
    let optional = matches!(it.presence, Presence::Optional);
    let kind = match ty(&it.ty) {
        FieldType::Optional(inner) if optional => *inner,
        other => other,
    };
    Field { name: Said::new(it.name.to_string(), span), optional, ty: kind, default, span }
}

fn operator(places: &Places, it: &ir::Operator) -> Operator {
    let name = &*it.id.name;
    let span = places.item(name);
    let param = |param: &ir::Param| Param {
        name: Said::new(param.name.to_string(), places.part(name, &param.name)),
        optional: matches!(param.ty, Type::Optional(_)),
        successor: false,
        ty: ty(&param.ty),
    };
    let errors = it.raises.iter().chain(&it.boundary).map(|error| error.name.to_string());
    let errors: std::collections::BTreeSet<String> = errors.collect();
    Operator {
        name: Said::new(name.to_owned(), span),
        remark: None,
        signature: Some(Signature {
            inputs: it.inputs.iter().map(param).collect(),
            outputs: it.outputs.iter().map(param).collect(),
            span,
        }),
        purity: Some(Said::new(it.purity.name().to_ascii_uppercase(), span)),
        determinism: Some(Said::new("DETERMINISTIC".to_owned(), span)),
        category: None,
        errors: Some(errors.into_iter().map(|name| Said::new(name, span)).collect()),
        dependencies: it.uses.iter().map(|used| Said::new(used.name.to_string(), span)).collect(),
        clauses: Vec::new(),
        span,
    }
}

fn ty(it: &Type) -> FieldType {
    match it {
        Type::Bad | Type::Never | Type::Outputs(_) => FieldType::Unsaid,
        Type::Bool => FieldType::Bool,
        Type::Int(range) => FieldType::Int(range.clone()),
        Type::Decimal(scale, range) => FieldType::Decimal(*scale, range.clone()),
        Type::Float => FieldType::Float,
        Type::Text(text) => {
            let pattern = text.pattern.as_ref().map(ToString::to_string);
            FieldType::Text(Limits::of(text.size.low, text.size.high), pattern)
        }
        Type::Bytes(size) => FieldType::Bytes(Limits::of(size.low, size.high)),
        Type::Hash(function) => FieldType::Hash(*function),
        Type::List(element, size) => FieldType::List(Box::new(ty(element)), Limits::of(size.low, size.high)),
        Type::Map(key, value, size) => {
            FieldType::Map(Box::new(ty(key)), Box::new(ty(value)), Limits::of(size.low, size.high))
        }
        Type::Optional(inner) => FieldType::Optional(Box::new(ty(inner))),
        Type::Enum(decl) => FieldType::Named(decl.id.name.to_string()),
        Type::Record(decl) => FieldType::Named(decl.id.name.to_string()),
        Type::Named(alias) => FieldType::Named(alias.id.name.to_string()),
    }
}

/// A hash without a place.
pub(crate) fn hash_of(it: &ir::HashDecl) -> HashFact {
    hash(it, Span::default())
}

fn hash(it: &ir::HashDecl, span: Span) -> HashFact {
    let (class, elements, list, excludes) = match &it.preimage {
        Preimage::Commit(tag, all) => {
            (HashClass::Commit(tag.clone()), all.iter().map(term).collect(), true, Vec::new())
        }
        Preimage::Object(value, without) => {
            let without = without.iter().map(ToString::to_string).collect();
            (HashClass::Object, vec![term(value)], false, without)
        }
        Preimage::Raw(value) => (HashClass::Raw, vec![term(value)], false, Vec::new()),
    };
    let name = Said::new(it.id.name.to_string(), span);
    HashFact { name, function: it.function, class, elements, list, excludes, span }
}

fn term(it: &Expr) -> Term {
    match &it.kind {
        ExprKind::Text(text) => Term::Text(text.to_string()),
        ExprKind::Int(n) => Term::Number(n.to_string()),
        ExprKind::List(items) => Term::List(items.iter().map(term).collect()),
        _ => match path(it) {
            Some(path) => Term::Name { path, optional: matches!(it.ty, Type::Optional(_)) },
            None => Term::Words("an expression".to_owned()),
        },
    }
}

fn path(it: &Expr) -> Option<String> {
    match &it.kind {
        ExprKind::Variable(name) => Some(name.to_string()),
        ExprKind::Field(inner, name) => Some(format!("{}.{name}", path(inner)?)),
        _ => None,
    }
}
