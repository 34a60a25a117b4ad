//! The shapes that facts have in the sections of a document: lists of fields, records in a line, tables, hashes.
//!
//! Invariant: what is written is noted at once, as in `write`. This file does not know operators.

use super::write::{FIELDS, Writer};

impl Writer {
    /// Bullets of fields under a line that asks for them.
    pub(crate) fn field_list(&mut self) {
        let record = format!("{}Record{}", self.word(2), self.number);
        self.line(&format!("### II.F {record} (Normative)"));
        self.fact("record", &record, if self.number.is_multiple_of(3) { "closed" } else { "" });
        if self.number.is_multiple_of(3) {
            self.line("A record has exactly these fields (no extras).");
            self.line("");
        }
        let (bullet, inner) = (self.pick(&["-", "*"]), self.pick(&["  ", "  ", " ", "    "]));
        self.line(&format!("{bullet} Required fields:"));
        let count = 3 + self.number % 4;
        for at in 0..count {
            let (ty, means) = self.ty();
            let name = format!("{}_{at}", FIELDS[(self.number + at) % FIELDS.len()]);
            let blank = if self.one_in(3) { "" } else { " " };
            let mark = if self.one_in(4) { "?" } else { "" };
            self.line(&format!("{inner}{bullet} `{name}{mark}:{blank}{ty}`"));
            self.fact("field", &format!("{record}.{name}{mark}"), means);
        }
        for (written, kind, means) in [
            ("`batch_size: uint32` (>=1)", "batch_size", "int 1..=4294967295"),
            ("`block: uint64` (default 1048576)", "block", "int 0..=18446744073709551615 = 1048576"),
            ("`tries: uint32` (recommended range 1..10)", "tries", "int 1..=10"),
            ("`policy_bundle.hash: bytes32`", "policy_bundle.hash", "bytes 32"),
            ("`mode ∈ {SLOW, FAST}`", "mode", "enum(SLOW, FAST)"),
            (
                "`operator_id: string` MUST match `^[A-Za-z0-9_\\\\-\\\\.]{1,128}$`",
                "operator_id",
                "text pattern \"^[A-Za-z0-9_\\\\\\\\-\\\\\\\\.]{1,128}$\"",
            ),
        ] {
            if self.one_in(2) {
                self.line(&format!("{inner}{bullet} {written}"));
                self.fact("field", &format!("{record}.{kind}"), means);
            }
        }
        if self.one_in(3) {
            self.line(&format!("{bullet} Optional fields:"));
            self.line(&format!("{inner}{bullet} `note: string`"));
            self.fact("field", &format!("{record}.note?"), "text");
        }
        self.line("");
        self.line("Text behind it: record_type `FINALIZE` must include all of them.");
    }

    pub(crate) fn inline_record(&mut self) {
        let record = format!("{}Entry{}", self.word(5), self.number);
        self.line("### II.E Canonical Structures");
        let kind = self.pick(&["ITER", "ERROR"]);
        let body = format!("{{id:uint64, kind:\"{kind}\", tags?:array<string>, by:map<string,bool>}}");
        if self.one_in(2) {
            self.line(&format!("- `{record} = {body}`"));
        } else {
            self.line(&format!("- `{record}`: `{body}`"));
        }
        self.fact("record", &record, "closed");
        self.fact("field", &format!("{record}.id"), "int 0..=18446744073709551615");
        self.fact("field", &format!("{record}.kind"), &format!("enum({kind})"));
        self.fact("field", &format!("{record}.tags?"), "list<text>");
        self.fact("field", &format!("{record}.by"), "map<text, bool>");
    }

