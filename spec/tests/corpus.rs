//! A corpus of 112 documents with hundreds of operators is read as it was written: every fact that was put in is found,
//! nothing else is, and what is wrong is told; and questions about all of it have the answers that were put in.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends when something is wrong")]

#[path = "corpus/shapes.rs"]
mod shapes;
#[path = "corpus/write.rs"]
mod write;

use gx_spec::corpus::{Answer, Document, Question, answer};
use gx_spec::prose::read;
use gx_spec::said::{Facts, Gravity, KINDS, Kind, rows};
use std::collections::BTreeMap;
use write::{Corpus, corpus};

/// Kinds whose facts are noted by the writer: all but what says how a document is laid out.
fn noted() -> impl Iterator<Item = &'static str> {
    KINDS.into_iter().filter(|kind| !matches!(*kind, "header" | "section" | "clause"))
}

fn found(facts: &Facts) -> Vec<String> {
    let own = |row: &gx_spec::said::Row| format!("{} {} | {}", row.kind, row.name, row.value);
    let mut all: Vec<String> = rows(facts).iter().filter(|row| noted().any(|kind| kind == row.kind)).map(own).collect();
    all.sort();
    all
}

/// What one list has and the other lacks.
fn without(these: &[String], those: &[String]) -> Vec<String> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    those.iter().for_each(|it| *left.entry(it).or_default() += 1);
    let mut lacking = Vec::new();
    for it in these {
        match left.get_mut(it.as_str()) {
            Some(count) if *count > 0 => *count -= 1,
            _ => lacking.push(it.clone()),
        }
    }
    lacking
}

#[test]
fn every_fact_that_was_put_in_is_found_and_no_other() {
    for seed in [1, 2, 3] {
        let Corpus { documents, operators, .. } = corpus(seed);
        assert_eq!((documents.len(), operators), (112, 320));
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let mut told = String::new();
        for it in &documents {
            let facts = read(&it.path, it.text.as_bytes());
            let got = found(&facts);
            let kind = |fact: &String| fact.split(' ').next().unwrap_or_default().to_owned();
            it.facts.iter().for_each(|fact| counts.entry(kind(fact)).or_default().0 += 1);
            got.iter().for_each(|fact| counts.entry(kind(fact)).or_default().1 += 1);
            let (lost, invented) = (without(&it.facts, &got), without(&got, &it.facts));
            let mut residue: Vec<&str> =
                facts.findings.iter().filter(|it| it.gravity != Gravity::Note).map(|it| it.kind.name()).collect();
            residue.sort_unstable();
            if !lost.is_empty() || !invented.is_empty() || residue != it.residue {
                told.push_str(&format!(
                    "{}\n  lost: {lost:#?}\n  invented: {invented:#?}\n  residue: {residue:?}, and {:?} was put in\n",
                    it.path, it.residue
                ));
                facts.findings.iter().for_each(|it| told.push_str(&format!("  {it}")));
            }
        }
        assert!(told.is_empty(), "seed {seed}: {counts:#?}\n{told}");
        for kind in noted().filter(|kind| *kind != "type") {
            assert!(counts.get(kind).is_some_and(|it| it.0 > 0), "the corpus has no {kind}");
        }
    }
}

fn ask(question: Question, written: &Corpus) -> Answer {
    let facts: Vec<Facts> = written.documents.iter().map(|it| read(&it.path, it.text.as_bytes())).collect();
    let documents: Vec<Document<'_>> =
        facts.iter().zip(&written.documents).map(|(facts, it)| Document::new(facts, &it.text)).collect();
    let first = answer(question, &documents);
    let turned: Vec<Document<'_>> = documents.into_iter().rev().collect();
    let second = answer(question, &turned);
    assert_eq!((&first.rows, &first.findings), (&second.rows, &second.findings), "the order of documents matters");
    first
}

fn count(answer: &Answer, what: &str) -> usize {
    answer.counts.iter().find(|it| it.0 == what).unwrap().1
}

fn of_kind(answer: &Answer, kind: Kind) -> Vec<&gx_spec::said::Finding> {
    answer.findings.iter().filter(|it| it.kind == kind).collect()
}

#[test]
fn questions_about_all_documents_have_the_answers_that_were_put_in() {
    let written = corpus(1);
    let faulty =
        written.documents.iter().filter(|it| it.residue.iter().any(|kind| *kind != "DOCUMENT_NO_IDENTITY")).count();

    let coverage = ask(Question::Coverage, &written);
    assert_eq!((count(&coverage, "documents"), coverage.rows.len()), (112, 112));
    assert_eq!(count(&coverage, "operators"), written.operators);
    assert_eq!(of_kind(&coverage, Kind::CorpusUncovered).len(), faulty);
    assert_eq!(count(&coverage, "covered") + count(&coverage, "need none") + faulty, 112);

    let residue = ask(Question::Residue, &written);
    let put_in: usize = written.documents.iter().map(|it| it.residue.len()).sum();
    let told = residue.findings.iter().filter(|it| it.kind != Kind::CorpusUntyped).count();
    assert_eq!(told, put_in);
    assert!(count(&residue, "untyped") > 0);

    let preimages = ask(Question::Preimages, &written);
    let hashes = written.documents.iter().flat_map(|it| &it.facts).filter(|it| it.starts_with("hash ")).count();
    assert_eq!(count(&preimages, "definitions"), hashes);
    assert_eq!(count(&preimages, "conflicting names"), written.hash_conflicts);
    let conflicts = of_kind(&preimages, Kind::CorpusPreimage);
    assert_eq!(conflicts.len(), 12);
    assert!(conflicts.iter().all(|it| it.other.is_some() && it.other.as_ref().unwrap().file != it.file));

    let references = ask(Question::References, &written);
    assert_eq!(of_kind(&references, Kind::CorpusOperator).len(), written.operator_conflicts);
    assert_eq!(count(&references, "entries of templates that nothing defines"), written.templates);
    let entries = written.documents.iter().flat_map(|it| &it.facts).filter(|it| it.starts_with("manifest ")).count();
    assert_eq!(count(&references, "entries"), entries);
    // The legend is no document of the corpus.
    let links = of_kind(&references, Kind::CorpusLink);
    assert!(!links.is_empty() && links.iter().all(|it| it.subject == "layer1-foundation/Legend.md"));

    let errors = ask(Question::Errors, &written);
    assert_eq!(count(&errors, "codes"), 12);
    assert!(errors.findings.is_empty(), "{:?}", errors.findings);
}

