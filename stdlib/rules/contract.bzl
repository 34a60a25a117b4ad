"""contract: a contract of the spec language, checked.

Nothing runs but gx itself: the text is parsed and checked, and what it means is written down three times: as canonical
CBOR (whose digest is the contract's), as JSON for readers, and as places for findings. What depends on a contract
depends on its meaning: an edit of a comment checks one contract again and stops there.

Documents that say the same as a contract, prose and schemas, are held against it in a step of their own. What that
finds is told by the gate `drift`; an edit of a document's layout reads that document again and stops there.
"""

ContractInfo = provider(
    doc = "A contract that was checked.",
    fields = {
        "ir": "Its meaning in canonical CBOR.",
        "facts": "Where its declarations stand, for findings.",
        "docs": "Its doc comments, for what carries them over.",
        "imports": "Depset of the meanings that it uses, directly or not.",
        "held": "What holding its documents against it found, or None when it has none.",
    },
)

def _contract_impl(ctx):
    name = ctx.label.name
    ir = ctx.actions.declare_file(name + ".contract.cbor")
    twin = ctx.actions.declare_file(name + ".contract.json")
    facts = ctx.actions.declare_file(name + ".facts.cbor")
    docs = ctx.actions.declare_file(name + ".docs.cbor")
    used = [dep[ContractInfo] for dep in ctx.attr.deps]
    imports = depset([info.ir for info in used], transitive = [info.imports for info in used])
    ctx.actions.spec(
        "contract",
        inputs = {"source": ctx.file.src, "imports": imports},
        outputs = {"ir": ir, "twin": twin, "facts": facts, "docs": docs},
        progress_message = "Checking %s" % ctx.file.src.short_path,
    )
    documents = ctx.files.prose + ctx.files.schemas
    held = None
    if documents:
        held = ctx.actions.declare_file(name + ".held.cbor")
        ctx.actions.spec(
            "drift",
            inputs = {"contract": ir, "facts": facts, "imports": imports, "documents": documents},
            outputs = {"held": held},
            progress_message = "Reading %s" % ", ".join([it.short_path for it in documents]),
        )
    return [
        DefaultInfo(files = depset([ir, twin])),
        ContractInfo(ir = ir, facts = facts, docs = docs, imports = imports, held = held),
    ]

contract = rule(
    implementation = _contract_impl,
    doc = "Checks a contract, and gives its canonical form.",
    attrs = {
        "src": attr.label(
            allow_single_file = [".upel", ".md", ".json", ".graphql", ".graphqls"],
            mandatory = True,
            doc = "The contract's text, or a document that says as much.",
        ),
        "prose": attr.label_list(allow_files = [".md"], doc = "Documents that say the same in prose."),
        "schemas": attr.label_list(
            allow_files = [".json", ".graphql", ".graphqls"],
            doc = "Schemas that are kept beside it: JSON Schema, GraphQL.",
        ),
        "deps": attr.label_list(providers = [ContractInfo], doc = "Contracts that it imports."),
    },
)
