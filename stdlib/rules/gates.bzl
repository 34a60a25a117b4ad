"""Gates on contracts: each looks, writes down all that it finds, and fails the build when something is wrong.

A gate is two targets: `NAME.report` never fails, so that what was found can always be read, and `NAME` is the verdict,
which fails with the report's text. `conformance` is made of verdicts; what is generated takes it as an input.
"""

load(":contract.bzl", "ContractInfo")

GateInfo = provider(
    doc = "What a gate said.",
    fields = {
        "report": "The report in canonical CBOR.",
        "text": "The report as text.",
        "verdict": "The verdict, which exists when the gate passes; None of a report alone.",
    },
)

ConformanceInfo = provider(
    doc = "All gates passed.",
    fields = {
        "verdict": "PASS, and the digests of all that it speaks of, in canonical CBOR.",
        "twin": "The same as JSON.",
        "gates": "GateInfo of each gate.",
    },
)

RegistryInfo = provider(
    doc = "A registry of operators.",
    fields = {"registry": "In canonical CBOR.", "twin": "The same as JSON."},
)

VectorsInfo = provider(
    doc = "Cases of a contract, and apart from them what is expected.",
    fields = {
        "contract": "ContractInfo of the contract.",
        "inputs": "The cases without what they give: what code under test may see.",
        "expected": "The cases with what the interpreter makes of them.",
        "frozen": "The frozen vectors, or None.",
    },
)

_CONTRACTS = attr.label_list(providers = [ContractInfo], mandatory = True, doc = "The contracts.")

def _infos(targets):
    return [target[ContractInfo] for target in targets]

def _parts(infos):
    """The inputs that contracts are."""
    return {
        "contracts": [info.ir for info in infos],
        "facts": [info.facts for info in infos],
        "imports": depset(transitive = [info.imports for info in infos]),
    }

def _registry_impl(ctx):
    infos = _infos(ctx.attr.contracts)
    registry = ctx.actions.declare_file(ctx.label.name + ".registry.cbor")
    twin = ctx.actions.declare_file(ctx.label.name + ".registry.json")
    parts = _parts(infos)
    ctx.actions.spec(
        "registry",
        inputs = {"contracts": parts["contracts"], "imports": parts["imports"]},
        outputs = {"registry": registry, "twin": twin},
        progress_message = "Registering the operators of %d contracts" % len(infos),
    )
    return [DefaultInfo(files = depset([registry, twin])), RegistryInfo(registry = registry, twin = twin)]

registry = rule(
    implementation = _registry_impl,
    doc = "The registry of the operators of contracts.",
    attrs = {"contracts": _CONTRACTS},
)

def _vectors_impl(ctx):
    info = ctx.attr.contract[ContractInfo]
    inputs = ctx.actions.declare_file(ctx.label.name + ".inputs.json")
    expected = ctx.actions.declare_file(ctx.label.name + ".expected.json")
    ctx.actions.spec(
        "vectors",
        inputs = {"contract": info.ir, "imports": info.imports},
        outputs = {"inputs": inputs, "expected": expected},
        progress_message = "Evaluating vectors of %s" % ctx.attr.contract.label,
    )
    return [
        DefaultInfo(files = depset([inputs, expected])),
        VectorsInfo(contract = info, inputs = inputs, expected = expected, frozen = ctx.file.frozen),
    ]

vectors = rule(
    implementation = _vectors_impl,
    doc = "The cases of a contract, and what the reference interpreter makes of them.",
    attrs = {
        "contract": attr.label(providers = [ContractInfo], mandatory = True, doc = "The contract."),
        "frozen": attr.label(allow_single_file = [".json"], doc = "The frozen vectors."),
    },
)

def _trace_impl(ctx):
    info = ctx.attr.contract[ContractInfo]
    trace = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.spec(
        "trace",
        inputs = {"contract": info.ir, "imports": info.imports},
        outputs = {"trace": trace},
        progress_message = "Recording a trace of %s" % ctx.attr.contract.label,
    )
    return [DefaultInfo(files = depset([trace]))]

trace = rule(
    implementation = _trace_impl,
    doc = "The trace that fits a contract as it is; put it into the workspace to agree to it.",
    attrs = {"contract": attr.label(providers = [ContractInfo], mandatory = True, doc = "The contract.")},
)

def _spec_lock_impl(ctx):
    lock = ctx.actions.declare_file(ctx.label.name + ".json")
    parts = _parts(_infos(ctx.attr.contracts))
    ctx.actions.spec(
        "lock",
        inputs = {"contracts": parts["contracts"], "imports": parts["imports"]},
        outputs = {"lock": lock},
        progress_message = "Locking %d contracts" % len(ctx.attr.contracts),
    )
    return [DefaultInfo(files = depset([lock]))]

spec_lock = rule(
    implementation = _spec_lock_impl,
    doc = "The lock that fits the contracts as they are; put it into the workspace to agree to it.",
    attrs = {"contracts": _CONTRACTS},
)

