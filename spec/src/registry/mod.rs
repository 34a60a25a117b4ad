//! The operator registry: what every operator promises, in one record each, for whoever calls or generates it.
//!
//! Made of contracts, in canonical CBOR with a readable twin. Invariants: records are sorted by operator and version;
//! lists that have no order of their own are sorted; no place and no comment is in it, so that moving text changes
//! nothing. Digests of schemas, signatures and the whole are SHA-256 over the canonical CBOR that `docs/gates.md`
//! states. This file does not know texts.

mod verify;

pub use verify::{Fault, FaultKind, parity, validate};

use crate::eval::hash_of;
use crate::ir::{self, Contract, Operator, Param, Tolerance, Type};
use crate::syntax::{HashFn, Name, Purity, Tie};
use gx_store::encode::Value as Cbor;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The record's schema name.
pub const SCHEMA: &str = "gx.registry/1";

/// The version of its records: 2 has signatures, dependencies, determinism and the contract.
pub const RECORDS: u64 = 2;

/// A registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Records of operators, sorted.
    pub operators: Vec<BTreeMap<String, Cbor>>,
    /// Records of errors, by their full name.
    pub errors: BTreeMap<String, Cbor>,
    /// Digests of declared types, by their full name.
    pub schemas: BTreeMap<String, Vec<u8>>,
}

fn sha256(value: &Cbor) -> Vec<u8> {
    hash_of(HashFn::Sha256, &value.encode())
}

impl Registry {
    /// The registry of contracts, whatever their order.
    pub fn of(contracts: &[Arc<Contract>]) -> Registry {
        let mut operators: BTreeMap<(String, u32), BTreeMap<String, Cbor>> = BTreeMap::new();
        let mut errors = BTreeMap::new();
        for contract in contracts {
            for operator in &contract.operators {
                operators.insert((operator.id.to_string(), contract.version.0), record(contract, operator));
            }
            errors.extend(contract.errors.iter().map(|it| (it.id.to_string(), error(it))));
        }
        Registry { operators: operators.into_values().collect(), errors, schemas: schemas(contracts) }
    }

    /// The record.
    pub fn value(&self) -> Cbor {
        let records: Vec<Cbor> = self.operators.iter().cloned().map(Cbor::Map).collect();
        let schemas = self.schemas.iter().map(|(name, digest)| (name.clone(), Cbor::Bytes(digest.clone())));
        Cbor::record([
            ("schema", Cbor::text(SCHEMA)),
            ("registry_schema_version", Cbor::Unsigned(RECORDS)),
            ("root_hash", Cbor::Bytes(root_hash(&records))),
            ("interface_hash", Cbor::text(self.interface_hash())),
            ("operator_records", Cbor::Array(records)),
            ("error_codes", Cbor::Array(self.errors.values().cloned().collect())),
            ("schema_catalog", Cbor::Map(schemas.collect())),
        ])
    }

    /// Digests of signatures, by operator.
    pub fn signatures(&self) -> BTreeMap<String, String> {
        let one = |record: &BTreeMap<String, Cbor>| match (record.get("operator_id"), record.get("signature_digest")) {
            (Some(Cbor::Text(id)), Some(Cbor::Bytes(digest))) => Some((id.clone(), hex::encode(digest))),
            _ => None,
        };
        self.operators.iter().filter_map(one).collect()
    }

    /// The digest of all signatures together.
    pub fn interface_hash(&self) -> String {
        let signatures = self.signatures().into_iter().map(|(id, digest)| (id, Cbor::text(digest)));
        hex::encode(sha256(&Cbor::Array(vec![Cbor::text("api_interfaces"), Cbor::Map(signatures.collect())])))
    }
}

/// The digest of all records together.
fn root_hash(records: &[Cbor]) -> Vec<u8> {
    let parts = Cbor::Array(vec![Cbor::Unsigned(RECORDS), Cbor::Array(records.to_vec())]);
    sha256(&Cbor::Array(vec![Cbor::text("operator_registry"), parts]))
}

/// Digests of declared types, by full name. A digest covers all that the type is made of.
pub fn schemas(contracts: &[Arc<Contract>]) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for contract in contracts {
        let types = contract.aliases.iter().cloned().map(Type::Named);
        let types = types.chain(contract.enums.iter().cloned().map(Type::Enum));
        for ty in types.chain(contract.records.iter().cloned().map(Type::Record)) {
            if let Some((id, _)) = ir::declaration_value(&ty) {
                found.insert(id.to_string(), sha256(&schema(ir::type_value(&ty), [&ty])));
            }
        }
    }
    found
}

/// What is described, and every declared type that it is made of.
fn schema<'t>(what: Cbor, types: impl IntoIterator<Item = &'t Type>) -> Cbor {
    let mut declared = BTreeMap::new();
    types.into_iter().for_each(|ty| collect(ty, &mut declared));
    Cbor::Array(vec![Cbor::text("schema"), what, Cbor::Map(declared)])
}

fn collect(ty: &Type, declared: &mut BTreeMap<String, Cbor>) {
    if let Some((id, value)) = ir::declaration_value(ty)
        && declared.insert(id.to_string(), value).is_some()
    {
        return;
    }
    match ty {
        Type::Named(alias) => collect(&alias.ty, declared),
        Type::Record(record) => record.fields.iter().for_each(|field| collect(&field.ty, declared)),
        Type::List(inner, _) | Type::Optional(inner) => collect(inner, declared),
        Type::Map(key, value, _) => {
            collect(key, declared);
            collect(value, declared);
        }
        _ => {}
    }
}

