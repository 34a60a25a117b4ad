//! A world: the states of a contract, operators called on them, and checkpoints.
//!
//! Every state begins with the defaults of its fields. A call that ends in an error leaves the states as they are. Of
//! two inputs of one operator with the same state type each has a state of its own. Invariant: a checkpoint is bytes,
//! and a world that is restored from them is the one that was saved. This file does not know traces.

use super::{digest, stateful};
use crate::eval::hash_of;
use crate::ir::{Contract, Operator, Param, Presence, Type};
use crate::json::{inputs_from_json, to_json};
use crate::syntax::HashFn;
use crate::vectors::expected;
use gx_store::encode::{Fields, Value as Cbor};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// The record's schema name.
const SCHEMA: &str = "gx.checkpoint/1";

/// The states.
#[derive(Debug, Clone)]
pub struct World<'c> {
    contract: &'c Contract,
    states: BTreeMap<String, Json>,
}

/// States as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint(pub Vec<u8>);

/// The states that an operator takes: the input, and the state's name in the world.
fn places(operator: &Operator) -> Vec<(&Param, String)> {
    let mut found: Vec<(&Param, String)> = Vec::new();
    for input in operator.inputs.iter().filter(|it| it.state) {
        let name = match input.ty.base() {
            Type::Record(decl) => decl.id.to_string(),
            _ => input.name.to_string(),
        };
        let again = found.iter().filter(|(_, known)| *known == name || known.starts_with(&format!("{name}#"))).count();
        let name = if again == 0 { name } else { format!("{name}#{}", again + 1) };
        found.push((input, name));
    }
    found
}

/// A state before anything happened to it.
fn initial(ty: &Type) -> Option<Json> {
    let Type::Record(decl) = ty.base() else { return None };
    let mut fields = Map::new();
    for field in &decl.fields {
        match &field.presence {
            Presence::Default(default) => {
                fields.insert(field.name.to_string(), to_json(&default.1, &field.ty));
            }
            Presence::Optional => {}
            Presence::Required => return None,
        }
    }
    Some(Json::Object(fields))
}

impl<'c> World<'c> {
    /// All states of a contract as they begin.
    pub fn new(contract: &'c Contract) -> Result<World<'c>, String> {
        let mut states = BTreeMap::new();
        for operator in stateful(contract) {
            for (input, name) in places(operator) {
                let begin = initial(&input.ty)
                    .ok_or_else(|| format!("the state '{}' of '{}' has no beginning", input.name, operator.id.name))?;
                states.entry(name).or_insert(begin);
            }
        }
        Ok(World { contract, states })
    }

    /// The same world with the states that the inputs of a call bring along.
    pub fn with_states(&self, operator: &Operator, inputs: &Json) -> World<'c> {
        let mut world = self.clone();
        for (input, name) in places(operator) {
            if let Some(state) = inputs.get(&*input.name) {
                world.states.insert(name, state.clone());
            }
        }
        world
    }

    /// The inputs of a call without the states.
    pub fn without_states(operator: &Operator, inputs: &Json) -> Json {
        let mut inputs = inputs.as_object().cloned().unwrap_or_default();
        for input in operator.inputs.iter().filter(|it| it.state) {
            inputs.remove(&*input.name);
        }
        Json::Object(inputs)
    }

    /// Calls an operator on the states; what it gives beside them, or its error.
    pub fn call(&mut self, operator: &Operator, inputs: &Json) -> Result<Json, String> {
        let mut all = inputs.as_object().cloned().unwrap_or_default();
        let places = places(operator);
        for (input, name) in &places {
            let state = self.states.get(name).ok_or_else(|| format!("there is no state '{name}'"))?;
            all.insert(input.name.to_string(), state.clone());
        }
        let values = inputs_from_json(operator, &Json::Object(all)).map_err(|fault| fault.to_string())?;
        let given = expected(self.contract, operator, values)?;
        let Some(Json::Object(mut outputs)) = given.get("outputs").cloned() else { return Ok(given) };
        for (input, name) in places {
            if let Some(after) = outputs.remove(&*input.name) {
                self.states.insert(name, after);
            }
        }
        Ok(json!({"outputs": outputs}))
    }

    /// The digest of all states.
    pub fn digest(&self) -> String {
        digest("gx.trace.state", &json!(self.states))
    }

    /// The states as bytes, with a digest over them.
    pub fn save(&self) -> Checkpoint {
        let states: BTreeMap<String, String> =
            self.states.iter().map(|(name, state)| (name.clone(), state.to_string())).collect();
        let states = Cbor::text_map(&states);
        let sum = hex::encode(hash_of(HashFn::Sha256, &states.encode()));
        let record =
            [("schema", Cbor::text(SCHEMA)), ("contract", Cbor::text(&*self.contract.name)), ("states", states)];
        Checkpoint(Cbor::record(record.into_iter().chain([("sha256", Cbor::text(sum))])).encode())
    }

    /// The world that was saved; why not, when the bytes are not what was saved, or of another contract.
    pub fn restore(contract: &'c Contract, from: &Checkpoint) -> Result<World<'c>, String> {
        let read = || {
            let mut fields = Fields::of_record(&from.0, SCHEMA)?;
            let found = (fields.text("contract")?, fields.text_map("states")?, fields.text("sha256")?);
            fields.finish()?;
            Ok(found)
        };
        let (name, texts, sum) = read().map_err(|error: gx_store::encode::DecodeError| error.to_string())?;
        if *name != *contract.name {
            return Err(format!("the checkpoint is of '{name}', not of '{}'", contract.name));
        }
        if hex::encode(hash_of(HashFn::Sha256, &Cbor::text_map(&texts).encode())) != sum {
            return Err("the checkpoint is not what was saved: its digest is another".to_owned());
        }
        let mut states = BTreeMap::new();
        for (name, text) in texts {
            let state = serde_json::from_str(&text).map_err(|error| format!("the state '{name}': {error}"))?;
            states.insert(name, state);
        }
        Ok(World { contract, states })
    }
}
