"""release: outputs of targets, the verdict on them and the evidence for it, as one bundle.

A bundle is a folder that says of every file whose output it is and which digest it has, with a bill of materials, its
provenance and the chain of evidence. `gx verify` checks it anywhere, without network; `gx push-button` builds, signs
and checks it. Nothing runs but gx itself.
"""

load(":gates.bzl", "ConformanceInfo")

BundleInfo = provider(
    doc = "A bundle.",
    fields = {"bundle": "The folder.", "profile": "The release profile."},
)

def _row(role, label, file):
    return [role, str(label), file.path, file.short_path]

def _rows(role, targets):
    return [
        (_row(role, target.label, file), file)
        for target in targets
        for file in target[DefaultInfo].files.to_list()
    ]

def _release_impl(ctx):
    attr = ctx.attr
    name = ctx.label.name
    folder = ctx.actions.declare_directory(name + ".bundle")
    conformance = attr.conformance[ConformanceInfo]
    rows = _rows("content", attr.contents)
    rows += _rows("deployment", attr.deployments)
    rows += _rows("policy", attr.policies)
    rows += _rows("proof", attr.proofs)
    if attr.evidence:
        rows += _rows("evidence", [attr.evidence])
    rows += [
        (_row("verdict", attr.conformance.label, file), file)
        for file in [conformance.verdict, conformance.twin]
    ]
    rows += [
        (_row("report", attr.conformance.label, file), file)
        for gate in conformance.gates
        for file in [gate.report, gate.text]
    ]
    ctx.actions.spec(
        "bundle",
        inputs = {"files": depset([file for _, file in rows])},
        outputs = {"folder": folder},
        arguments = {
            "files": "".join(["\t".join(row) + "\n" for row, _ in rows]),
            "name": attr.title or name,
            "version": attr.version,
            "profile": attr.profile,
            "target": str(ctx.label),
        },
        progress_message = "Bundling %s for %s" % (attr.title or name, attr.profile),
    )
    return [
        DefaultInfo(files = depset([folder])),
        BundleInfo(bundle = folder, profile = attr.profile),
    ]

release = rule(
    implementation = _release_impl,
    doc = "One bundle of what is released.",
    attrs = {
        "conformance": attr.label(
            providers = [ConformanceInfo],
            mandatory = True,
            doc = "The verdict; the reports of its gates come with it.",
        ),
        "contents": attr.label_list(allow_files = True, doc = "What is released: files and outputs of targets."),
        "deployments": attr.label_list(allow_files = True, doc = "How it is deployed."),
        "evidence": attr.label(
            allow_single_file = [".json"],
            doc = "An `evidence` target; its chain goes on in the bundle.",
        ),
        "policies": attr.label_list(
            allow_files = True,
            doc = "Policies; each is named as its file up to the first dot.",
        ),
        "profile": attr.string(default = "managed", doc = "`managed`, `confidential` or `regulated`."),
        "proofs": attr.label_list(allow_files = [".json"], doc = "What suites of failures say."),
        "title": attr.string(doc = "What is released; the target's name when it is empty."),
        "version": attr.string(mandatory = True, doc = "Its version, like `2.0.0`."),
    },
)
