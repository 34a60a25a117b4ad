//! Arguments of `gx spec` and `gx fmt`.
//!
//! This file does not know what the commands do.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `gx spec`.
#[derive(Debug, Clone, clap::Subcommand, Serialize, Deserialize)]
pub enum SpecCommand {
    /// Write a new contract with its prose, frozen vectors and BUILD file, which pass every gate
    New(New),
    /// Check contracts and tell every finding
    Check(Contracts),
    /// Evaluate an operator with the reference interpreter
    Eval(Eval),
    /// Print the digest of each contract; layout and comments do not change it
    Digest(Contracts),
    /// Say how two versions of a contract differ, and which step of the version that needs
    Diff(Diff),
    /// Run the vectors of contracts, or make inputs from the types of an operator
    Vectors(Vectors),
    /// Freeze the vectors of a contract, and record who does it and why
    Freeze(Freeze),
    /// Print a contract's canonical form: text, JSON, or CBOR
    Show(ShowContract),
    /// Print every fact of contracts in prose, with its place, and what cannot be read
    Facts(Facts),
    /// Say what each document in a folder declares, and which are not read as a whole
    Coverage(Documents),
    /// List what looks like a fact and could not be read, and types that are said nowhere
    Residue(Documents),
    /// List the preimage of every hash, and names that documents define in two ways
    Preimages(Documents),
    /// List choice words in sections that bind, and operators that leave edges, ties or failures open
    Close(Documents),
    /// Tell names of operators and documents that lead nowhere, and operators that are defined in two ways
    Resolve(Documents),
    /// List the errors of all documents, those that they define in two ways, and codes that no table has
    Errors(Documents),
    /// Tell how prose and a machine artefact differ, both ways, with both places
    Drift(Drift),
    /// Print the meta-schema of contracts as JSON Schema, or check schemas against it
    Meta(Meta),
    /// Take over a contract from prose, JSON Schema or GraphQL as far as types go
    Import(Import),
    /// Write a contract in another form
    Export(Export),
}

/// `gx spec meta`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Meta {
    /// Schemas (`.json`), and folders of them
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// `gx spec new`. What is not given is asked at a terminal.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct New {
    /// The contract's full name, like Shop.Orders
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// What it begins as
    #[arg(long, value_name = "SHAPE")]
    pub shape: Option<Shape>,
    /// Its layer: L1 to L4; else that of its shape
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<Layer>,
    /// Who answers for its vectors; else $USER
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    /// The folder to write; else contracts/ and the last part of the name
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// The first of the hundred numbers that its errors have
    #[arg(long, value_name = "NUMBER", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=89_900))]
    pub errors: u32,
}

/// What a new contract begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub enum Shape {
    /// Values with bounds, and operators on them.
    Values,
    /// A state, and operations that take it and give the next one.
    State,
    /// A state machine with its table (pack states).
    Machine,
    /// Amounts of a currency (pack money).
    Prices,
    /// Windows of time (pack time).
    Schedule,
    /// Measured quantities (pack units).
    Measures,
    /// Things by their number, with check digits (pack identifiers).
    Catalogue,
    /// What was done, sealed (pack audit).
    Journal,
}

/// A layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub enum Layer {
    /// Foundations.
    #[value(name = "L1", alias = "l1")]
    L1,
    /// Specifications.
    #[value(name = "L2", alias = "l2")]
    L2,
    /// What is built on them.
    #[value(name = "L3", alias = "l3")]
    L3,
    /// What people and machines call.
    #[value(name = "L4", alias = "l4")]
    L4,
}

/// `gx spec freeze`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Freeze {
    /// The contract's file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The file of frozen vectors; it is made or carried on
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub owner: String,
    /// Why: for the first time, or what changed
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Contracts.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Contracts {
    /// Files (.upel, .md, .json, .graphql), or folders that are searched for .upel
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
}

/// `gx spec eval`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Eval {
    /// The contract's file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The operator
    #[arg(value_name = "OPERATOR")]
    pub operator: String,
    /// The inputs: a JSON object, @FILE for one in a file, or - for standard input
    #[arg(value_name = "INPUT", default_value = "{}")]
    pub input: String,
}

/// `gx spec diff`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Diff {
    /// The file with the old version
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The file with the new version
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
}

/// `gx spec vectors`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Vectors {
    /// Files (.upel, .md, .json, .graphql), or folders that are searched for .upel
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Only those of this operator
    #[arg(long, value_name = "OPERATOR")]
    pub operator: Option<String>,
    /// Make that many inputs from the types of each operator, boundary values first, and say what comes of them
    #[arg(long, value_name = "N")]
    pub generate: Option<u32>,
    /// Where the making of inputs begins: the same seed makes the same inputs
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,
}

/// `gx spec show`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct ShowContract {
    /// The contract's file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The form
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub form: Form,
}

/// `gx spec facts`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Facts {
    /// Files (.md), or folders that are searched for them
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Only facts of this kind: operator, signature, field, hash, error, section...; `none` for the findings alone
    #[arg(long, value_name = "KIND")]
    pub only: Vec<String>,
}

/// Contracts in prose.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Documents {
    /// Files (.md), or folders that are searched for them
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
}

/// `gx spec drift`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Drift {
    /// The document (.md)
    #[arg(value_name = "PROSE")]
    pub prose: PathBuf,
    /// The machine artefact (.upel, .json, .graphql)
    #[arg(value_name = "ARTEFACT")]
    pub artefact: PathBuf,
}

/// `gx spec import`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Import {
    /// The document (.md, .json, .graphql)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write the contract there instead of to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `gx spec export`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Export {
    /// The contract's file, in any form
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The form
    #[arg(long, value_name = "FORM")]
    pub format: ExportForm,
    /// Write it there instead of to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A form to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub enum ExportForm {
    /// JSON Schema 2020-12 with an `x_gx` block; read back, it is the same contract.
    JsonSchema,
    /// GraphQL's schema language: types and signatures.
    Graphql,
    /// Prose, with the declarations in a block; read back, it is the same contract.
    Markdown,
    /// The language's canonical text.
    Upel,
}

/// A form of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub enum Form {
    /// What the canonical encoding says, as a text of the language.
    Text,
    /// Its operators, errors and types as one JSON document.
    Json,
    /// The canonical encoding itself.
    Cbor,
}

/// `gx fmt`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Fmt {
    /// Files, or folders that are searched for them
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Change nothing, and fail when a file is not in its one form
    #[arg(long)]
    pub check: bool,
}