def _report_impl(ctx):
    attr = ctx.attr
    name = ctx.label.name
    report = ctx.actions.declare_file(name + ".cbor")
    twin = ctx.actions.declare_file(name + ".json")
    text = ctx.actions.declare_file(name + ".txt")
    inputs = _parts(_infos(attr.contracts))
    if attr.gate in ["drift", "schema"]:
        inputs["drift"] = [info.held for info in _infos(attr.contracts) if info.held]
    if attr.former:
        former = _parts(_infos(attr.former))
        inputs["former"] = former["contracts"]
        inputs["former_facts"] = former["facts"]
        inputs["imports"] = depset(transitive = [inputs["imports"], former["imports"]])
    inputs["lock"] = ctx.file.lock
    inputs["policy"] = ctx.file.policy
    inputs["waivers"] = ctx.file.waivers
    inputs["frozen"] = [it[VectorsInfo].frozen for it in attr.vectors if it[VectorsInfo].frozen]
    inputs["reports"] = [it[GateInfo].report for it in attr.gates]
    inputs["evidence"] = ctx.file.evidence
    inputs["traces"] = ctx.files.traces
    if attr.registry:
        inputs["registry"] = [attr.registry[RegistryInfo].twin] if RegistryInfo in attr.registry else ctx.files.registry
    ctx.actions.spec(
        "gate",
        inputs = {part: files for part, files in inputs.items() if files},
        outputs = {"report": report, "twin": twin, "text": text},
        arguments = {
            "gate": attr.gate,
            "date": attr.date,
            # Their names alone: what they say is for the contracts that are made of them.
            "documents": "".join([it.path + "\n" for it in ctx.files.documents]),
            "migrations": "".join([it + "\n" for it in attr.migrations]),
            "profile": attr.profile,
        },
        progress_message = "Looking for findings of %s" % name,
    )
    return [
        DefaultInfo(files = depset([report, twin, text])),
        GateInfo(report = report, text = text, verdict = None),
    ]

gate_report = rule(
    implementation = _report_impl,
    doc = "The report of a gate; it never fails for what it finds.",
    attrs = {
        "gate": attr.string(mandatory = True, doc = "The gate's name."),
        "contracts": attr.label_list(providers = [ContractInfo], doc = "The contracts."),
        "former": attr.label_list(providers = [ContractInfo], doc = "The versions before."),
        "documents": attr.label_list(allow_files = True, doc = "Documents that have to be contracts."),
        "lock": attr.label(allow_single_file = [".json"], doc = "The lock."),
        "policy": attr.label(allow_single_file = [".toml"], doc = "The policy for numbers and errors."),
        "registry": attr.label(allow_files = True, doc = "A registry: a target, or a JSON file that is kept."),
        "vectors": attr.label_list(providers = [VectorsInfo], doc = "Vectors."),
        "traces": attr.label_list(allow_files = [".json"], doc = "Recorded traces."),
        "gates": attr.label_list(providers = [GateInfo], doc = "Gates whose reports are looked at."),
        "evidence": attr.label(allow_single_file = [".json"], doc = "Evidence."),
        "migrations": attr.string_list(doc = "Operators that take a former state to the new one."),
        "profile": attr.string(doc = "The release profile."),
        "waivers": attr.label(allow_single_file = [".toml"], doc = "Findings that somebody answers for."),
        "date": attr.string(doc = "The day that waivers are held against, like 2027-01-31."),
    },
)

def _verdict_impl(ctx):
    info = ctx.attr.report[GateInfo]
    verdict = ctx.actions.declare_file(ctx.label.name + ".verdict.cbor")
    ctx.actions.spec(
        "verdict",
        inputs = {"report": info.report, "text": info.text},
        outputs = {"verdict": verdict},
        progress_message = "Judging %s" % ctx.label.name,
    )
    return [
        DefaultInfo(files = depset([verdict])),
        GateInfo(report = info.report, text = info.text, verdict = verdict),
    ]

gate_verdict = rule(
    implementation = _verdict_impl,
    doc = "Fails when the report does not pass, with all that it says.",
    attrs = {"report": attr.label(providers = [GateInfo], mandatory = True, doc = "The report.")},
)

def _gate(gate, name, visibility, **kwargs):
    gate_report(name = name + ".report", gate = gate, visibility = visibility, **kwargs)
    gate_verdict(name = name, report = ":" + name + ".report", visibility = visibility)

def schema_gate(name, contracts, documents = [], lock = None, waivers = None, date = "", visibility = None):
    """Every document has a contract, and everything that is locked too."""
    _gate(
        "schema",
        name,
        visibility,
        contracts = contracts,
        documents = documents,
        lock = lock,
        waivers = waivers,
        date = date,
    )

def references_gate(name, contracts, waivers = None, date = "", visibility = None):
    """Every name leads somewhere."""
    _gate("references", name, visibility, contracts = contracts, waivers = waivers, date = date)

def digests_gate(name, contracts, lock = None, waivers = None, date = "", visibility = None):
    """Contracts and schemas are what the lock says."""
    _gate("digests", name, visibility, contracts = contracts, lock = lock, waivers = waivers, date = date)

def closure_gate(name, contracts, policy = None, waivers = None, date = "", visibility = None):
    """Nothing is left open."""
    _gate("closure", name, visibility, contracts = contracts, policy = policy, waivers = waivers, date = date)

