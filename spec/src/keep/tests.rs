//! What is kept, rescued and refused; and that nothing a person wrote is ever lost.
use super::*;
use proptest::prelude::*;

const BASE: &str =
    "use exact;\n\n/// Twice.\nfn twice(a: u8) {\n    a * 2\n}\n\n/// Half.\nfn half(a: u8) {\n    a / 2\n}\n";

const MINE: &str = "// gx:keep begin Shop.Twice/check\nfn check() {\n}\n// gx:keep end\n";

fn operators() -> BTreeSet<String> {
    ["Shop.Twice", "Shop.Half"].map(str::to_owned).into()
}

fn with(base: &str, before: &str, text: &str) -> String {
    let (head, tail) = base.split_once(before).unwrap();
    format!("{head}{text}{before}{tail}")
}

fn merged(working: &str, new: &str) -> Result<Merged, Vec<Refusal>> {
    regenerate(Texts { base: BASE, working, new }, &operators(), false)
}

#[test]
fn a_second_time_changes_no_byte() {
    for working in [BASE.to_owned(), with(BASE, "/// Half.", &format!("{MINE}\n"))] {
        assert_eq!(merged(&working, BASE).unwrap(), Merged { text: working, rescued: Vec::new() });
    }
}

#[test]
fn a_region_stays_when_what_surrounds_it_changes() {
    let working = with(BASE, "/// Half.", &format!("{MINE}\n"));
    for (from, to) in [
        ("use exact;\n", "use exact;\nuse other;\n"),
        ("    a * 2\n}\n", "    a * 2 + 1\n}\n// end of twice\n"),
        ("/// Half.\nfn half(a: u8) {\n", "/// The half of it.\nfn half(a: u16) {\n"),
        ("    a / 2\n", "    a >> 1\n"),
    ] {
        let new = BASE.replace(from, to);
        let made = merged(&working, &new).unwrap();
        assert_eq!(made.rescued, []);
        assert_eq!(made.text.replace(&format!("{MINE}\n"), ""), new, "{}", made.text);
        assert!(made.text.contains(MINE));
    }
    // Within a body too, also at the very beginning and end of a text.
    for before in ["    a * 2", "use exact", "}\n\n/// Half"] {
        let working = with(BASE, before, MINE);
        assert!(merged(&working, &BASE.replace("a / 2", "a >> 1")).unwrap().text.contains(MINE));
    }
    let made = merged(&format!("{BASE}{MINE}"), &BASE.replace("a * 2", "2 * a")).unwrap();
    assert!(made.text.ends_with(&format!("}}\n{MINE}")));
}

#[test]
fn what_vanished_is_rescued() {
    let working = with(BASE, "/// Half.", &format!("{MINE}\n"));
    let made = regenerate(Texts { base: BASE, working: &working, new: BASE }, &BTreeSet::new(), false).unwrap();
    assert_eq!(made.rescued.iter().map(|it| it.text.as_str()).collect::<String>(), MINE);
    assert!(!made.text.contains("gx:keep"));
    // A slot without an operator goes with the lines around it.
    let mine = MINE.replace("Shop.Twice/", "");
    let made =
        merged(&with(BASE, "    a * 2", &mine), "use exact;\n\n/// Half.\nfn half(a: u8) {\n    a / 2\n}\n").unwrap();
    assert_eq!(made.rescued.iter().map(|it| it.text.as_str()).collect::<String>(), mine);
}

#[test]
fn what_is_not_marked_is_refused_or_merged() {
    let working = BASE.replace("    a * 2\n", "    a * 2 // mine\n");
    let Err(refused) = merged(&working, BASE) else { panic!() };
    let [Refusal::Edited { line: 5, diff }] = refused.as_slice() else { panic!("{refused:?}") };
    insta::assert_snapshot!(diff);
    let merge = |new: &str| regenerate(Texts { base: BASE, working: &working, new }, &operators(), true);
    let made = merge(&BASE.replace("a / 2", "a >> 1")).unwrap();
    assert!(made.text.contains("a * 2 // mine") && made.text.contains("a >> 1"));
    assert!(matches!(
        merge(&BASE.replace("a * 2", "a + a")).unwrap_err().as_slice(),
        [Refusal::Conflict { line: 5, .. }]
    ));
    // The same edit on both sides is none.
    assert_eq!(merge(&working).unwrap().text, working);
    // Between lines that both changed there is no place.
    let working = with(BASE, "    a * 2", MINE);
    let new = BASE.replace("fn twice(a: u8) {\n    a * 2\n", "fn twice(a: u16) {\n    a + a\n");
    assert!(matches!(merged(&working, &new).unwrap_err().as_slice(), [Refusal::Conflict { line: 5, .. }]));
}

#[test]
fn marks_that_are_wrong_are_told() {
    let mut told = String::new();
    for text in [
        "// gx:keep begin a\n",
        "// gx:keep end\n",
        "// gx:keep begin\n// gx:keep end\n",
        "# gx:keep begin a\n# gx:keep begin b\n# gx:keep end\n# gx:keep end\n",
        "/* gx:keep begin a*/\n/* gx:keep end */\n<!-- gx:keep begin a-->\n<!-- gx:keep end -->\n",
    ] {
        told.push_str(&format!("{:?}\n", merged(text, BASE).unwrap_err()));
    }
    insta::assert_snapshot!(told);
}

/// Lines of a small alphabet, so that texts meet often.
fn text() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[a-e]?", 0..12).prop_map(|lines| lines.into_iter().map(|it| it + "\n").collect())
}

proptest! {
    /// Whatever is generated, a region is in the text or rescued, or all is refused; the rest is what is generated.
    #[test]
    fn nothing_is_lost(base in text(), new in text(), at in 0usize..12, tied in any::<bool>()) {
        let at = at.min(base.len());
        let name = if tied { "Gone/slot" } else { "slot" };
        let mine = format!("# gx:keep begin {name}\nmine\n# gx:keep end\n");
        let (head, tail) = base.split_at(at);
        let working = format!("{}{mine}{}", head.concat(), tail.concat());
        let (base, new) = (base.concat(), new.concat());
        let texts = Texts { base: &base, working: &working, new: &new };
        match regenerate(texts, &operators(), false) {
            Ok(made) => {
                let (there, rescued) = (made.text.contains(&mine), made.rescued.iter().any(|it| it.text == mine));
                prop_assert!(there != rescued && rescued >= tied);
                prop_assert_eq!(made.text.replace(&mine, ""), new);
            }
            Err(refused) => {
                let conflict = matches!(refused.as_slice(), [Refusal::Conflict { .. }]);
                prop_assert!(conflict);
            }
        }
    }

    /// With no change on one side, the other side is the answer.
    #[test]
    fn one_side_is_taken_as_it_is(base in text(), other in text()) {
        let (base, other) = (base.concat(), other.concat());
        let made = |working: &str, new: &str| regenerate(Texts { base: &base, working, new }, &operators(), true);
        prop_assert_eq!(made(&other, &base).unwrap().text, other.clone());
        prop_assert_eq!(made(&base, &other).unwrap().text, other);
    }
}
