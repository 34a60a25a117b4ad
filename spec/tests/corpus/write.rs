//! A corpus that is written: documents in four layers and two dialects, with every shape and trap that documents of
//! this kind have, and the facts that were put into each.
//!
//! Invariants: a seed has one corpus; a fact is noted where it is written, in the form of rows, by this file's own
//! table of types, so that the reader cannot vouch for itself. What is written wrongly on purpose is noted as residue.

use gx_spec::generate::Chance;

/// A document, and what is in it.
pub(crate) struct Written {
    pub(crate) path: String,
    pub(crate) text: String,
    /// `kind name | value`, sorted.
    pub(crate) facts: Vec<String>,
    /// Names of findings that the faults in it have to give, sorted.
    pub(crate) residue: Vec<&'static str>,
}

/// A type: how it is written, and what it is.
pub(crate) const TYPES: [(&str, &str); 26] = [
    ("uint32", "int 0..=4294967295"),
    ("uint64", "int 0..=18446744073709551615"),
    ("int64", "int -9223372036854775808..=9223372036854775807"),
    ("float64", "float"),
    ("bool", "bool"),
    ("string", "text"),
    ("tstr", "text"),
    ("bytes", "bytes"),
    ("bytes32", "bytes 32"),
    ("bytes64", "bytes 64"),
    ("object", "object"),
    ("map", "object"),
    ("digest_ref", "digest_ref"),
    ("array<string>", "list<text>"),
    ("array<array<uint32>>", "list<list<int 0..=4294967295>>"),
    ("uint64[]", "list<int 0..=18446744073709551615>"),
    ("map<string,uint64>", "map<text, int 0..=18446744073709551615>"),
    ("map<string, array<Step>>", "map<text, list<Step>>"),
    ("enum(\"LEFT\",\"RIGHT\")", "enum(LEFT, RIGHT)"),
    ("enum(\"LEFT\", \"RIGHT\")", "enum(LEFT, RIGHT)"),
    ("enum(LEFT|RIGHT)", "enum(LEFT, RIGHT)"),
    ("enum(LEFT,RIGHT)", "enum(LEFT, RIGHT)"),
    ("\"left\" | \"right\"", "enum(left, right)"),
    ("TraceRecord", "TraceRecord"),
    ("bytes32|null", "optional bytes 32"),
    ("{a:uint32, b?:string}", "{a: int 0..=4294967295, b?: text}"),
];

const WORDS: [&str; 12] =
    ["Batch", "Cursor", "Trace", "Ledger", "Seal", "Route", "Probe", "Valve", "Drift", "Quota", "Shard", "Audit"];
pub(crate) const FIELDS: [&str; 12] = [
    "tenant_id",
    "run_id",
    "seed",
    "world_size",
    "rank",
    "cursor",
    "policy_hash",
    "record_type",
    "state",
    "limit",
    "window",
    "owner",
];
const CATEGORIES: [&str; 5] = ["IO", "Security", "Data", "Replay", "Governance"];

pub(crate) struct Writer {
    chance: Chance,
    text: String,
    facts: Vec<String>,
    pub(crate) residue: Vec<&'static str>,
    older: bool,
    pub(crate) number: usize,
    layer: usize,
}

/// A corpus: paths, texts and what is in them.
pub(crate) struct Corpus {
    pub(crate) documents: Vec<Written>,
    pub(crate) operators: usize,
    pub(crate) hash_conflicts: usize,
    pub(crate) operator_conflicts: usize,
    pub(crate) templates: usize,
}

