//! What is kept of an action: declared outputs by kind, and what is refused.

use crate::support::{World, path};
use gx_store::{Blobs, Ending, Node, Outcome, Trees};

fn bad(outcome: &Outcome) -> &str {
    match &outcome.ending {
        Ending::BadOutputs(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn outputs_by_kind() {
    let Some(world) = World::new(1) else { return };
    let script = "echo text > out/p/file; echo '#!' > out/p/run; chmod 4755 out/p/run; ln -s file out/p/link
        mkdir -p out/p/dir/sub/deep out/p/dir/empty; echo a > out/p/dir/a; echo b > out/p/dir/sub/deep/b
        ln -s ../a out/p/dir/sub/up; chmod 000 out/p/dir/a out/p/dir/sub/deep/b; chmod 000 out/p/dir/sub/deep";
    let job = world.job().output("out/p/file").output("out/p/run").output("out/p/link").folder("out/p/dir");
    let outcome = job.sh(script).run().unwrap();
    assert_eq!(outcome.ending, Ending::Exit(0), "{}", world.text(&outcome));
    assert_eq!(world.content(&outcome, "out/p/file"), "text\n");
    assert!(matches!(outcome.output(&path("out/p/run")), Some(Node::File { executable: true, .. })));
    assert_eq!(outcome.output(&path("out/p/link")), Some(&Node::Symlink("file".to_owned())));
    let Some(Node::Directory(dir)) = outcome.output(&path("out/p/dir")) else { panic!("{outcome:?}") };
    let tree = world.store.tree(dir).unwrap();
    let names: Vec<_> = tree.entries.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["a", "empty", "sub"]);
    let Some(Node::File { blob, executable: false }) = tree.get("a") else { panic!("{tree:?}") };
    assert_eq!(world.store.blob(blob).unwrap(), b"a\n");
    // And it can be an input again, as it is.
    let job = world.job().node("out/p/dir", Node::Directory(*dir)).output("out/q/x");
    assert_eq!(job.sh("cat out/p/dir/sub/up out/p/dir/sub/deep/b; touch out/q/x").text(), "a\nb\n");
}

#[test]
fn a_folder_output_is_made_beforehand_and_may_be_empty() {
    let Some(world) = World::new(1) else { return };
    let outcome = world.job().folder("out/p/dir").sh("test -d out/p/dir").run().unwrap();
    assert_eq!(outcome.ending, Ending::Exit(0));
    let Some(Node::Directory(dir)) = outcome.output(&path("out/p/dir")) else { panic!("{outcome:?}") };
    assert!(world.store.tree(dir).unwrap().entries.is_empty());
}

#[test]
fn missing_wrong_and_undeclared_outputs_are_named() {
    let Some(world) = World::new(1) else { return };
    let outcome = world.job().output("out/p/x").sh("echo > out/p/y; mkdir out/z; echo > out/z/a").run().unwrap();
    insta::assert_snapshot!(bad(&outcome), @"the declared output 'out/p/x' was not made; made and not declared: 'out/p/y', 'out/z/a'");
    assert_eq!(outcome.undeclared, ["out/p/y", "out/z/a"]);
    let outcome = world.job().output("out/x").sh("mkdir out/x").run().unwrap();
    insta::assert_snapshot!(bad(&outcome), @"the output 'out/x' is declared as a file, and a folder was made");
    let outcome = world.job().folder("out/x").sh("rmdir out/x; echo > out/x").run().unwrap();
    insta::assert_snapshot!(bad(&outcome), @"the output 'out/x' is declared as a folder, and something else was made");
    let outcome = world.job().output("out/x").sh("echo > out/x; echo > out/more; echo > scratch").run().unwrap();
    assert_eq!((outcome.ending, outcome.undeclared), (Ending::Exit(0), vec!["out/more".to_owned()]));
    let many = world.job().sh("for i in $(seq 1000); do echo > out/$i; done").run().unwrap();
    assert_eq!(many.undeclared.len(), 100);
}

#[test]
fn symlinks_do_not_lead_out() {
    let Some(world) = World::new(1) else { return };
    let run = |script: &str| world.job().output("out/p/x").sh(script).run().unwrap();
    let outcome = run("ln -s /etc/passwd out/p/x");
    insta::assert_snapshot!(bad(&outcome), @"the output 'out/p/x' has a symlink 'x' to '/etc/passwd', which is absolute; make it relative (ln -sr)");
    let outcome = run("ln -s ../../../etc/passwd out/p/x");
    insta::assert_snapshot!(bad(&outcome), @"the output 'out/p/x' has a symlink 'x' to '../../../etc/passwd', which leads out");
    let outcome = run("rm -r out/p; ln -s /etc out/p; true");
    insta::assert_snapshot!(bad(&outcome), @"the folder of the declared output 'out/p/x' is no longer a plain folder (a symlink is not followed); made and not declared: 'out/p'");
    let outcome = run("cd /w && rm -r out && ln -s /etc out; true");
    assert!(bad(&outcome).contains("no longer a plain folder"), "{outcome:?}");
    let outcome = world.job().folder("out/d").sh("mkdir out/d/e; ln -s ../../x out/d/e/l").run().unwrap();
    insta::assert_snapshot!(bad(&outcome), @"the output 'out/d' has a symlink 'l' to '../../x', which leads out");
}

#[test]
fn pipes_and_names_that_are_no_text_are_refused() {
    let Some(world) = World::new(1) else { return };
    let outcome = world.job().output("out/x").sh("mkfifo out/x").run().unwrap();
    insta::assert_snapshot!(bad(&outcome), @"the output 'out/x' has a pipe, socket or device in it: 'x'");
    let outcome = world.job().folder("out/d").sh("touch $(printf 'out/d/\\377')").run().unwrap();
    insta::assert_snapshot!(bad(&outcome), @"the output 'out/d' has a name that is not UTF-8: '�'");
    let name = "out/a b\nc";
    let outcome = world.job().output(name).args(&["sh", "-c", "echo ok > \"$1\"", "sh", name]).run().unwrap();
    assert_eq!(world.content(&outcome, name), "ok\n");
}

#[test]
fn hard_links_are_harmless() {
    let Some(world) = World::new(1) else { return };
    let script = "dd if=/dev/zero of=out/a bs=1000 count=300 2>/dev/null; ln out/a out/b; ln out/a keep";
    let outcome = world.job().output("out/a").output("out/b").sh(script).run().unwrap();
    assert_eq!(outcome.ending, Ending::Exit(0), "{outcome:?}");
    assert_eq!(outcome.output(&path("out/a")), outcome.output(&path("out/b")));
    assert_eq!(world.content(&outcome, "out/b").len(), 300_000);
}

#[test]
fn a_failure_keeps_its_log_and_no_outputs() {
    let Some(world) = World::new(1) else { return };
    let outcome = world.job().output("out/x").sh("echo > out/x; echo out; echo err >&2; exit 3").run().unwrap();
    assert_eq!((&outcome.ending, outcome.outputs.len()), (&Ending::Exit(3), 0));
    assert_eq!(world.text(&outcome), "out\nerr\n");
    let outcome = world.job().sh("kill -TERM $$").run().unwrap();
    assert_eq!(outcome.ending, Ending::Signal(15));
    let outcome = world.job().sh("kill -9 $$").run().unwrap();
    assert_eq!(outcome.ending, Ending::Signal(9));
}
