//! The rows of the catalogue that are about documents beside the spec language: prose, schemas, and their drift.
//!
//! Invariant: as in `table`; they come behind its rows. This file does not know when an error is raised.

use super::{Entry, entry};

/// Codes of documents, sorted.
pub(super) const ROWS: &[Entry] = &[
    entry(
        1040,
        "prose that cannot be read",
        "A line of a contract in prose stands where a fact stands and has the look of one, but not its form: a signature, \
         a field, a row of a table, a preimage, a name. Nothing of that kind is passed over.",
        "docs/contracts.md has the form of each; the name in brackets behind the place says which.",
    ),
    entry(
        1041,
        "document without its form",
        "A document is no text, is too large, or lacks its title, its header, or the line that says which contract it is.",
        "A contract in prose begins with `# Title` and lines like **Algorithm:** `Name.Of.Contract`.",
    ),
    entry(
        1042,
        "document against itself",
        "A document says one thing twice, or in two ways: an operator, a hash, an error, a field.",
        "Both places are named: keep the one that holds.",
    ),
    entry(
        1043,
        "assumed of a document",
        "A document leaves open what a contract must say (a bound, a version, a layer, an order), or spells a name in \
         another way than the language. What was assumed is told, and fails nothing.",
        "State it in the document, or in the contract that was made of it.",
    ),
    entry(
        1044,
        "not taken over",
        "A document says what the spec language has no form for, or does not say what it needs: a floating-point number, \
         an object of anything, a reference to another document, a parameter without a type.",
        "The hint says what would do; it is left out of the contract until then.",
    ),
    entry(
        1045,
        "schema that cannot be read",
        "A document is no JSON, or no schema: a missing comma, values that nest more than 96 deep, a required field that \
         is not declared, an `x_gx` block that gx did not write, or \
         something that the meta-schema has no place for.",
        "The place is that of the first byte that does not fit; `gx spec meta` prints the meta-schema.",
    ),
    entry(
        1046,
        "edited schema",
        "A schema that gx wrote says in its keywords something else than in its `x_gx` block: one of them was edited by \
         hand.",
        "Change the contract and `gx spec export` it again, or undo the edit.",
    ),
    entry(
        1047,
        "GraphQL schema that cannot be read",
        "A document is not in GraphQL's schema language.",
        "The place is that of the first token that does not fit.",
    ),
    entry(
        1048,
        "drift",
        "Prose and its machine artefact say different things: one has what the other lacks, or a type, a bound, a \
         default, an enum, an error or a preimage differs. What prose leaves unsaid does not differ.",
        "Both places are named: change the one that is wrong.",
    ),
    entry(
        1049,
        "editor not understood",
        "What came to `gx lsp` over its standard input is no message of the language server protocol.",
        "It is started by an editor; docs/upel.md says how.",
    ),
    entry(
        1050,
        "document not covered",
        "A document declares operators, records, errors or hashes, and something in it cannot be read or is not text; or an \
         operator has an input or output whose type is said nowhere.",
        "`gx spec facts` names each place; docs/contracts.md has the forms.",
    ),
    entry(
        1051,
        "documents against each other",
        "Two documents define one hash, operator or error differently.",
        "Both places are named: keep the one that holds, and refer to it from the other.",
    ),
    entry(
        1052,
        "name that no document defines",
        "A manifest, a procedure or a registry names an operator, a line names an error code, or a link names a document \
         that none of the documents has.",
        "Correct the name, give the folder that has it too, or mark the manifest `(Template-only)`.",
    ),
    entry(
        1053,
        "left open by a document",
        "A section that binds says MAY, SHOULD, TBD or the like; or an operator does not say what happens at an edge, at a \
         tie, or when it fails (`N/A` is an answer).",
        "Say what happens and when, or mark the section `(Informative)`.",
    ),
];
