//! Documents and contracts with the real program: questions about folders of documents, and input that is bad.

use gx_tests::TestSpace;
use serde_json::Value;

const HEAD: &str = "contract Aa.Cc 1.0.0 layer L1 invalid BAD;\n\
    error BAD = 1 severity ERROR category a retry no message \"m\";\n";

fn document(name: &str, body: &str) -> String {
    format!(
        "# {name}\n\n**Algorithm:** `Mesh.{name}`  \n**Spec Version:** `Mesh.{name}-v1` | 2026-01-31 | A.\n\n---\n{body}"
    )
}

fn folder() -> TestSpace {
    let space = TestSpace::new();
    let operator = "## 5) Operator Definitions\n\n**Operator:** `Mesh.First.Run`  \n**Signature:** `(a: uint32 -> b: bool)`\n\
                    **Purity class:** PURE\n**Edge cases:** N/A.\n**Ordering/tie handling:** N/A.\n\
                    **allowed_error_codes:** `BAD_THING`.\n";
    let errors = "## 2) System Model\n\n| code_id | numeric_code | severity |\n|---|---|---|\n| `BAD_THING` | 7 | ERROR |\n\n\
                  - `thing_hash = CommitHash(\"thing\", [a, b])`\n";
    space.write("docs/layer1-foundation/First.md", document("First", operator));
    space.write("docs/layer2-specs/Second.md", document("Second", errors));
    space.write("docs/layer4-implementation/Guide.md", document("Guide", "## Why\n\nBecause.\n"));
    space
}

#[test]
fn questions_about_a_folder_fail_on_findings_and_give_the_same_bytes() {
    let space = folder();
    let questions = ["coverage", "residue", "preimages", "errors", "resolve", "close"];
    for question in questions {
        let first = space.run(["spec", question, "docs", "--json"]).ok();
        let second = space.run(["spec", question, "docs", "--json"]).ok();
        assert_eq!(first.stdout, second.stdout, "{question}");
        let json: Value = serde_json::from_str(&first.stdout).unwrap();
        assert_eq!(json["status"], "PASS", "{json}");
        space.run(["spec", question, "docs"]).ok();
    }
    let json: Value = serde_json::from_str(&space.run(["spec", "coverage", "docs", "--json"]).stdout).unwrap();
    assert_eq!(json["counts"], serde_json::json!({"documents": 3, "covered": 2, "need none": 1, "operators": 1}));

    let bad = "## 2) System Model (Normative)\n\nIt MAY be otherwise.\n\n\
               - `thing_hash = CommitHash(\"other\", [a, b])`\n- `x: nonsense<`\n\n\
               | code_id | numeric_code | severity |\n|---|---|---|\n| `BAD_THING` | 8 | ERROR |\n\n\
               ### 0.G Operator Manifest\n- `Mesh.Gone.Away`\n\nsee `gone/Missing.md`\n";
    space.write("docs/layer3-tests/Third.md", document("Third", bad));
    for (question, codes) in [
        ("coverage", &["GX1050"][..]),
        ("residue", &["GX1040"]),
        ("preimages", &["GX1051"]),
        ("errors", &["GX1051"]),
        ("resolve", &["GX1052"]),
        ("close", &["GX1053"]),
    ] {
        let run = space.run(["spec", question, "docs"]).expect(1);
        for code in codes {
            assert!(run.stderr.contains(&format!("error[{code}]")), "{question}: {}", run.told());
            assert!(run.stderr.contains("docs/layer3-tests/Third.md:"), "{question}: {}", run.told());
        }
        let json = space.run(["spec", question, "docs", "--json"]).expect(1);
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(json["status"], "FAIL");
        let findings = json["findings"].as_array().unwrap();
        assert!(findings.iter().any(|it| it["file"] == "docs/layer3-tests/Third.md"), "{json}");
    }
    let run = space.run(["spec", "preimages", "docs"]).expect(1);
    run.expect_text("docs/layer2-specs/Second.md:13:4: the first of them");
}