/// The schema of inputs or outputs.
fn schema_of(params: &[Param]) -> Vec<u8> {
    let fields = params.iter().map(|it| Cbor::Array(vec![Cbor::text(&*it.name), ir::type_value(&it.ty)]));
    sha256(&schema(Cbor::Array(fields.collect()), params.iter().map(|it| &it.ty)))
}

fn texts(mut items: Vec<String>) -> Cbor {
    items.sort();
    items.dedup();
    Cbor::texts(items)
}

fn record(contract: &Contract, operator: &Operator) -> BTreeMap<String, Cbor> {
    let id = operator.id.to_string();
    let version = format!("v{}", contract.version.0);
    let (request, response) = (schema_of(&operator.inputs), schema_of(&operator.outputs));
    let effects = texts(operator.effects.iter().map(|it| it.to_string()).collect());
    let raises = texts(operator.raises.iter().chain(&operator.boundary).map(|it| it.to_string()).collect());
    let signature = [Cbor::text(&id), Cbor::text(&version), Cbor::text("CALL"), Cbor::Bytes(request.clone())];
    let signature = signature.into_iter().chain([Cbor::Bytes(response.clone()), effects.clone(), raises.clone()]);
    let signature = sha256(&Cbor::Array(vec![Cbor::text("sig"), Cbor::Array(signature.collect())]));
    let pure = operator.purity == Purity::Pure;
    let fields = [
        ("operator_id", Cbor::text(&id)),
        ("version", Cbor::text(&version)),
        ("method", Cbor::text("CALL")),
        ("surface", Cbor::text("SYSCALL")),
        ("request_schema_digest", Cbor::Bytes(request)),
        ("response_schema_digest", Cbor::Bytes(response)),
        ("signature_digest", Cbor::Bytes(signature)),
        ("side_effects", effects),
        ("allowed_error_codes", raises),
        ("purity_class", Cbor::text(operator.purity.name().to_ascii_uppercase())),
        ("required_capabilities", Cbor::Array(Vec::new())),
        ("idempotent", Cbor::Bool(pure)),
        ("rng_usage", Cbor::text("NONE")),
        ("determinism_class", Cbor::text("DETERMINISTIC")),
        ("dependencies", texts(operator.uses.iter().map(|it| it.to_string()).collect())),
        ("determinism", determinism(operator)),
        ("signature", Cbor::record([("inputs", params(&operator.inputs)), ("outputs", params(&operator.outputs))])),
        ("extern", Cbor::Bool(operator.is_extern)),
        ("contract", home(contract)),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn home(contract: &Contract) -> Cbor {
    Cbor::record([("name", Cbor::text(&*contract.name)), ("version", Cbor::text(contract.version.to_string()))])
}

fn params(params: &[Param]) -> Cbor {
    let one = |it: &Param| {
        Cbor::record([
            ("name", Cbor::text(&*it.name)),
            ("type", Cbor::text(it.ty.to_string())),
            ("state", Cbor::Bool(it.state)),
        ])
    };
    Cbor::Array(params.iter().map(one).collect())
}

fn determinism(operator: &Operator) -> Cbor {
    let tolerance = |it: &Tolerance| {
        let nan = if it.nan { "EQUAL_IF_BOTH_NAN" } else { "FORBID" };
        let rule = Cbor::record([
            ("abs_tol", Cbor::float(it.absolute)),
            ("rel_tol", Cbor::float(it.relative)),
            ("nan_policy", Cbor::text(nan)),
        ]);
        (it.path.join("."), rule)
    };
    let order = |it: &ir::Order| {
        let key = |(path, descending): &(Vec<Name>, bool)| {
            format!("{} {}", path.join("."), if *descending { "desc" } else { "asc" })
        };
        let keys: Vec<String> = it.keys.iter().map(key).collect();
        let tie = if it.tie == Tie::Unique { "UNIQUE" } else { "INPUT" };
        let rule = Cbor::record([("keys", Cbor::texts(keys)), ("tie_break", Cbor::text(tie))]);
        (it.output.to_string(), rule)
    };
    let tolerances = operator.tolerances.as_deref().unwrap_or_default();
    Cbor::record([
        ("profile", Cbor::text(if operator.tolerances.is_some() { "E1" } else { "E0" })),
        ("tolerances", Cbor::Map(tolerances.iter().map(tolerance).collect())),
        ("ordering", Cbor::Map(operator.orders.iter().map(order).collect())),
    ])
}

fn error(it: &ir::ErrorDecl) -> Cbor {
    let parameter =
        |(name, ty): &(Name, Type)| Cbor::record([("name", Cbor::text(&**name)), ("type", Cbor::text(ty.to_string()))]);
    Cbor::record([
        ("code_id", Cbor::text(it.id.to_string())),
        ("numeric_code", Cbor::Unsigned(u64::from(it.number))),
        ("severity", Cbor::text(it.severity.name())),
        ("subsystem", Cbor::text(&*it.category)),
        ("retryable", Cbor::Bool(it.retry)),
        ("message", Cbor::text(&it.message)),
        ("parameters", Cbor::Array(it.parameters.iter().map(parameter).collect())),
    ])
}