impl Writer {
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.chance.below(n) == 0
    }

    pub(crate) fn pick<'v>(&mut self, items: &[&'v str]) -> &'v str {
        items[self.chance.below(items.len() as u64) as usize]
    }

    pub(crate) fn fact(&mut self, kind: &str, name: &str, value: &str) {
        self.facts.push(format!("{kind} {name} | {value}"));
    }

    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// `**Label:** value`, mostly with two blanks at its end.
    pub(crate) fn labelled(&mut self, label: &str, value: &str) {
        let end = if self.one_in(5) { "" } else { "  " };
        self.line(&format!("**{label}:** {value}{end}"));
    }

    pub(crate) fn ty(&mut self) -> (&'static str, &'static str) {
        TYPES[self.chance.below(TYPES.len() as u64) as usize]
    }

    fn rule(&mut self) {
        // Written directly below a line it would be a heading to Markdown.
        if self.one_in(3) {
            self.line("");
        }
        self.line("---");
        if self.one_in(4) {
            self.line("");
        }
    }

    pub(crate) fn word(&self, at: usize) -> &'static str {
        WORDS[(self.number + at) % WORDS.len()]
    }

    fn identity(&self) -> String {
        let suffix = if self.older { "_v1" } else { "" };
        format!("Mesh.{}.{}{}{suffix}", WORDS[self.number / WORDS.len() % WORDS.len()], self.word(0), self.number)
    }

    fn header(&mut self) {
        let dash = if self.one_in(4) { " — Part" } else { "" };
        let title = format!("{} of things that are not {}{dash}", self.word(3), self.word(1));
        self.line(&format!("# {title}"));
        self.fact("title", &title, "");
        if !self.older || self.one_in(2) {
            self.labelled("EQC Compliance", "Merged single file, Option A (v1.1).");
        }
        let identity = self.identity();
        // Some documents do not say what they are.
        if self.number % 23 == 7 {
            self.residue.push("DOCUMENT_NO_IDENTITY");
        } else {
            self.labelled("Algorithm", &format!("`{identity}`"));
            self.fact("identity", &identity, "");
        }
        if !self.one_in(12) {
            self.labelled("Purpose (1 sentence)", "Says what `this` is: one thing | and no other.");
        }
        let version = format!("{}-v0.{}", identity.trim_end_matches("_v1"), self.number % 9);
        self.labelled("Spec Version", &format!("`{version}` | 2026-0{}-17 | A. N. Other", 1 + self.number % 9));
        self.fact("version", &version, "");
        if !self.older {
            self.labelled("Normativity Legend", "`layer1-foundation/Legend.md`");
            self.fact("link", "layer1-foundation/Legend.md", "");
        }
        if !self.one_in(4) {
            self.labelled("Domain / Problem Class", "Bookkeeping; replay.");
        }
    }

    fn first_section(&mut self) {
        self.rule();
        self.line("## 1) Header & Global Semantics");
        self.line("### 0.0 Identity");
        self.line("- The **identity** is what the header says.");
        self.line("### 0.D Ordering and Tie-Break (Normative)");
        self.line("- Order by `(t, rank, operator_seq)`; ties: lowest `node_id` first.");
        if self.one_in(2) {
            self.line("### 0.K Failure and Error");
            self.line("- Abort on unresolved labels with a record of `CBOR_CANONICAL` bytes.");
            self.line("- Failure codes: `TRACE_FAILED`, `LEDGER_FAILED`.");
        }
    }

    fn manifest(&mut self, operators: &[String], nowhere: bool) {
        if self.number % 7 == 3 {
            return;
        }
        self.line("### 0.G Operator Manifest");
        for name in operators {
            let dot = if self.one_in(6) { "." } else { "" };
            self.line(&format!("- `{name}`{dot}"));
            self.fact("manifest", name, "");
        }
        if nowhere {
            self.line("");
            self.line("### Referenced Operators (Template-only)");
            for at in 0..2 {
                let name = format!("Mesh.Roadmap.Later{}{at}", self.number);
                self.line(&format!("- `{name}`"));
                self.fact("manifest", &name, "template-only");
            }
        }
    }

    fn params(&mut self, most: u64, state: bool) -> (Vec<String>, Vec<String>) {
        let count = self.chance.below(most) as usize;
        let (mut written, mut means) = (Vec::new(), Vec::new());
        for at in 0..count {
            let name = format!("{}_{at}", FIELDS[(at + self.number) % FIELDS.len()]);
            let mark = if self.one_in(5) { "?" } else { "" };
            if self.one_in(2) {
                let (ty, meaning) = self.ty();
                written.push(format!("{name}{mark}: {ty}"));
                means.push(format!("{name}{mark}: {meaning}"));
            } else {
                written.push(format!("{name}{mark}"));
                means.push(format!("{name}{mark}"));
            }
        }
        if state {
            written.push("world'".to_owned());
            means.push("world'".to_owned());
        }
        (written, means)
    }

    fn operator(&mut self, name: &str, codes: &[String]) {
        let purity = self.pick(&["PURE", "PURE", "IO", "STATEFUL"]);
        let new = self.one_in(40);
        let remark = if new { " (new)" } else { "" };
        self.labelled("Operator", &format!("`{name}`{remark}"));
        let category = if self.layer == 3 || self.one_in(3) { None } else { Some(self.pick(&CATEGORIES)) };
        if let Some(category) = category {
            self.labelled("Category", category);
        }
        let (inputs, inputs_mean) = self.params(6, false);
        let (outputs, outputs_mean) = self.params(3, purity == "STATEFUL");
        let arrow = self.pick(&["->", "->", "→"]);
        let side = |all: &[String]| if all.is_empty() { "()".to_owned() } else { all.join(", ") };
        let behind = if self.one_in(30) { " (see `II.F` for the record)" } else { "" };
        let has_signature = !self.one_in(50);
        if has_signature {
            self.labelled("Signature", &format!("`({} {arrow} {})`{behind}", side(&inputs), side(&outputs)));
            self.fact("signature", name, &format!("({} -> {})", side(&inputs_mean), side(&outputs_mean)));
        }
        let words = if purity == "STATEFUL" && self.one_in(10) { " (moves the cursor)" } else { "" };
        self.labelled("Purity class", &format!("{purity}{words}"));
        let determinism = if self.layer == 3 {
            None
        } else {
            Some(self.pick(&[
                "deterministic",
                "deterministic with fixed seeds",
                "Fully deterministic.",
                "stochastic (replayable from the seed)",
            ]))
        };
        if let Some(said) = determinism {
            self.labelled("Determinism", said);
        }
        self.labelled("Definition", "Takes what comes in, and gives what goes out: see below.");
        if self.one_in(3) {
            self.line("- Sub-rule: nothing is kept.");
            self.line("- Steps are taken in the order of their number.");
        }
        let raises = self.clauses(codes);
        self.line("");
        let mut about = vec![purity.to_owned()];
        if let Some(said) = determinism {
            about.push(if said.starts_with("stoch") { "STOCHASTIC" } else { "DETERMINISTIC" }.to_owned());
        }
        about.extend(category.map(str::to_owned));
        about.extend(raises);
        if new {
            about.push("(new)".to_owned());
        }
        self.fact("operator", name, &about.join(" "));
    }

    /// The rest of a block; what it raises.
    fn clauses(&mut self, codes: &[String]) -> Option<String> {
        let mut raises = None;
        if self.layer == 3 || self.one_in(4) {
            let count = 1 + self.chance.below(3) as usize;
            let named: Vec<String> = codes.iter().skip(self.number % 3).take(count).cloned().collect();
            let list: Vec<String> = named.iter().map(|code| format!("`{code}`")).collect();
            self.labelled("allowed_error_codes", &format!("{}.", list.join(", ")));
            raises = Some(format!("raises [{}]", named.join(", ")));
        }
        if self.one_in(3) {
            self.labelled("Preconditions / Postconditions", "none beyond its types.");
            self.labelled("Edge cases", "N/A.");
            self.labelled("Numerical considerations", "EPS_EQ = 1e-10; `≤` is exact.");
            self.fact("number", "EPS_EQ", "1e-10");
            self.labelled("Ordering/tie handling", "lowest index first.");
            self.labelled("Test vectors", "see VII.B.");
        }
        if self.one_in(8) {
            self.line("**validation_report (minimum schema):**");
            self.line("```yaml");
            self.line("is_valid: bool");
            self.line("errors: [string]  # deterministic order");
            self.line("report_hash: bytes32  # only when valid");
            self.line("```");
            self.fact("record", "validation_report", "");
            self.fact("field", "validation_report.is_valid", "bool");
            self.fact("field", "validation_report.errors", "list<text>");
            self.fact("field", "validation_report.report_hash?", "bytes 32");
        }
        raises
    }

    fn procedure(&mut self, operators: &[String]) {
        self.rule();
        self.line("## 6) Procedure");
        self.line("```text");
        let first = operators.first().cloned().unwrap_or_else(|| "Nothing".to_owned());
        for (number, text) in
            [("1", format!("call {first}(x)")), ("2", "if x = 0: stop".to_owned()), ("2a", "else go on".to_owned())]
        {
            self.line(&format!("{number}. {text}"));
            self.fact("step", number, &text);
        }
        self.line("```");
    }
}

