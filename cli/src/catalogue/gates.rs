//! The rows of the catalogue that are about steps of the spec pipeline and what gates find.
//!
//! Invariant: as in `table`; they come behind those of contracts. This file does not know when a finding is made.

use super::{Entry, entry};

/// Codes of gates, sorted.
pub(super) const ROWS: &[Entry] = &[
    entry(
        1100,
        "a step has findings",
        "A step of the spec pipeline (a contract, a gate, a verdict) looked at its inputs and found fault with them. Its log \
         is the list of findings: `file:line:column: severity[CODE] subject: text`, sorted, all of them.",
        "Each finding has a code of its own, which `gx explain` knows, and a hint.",
    ),
    entry(
        1101,
        "document without a contract",
        "A document that the gate `schema` was given is the source of none of its contracts, so nothing of what it \
         says is checked.",
        "Declare a `contract` with it and name that in `contracts`, or take the document out of `documents`.",
    ),
    entry(
        1102,
        "record without a contract",
        "The lock records a contract or a schema that is not there any more.",
        "Build the `spec_lock` target and put what it makes into the workspace, when that is meant.",
    ),
    entry(
        1103,
        "not in its one form",
        "A lock, a registry or a file of vectors is not as gx writes it: it was edited, or comes from another \
         version.",
        "Have gx write it again; such files are never edited by hand.",
    ),
    entry(
        1104,
        "name that leads nowhere",
        "A contract imports what is not among the gate's contracts, or a doc comment has a name in back quotes \
         that nothing declares.",
        "Correct the name, name the contract's target, or leave out the back quotes.",
    ),
    entry(
        1105,
        "nothing needs it",
        "An error is declared, and nothing raises it.",
        "Take it out, or raise it where it belongs.",
    ),
    entry(
        1106,
        "digest is another",
        "A digest in the lock is not that of the content, for instance because the version was raised and the lock \
         not written again.",
        "Look at the difference; then build the `spec_lock` target and put what it makes into the workspace.",
    ),
    entry(
        1107,
        "version not raised",
        "A contract means something else than when it was locked, and has the same version.",
        "Raise the version: `gx spec diff` says how far. Then write the lock again.",
    ),
    entry(
        1108,
        "not locked",
        "A contract is not in the lock, or there is no lock.",
        "Build the `spec_lock` target and put what it makes into the workspace.",
    ),
    entry(
        1110,
        "choice left open",
        "A doc comment says MAY, SHOULD, OPTIONAL, RECOMMENDED, or that something is unspecified, to be decided, \
         as appropriate, and the like: two implementations could differ and both be right.",
        "Say what happens and when. What is no part of the contract belongs into a plain comment (`//`).",
    ),
    entry(
        1111,
        "operator without words",
        "An operator has no doc comment.",
        "Put one (`///`) before it: every target carries it over.",
    ),
    entry(
        1112,
        "no policy",
        "Contracts round, have tolerances or number errors, and no policy says how that is done in all of them.",
        "Give the gate `closure` a `policy`; docs/gates.md has its form.",
    ),
    entry(
        1113,
        "against the policy",
        "A contract rounds in another way than the policy allows, is further off, takes NaN for NaN, or numbers an \
         error outside its category; or the policy itself is not sound.",
        "Correct the contract, or the policy when it is wrong for all.",
    ),
    entry(
        1114,
        "two preimages",
        "Two contracts define one hash differently, or two hashes share a tag, so that one could be taken for the \
         other.",
        "Give one of them another name or tag, or import one definition in both.",
    ),
    entry(
        1115,
        "two contracts of one name",
        "Two contracts have one name and version and mean different things.",
        "Raise the version of one, or rename it.",
    ),
    entry(
        1116,
        "two errors of one number",
        "Two contracts use one number for two errors, or one name with two numbers.",
        "Give it a number or name of its own, or import the one that is there.",
    ),
    entry(
        1117,
        "tie without a break",
        "An output follows the order of an input where no input has an order.",
        "State an order by fields with `tie unique`.",
    ),
    entry(
        1118,
        "order not stated",
        "An extern operator gives a list inside a record, and nothing says in which order.",
        "Give the list as an output of its own, with an `order`.",
    ),
    entry(
        1120,
        "not in the registry",
        "An operator of a contract has no record in the registry, or no registry was given.",
        "Name a `registry` target, or have gx write the registry again.",
    ),
    entry(
        1121,
        "registry has too much",
        "The registry has an operator that no contract has.",
        "Have gx write the registry again, or bring the contract back.",
    ),
    entry(
        1122,
        "registry says something else",
        "A field of a record is not what the contract says.",
        "Have gx write the registry again; when the registry is right, correct the contract.",
    ),
    entry(
        1123,
        "registry not sound",
        "A record lacks a field, has one too many, is out of order, names an error or operator that is not there, \
         or has a digest that is not that of what it stands for; the message has the rule's name and place.",
        "A registry is made by the rule `registry`, not by hand.",
    ),
    entry(
        1130,
        "vector missing",
        "No frozen vector shows a result, an error, an end of a range, or a value of an enum that an operator has.",
        "`gx spec freeze` makes the cases that can be found; write a `vector` for the others, or have somebody \
         waive what cannot happen.",
    ),
    entry(
        1131,
        "vector changed",
        "A frozen vector's digest is not its own: it was edited.",
        "Put it back, or freeze again with `gx spec freeze` and say why.",
    ),
    entry(
        1132,
        "vector says something else",
        "A frozen vector says something else than the contract means, beyond the operator's tolerance.",
        "Correct the contract, or freeze what it means now and say why.",
    ),
    entry(
        1133,
        "frozen without a reason",
        "Vectors are not frozen, were changed after the last freeze, or a freeze has no owner, no reason or was \
         edited.",
        "`gx spec freeze` records who changes frozen vectors, and why.",
    ),
    entry(
        1134,
        "vector of nothing",
        "A frozen vector is of a contract or operator that is not there.",
        "Freeze again, or take the file away.",
    ),
    entry(
        1140,
        "signature changed",
        "An operator's signature is not the one that is locked.",
        "Raise the version as the compatibility gate says, then write the lock again.",
    ),
    entry(
        1141,
        "operator removed",
        "The lock records an operator that no contract has.",
        "Bring it back, or write the lock again with a MAJOR step.",
    ),
    entry(
        1142,
        "operator not recorded",
        "An operator is not in the lock yet.",
        "Build the `spec_lock` target and put what it makes into the workspace.",
    ),
    entry(
        1150,
        "step too small",
        "A change since the former version needs a greater step of the version than was taken.",
        "Write the version that the hint names, or take the change back.",
    ),
    entry(1151, "version goes back", "A contract has a lower version than the former one.", "Write a later version."),
    entry(
        1152,
        "no migration",
        "A breaking change names no operator that takes the former state to the new one, or that operator has no \
         vector.",
        "Write it, freeze an example, and name it in `migrations`.",
    ),
    entry(
        1160,
        "evidence broken",
        "A record of evidence is not what its hash says, or does not follow the one before it.",
        "Find out who changed it: evidence is never edited. Go back to the last whole state.",
    ),
    entry(
        1161,
        "evidence missing",
        "No record of the evidence speaks of a report.",
        "Name the gate in `evidence`, and build it again.",
    ),
    entry(
        1170,
        "too little covered",
        "Frozen vectors show less of what is owed than the release profile asks for.",
        "The report of the gate `vectors` lists what is not shown.",
    ),
    entry(
        1171,
        "gate not passed",
        "The release profile asks for a gate that was not named or did not pass.",
        "Name it in `gates`, or see to its findings.",
    ),
    entry(
        1172,
        "waivers not allowed",
        "The release profile allows no waivers, and a gate has one.",
        "Mend what the waiver is for.",
    ),
    entry(
        1180,
        "waiver of nothing",
        "A waiver takes no finding: what it was for is mended, or its code, subject or file is misspelt.",
        "Take it out, or correct it.",
    ),
    entry(
        1181,
        "waiver ended",
        "A waiver's last day is before the day of the check.",
        "Mend what it was for, or have its owner give it a new day.",
    ),
    entry(
        1182,
        "no waiver",
        "A waiver lacks code, subject, owner, reason or a day, has a key that waivers do not have, or no day was \
         given to hold it against.",
        "A waiver is a table `[[waiver]]`; docs/gates.md has its form, and gates take `date`.",
    ),
    entry(
        1183,
        "no trace",
        "A contract has operators that change a state, and no trace of it was recorded, or no step of the trace calls \
         one of them.",
        "Build the `trace` target and put what it makes into the workspace, as `traces` of the gates.",
    ),
    entry(
        1184,
        "trace broken",
        "A step of a recorded trace is not what its hash says: it was edited, moved or taken out; or the trace is of a \
         contract that is not there.",
        "Put it back, or record the trace again.",
    ),
    entry(
        1185,
        "replay differs",
        "A recorded trace was run again, and a step gave another outcome, or left other states, than was recorded.",
        "Correct the contract. When it is meant to do something else now, record the trace again.",
    ),
    entry(
        1186,
        "checkpoint differs",
        "States were saved after a step and read back, and the rest of the trace went another way than without that.",
        "What a checkpoint holds has to be all that the state is.",
    ),
    entry(
        1187,
        "suite failed",
        "A gate of one of the five suites of conformance did not pass. The suites are schema, interface, replay, \
         checkpoint and evidence, in this order; behind the first that fails none is looked at.",
        "The gate's own report says why.",
    ),
    entry(1188, "suite incomplete", "A suite of conformance needs a gate that was not named.", "Name it in `gates`."),
    entry(
        1189,
        "recovery diverged",
        "What changes states was written into a log, and the log was cut off, or changed. What is read of it are not the \
         states after the last call that was finished, or a change of it is not noticed.",
        "A log has to hold all that the states are: the step that is named is the first that gets lost.",
    ),
    entry(
        1190,
        "generated code differs",
        "Code that was generated for a target gives something else than was expected: than a frozen vector says, or than \
         the reference interpreter gives for an input that was made from types.",
        "The finding has the case and both results. A body that was changed without its vectors turns every backend red: \
         `gx spec freeze` agrees to a change. One backend alone is a fault of its target's folder, or of gx.",
    ),
    entry(
        1191,
        "contract not passed by gates",
        "A contract is to be generated, and the verdict of conformance does not speak of it in this state.",
        "Give the contract to the gates that `conformance` is made of.",
    ),
    entry(
        1192,
        "failure untried",
        "An operator that changes a state can fail, and neither a call of the recorded trace, in any of the states that it \
         goes through, nor a case of its vectors does.",
        "Freeze an example that fails.",
    ),
    entry(
        1193,
        "failure changes a state",
        "A call that fails leaves the states otherwise than they were, so that what comes after it depends on a call that \
         never happened.",
        "What fails gives no state back.",
    ),
];
