//! Worlds of an audit: what is unlike in them is felt by an action, or is not, as it is meant.

use crate::support::{PutTree, World};
use gx_engine::sandbox::{Around, Inside, Placing, SandboxOptions};
use gx_store::{Blobs, Level, Node, OutputKind};

fn inputs<'a>(world: &'a World, job: crate::support::Builder<'a>) -> crate::support::Builder<'a> {
    let blob = world.store.put_blob(b"in a tree").unwrap();
    let tree = world.store.put_tree_of(&[("x", Node::File { blob, executable: false })]);
    job.input("in/a", "A").input("in/b", "B").node("tree", Node::Directory(tree))
}

#[test]
fn an_action_feels_the_world_that_is_laid_in_the_sandbox() {
    let inside = Inside {
        user: Some(4321),
        host_name: Some("elsewhere".to_owned()),
        umask: Some(0o077),
        one_cpu: true,
        folder: Some("build/of/another".to_owned()),
        fixed_addresses: true,
        fixed_random: true,
    };
    let placing = Placing { reversed: true, time_s: Some(1_234_567_890), ..Placing::default() };
    let change = |options: SandboxOptions| {
        let world = gx_engine::sandbox::World { inside, placing, ..options.world.clone() };
        SandboxOptions { world, ..options }
    };
    let Some(world) = World::with(1, change) else { return };
    let job = inputs(&world, world.job()).sh(
        "id -u; grep ^gx: /etc/passwd; hostname; umask; pwd; cat /proc/self/personality; \
         stat -c %Y in/a tree/x; find in tree -type f; \
         head -c 4 /dev/urandom | od -An -tx1; head -c 4 /dev/random | od -An -tx1; \
         grep Cpus_allowed_list /proc/self/status | tr -d '0-9\\t'; touch tree/y 2>/dev/null || echo sealed",
    );
    insta::assert_snapshot!(job.text(), @r"
    4321
    gx:x:4321:4321:gx:/nonexistent:/bin/sh
    elsewhere
    0077
    /build/of/another
    00040000
    1234567890
    1234567890
    in/a
    in/b
    tree/x
     e7 e3 a8 ea
     e7 e3 a8 ea
    Cpus_allowed_list:
    sealed
    ");
}

#[test]
fn a_world_around_the_sandbox_is_not_felt() {
    let around = Around {
        user: Some(4321),
        host_name: Some("elsewhere".to_owned()),
        umask: Some(0o077),
        nicer: 5,
        environment: vec![("SECRET".to_owned(), "x".to_owned()), ("TZ".to_owned(), "Asia/Kathmandu".to_owned())],
        ..Around::default()
    };
    if around.try_out(&crate::support::helper()).is_err() {
        println!("SKIPPED: this machine allows no such world");
        return;
    }
    let placing = Placing { folder: Some("a folder/below".to_owned()), on_disk: true, ..Placing::default() };
    let change = |options: SandboxOptions| {
        let world = gx_engine::sandbox::World { around: around.clone(), placing, ..options.world.clone() };
        SandboxOptions { world, ..options }
    };
    let (Some(plain), Some(other)) = (World::new(1), World::with(1, change)) else { return };
    let tell = "id; hostname; umask; pwd; env | sort; date +%Z; stat -c %Y in/a tree/x";
    let texts = [&plain, &other].map(|world| inputs(world, world.job()).sh(tell).text());
    assert_eq!(texts[0], texts[1]);
    // Without a sandbox nothing is promised, and the world is felt.
    let job = other.job().root(None).level(Level::None).args(&["/bin/sh", "-c", "id -u; uname -n; umask"]);
    assert_eq!(job.text(), "4321\nelsewhere\n0077\n");
}

#[test]
fn a_store_aside_takes_nothing_into_the_store() {
    let Some(world) = World::new(1) else { return };
    let aside = world.store.aside().unwrap();
    let options = SandboxOptions::new(crate::support::helper());
    let executor = gx_engine::sandbox::LocalExecutor::start(aside.clone(), 1, options).unwrap();
    let (job, cancel) = inputs(&world, world.job())
        .sh("cat in/a tree/x > out/small; yes new | head -c 300000 > out/large; mkdir -p out/d; echo deep > out/d/f")
        .output("out/small")
        .output("out/large")
        .folder("out/d")
        .job();
    assert_eq!(job.derivation.outputs.iter().filter(|o| o.kind == OutputKind::Directory).count(), 1);
    let commit = gx_store::Executor::execute(&executor, &job, &cancel).unwrap();
    gx_store::Outcomes::prepare(&aside, &commit.objects).unwrap();
    assert_eq!(world.text(&commit.outcome), "");
    for (path, node) in &commit.outcome.outputs {
        match node {
            Node::File { blob, .. } => {
                assert!(!aside.blob(blob).unwrap().is_empty(), "{path}");
                assert!(!world.store.has_blob(blob).unwrap(), "{path}");
            }
            Node::Directory(tree) => {
                assert_eq!(gx_store::Trees::tree(&aside, tree).unwrap().entries.len(), 1);
                assert!(!gx_store::Trees::has_tree(&world.store, tree).unwrap(), "{path}");
            }
            Node::Symlink(_) => panic!("{path}"),
        }
    }
    drop((aside, executor));
    assert_eq!(std::fs::read_dir(world.store.scratch()).unwrap().count(), 1, "the slot of the other executor");
}

#[test]
fn what_an_action_opens_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let change = |options: SandboxOptions| SandboxOptions { trace: Some(file.clone()), ..options };
    let Some(world) = World::with(1, change) else { return };
    let opened = || {
        let text = String::from_utf8(std::fs::read(&file).unwrap()).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect::<Vec<_>>()
    };
    let job = inputs(&world, world.job()).sh("(cat in/a; sh -c 'cat tree/x') > out/made; cat /etc/passwd > /tmp/p");
    assert_eq!(job.output("out/made").text(), "");
    let (seen, wanted) =
        (opened(), ["r/bin/busybox", "r/etc/passwd", "r/w/in/a", "r/w/tree/x", "w/tmp/p", "w/w/out/made"]);
    assert!(wanted.iter().all(|path| seen.contains(&(*path).to_owned())), "{seen:?}");
    assert!(!seen.iter().any(|path| path.ends_with("in/b")), "{seen:?}");
    let job = world.job().root(None).level(Level::None).args(&["/bin/cat", "/etc/passwd"]);
    assert!(job.run().unwrap().succeeded());
    assert!(opened().contains(&"r/etc/passwd".to_owned()), "{:?}", opened());
}
