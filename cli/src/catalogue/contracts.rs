//! The rows of the catalogue that are about contracts.
//!
//! Invariant: as in `table`; they come behind its rows. This file does not know when an error is raised.

use super::{Entry, entry};

/// Codes of contracts, sorted.
pub(super) const ROWS: &[Entry] = &[
    entry(
        1001,
        "contract syntax",
        "The text of a contract is not sound: a token, a declaration, a type or an expression has not its form. \
         All places are told; reading goes on behind each.",
        "The mark shows the place and the label what is expected; docs/upel.md has the grammar.",
    ),
    entry(
        1002,
        "contract too deep or too large",
        "A contract has at most 16 MiB; expressions and types nest at most 96 deep, and numbers have at most 100 \
         digits.",
        "Give parts a name with `let`, make them operators of their own, or split the contract.",
    ),
    entry(
        1003,
        "unknown name in a contract",
        "A name of a type, an error, an operator, a constant, a field or a value is not declared where it is \
         used.",
        "Correct the spelling, declare it, or import the contract that has it.",
    ),
    entry(
        1004,
        "names clash in a contract",
        "A name is declared twice in one scope, hides another, or differs from another in case only, which many \
         targets cannot tell apart.",
        "Rename one of the two places that are marked.",
    ),
    entry(
        1005,
        "spelling of a name in a contract",
        "Types, operators and contracts are spelt like OrderLine, fields, parameters and bindings like \
         order_line, errors, constants and values of enums like ORDER_LINE. Every target derives its own spelling \
         from these.",
        "Write the name as the hint says.",
    ),
    entry(
        1006,
        "import",
        "A contract that is imported is not there, has another version than is asked for, has findings of its \
         own, or imports this one in a circle.",
        "Name its file too, or put it in the same folder; ask for a version that is there.",
    ),
    entry(
        1007,
        "declaration of a type",
        "A type is made of itself, has bounds that hold nothing or that a target could not hold, a pattern that \
         not every target can match, a key without an order, a float outside profile E1, an enum without distinct \
         numbers or an answer to unknown ones, or a default that does not fit.",
        "The message says which; docs/upel.md explains the rule.",
    ),
    entry(
        1008,
        "errors of constraints",
        "Every constraint names the error that breaking it raises; errors have distinct numbers and messages that \
         tell each of their parameters.",
        "Write `else ERROR` behind the type, or `invalid ERROR` in the header; correct the number or the message.",
    ),
    entry(
        1009,
        "values do not agree",
        "A value has another type than is asked for, a record or a call lacks something or has too much, or a \
         constant depends on inputs.",
        "The marks show both sides.",
    ),
    entry(
        1010,
        "a value may not fit",
        "Arithmetic is exact, and ranges are inferred. Where a value may lie outside the type that is asked for, \
         the text has to say what happens then; and no number may take more than 256 bits.",
        "Write `as TYPE` with `clamp`, `wrap` or `else ERROR`, or narrow the parts first.",
    ),
    entry(
        1011,
        "match",
        "A match does not cover every value, or has an arm that is never reached.",
        "Add the arm that the message names, or take the arm away.",
    ),
    entry(
        1012,
        "errors declared and raised",
        "`raises` of an operator names exactly the errors that its conditions, its body and the operators that it \
         calls raise. Errors of inputs that do not fit are not named.",
        "Add the error to `raises`, or take it out.",
    ),
    entry(
        1013,
        "no bound",
        "An operator calls itself, on whichever way, or may take more than a billion steps.",
        "Use `fold` over a bounded list or range, and make bounds smaller.",
    ),
    entry(
        1014,
        "form of an operator",
        "Purity, state, body, profile, order, dependencies or the preimage of a hash are not declared as the \
         operator needs.",
        "The message says which; docs/upel.md explains the rule.",
    ),
    entry(
        1015,
        "vector",
        "A vector says something else than the contract means, or an extern operator has none.",
        "Correct the vector or the operator, whichever is wrong.",
    ),
    entry(
        1016,
        "contract cannot be read",
        "A file or folder that a command names cannot be read, is no regular file, or holds no contract.",
        "Check the spelling and the permissions; contracts are files with the ending .upel.",
    ),
    entry(
        1017,
        "bad input of an operator",
        "The input of `gx spec eval` is no JSON, does not suit the operator's inputs, or there is no such \
         operator.",
        "The hint lists the inputs with their types; decimals and large numbers are written as texts.",
    ),
    entry(
        1018,
        "operator without a result",
        "The reference interpreter came to no result: an extern operator has no vector for these inputs, or an \
         operator does not keep what it ensures or the order that it states.",
        "Add a vector, or correct the operator: a promise that is not kept is a fault of the contract.",
    ),
    entry(
        1019,
        "not in its one form",
        "`gx fmt --check` found files that are not as `gx fmt` writes them, or a file was named that gx does not format.",
        "`gx fmt` brings contracts into their form.",
    ),
    entry(
        1020,
        "version of a contract",
        "A changed contract needs a step of its version: MAJOR where someone who relied on the old one may fail, MINOR \
         where there is more than before, PATCH where the same promises are kept in another way. And a version never \
         goes back.",
        "`gx spec diff OLD NEW` lists the changes; write the version that the hint names.",
    ),
    entry(
        1021,
        "new contract that cannot be begun",
        "`gx spec new` lacks an answer and nobody can be asked, or was given a name that no contract can have, or would \
         write over a file that is there.",
        "Name it like Shop.Orders and give --owner; --folder names another folder.",
    ),
];