    pub(crate) fn errors(&mut self, codes: &[String]) {
        self.line("### II.F Error Registry (Authoritative)");
        self.line("");
        self.line("| code_id | numeric_code | category | severity | retryable | deterministic_fields_required | message_template | remediation | version_introduced |");
        self.line("|---|---:|---|---|---|---|---|---|---|");
        for (at, code) in codes.iter().enumerate() {
            let (number, retry) = (1000 + at * 7, at % 3 == 0);
            let severity = self.pick(&["FATAL", "ERROR", "WARN"]);
            let pad = if self.one_in(3) { "   " } else { " " };
            self.line(&format!(
                "| `{code}` |{pad}{number} | config | {severity} | {retry} | `t, rank, operator_id` | `value {{got}} | expected {{want}}` | Look at it. | v0.1 |"
            ));
            let said = if retry { "yes" } else { "no" };
            self.fact(
                "error",
                code,
                &format!("{number} {severity} config retry {said} \"value {{got}} | expected {{want}}\""),
            );
        }
    }

    pub(crate) fn registry_table(&mut self, operators: &[String]) {
        self.line("### II.G Interfaces");
        self.line("");
        self.line("| surface | name | version | method | request_schema_digest | response_schema_digest | idempotent | side_effects | allowed_error_codes | signature_digest |");
        self.line("|:---|---|---|---|---|---|---|---|---|---:|");
        let digest = format!("sha256:{}", "0a".repeat(32));
        for name in operators {
            self.line(&format!(
                "| SYSCALL | `{name}` | v1 | CALL | `{digest}` | `{digest}` | true | `[\"NONE\"]` | `[\"BATCH_FAILED\"]` | `{digest}` |"
            ));
            self.fact(
                "row",
                "SYSCALL",
                &format!("surface=SYSCALL; name={name}; version=v1; method=CALL; request_schema_digest={digest}; response_schema_digest={digest}; idempotent=true; side_effects=[\"NONE\"]; allowed_error_codes=[\"BATCH_FAILED\"]; signature_digest={digest}"),
            );
        }
    }

    pub(crate) fn defaults(&mut self) {
        self.line("### II.I Defaults");
        self.line("| field_path | default |");
        self.line("|---|---|");
        for (path, value) in [("data.block_size", "1048576"), ("replay.mode", "\"STRICT\""), ("limits.rate", "0.5")] {
            self.line(&format!("| `{path}` | `{value}` |"));
            self.fact("default", path, value);
        }
    }

    pub(crate) fn hashes(&mut self, conflict: Option<usize>) {
        self.line("### II.H Hash Rules (Normative)");
        let n = self.number;
        let forms = [
            (
                format!("step{n}_hash = SHA-256(CBOR_CANONICAL([\"step\", [run_id, t, seed?]]))"),
                format!("step{n}_hash"),
                "sha256 commit \"step\" [run_id, t, seed?]",
            ),
            (
                format!("seal{n}_hash = CommitHash(\"seal\", [a.b, c])"),
                format!("seal{n}_hash"),
                "sha256 commit \"seal\" [a.b, c]",
            ),
            (
                format!("body{n}_hash = ObjectDigest(body excluding {{signature}})"),
                format!("body{n}_hash"),
                "sha256 object body excluding {signature}",
            ),
            (
                format!("list{n}_root = SHA-256(CBOR_CANONICAL([entries, version]))"),
                format!("list{n}_root"),
                "sha256 object [entries, version]",
            ),
            (format!("raw{n}_hash = SHA-256(left || right)"), format!("raw{n}_hash"), "sha256 raw left || right"),
        ];
        for (at, (written, name, means)) in forms.into_iter().enumerate() {
            if self.one_in(2) {
                continue;
            }
            match at % 3 {
                0 => self.line(&format!("- `{written}`.")),
                1 => self.line(&format!("- The hash is `{written}`, always.")),
                _ => {
                    self.line("");
                    self.line(&written.to_string());
                    self.line("");
                }
            }
            self.fact("hash", &name, means);
        }
        if let Some(at) = conflict {
            let tag = if n.is_multiple_of(2) { "first" } else { "second" };
            self.line(&format!("- `shared{at}_hash = CommitHash(\"{tag}\", [x])`"));
            self.fact("hash", &format!("shared{at}_hash"), &format!("sha256 commit \"{tag}\" [x]"));
        }
        if self.number % 37 == 5 {
            // The definition was lost when the text was pasted.
            self.line("- `lost_state_root_hash =`");
            self.line("- Empty sets hash as `[]`.");
            self.residue.push("PROSE_PREIMAGE");
        }
    }
}
