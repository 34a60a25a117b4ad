//! GraphQL SDL, in and out: types and signatures.
//!
//! GraphQL's types are coarser than the language's, so each field carries its exact type in a directive, `@gx(type:
//! "int 1..=9")`; a reader without it takes GraphQL's own, with what that leaves open as findings. apollo-parser reads,
//! with limits on nesting and tokens. This folder does not read files.

mod export;
mod import;

pub use export::to_sdl;
pub use import::import;
