//! From BUILD files to plans.

use crate::space::{Space, request, shown};
use gx_store::Source;

#[test]
fn a_genrule_becomes_a_plan() {
    let space = Space::new();
    space
        .write("a/BUILD", "genrule(name = 'x', srcs = ['in.txt'], outs = ['x.txt'], cmd = 'cat $< > $@')")
        .write("a/in.txt", "hi");
    let loaded = space.load(&["//a:x"]).map_err(|e| e[0].to_string()).unwrap();
    insta::assert_snapshot!(shown(&loaded));
    assert_eq!(loaded.targets[0].outputs[0].path.as_str(), "out/a/x.txt");
    assert!(matches!(loaded.targets[0].outputs[0].source, Source::Output { .. }));
}

#[test]
fn cc_rules_become_a_plan() {
    let space = Space::new();
    space
        .write("lib/BUILD", "cc_library(name='lib', srcs=['lib.c'], hdrs=['lib.h'], visibility=['//visibility:public'])")
        .write("lib/lib.c", "int f;")
        .write("lib/lib.h", "extern int f;")
        .write("app/BUILD", "cc_binary(name='app', srcs=['main.c'], deps=['//lib'])\ncc_test(name='t_test', srcs=['t.c'], deps=['//lib'], data=['d.txt'])")
        .write("app/main.c", "")
        .write("app/t.c", "")
        .write("app/d.txt", "");
    let loaded = space.load(&["//..."]).map_err(|e| e[0].to_string()).unwrap();
    insta::assert_snapshot!(shown(&loaded));
    let again = space.open();
    let first = again.load(&request(&["//..."])).unwrap();
    assert_eq!(first.counts.evaluated, 0, "evaluations come from the store");
    let second = again.load(&request(&["//..."])).unwrap();
    assert_eq!((second.counts.evaluated, second.counts.analysed), (0, 0));
    assert_eq!(first.plan.derivations.len(), second.plan.derivations.len());
}