def drift_gate(name, contracts, waivers = None, date = "", visibility = None):
    """Prose and schemas say what the contracts say, both ways."""
    _gate("drift", name, visibility, contracts = contracts, waivers = waivers, date = date)

def registry_gate(name, contracts, registry, waivers = None, date = "", visibility = None):
    """The registry says what the contracts say, both ways."""
    _gate("registry", name, visibility, contracts = contracts, registry = registry, waivers = waivers, date = date)

def vectors_gate(name, contracts, vectors, waivers = None, date = "", visibility = None):
    """Frozen vectors are whole, true and complete."""
    _gate("vectors", name, visibility, contracts = contracts, vectors = vectors, waivers = waivers, date = date)

def interface_gate(name, contracts, lock = None, waivers = None, date = "", visibility = None):
    """Operators have the signatures that were recorded."""
    _gate("interface", name, visibility, contracts = contracts, lock = lock, waivers = waivers, date = date)

def compatibility_gate(name, contracts, former, migrations = [], waivers = None, date = "", visibility = None):
    """Versions are raised enough, and what breaks has a migration."""
    _gate(
        "compatibility",
        name,
        visibility,
        contracts = contracts,
        former = former,
        migrations = migrations,
        waivers = waivers,
        date = date,
    )

def evidence_gate(name, evidence, gates, waivers = None, date = "", visibility = None):
    """The chain of evidence holds, and speaks of these gates."""
    _gate("evidence", name, visibility, evidence = evidence, gates = gates, waivers = waivers, date = date)

def release_gate(name, gates, profile, waivers = None, date = "", visibility = None):
    """The profile's gates were passed, and vectors cover enough."""
    _gate("release", name, visibility, gates = gates, profile = profile, waivers = waivers, date = date)

def replay_gate(name, contracts, traces, waivers = None, date = "", visibility = None):
    """Recorded traces give again what they gave."""
    _gate("replay", name, visibility, contracts = contracts, traces = traces, waivers = waivers, date = date)

def checkpoint_gate(name, contracts, traces, waivers = None, date = "", visibility = None):
    """States that are saved after any step and read back go on as if nothing had happened."""
    _gate("checkpoint", name, visibility, contracts = contracts, traces = traces, waivers = waivers, date = date)

def failures_gate(name, contracts, traces, waivers = None, date = "", visibility = None):
    """What fails leaves every state as it was, and everything that can fail does so somewhere."""
    _gate("failures", name, visibility, contracts = contracts, traces = traces, waivers = waivers, date = date)

def recovery_gate(name, contracts, traces, waivers = None, date = "", visibility = None):
    """A log that was cut off anywhere leads to the states that were, and one that was changed is refused."""
    _gate("recovery", name, visibility, contracts = contracts, traces = traces, waivers = waivers, date = date)

def suites_gate(name, gates, visibility = None):
    """The five suites of conformance, in their order, up to the first that is red."""
    _gate("suites", name, visibility, gates = gates)

def _evidence_impl(ctx):
    evidence = ctx.actions.declare_file(ctx.label.name + ".json")
    inputs = {"reports": [it[GateInfo].report for it in ctx.attr.gates]}
    if ctx.file.former:
        inputs["former"] = ctx.file.former
    ctx.actions.spec(
        "evidence",
        inputs = inputs,
        outputs = {"evidence": evidence},
        arguments = {"release": ctx.attr.release},
        progress_message = "Recording what %d gates said" % len(ctx.attr.gates),
    )
    return [DefaultInfo(files = depset([evidence]))]

evidence = rule(
    implementation = _evidence_impl,
    doc = "A chain of records of what gates said.",
    attrs = {
        "gates": attr.label_list(providers = [GateInfo], mandatory = True, doc = "The gates."),
        "former": attr.label(allow_single_file = [".json"], doc = "The evidence of earlier releases."),
        "release": attr.string(mandatory = True, doc = "What is released, like `2.0.0`."),
    },
)

def _conformance_impl(ctx):
    infos = [gate[GateInfo] for gate in ctx.attr.gates]
    for gate in ctx.attr.gates:
        if not gate[GateInfo].verdict:
            fail("gates: '%s' is a report; name the gate itself, which has a verdict" % gate.label)
    verdict = ctx.actions.declare_file(ctx.label.name + ".conformance.cbor")
    twin = ctx.actions.declare_file(ctx.label.name + ".conformance.json")
    ctx.actions.spec(
        "conformance",
        inputs = {"reports": [info.report for info in infos], "verdicts": [info.verdict for info in infos]},
        outputs = {"verdict": verdict, "twin": twin},
        progress_message = "Judging conformance of %s" % ctx.label.name,
    )
    return [
        DefaultInfo(files = depset([verdict, twin])),
        ConformanceInfo(verdict = verdict, twin = twin, gates = infos),
    ]

conformance = rule(
    implementation = _conformance_impl,
    doc = "All gates passed: PASS, and the digests of all that it speaks of.",
    attrs = {"gates": attr.label_list(providers = [GateInfo], mandatory = True, doc = "The gates.")},
)
