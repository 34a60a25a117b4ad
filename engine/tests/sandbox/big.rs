//! Large and many: outputs, logs, command lines, inputs, siblings.

use crate::support::{World, path};
use gx_store::{Ending, Node};

#[test]
fn what_is_too_large_for_memory_goes_to_disk() {
    let Some(world) = World::with(1, |mut options| {
        options.fast_bytes = 8 << 20;
        options
    }) else {
        return;
    };
    // Slow enough to be weighed while it runs; an action that is run again must not show the first attempt's output.
    let script =
        "echo start; dd if=/dev/zero of=out/big bs=1M count=60 2>/dev/null; sleep 0.3; test -e out/was && exit 1
        touch out/was; rm out/was; dd if=/dev/zero of=/tmp/x bs=1M count=20 2>/dev/null; sleep 0.1; echo end";
    for _ in 0..2 {
        let outcome = world.job().output("out/big").sh(script).run().unwrap();
        assert_eq!(world.text(&outcome), "start\nend\n");
        let Some(Node::File { blob, .. }) = outcome.output(&path("out/big")) else { panic!("{outcome:?}") };
        assert_eq!(blob.0.size, 60 << 20);
    }
    let outcome =
        world.job().sh("dd if=/dev/zero of=/tmp/x bs=1M count=40 2>/dev/null; sleep 0.2; wc -c < /tmp/x").run();
    assert_eq!(world.text(&outcome.unwrap()), "41943040\n");
}

#[test]
fn a_long_log_is_cut_with_a_note() {
    let Some(world) = World::with(1, |mut options| {
        options.log_bytes = 1 << 20;
        options
    }) else {
        return;
    };
    let outcome = world.job().sh("yes | head -c 3000000; echo end >&2").run().unwrap();
    let text = world.text(&outcome);
    assert!(text.starts_with("y\ny\n"));
    assert!(text.ends_with("\n[gx: 1951424 more bytes were written and are not kept]\nend\n"), "{}", text.len());
}

#[test]
fn a_command_line_of_a_megabyte() {
    let Some(world) = World::new(1) else { return };
    let arguments: Vec<String> = (0..100_000).map(|n| format!("{n:09}")).collect();
    let all: Vec<&str> =
        ["sh", "-c", "echo $#", "sh"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
    assert_eq!(world.job().args(&all).text(), "100000\n");
}

#[test]
fn twenty_thousand_inputs() {
    let Some(world) = World::new(1) else { return };
    let job = |changed: usize| {
        (0..20_000).fold(world.job(), |job, n| {
            let content = if n == changed { "changed".to_owned() } else { format!("{}", n % 100) };
            job.input(&format!("pkg/{}/f{n}", n % 50), content)
        })
    };
    let (first, _) = job(usize::MAX).sh("find pkg -type f | wc -l; cat pkg/7/f7").job();
    assert_eq!(first.inputs.len(), 20_000);
    assert_eq!(job(usize::MAX).sh("find pkg -type f | wc -l; cat pkg/7/f7").text(), "20000\n7");
    assert_eq!(job(7).sh("find pkg -type f | wc -l; cat pkg/7/f7").text(), "20000\nchanged");
    assert_eq!(
        world.job().input("pkg/7/f7", "alone").sh("find pkg; cat pkg/7/f7").text(),
        "pkg\npkg/7\npkg/7/f7\nalone"
    );
}

#[test]
fn many_inputs_beside_outputs() {
    let Some(world) = World::new(1) else { return };
    let with = |job| {
        (0..300).fold(job, |job: crate::support::Builder<'_>, n| job.input(&format!("out/p/{n}.o"), format!("{n}")))
    };
    let job = || {
        with(world.job())
            .input("out/p/sub/one", "1")
            .input("out/p/sub/deep/two", "2")
            .output("out/p/sub/x")
            .output("out/p/all")
    };
    let script = "cat out/p/*.o > out/p/all; echo evil > out/p/3.o; rm out/p/4.o; cat out/p/sub/one out/p/sub/deep/two > out/p/sub/x; echo more > out/p/more";
    for _ in 0..2 {
        let outcome = job().sh(script).run().unwrap();
        assert_eq!(outcome.ending, Ending::Exit(0), "{}", world.text(&outcome));
        assert_eq!(world.content(&outcome, "out/p/all").len(), 10 + 180 + 600);
        assert_eq!(world.content(&outcome, "out/p/sub/x"), "12");
        assert_eq!(outcome.undeclared, ["out/p/more"]);
    }
    assert_eq!(job().sh("cat out/p/3.o out/p/4.o; touch out/p/all out/p/sub/x").text(), "34");
}
