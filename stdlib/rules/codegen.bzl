"""Code generation: contracts become code of a target, and what was generated is tried.

Every step is a derivation of its own: a contract that gates passed is admitted, its module emitted, the modules that it
needs laid out and compiled, the result run on frozen vectors and on inputs made from types, and what came compared with
what is expected, which generated code never sees. An edit of one contract goes through its own chain.
"""

load("@gx//toolchains:chosen.bzl", "CHOSEN")
load(":contract.bzl", "ContractInfo")
load(":gates.bzl", "ConformanceInfo", "VectorsInfo")
load(":host_toolchain.bzl", "host_toolchain")

TargetInfo = provider(
    doc = "A backend: what it is, as data, and what builds it.",
    fields = {
        "id": "Its name.",
        "files": "The files of its folder, and those of its base's.",
        "support": "Dict from paths in a generated project to files that every project has.",
        "toolchains": "Trees of the programs that build and run it.",
        "formats": "Does its language's own formatter have the last word on what is generated?",
        "proves": "Does it prove what contracts claim?",
    },
)

BackendInfo = provider(
    doc = "Contracts in code of one target, tried.",
    fields = {
        "target": "The target's name.",
        "project": "The generated project, a folder.",
        "results": "What each contract's code gave, in JSON.",
    },
)

CoverageInfo = provider(
    doc = "Operators by backends.",
    fields = {"twin": "The table as JSON."},
)

def _target_impl(ctx):
    base = ctx.attr.base[TargetInfo] if ctx.attr.base else None
    support = dict(base.support) if base else {}
    folder = ctx.attr.folder + "/support/"
    for file in ctx.files.files:
        at = file.short_path.find(folder)
        if at >= 0:
            support[file.short_path[at + len(folder):]] = file
    return [
        DefaultInfo(files = depset(ctx.files.files)),
        TargetInfo(
            id = ctx.label.name,
            files = ctx.files.files + (base.files if base else []),
            support = support,
            toolchains = ctx.files.toolchains,
            formats = ctx.attr.formats or (base != None and base.formats),
            proves = ctx.attr.proves,
        ),
    ]

target = rule(
    implementation = _target_impl,
    doc = "A backend of the files of a folder: `target.toml`, templates, and `support/`.",
    attrs = {
        "folder": attr.string(mandatory = True, doc = "The folder, as paths of the files have it."),
        "files": attr.label_list(allow_files = True, mandatory = True, doc = "All files of the folder."),
        "base": attr.label(providers = [TargetInfo], doc = "The target that it is, but for what its folder says."),
        "formats": attr.bool(default = False, doc = "It has a command `format`."),
        "toolchains": attr.label_list(doc = "Trees of the programs that build and run it."),
        "proves": attr.bool(default = False, doc = "Does it prove what contracts claim, for all inputs?"),
    },
)

# The language's own formatter has the last word; where it is missing, nothing is compiled either.
_FORMAT = """set -e
here=$PWD
mkdir -p "$3"
cp -r "$1/." "$3/"
chmod -R u+w "$3"
for program in $(cat "$2/needs"); do
  command -v "$program" > /dev/null || exit 0
done
cd "$3"
exec sh "$here/$2/format.sh"
"""

# The project is laid out, then its own script compiles it; what runs later comes along.
# Where programs are missing, that is what comes of it: other backends are not touched.
_COMPILE = """set -e
here=$PWD
mkdir -p "$2"
for program in $(cat "$1/needs"); do
  if ! command -v "$program" > /dev/null; then
    echo "not run: this machine has no $program ($(cat "$1/packages"))" > "$2/not_run"
    exit 0
  fi
done
cp "$1/run.sh" "$2/run.sh"
cd "$1"
OUT="$here/$2" exec sh -e ./compile.sh
"""

# What ends early is no failure of the build but a finding: what came until then is compared.
_RUN = """if [ -e "$1/not_run" ]; then
  cat "$1/not_run" > "$3"
  exit 0
fi
HERE=$1
export HERE
sh "$1/run.sh" < "$2" > "$3" 2> said || echo "ended with $?: $(tail -n 1 said)" >> "$3"
rm -f said
"""

# What is made for each kind of trial.
_TRIALS = {"generated": "inputs", "proof": "claims", "vectors": "trials"}

def backend(name, base = None, formats = False, proves = False, **host):
    """A target of the folder of its name, with programs of this machine, where it has them.

    Args:
      name: the target's name, and its folder's.
      base: the target that `base` in its `target.toml` names: it is that one, but for what its own folder says.
      formats: it has a command `format`, by which its language's own formatter has the last word on every module.
      proves: does it prove what contracts claim, for all inputs?
      **host: attributes of `host_toolchain`. A toolchain of this name in the workspace's `gx.toml` goes before them.
    """
    if name in CHOSEN:
        native.alias(name = name + ".tools", actual = CHOSEN[name])
    else:
        host_toolchain(name = name + ".tools", or_nothing = True, **host)
    target(
        name = name,
        base = base,
        files = native.glob([name + "/**"]),
        folder = name,
        formats = formats,
        proves = proves,
        toolchains = [":" + name + ".tools"],
    )

