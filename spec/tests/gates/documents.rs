//! Documents held against contracts: prose and schemas, in step and out of it.

use super::{input, money, says};
use gx_spec::gate::Document;
use gx_spec::gate::drift::Held;
use gx_spec::graphql::to_sdl;
use gx_spec::prose::to_markdown;
use gx_spec::schema::json_schema_text;

/// What the gate `drift` says of documents of the money contract.
fn drifts(documents: &[(&str, &[u8])]) -> String {
    let documents: Vec<Document> =
        documents.iter().map(|(path, bytes)| Document { path: (*path).to_owned(), bytes: bytes.to_vec() }).collect();
    let held = Held::of(&money(), &documents).encode();
    let mut input = input(vec![money()], &[]);
    input.files.insert("drift", vec![Document { path: "out/held".to_owned(), bytes: held }]);
    says("drift", &input)
}

#[test]
fn documents_say_what_contracts_say_both_ways() {
    let contract = money().contract;
    let prose = to_markdown(&contract);
    let prose = prose.split("---\n## 11)").next().unwrap();
    let schema = json_schema_text(&contract);
    let sdl = to_sdl(&contract);
    let said = drifts(&[("m.md", prose.as_bytes()), ("m.json", schema.as_bytes()), ("m.graphql", sdl.as_bytes())]);
    assert!(said.contains("drift: PASS: 0 errors"), "{said}");
    let hand = |from: &str, to: &str| {
        let text = prose.replacen(from, to, 1);
        assert_ne!(text, prose, "{from}");
        drifts(&[("docs/m.md", text.as_bytes())])
    };
    let mut all = vec![
        hand("- `cents: Cents`", "- `cents: Cents`\n- `tip?: uint8`"),
        hand("- `cents: Cents`\n", ""),
        hand("`TOO_MUCH` | 2", "`TOO_MUCH` | 3"),
        hand("**Purity class:** PURE", "**Purity class:** perhaps"),
        hand("Shop.Money-1.2.0", "Shop.Money-1.2.1"),
        drifts(&[("m.md", &[0xff, 0xfe]), ("m.txt", b"text")]),
        drifts(&[("m.json", schema.replacen("1000", "1001", 1).as_bytes()), ("n.json", b"{")]),
    ];
    let mut broken = input(vec![money()], &[("drift", "out/held", "nonsense")]);
    all.push(says("drift", &broken));
    broken.arguments.insert("documents".to_owned(), "m.md\n".to_owned());
    all.push(says("schema", &broken));
    insta::assert_snapshot!(all.join("--\n"));
}

#[test]
fn where_a_fact_stands_in_a_document_is_no_part_of_what_is_recorded() {
    let prose = to_markdown(&money().contract);
    let held =
        |text: &str| Held::of(&money(), &[Document { path: "m.md".to_owned(), bytes: text.as_bytes().to_vec() }]);
    let moved = prose.replace("\n---\n", "\n\n\n---\n\n").replace("  \n**", "\n**").replace("- `way", "*   `way");
    assert_ne!(moved, prose);
    assert_eq!(held(&moved), held(&prose));
    assert_ne!(held(&prose.replace("Shop.Money.Half", "Shop.Money.Third")), held(&prose));
    let wrong = held(&prose.replace("`cents: Cents`", "`cents: bool`"));
    assert!(!wrong.findings.is_empty());
    assert_eq!(Held::decode(&wrong.encode()).unwrap(), wrong);
}