/// Writes a corpus.
pub(crate) fn corpus(seed: u64) -> Corpus {
    let layers = [("layer1-foundation", 11), ("layer2-specs", 20), ("layer3-tests", 14), ("layer4-implementation", 67)];
    let codes: Vec<String> = WORDS.iter().map(|word| format!("{}_FAILED", word.to_uppercase())).collect();
    let mut all =
        Corpus { documents: Vec::new(), operators: 0, hash_conflicts: 12, operator_conflicts: 0, templates: 0 };
    let mut number = 0;
    for (layer, (folder, count)) in layers.into_iter().enumerate() {
        for _ in 0..count {
            // 318 blocks in 112 documents: two or three each, and more in the first.
            let blocks = if number < 112 - 18 { 3 } else { 2 };
            all.documents.push(document(seed, number, (layer + 1, folder), blocks, &codes, &mut all.templates));
            all.operators += blocks;
            number += 1;
        }
    }
    // What the first document defines is defined again by the last, with another signature.
    let name = "Mesh.Batch.Twice";
    for (at, signature) in [(0, "(a -> b)"), (111, "(a, c -> b)")] {
        let document = &mut all.documents[at];
        document.text.push_str(&format!(
            "\n---\n## 5) Operator Definitions\n\n**Operator:** `{name}`\n**Signature:** `{signature}`\n**Purity class:** PURE\n"
        ));
        document.facts.push(format!("operator {name} | PURE"));
        document.facts.push(format!("signature {name} | {signature}"));
        document.facts.sort();
        all.operators += 1;
    }
    all.operator_conflicts = 1;
    all
}