#[test]
fn what_documents_say_against_each_other_and_leave_open_is_found() {
    let mut written = corpus(1);
    written.documents[30].text.push_str(
        "\n## 4) More (Normative)\nIt MAY be left out, TBD.\n\n| code_id | numeric_code | severity |\n|---|---|---|\n\
         | `BATCH_FAILED` | 1 | FATAL |\n| `NEW_FAILED` | 1007 | WARN |\n\n### 0.G Operator Manifest\n- `Mesh.Gone.Away`\n\n### 0.K Failure\n- Failure codes: `BULLET_SAID`, `BATCH_FAILED`.\n",
    );
    written.documents[31].text.push_str(
        "\n**Operator:** `Mesh.Last.Word`\n**Signature:** `(a -> b)`\n**Purity class:** PURE\n**allowed_error_codes:** `NOWHERE_SAID`.\n",
    );
    let names = |answer: &Answer, kind: Kind| -> Vec<String> {
        of_kind(answer, kind).iter().map(|it| format!("{} {}", it.file, it.subject)).collect()
    };
    let (there, next) = ("layer2-specs/Document-30.md", "layer3-tests/Document-31.md");
    let errors = ask(Question::Errors, &written);
    let conflicts = names(&errors, Kind::CorpusError);
    assert!(conflicts.iter().any(|it| *it == format!("{there} BATCH_FAILED")), "{conflicts:?}");
    assert!(conflicts.iter().any(|it| it.ends_with("NEW_FAILED")), "{conflicts:?}");
    assert_eq!(names(&errors, Kind::CorpusCode), [format!("{there} BULLET_SAID"), format!("{next} NOWHERE_SAID")]);
    let references = ask(Question::References, &written);
    assert_eq!(names(&references, Kind::CorpusUnresolved), [format!("{there} Mesh.Gone.Away")]);
    let closure = ask(Question::Closure, &written);
    assert_eq!((count(&closure, "rules for numbers") > 50, count(&closure, "conflicting rules")), (true, 0));
    let words: Vec<&str> = of_kind(&closure, Kind::CorpusChoice).iter().map(|it| it.message.as_str()).collect();
    assert!(
        words.iter().any(|it| it.starts_with("'MAY'")) && words.iter().any(|it| it.starts_with("'TBD'")),
        "{words:?}"
    );
    assert!(names(&closure, Kind::CorpusOpen).iter().any(|it| it.ends_with("Mesh.Last.Word")));
}

#[test]
fn rules_for_numbers_that_documents_state_differently_are_found() {
    let mut written = corpus(1);
    let policy = "\n### 0.C Numeric Policy\n- binary64, ties-to-even; `EPS_EQ = 1e-10`, EPS_DENOM = 1e-12.\n- Quantile: nearest rank,\n  \
                  `floor(p*(n-1))`.\n";
    for at in [30, 31, 32] {
        written.documents[at].text.push_str(policy);
    }
    let closure = ask(Question::Closure, &written);
    let written_in = written.documents.iter().flat_map(|it| &it.facts).filter(|it| it.starts_with("number ")).count();
    assert_eq!(count(&closure, "rules for numbers"), written_in + 12);
    assert_eq!(count(&closure, "conflicting rules"), 0);
    let text = &mut written.documents[31].text;
    *text =
        text.replace("1e-10", "0.000000001").replace("ties-to-even", "rounded half up").replace("(p*(n-1))", "(p·N)");
    let closure = ask(Question::Closure, &written);
    assert_eq!(count(&closure, "conflicting rules"), 3);
    let mut told: Vec<&str> = of_kind(&closure, Kind::CorpusNumber).iter().map(|it| it.message.as_str()).collect();
    // That document comes before others: those of its own number differ from the first.
    told.sort_unstable();
    told.dedup();
    assert_eq!(
        told,
        [
            "'EPS_EQ' is 1e-9 here, and 1e-10 there",
            "'quantile' is floor(p*n) here, and floor(p*(n-1)) there",
            "'rounding' is half_up here, and half_even there",
        ]
    );
}

#[test]
fn a_parameter_that_is_called_like_a_record_is_one() {
    let text = "# A\n\n**Algorithm:** `A.B.C`\n---\n## 5) Operator Definitions\n**Operator:** `A.B.Run`\n**Signature:** `(a -> \
                run_report, other)`\n**Purity class:** PURE\n**run_report (minimum schema):**\n```yaml\nis_valid: bool\n```\n";
    let facts = read("a.md", text.as_bytes());
    let found = answer(Question::Residue, &[Document::new(&facts, text)]);
    let untyped: Vec<&str> = of_kind(&found, Kind::CorpusUntyped).iter().map(|it| it.subject.as_str()).collect();
    assert_eq!(untyped, ["A.B.Run.a", "A.B.Run.other"]);
}
