//! Level `none`: no sandbox, and the outcome says so.

use crate::support::World;
use gx_store::{Cancel, Ending, ExecuteError, Level};

#[test]
fn host_programs_run_with_staged_inputs() {
    let Some(world) = World::new(1) else { return };
    let job = || world.job().level(Level::None).env("PATH", "/usr/bin:/bin").env("A", "1");
    let outcome =
        job().input("pkg/a", "x").output("out/p/b").sh("cat pkg/a > out/p/b; env | grep ^A; exit 0").run().unwrap();
    assert_eq!((outcome.level, &outcome.ending), (Level::None, &Ending::Exit(0)));
    assert_eq!(world.content(&outcome, "out/p/b"), "x");
    assert_eq!(world.text(&outcome), "A=1\n");
    assert_eq!(job().sh("sleep 100 & sleep 100").timeout(200).run().unwrap().ending, Ending::TimedOut(200));
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(matches!(job().sh("true").cancel(&cancel).run(), Err(ExecuteError::Cancelled)));
    let Err(error) = job().args(&["nonsense"]).run() else { panic!() };
    insta::assert_snapshot!(
        error,
        @"'nonsense' cannot be started: no such program on this machine; these were tried: /usr/bin/nonsense, /bin/nonsense"
    );
}
