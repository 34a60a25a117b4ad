//! Small commands one after the other in a room that is kept: nobody finds what another left, and whoever asks for
//! more gets a room of its own.

use crate::support::{World, confined};
use gx_engine::sandbox::SandboxOptions;
use gx_store::{Bound, Cancel, Ending, ExecuteError, Resource};

/// Where a command ran: a fresh working folder has a fresh inode.
fn room(world: &World, command: &str) -> String {
    world.job().plain(command).text()
}

#[test]
fn small_commands_share_a_room_and_large_ones_do_not() {
    let Some(world) = World::new(1) else { return };
    let first = room(&world, "stat -c %i /w");
    assert_eq!(first, room(&world, "stat -c %i /w"), "the room is not kept");
    let own = world.job().sh("stat -c %i /w; :").text();
    assert_ne!(first, own);
    assert_eq!(first, room(&world, "stat -c %i /w"));
    // Each is process 2, as in a room of its own.
    for _ in 0..3 {
        assert_eq!(room(&world, "readlink /proc/self"), "2\n");
    }
}

#[test]
fn what_asks_for_more_gets_a_room_of_its_own() {
    let Some(world) = World::new(1) else { return };
    let outcome = world.job().input("a", "A").plain("chmod 700 out").run().unwrap();
    assert_eq!(outcome.ending, Ending::Exit(0), "{}", world.text(&outcome));
    let outcome = world.job().plain("sh -c 'echo $PPID $$; sleep 0; echo b'").run().unwrap();
    assert_eq!((outcome.ending.clone(), world.text(&outcome).as_str()), (Ending::Exit(0), "1 2\nb\n"));
    assert_eq!(room(&world, "id -u"), "1000\n");
    let second = room(&world, "stat -c %i /w");
    assert_eq!(room(&world, "stat -c %i /w"), second);
}

#[test]
fn nothing_stays_in_a_kept_room() {
    let Some(world) = World::new(1) else { return };
    let first = room(&world, "stat -c %i /w");
    for command in ["touch /tmp/left out/left left", "mkdir -p /tmp/a/b c/d", "ln -s a /tmp/link", "cp pkg/a /tmp/a"] {
        let _ = world.job().input("pkg/a", "A").plain(command).run().unwrap();
    }
    let times = room(&world, "stat -c '%X %Y' /tmp /w /w/out");
    room(&world, "touch -d @1000 /tmp /w /w/out");
    assert_eq!(room(&world, "stat -c '%X %Y' /tmp /w /w/out"), times);
    assert_eq!(room(&world, "ls -AR /tmp /w"), "/tmp:\n\n/w:\nout\n\n/w/out:\n");
    let listed = world.job().input("pkg/b", "B").plain("find . -newer /proc/1").text();
    assert_eq!(listed, "", "the working folder has the time of inputs");
    assert_eq!(first, room(&world, "stat -c %i /w"));
}

#[test]
fn a_small_command_has_its_limits_in_the_room_and_the_next_one_is_not_touched() {
    let Some(world) = World::new(1) else { return };
    let mut job = world.job().plain("dd if=/dev/zero of=/dev/null bs=200M");
    job.allowance.memory = Bound::Most(64 << 20);
    assert_eq!(job.run().unwrap().ending, Ending::Exceeded(Resource::Memory, 64 << 20));
    let mut job = world.job().output("out/a").plain("dd if=/dev/zero of=out/a bs=64k");
    job.allowance.disk = Bound::Most(8 << 20);
    assert_eq!(job.run().unwrap().ending, Ending::Exceeded(Resource::Disk, 8 << 20));
    assert_eq!(room(&world, "stat -c %F /w"), "directory\n");
}

#[test]
fn inputs_of_small_commands_cannot_be_changed() {
    let Some(world) = World::new(1) else { return };
    for command in ["touch pkg/new", "rm pkg/a", "mv pkg/a pkg/b", "truncate -s 0 pkg/a", "ln pkg/a pkg/c"] {
        let outcome = world.job().input("pkg/a", "A").output("out/x").plain(command).run().unwrap();
        assert_ne!(outcome.ending, Ending::Exit(0), "{command}");
    }
    assert_eq!(world.job().input("pkg/a", "A").plain("cat pkg/a").text(), "A");
}

#[test]
fn small_commands_end_when_they_must() {
    let Some(world) = World::new(1) else { return };
    let outcome = world.job().plain("sleep 1000").timeout(300).run().unwrap();
    assert_eq!(outcome.ending, Ending::TimedOut(300));
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| world.job().plain("cat /dev/zero").cancel(&cancel).run());
        std::thread::sleep(std::time::Duration::from_millis(50));
        cancel.cancel();
        assert!(matches!(running.join().unwrap(), Err(ExecuteError::Cancelled)));
    });
    // What was stopped may have left anything: the room is another one.
    let second = room(&world, "stat -c %i /w");
    assert_eq!(room(&world, "stat -c %i /w"), second);
    assert_eq!(room(&world, "ls -A /tmp"), "");
}

#[test]
fn a_small_command_that_writes_much_goes_to_disk() {
    let Some(world) = World::with(1, |mut options| {
        options.fast_bytes = 8 << 20;
        options
    }) else {
        return;
    };
    let outcome = world.job().output("out/big").plain("dd if=/dev/zero of=out/big bs=4096 count=16384").run().unwrap();
    assert_eq!(outcome.ending, Ending::Exit(0), "{}", world.text(&outcome));
    assert_eq!(room(&world, "ls -A out /tmp"), "/tmp:\n\nout:\n");
}

#[test]
fn where_no_room_can_be_kept_each_command_has_its_own() {
    let (_script, spawner) = confined("without-clone3");
    let Some(world) = World::with(1, |options| SandboxOptions { spawner, ..options }) else { return };
    let first = room(&world, "stat -c %i /w");
    assert_ne!(first, room(&world, "stat -c %i /w"));
    assert_eq!(world.job().input("a", "A").plain("cat a").text(), "A");
}