def _layout(ctx, output, folders, files):
    """Folders and files, given by their paths, as one folder."""
    ctx.actions.spec(
        "layout",
        inputs = {"folders": folders, "files": files.values()},
        outputs = {"folder": output},
        arguments = {"paths": "".join([path + "\n" for path in files])},
        progress_message = "Laying out %s" % output.short_path,
    )

def _emit(ctx, name, info, target):
    """The module of a contract, what tries it, and what became of each operator."""
    admitted = ctx.actions.declare_file("%s/%s.admitted.cbor" % (ctx.label.name, name))
    ctx.actions.spec(
        "admit",
        inputs = {
            "contract": info.ir,
            "imports": info.imports,
            "conformance": ctx.attr.conformance[ConformanceInfo].verdict,
        },
        outputs = {"ir": admitted},
        progress_message = "Admitting %s to %s" % (name, target.id),
    )
    source = ctx.actions.declare_directory("%s/%s.source" % (ctx.label.name, name))
    runner = ctx.actions.declare_directory("%s/%s.runner" % (ctx.label.name, name))
    report = ctx.actions.declare_file("%s/%s.emitted.json" % (ctx.label.name, name))
    ctx.actions.spec(
        "emit",
        inputs = {"contract": admitted, "imports": info.imports, "docs": info.docs, "target": target.files},
        outputs = {"source": source, "runner": runner, "report": report},
        progress_message = "Emitting %s for %s" % (name, target.id),
    )
    if target.formats:
        formatted = ctx.actions.declare_directory("%s/%s.formatted" % (ctx.label.name, name))
        ctx.actions.run_shell(
            outputs = [formatted],
            inputs = [source, runner],
            command = _FORMAT,
            arguments = [source.path, runner.path, formatted.path],
            toolchain = ctx.files._host + target.toolchains,
            mnemonic = "FormatTarget",
            progress_message = "Formatting %s for %s" % (name, target.id),
        )
        source = formatted
    return struct(source = source, runner = runner, report = report)

def _trial(ctx, name, info, vectors, proves):
    """Kinds of trials, each with what code is shown and what is expected of it."""
    trials = []
    for kind in ["generated"] + (["proof"] if proves else []) + ["vectors"]:
        frozen = vectors.frozen if kind == "vectors" else None
        if kind == "vectors" and not frozen:
            continue
        inputs = ctx.actions.declare_file("%s/%s.%s.inputs" % (ctx.label.name, name, kind))
        expected = ctx.actions.declare_file("%s/%s.%s.expected" % (ctx.label.name, name, kind))
        parts = {"contract": info.ir, "imports": info.imports}
        arguments = {"count": str(ctx.attr.inputs), "seed": str(ctx.attr.seed)}
        if frozen:
            parts["frozen"] = frozen
            arguments = {}
        elif kind == "proof":
            arguments = {"claims": "1"}
        ctx.actions.spec(
            "trial",
            inputs = parts,
            outputs = {"inputs": inputs, "expected": expected},
            arguments = arguments,
            progress_message = "Making %s of %s" % (_TRIALS[kind], name),
        )
        trials.append(struct(kind = kind, inputs = inputs, expected = expected))
    return trials

def _tried(ctx, name, target, parts, emitted, trials):
    """Compiles and runs the code of one contract with all that it uses, and compares."""
    unit = ctx.actions.declare_directory("%s/%s.unit" % (ctx.label.name, name))
    _layout(ctx, unit, [part.source for part in parts] + [emitted.runner], target.support)
    compiled = ctx.actions.declare_directory("%s/%s.compiled" % (ctx.label.name, name))
    trees = ctx.files._host + target.toolchains
    ctx.actions.run_shell(
        outputs = [compiled],
        inputs = [unit],
        command = _COMPILE,
        arguments = [unit.path, compiled.path],
        toolchain = trees,
        mnemonic = "CompileTarget",
        progress_message = "Compiling %s for %s" % (name, target.id),
    )
    actual = []
    for trial in trials:
        out = ctx.actions.declare_file("%s/%s.%s.actual" % (ctx.label.name, name, trial.kind))
        ctx.actions.run_shell(
            outputs = [out],
            inputs = [compiled, trial.inputs],
            command = _RUN,
            arguments = [compiled.path, trial.inputs.path, out.path],
            toolchain = trees,
            mnemonic = "RunTarget",
            progress_message = "Trying %s for %s (%s)" % (name, target.id, trial.kind),
        )
        actual.append(out)
    result = ctx.actions.declare_file("%s/%s.result.json" % (ctx.label.name, name))
    ctx.actions.spec(
        "compare",
        inputs = {
            "report": emitted.report,
            "inputs": [trial.inputs for trial in trials],
            "expected": [trial.expected for trial in trials],
            "actual": actual,
        },
        outputs = {"result": result},
        arguments = {"kinds": "".join([trial.kind + "\n" for trial in trials])},
        progress_message = "Comparing %s for %s" % (name, target.id),
    )
    return result

