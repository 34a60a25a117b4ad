//! What an action sees: its declared inputs, a fixed world, and nothing of the host.

use crate::support::World;

#[test]
fn only_what_was_declared_can_be_seen() {
    let Some(world) = World::new(1) else { return };
    assert_eq!(world.job().sh("ls /").text(), "bin\ndev\netc\nproc\ntmp\nw\n");
    assert_eq!(world.job().sh("ls -A /w /tmp").text(), "/tmp:\n\n/w:\nout\n");
    let job = world.job().input("pkg/a.c", "A").input("top", "T");
    assert_eq!(job.sh("find . | sort; cat pkg/a.c top").text(), ".\n./out\n./pkg\n./pkg/a.c\n./top\nAT");
    assert_eq!(
        world.job().sh("ls /dev | tr '\\n' ' '").text(),
        "fd full null random shm stderr stdin stdout urandom zero "
    );
    assert_eq!(world.job().sh("ls /etc | tr '\\n' ' '").text(), "group hosts nsswitch.conf passwd ");
}

#[test]
fn the_world_is_fixed() {
    let Some(world) = World::new(1) else { return };
    let text = world
        .job()
        .env("A", "b c")
        .sh("id; hostname; umask; pwd; env | sort; readlink /proc/self/fd/0; echo $$; ls /proc/self/fd | wc -l")
        .text();
    assert_eq!(text, "uid=1000(gx) gid=1000(gx)\ngx\n0022\n/w\nA=b c\nPATH=/bin\nPWD=/w\nSHLVL=1\n/dev/null\n2\n4\n",);
}
