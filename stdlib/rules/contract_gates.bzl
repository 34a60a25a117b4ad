"""contract_gates: every gate over the contracts of a package, and the verdict of all of them, in one call.

It names its targets itself, so a package calls it once: `closure`, `compatibility`, `digests`, `drift`, `evidence`,
`examples`, `interface`, `lock`, `operators`, `record`, `references`, `registry`, `release`, `schema`, with traces also
`replay`, `checkpoint`, `failures`, `recovery` and `suites`, and the verdict under the name that it is given. What needs
another arrangement calls the rules of gates.bzl.
"""

load(
    ":gates.bzl",
    "checkpoint_gate",
    "closure_gate",
    "compatibility_gate",
    "conformance",
    "digests_gate",
    "drift_gate",
    "evidence",
    "evidence_gate",
    "failures_gate",
    "interface_gate",
    "recovery_gate",
    "references_gate",
    "registry",
    "registry_gate",
    "release_gate",
    "replay_gate",
    "schema_gate",
    "spec_lock",
    "suites_gate",
    "vectors_gate",
)

def contract_gates(
        name,
        contracts,
        vectors,
        lock,
        policy,
        documents = [],
        packs = [],
        former = [],
        migrations = [],
        traces = [],
        waivers = None,
        date = "",
        release = "1.0.0",
        former_evidence = None,
        profile = "managed",
        visibility = None):
    """Takes contracts through every gate.

    Args:
      name: the verdict that all gates passed.
      contracts: the contracts.
      vectors: their vectors.
      lock: what was agreed to; `lock` of this package is what would fit.
      policy: how numbers are rounded and which numbers errors have.
      documents: files that have to be contracts.
      packs: names of packs that the contracts import: `money` is `@gx//packs:money`.
      former: the versions before.
      migrations: operators that take a former state to the new one.
      traces: what was recorded of the contracts that change a state.
      waivers: findings that somebody answers for.
      date: the day that waivers are held against.
      release: what is released.
      former_evidence: the evidence of earlier releases.
      profile: managed, confidential or regulated.
      visibility: of the verdict.
    """
    own = contracts
    contracts = contracts + ["@gx//packs:" + pack for pack in packs]
    vectors = vectors + ["@gx//packs:" + pack + "_vectors" for pack in packs]
    registry(name = "operators", contracts = contracts)
    spec_lock(name = "lock", contracts = contracts)
    schema_gate(name = "schema", contracts = contracts, documents = documents, lock = lock)
    drift_gate(name = "drift", contracts = contracts)
    references_gate(name = "references", contracts = contracts)
    digests_gate(name = "digests", contracts = contracts, lock = lock)
    closure_gate(name = "closure", contracts = contracts, policy = policy)
    registry_gate(name = "registry", contracts = contracts, registry = ":operators")
    vectors_gate(name = "examples", contracts = contracts, vectors = vectors, waivers = waivers, date = date)
    interface_gate(name = "interface", contracts = contracts, lock = lock)
    compatibility_gate(name = "compatibility", contracts = contracts, former = former, migrations = migrations)
    gates = [
        ":closure",
        ":compatibility",
        ":digests",
        ":drift",
        ":examples",
        ":interface",
        ":references",
        ":registry",
        ":schema",
    ]
    if traces:
        replay_gate(name = "replay", contracts = own, traces = traces)
        checkpoint_gate(name = "checkpoint", contracts = own, traces = traces)
        failures_gate(name = "failures", contracts = own, traces = traces)
        recovery_gate(name = "recovery", contracts = own, traces = traces)
        gates = gates + [":checkpoint", ":failures", ":recovery", ":replay"]
    evidence(name = "record", gates = gates, release = release, former = former_evidence)
    evidence_gate(name = "evidence", evidence = ":record", gates = gates)
    release_gate(name = "release", gates = gates + [":evidence"], profile = profile)
    judged = gates + [":evidence", ":release"]
    if traces:
        suites_gate(name = "suites", gates = gates + [":evidence"])
        judged = judged + [":suites"]
    conformance(name = name, gates = judged, visibility = visibility)