def _codegen_impl(ctx):
    target = ctx.attr.target[TargetInfo]
    named = {}
    for vectors in ctx.attr.vectors:
        info = vectors[VectorsInfo]
        named[info.contract.ir.path] = info
    emitted = {}
    order = []
    for contract in ctx.attr.contracts:
        info = contract[ContractInfo]
        if info.ir.path not in named:
            fail("vectors: there are none of '%s'" % contract.label)
        emitted[info.ir.path] = _emit(ctx, contract.label.name, info, target)
        order.append((contract.label, info))
    results = []
    for label, info in order:
        parts = [emitted[info.ir.path]]
        for used in info.imports.to_list():
            if used.path not in emitted:
                fail("contracts: '%s' uses a contract that is not among them (%s)" % (label, used.short_path))
            parts.append(emitted[used.path])
        trials = _trial(ctx, label.name, info, named[info.ir.path], target.proves)
        results.append(_tried(ctx, label.name, target, parts, emitted[info.ir.path], trials))
    manifest = ctx.actions.declare_directory(ctx.label.name + "/manifest")
    ctx.actions.spec(
        "project",
        inputs = {
            "contracts": [info.ir for _, info in order],
            "imports": depset(transitive = [info.imports for _, info in order]),
            "target": target.files,
        },
        outputs = {"files": manifest},
        arguments = {"name": ctx.attr.project},
        progress_message = "Writing the project of %s" % target.id,
    )
    project = ctx.actions.declare_directory(ctx.label.name + "/project")
    parts = [emitted[info.ir.path].source for _, info in order]
    _layout(ctx, project, parts + [manifest], target.support)
    return [
        DefaultInfo(files = depset([project] + results)),
        BackendInfo(target = target.id, project = project, results = results),
    ]

backend_code = rule(
    implementation = _codegen_impl,
    doc = "Code of a target for contracts that gates passed, compiled and tried. It never fails for what it gives.",
    attrs = {
        "target": attr.label(providers = [TargetInfo], mandatory = True, doc = "The backend: `@gx//targets:python`."),
        "contracts": attr.label_list(providers = [ContractInfo], mandatory = True, doc = "The contracts."),
        "vectors": attr.label_list(providers = [VectorsInfo], mandatory = True, doc = "Vectors of each contract."),
        "conformance": attr.label(providers = [ConformanceInfo], mandatory = True, doc = "The verdict on them."),
        "inputs": attr.int(default = 1000, doc = "So many made inputs are tried of each operator."),
        "seed": attr.int(default = 1, doc = "What inputs are made by."),
        "project": attr.string(mandatory = True, doc = "The project's name."),
        "_host": attr.label(default = "@gx//toolchains:host"),
    },
)

def _verdict_impl(ctx):
    info = ctx.attr.code[BackendInfo]
    verdict = ctx.actions.declare_file(ctx.label.name + ".verdict.json")
    ctx.actions.spec(
        "coverage",
        inputs = {"results": info.results},
        outputs = {"twin": verdict},
        arguments = {"strict": "1"},
        progress_message = "Judging %s" % info.target,
    )
    return [DefaultInfo(files = depset([info.project, verdict])), info]

backend_verdict = rule(
    implementation = _verdict_impl,
    doc = "Fails with all that generated code gives other than is expected of it.",
    attrs = {"code": attr.label(providers = [BackendInfo], mandatory = True, doc = "The code.")},
)

def codegen(name, visibility = None, **kwargs):
    """Code of a target for contracts that gates passed, compiled, tried, and compared with the reference.

    Args:
      name: the verdict's name; the code's is `NAME.code`, which is there to be read when the verdict is not.
      visibility: who may use them.
      **kwargs: attributes of `backend_code`.
    """
    backend_code(name = name + ".code", visibility = visibility, **kwargs)
    backend_verdict(name = name, code = ":" + name + ".code", visibility = visibility)

def _coverage_impl(ctx):
    table = ctx.actions.declare_file(ctx.label.name + ".txt")
    twin = ctx.actions.declare_file(ctx.label.name + ".json")
    results = []
    for backend in ctx.attr.backends:
        results.extend(backend[BackendInfo].results)
    ctx.actions.spec(
        "coverage",
        inputs = {"results": results},
        outputs = {"table": table, "twin": twin},
        progress_message = "Writing down what %d backends cover" % len(ctx.attr.backends),
    )
    return [DefaultInfo(files = depset([table, twin])), CoverageInfo(twin = twin)]

coverage = rule(
    implementation = _coverage_impl,
    doc = "Operators by backends: generated, compiled, tried; or not expressible, and why. It never fails.",
    attrs = {"backends": attr.label_list(providers = [BackendInfo], mandatory = True, doc = "The backends.")},
)