fn document(
    seed: u64,
    number: usize,
    (layer, folder): (usize, &str),
    blocks: usize,
    codes: &[String],
    templates: &mut usize,
) -> Written {
    let mut writer = Writer {
        chance: Chance::new(seed ^ (number as u64).wrapping_mul(0x9e37_79b9)),
        text: String::new(),
        facts: Vec::new(),
        residue: Vec::new(),
        older: number % 4 == 1,
        number,
        layer,
    };
    let suffix = if writer.older { "_v1" } else { "" };
    let names: Vec<String> =
        (0..blocks).map(|at| format!("Mesh.{}.Do{number}{}{suffix}", writer.word(4), WORDS[at])).collect();
    writer.header();
    let last = layer == 4 && number.is_multiple_of(5);
    if !last {
        writer.first_section();
    }
    let nowhere = number % 6 == 2;
    let before = writer.facts.len();
    writer.manifest(&names, nowhere);
    *templates += writer.facts[before..].iter().filter(|it| it.ends_with("template-only")).count();
    model(&mut writer, &names, codes);
    writer.rule();
    writer.line("## 5) Operator Definitions");
    writer.line("");
    for name in &names {
        writer.operator(name, codes);
    }
    if number.is_multiple_of(4) {
        writer.procedure(&names);
    }
    if last {
        writer.first_section();
    }
    if number % 29 == 11 {
        writer.line("");
        writer.line("**Operator:** `not a name`");
        writer.residue.push("PROSE_OPERATOR");
    }
    let (mut text, mut facts, mut residue) = (writer.text, writer.facts, writer.residue);
    if number % 10 == 6 {
        text = text.replace('\n', "\r\n");
    }
    facts.sort();
    residue.sort_unstable();
    Written { path: format!("{folder}/Document-{number}.md"), text, facts, residue }
}

/// What the documents of a number have beside operators.
fn model(writer: &mut Writer, names: &[String], codes: &[String]) {
    let (number, layer) = (writer.number, writer.layer);
    writer.rule();
    writer.line(if layer == 4 && number % 2 == 0 { "## 2) Normative Rule Set" } else { "## 2) System Model" });
    if number == 4 {
        writer.errors(codes);
    }
    if number % 2 == 0 {
        writer.field_list();
    }
    if number % 3 == 1 {
        writer.inline_record();
    }
    if number == 9 {
        writer.registry_table(names);
    }
    if number == 15 {
        writer.defaults();
    }
    // Twelve names are defined by two documents each, differently.
    let conflict = if (20..44).contains(&number) { Some((number - 20) / 2) } else { None };
    writer.hashes(conflict);
    if number % 9 == 4 {
        let other = "layer1-foundation/Document-0.md";
        writer.line(&format!("External operator reference: `Mesh.Seal.Do0Batch` in `{other}`."));
        writer.fact("external", "Mesh.Seal.Do0Batch", other);
        writer.fact("link", other, "");
    }
}
