"""oci_image, deployment, release: outputs of targets as an image, how it is run, and all of it as one bundle.

A bundle is a folder that says of every file whose output it is and which digest it has, with a bill of materials, its
provenance and the chain of evidence. `gx verify` checks it anywhere, without network; `gx push-button` builds, signs
and checks it. Nothing runs but gx itself.
"""

load(":gates.bzl", "ConformanceInfo")

BundleInfo = provider(
    doc = "A bundle.",
    fields = {"bundle": "The folder.", "profile": "The release profile."},
)

ImageInfo = provider(
    doc = "An image.",
    fields = {"image": "The folder of its OCI layout."},
)

def _row(role, label, file):
    return [role, str(label), file.path, file.short_path]

def _rows(role, targets):
    return [
        (_row(role, target.label, file), file)
        for target in targets
        for file in target[DefaultInfo].files.to_list()
    ]

def _oci_image_impl(ctx):
    attr = ctx.attr
    folder = ctx.actions.declare_directory(ctx.label.name + ".oci")
    rows = []
    inputs = []
    for number, target in enumerate(attr.contents):
        for file in target[DefaultInfo].files.to_list():
            at = file.basename if attr.flat else file.short_path
            rows.append([str(number), file.path, (attr.prefix + "/" + at).strip("/")])
            inputs.append(file)
    ctx.actions.spec(
        "oci_image",
        inputs = {"files": depset(inputs)},
        outputs = {"folder": folder},
        arguments = {
            "files": "".join(["\t".join(row) + "\n" for row in rows]),
            "architecture": attr.architecture,
            "command": "".join([it + "\n" for it in attr.cmd]),
            "entrypoint": "".join([it + "\n" for it in attr.entrypoint]),
            "environment": "".join(["%s=%s\n" % (key, attr.env[key]) for key in sorted(attr.env)]),
            "folder": attr.workdir,
            "labels": "".join(["%s=%s\n" % (key, attr.labels[key]) for key in sorted(attr.labels)]),
            "tag": attr.tag,
            "user": attr.user,
        },
        progress_message = "Writing the image %s" % ctx.label.name,
    )
    return [DefaultInfo(files = depset([folder])), ImageInfo(image = folder)]

oci_image = rule(
    implementation = _oci_image_impl,
    doc = "An OCI image layout, the same to the byte wherever it is made.",
    attrs = {
        "architecture": attr.string(default = "amd64", doc = "As OCI names it: `amd64`, `arm64`, `riscv64`, ..."),
        "cmd": attr.string_list(doc = "Arguments of the entrypoint."),
        "contents": attr.label_list(allow_files = True, mandatory = True, doc = "What is in it, a layer a target."),
        "entrypoint": attr.string_list(doc = "What runs in a container."),
        "env": attr.string_dict(doc = "Environment variables."),
        "flat": attr.bool(default = False, doc = "Files lie below `prefix` by their names alone."),
        "labels": attr.string_dict(doc = "Labels of the image."),
        "prefix": attr.string(default = "app", doc = "The folder in the image that everything lies in."),
        "tag": attr.string(doc = "What the index calls it."),
        "user": attr.string(default = "65532:65532", doc = "Who runs it: a number, or two."),
        "workdir": attr.string(doc = "The folder that it starts in."),
    },
)

def _deployment_impl(ctx):
    folder = ctx.actions.declare_directory(ctx.label.name + ".deployment")
    image = ctx.attr.image[ImageInfo].image
    rows = [["settings", ctx.file.settings], ["image", image]]
    rows += [["policy", file] for file in ctx.files.policies]
    ctx.actions.spec(
        "deployment",
        inputs = {"files": depset([file for _, file in rows])},
        outputs = {"folder": folder},
        arguments = {
            "files": "".join(["%s\t%s\t%s\n" % (role, file.path, file.short_path) for role, file in rows]),
            "name": ctx.attr.service or ctx.label.name,
            "profile": ctx.attr.profile,
        },
        progress_message = "Writing manifests of %s for %s" % (ctx.label.name, ctx.attr.profile),
    )
    return [DefaultInfo(files = depset([folder]))]

deployment = rule(
    implementation = _deployment_impl,
    doc = "How an image is run for a profile: Kubernetes, compose, configuration, policies, environment.",
    attrs = {
        "image": attr.label(providers = [ImageInfo], mandatory = True, doc = "An `oci_image`."),
        "policies": attr.label_list(allow_files = True, doc = "Policies, named as their files up to the first dot."),
        "profile": attr.string(default = "managed", doc = "`managed`, `confidential` or `regulated`."),
        "service": attr.string(doc = "The service's name; the target's when it is empty."),
        "settings": attr.label(allow_single_file = [".toml"], mandatory = True, doc = "What the profile wants stated."),
    },
)

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