/// Each is a finding with code, file and line: nothing panics, and nothing takes for ever.
#[test]
fn bad_input_in_any_form_is_a_finding_with_its_place() {
    let space = TestSpace::new();
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(20_000), close.repeat(20_000));
    let operator = |name: &str, body: &str| format!("{HEAD}/// D.\n{name} {{ {body} }}\n");
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "deep.upel",
            operator("pure operator Ff(aa: u8) -> u8", &format!("{}aa", "(".repeat(20_000))).into_bytes(),
            "GX1002",
        ),
        ("deep.json", deep("[", "]").into_bytes(), "GX1045"),
        ("deep.graphql", format!("type Query {{ a: {} }}", deep("[", "]")).into_bytes(), "GX1047"),
        ("bytes.upel", b"contract A.B \xff 1.0.0;".to_vec(), "GX1001"),
        ("bytes.md", b"# T\n\n**Algorithm:** `A.\xff`\n".to_vec(), "GX1041"),
        ("bytes.json", b"{\"a\":\"\xff\"}".to_vec(), "GX1041"),
        ("bytes.graphql", b"type \xff {}".to_vec(), "GX1041"),
        (
            "case.upel",
            format!("{HEAD}record Account {{ aa: u8 }}\nrecord ACcount {{ aa: u8 }}\n").into_bytes(),
            "GX1004",
        ),
        (
            "twice.upel",
            format!("{HEAD}record Account {{ aa: u8 }}\nrecord Account {{ aa: u8 }}\n").into_bytes(),
            "GX1004",
        ),
        ("over.upel", operator("pure operator Ff(aa: u64, bb: u64) -> u64", "aa * bb").into_bytes(), "GX1010"),
        ("back.upel", format!("{HEAD}type Tt = text 0..=9 pattern \"(a)\\\\1\" else BAD;\n").into_bytes(), "GX1007"),
        (
            "great.upel",
            format!("{HEAD}type Tt = text 0..=9 pattern \"((a{{1,1000}}){{1,1000}}){{1,1000}}\" else BAD;\n")
                .into_bytes(),
            "GX1007",
        ),
        (
            "against.md",
            document("Self", "## 2) System Model\n- `a_hash = SHA-256(x)`\n- `a_hash = SHA-256(y)`\n").into_bytes(),
            "GX1042",
        ),
    ];
    for (name, bytes, code) in cases {
        space.write(name, bytes);
        let run = space.run(["spec", "check", name]).expect(1);
        assert!(run.stderr.contains(&format!("error[{code}]")), "{name}: {}", run.told());
        assert!(run.stderr.contains(&format!("{name}:")), "{name}: {}", run.told());
    }
    let one = "contract Aa.One 1.0.0 layer L1 invalid BAD;\nimport Aa.Two 1.0.0;\nerror BAD = 1 severity ERROR category a retry no message \"m\";\n";
    space.write("circle/one.upel", one);
    space.write(
        "circle/two.upel",
        one.replace("Aa.One", "Aa.Xx").replace("Aa.Two", "Aa.One").replace("Aa.Xx", "Aa.Two"),
    );
    space.run(["spec", "check", "circle/one.upel"]).expect(1).expect_text("error[GX1006]");
    space.write("old.upel", HEAD.replace("1.0.0", "1.2.0"));
    space.write("new.upel", HEAD.replace("1.0.0", "1.1.0"));
    space.run(["spec", "diff", "old.upel", "new.upel"]).expect(1).expect_text("error[GX1020]").expect_text("goes back");
}

/// A pattern that other machines would search for ever is matched in linear time.
#[test]
fn a_pattern_that_could_backtrack_does_not() {
    let space = TestSpace::new();
    let text =
        format!("{HEAD}/// D.\npure operator Ff(aa: text 0..=16000) -> bool {{ matches(aa, \"(a|a)*(a+)+c\") }}\n");
    space.write("pattern.upel", text);
    space.write("in.json", format!("{{\"aa\": \"{}\"}}", "a".repeat(16_000)));
    space.run(["spec", "eval", "pattern.upel", "Ff", "@in.json"]).ok().expect_text("\"result\": false");
}

/// A hundred megabytes are refused after the first sixteen are read.
#[test]
fn a_file_of_a_hundred_megabytes_is_refused() {
    let space = TestSpace::new();
    for (name, code) in
        [("big.upel", "GX1002"), ("big.md", "GX1041"), ("big.json", "GX1045"), ("big.graphql", "GX1041")]
    {
        // A hole: it takes no place on the disk, and is as long.
        let file = std::fs::File::create(space.path(name)).unwrap();
        file.set_len(100 << 20).unwrap();
        let run = space.run(["spec", "check", name]).expect(1);
        assert!(run.stderr.contains(&format!("error[{code}]")), "{name}: {}", run.stderr.len());
        assert!(run.stderr.len() < 2000, "{name}: {} bytes are told of it", run.stderr.len());
        space.remove(name);
    }
}
