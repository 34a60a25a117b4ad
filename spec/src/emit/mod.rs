//! Emitters: from contracts to source code of a target, by the data of the target's folder.
//!
//! The way through: `lower` makes of every operator a small program without types of the language (`low`), a family
//! (`block`) writes it with a target's templates, `context` gives the parts of a module to the target's file templates.
//! Invariants: what a target cannot express is listed with its reason, never left out in silence and never made in
//! another form; equal contracts and folders give equal files. Nothing here knows a particular language.

mod base;
mod block;
mod context;
mod doc;
pub mod docs;
mod low;
mod lower;
mod names;
mod program;
mod straight;
mod target;
mod template;
#[cfg(test)]
mod tests;
pub mod wire;

pub use target::{Target, TargetFault, Toolchain};

use crate::ir::Contract;
use context::Context;
use docs::DocSet;
use names::World;
use program::Program;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files by their path.
pub type Files = BTreeMap<String, String>;

/// What became of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// The operator.
    pub operator: String,
    /// Why it is not expressible; `None` when it was generated.
    pub reason: Option<String>,
}

/// What is generated for one contract.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// The module.
    pub source: Files,
    /// What tries it: a program that takes cases and tells results.
    pub runner: Files,
    /// Each operator.
    pub operators: Vec<Emitted>,
}

/// Generates the module of a contract.
pub fn contract(contract: &Contract, docs: &DocSet, target: &Target) -> Result<Output, TargetFault> {
    match target.family.as_str() {
        "block" | "functional" => {}
        "straight" => return straight::contract(contract, docs, target),
        other => {
            let fault = format!("there is no family '{other}'; there are block, functional and straight");
            return Err(TargetFault { path: "target.toml".to_owned(), fault });
        }
    }
    let program = Program::of(contract, target);
    let mut output = Output::default();
    let world = World::of(contract, target);
    let context = Context { contract, program: &program, docs, world: &world };
    output.source = template::files(target, "contract", &context.module())?;
    // What tries a module is outside of it.
    let outside = World { home: String::new(), ..world.clone() };
    let context = Context { world: &outside, ..context };
    let module = context.module();
    output.runner = template::files(target, "runner", &module)?;
    commands(&mut output, target, &module)?;
    let module = program.modules.get(&*contract.name);
    output.operators = module
        .iter()
        .flat_map(|it| &it.operators)
        .map(|(operator, outcome)| Emitted { operator: operator.clone(), reason: outcome.as_ref().err().cloned() })
        .collect();
    Ok(output)
}

/// What compiles and runs it, what that needs, and where to get it.
fn commands(output: &mut Output, target: &Target, module: &Json) -> Result<(), TargetFault> {
    output.runner.insert("needs".to_owned(), target.toolchain.programs.join("\n") + "\n");
    let packages = format!("apt-get install {}\n", target.toolchain.packages.join(" "));
    output.runner.insert("packages".to_owned(), packages);
    for (name, command) in &target.commands {
        let text = template::text(target, command, module)?;
        output.runner.insert(format!("{name}.sh"), text.trim().to_owned() + "\n");
    }
    Ok(())
}

/// What a project has beside its modules: its manifest, and what belongs to all of them.
pub fn project(contracts: &[Arc<Contract>], name: &str, target: &Target) -> Result<Files, TargetFault> {
    let one = |it: &Arc<Contract>| Context::home(it, &World::of(it, target));
    // Each stands behind those that it uses.
    let mut left: Vec<&Arc<Contract>> = contracts.iter().collect();
    let mut contracts: Vec<Json> = Vec::new();
    while !left.is_empty() {
        let waits =
            |it: &&Arc<Contract>| left.iter().any(|other| it.imports.iter().any(|of| of.contract.name == other.name));
        let at = left.iter().position(|it| !waits(it)).unwrap_or(0);
        contracts.push(one(left.remove(at)));
    }
    let programs = &target.toolchain.programs;
    template::files(target, "project", &json!({"name": name, "contracts": contracts, "programs": programs}))
}
