//! What an action cannot do: reach the network, its inputs' bytes, its neighbours, the kernel's corners.

use crate::support::{PutTree, World};
use gx_store::{Blobs, Ending, Node};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

#[test]
fn there_is_no_network() {
    let Some(world) = World::new(1) else { return };
    let tools = world.helper_tree();
    let text = world.job().root(Some(tools)).args(&["/bin/helper", "dial"]).text();
    assert_eq!(text, "network unreachable\n");
    let text = world.job().root(Some(tools)).args(&["/bin/helper", "listen"]).text();
    assert!(!text.contains("connected true"), "{text}");
    let text = world.job().root(Some(tools)).args(&["/bin/helper", "listen"]).loopback().text();
    assert_eq!(text, "bound true connected true\n");
    // The device went away with the action that asked for it.
    let text = world.job().root(Some(tools)).args(&["/bin/helper", "listen"]).text();
    assert!(!text.contains("connected true"), "{text}");
}

#[test]
fn abstract_sockets_of_the_host_are_out_of_reach() {
    let Some(world) = World::new(1) else { return };
    let name = format!("gx-test-{}", std::process::id());
    let _listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let text = world.job().root(Some(world.helper_tree())).args(&["/bin/helper", "connect", &name]).text();
    assert_eq!(text, "connection refused\n");
}

#[test]
fn neighbours_share_no_namespace() {
    let Some(world) = World::new(2) else { return };
    let script = "for n in net user ipc mnt pid; do readlink /proc/self/ns/$n; done; sleep 0.5";
    let (a, b) = std::thread::scope(|scope| {
        let a = scope.spawn(|| world.job().sh(script).text());
        let b = scope.spawn(|| world.job().env("OTHER", "1").sh(script).text());
        (a.join().unwrap(), b.join().unwrap())
    });
    for (a, b) in a.lines().zip(b.lines()) {
        assert_ne!(a, b);
        assert!(
            std::fs::read_link(format!("/proc/self/ns/{}", a.split(':').next().unwrap())).unwrap().to_str() != Some(a)
        );
    }
    assert_eq!(a.lines().count(), 5);
}

#[test]
fn nothing_stays_for_the_next_action() {
    let Some(world) = World::new(1) else { return };
    for _ in 0..2 {
        assert_eq!(world.job().sh("ls -A /tmp /dev/shm; echo 1 > /tmp/x; ls /tmp").text(), "/dev/shm:\n\n/tmp:\nx\n");
    }
    let tools = world.helper_tree();
    for _ in 0..2 {
        assert_eq!(world.job().root(Some(tools)).args(&["/bin/helper", "shm"]).text(), "sysv ok\nposix ok\n");
    }
    for folder in ["/", "/bin", "/etc", "/dev", "/proc", "/w/pkg"] {
        let text = world.job().input("pkg/a", "").sh(&format!("echo > {folder}/new 2>&1 || echo refused")).text();
        assert!(text.contains("refused"), "{folder}: {text}");
    }
}

#[test]
fn inputs_cannot_be_changed() {
    let Some(world) = World::new(1) else { return };
    let big = vec![b'x'; 200_000];
    let (small_id, big_id) = (world.store.put_blob(b"small").unwrap(), world.store.put_blob(&big).unwrap());
    let tree = world.store.put_tree_of(&[("in", Node::File { blob: big_id, executable: false })]);
    let attack = "for f in pkg/small pkg/big tree/in out/big out/small top; do
            chmod 777 $f 2>/dev/null; echo evil > $f 2>/dev/null; echo evil >> $f 2>/dev/null
            exec 5< $f; echo evil > /proc/self/fd/5 2>/dev/null; exec 5<&-
            mv $f /tmp/moved 2>/dev/null; rm -f $f 2>/dev/null
        done; rm -rf pkg tree out/big 2>/dev/null; true";
    let job = || {
        world
            .job()
            .input("pkg/small", "small")
            .input("pkg/big", &big)
            .input("out/big", &big)
            .input("out/small", "small")
            .input("top", "small")
            .node("tree", Node::Directory(tree))
    };
    assert_eq!(job().sh(attack).run().unwrap().ending, Ending::Exit(0));
    // In the store, and for the next action, everything is as it was.
    assert_eq!(world.store.blob(&small_id).unwrap(), b"small");
    assert_eq!(world.store.blob(&big_id).unwrap(), big);
    let text = job()
        .sh("cat pkg/small out/small top; cat pkg/big out/big tree/in | tr -d x | wc -c; stat -c %a pkg/small top")
        .text();
    assert_eq!(text, "smallsmallsmall0\n444\n444\n");
    let file = world.store.blob_file(&big_id, false).unwrap();
    assert_eq!(std::fs::read(file).unwrap(), big);
}

#[test]
fn the_toolchain_is_read_only() {
    let Some(world) = World::new(1) else { return };
    let attack = "chmod 777 /bin/busybox; echo evil > /bin/busybox; rm /bin/sh; ln -s x /bin/new; true";
    assert_eq!(world.job().sh(attack).run().unwrap().ending, Ending::Exit(0));
    assert_eq!(world.job().sh("ls /bin | wc -l").text(), world.job().sh("ls /bin | wc -l; :").text());
    assert_eq!(world.job().sh("test -e /bin/new || echo fine").text(), "fine\n");
}

#[test]
fn toolchains_can_change_from_action_to_action() {
    let Some(world) = World::new(1) else { return };
    let helper = world.helper_tree();
    for _ in 0..3 {
        let text = world.job().root(Some(helper)).args(&["/bin/helper", "shm"]).text();
        assert_eq!(text, "sysv ok\nposix ok\n");
        assert_eq!(world.job().sh("ls /").text(), "bin\ndev\netc\nproc\ntmp\nw\n");
    }
}

#[test]
fn the_filter_answers() {
    let Some(world) = World::new(1) else { return };
    let tools = world.helper_tree();
    let text = world.job().root(Some(tools)).args(&["/bin/helper", "syscalls"]).text();
    let expected = "keyctl ENOSYS\nadd_key ENOSYS\nrequest_key ENOSYS\nio_uring_setup ENOSYS\nclone3 ENOSYS\n\
        mount EPERM\nunshare EPERM\nclone-newuser EPERM\nsetns EPERM\nchroot EPERM\nbpf EPERM\nuserfaultfd EPERM\n\
        perf_event_open EPERM\nsethostname EPERM\nvsock EAFNOSUPPORT\npacket EAFNOSUPPORT\nalg EAFNOSUPPORT\n\
        unix ok\ninet ok\nnetlink ok\nptrace-init EPERM\n";
    assert_eq!(text, expected);
    for abi in ["int80", "x32"] {
        let outcome = world.job().root(Some(tools)).args(&["/bin/helper", abi]).run().unwrap();
        assert_eq!(outcome.ending, Ending::Signal(libc::SIGSYS), "{abi}: {}", world.text(&outcome));
    }
}

#[test]
fn there_are_no_privileges() {
    let Some(world) = World::new(1) else { return };
    let text = world.job().sh("grep -E 'Cap|NoNew|Seccomp:' /proc/self/status | tr -d '\\t'").text();
    let none = "0000000000000000";
    assert_eq!(
        text,
        format!("CapInh:{none}\nCapPrm:{none}\nCapEff:{none}\nCapBnd:{none}\nCapAmb:{none}\nNoNewPrivs:1\nSeccomp:2\n")
    );
    let text =
        world.job().sh("mount -t tmpfs x /tmp 2>&1 || echo refused; cat /proc/1/environ 2>&1 || echo refused").text();
    assert_eq!(text.matches("refused").count(), 2, "{text}");
}

#[test]
fn the_host_is_not_in_the_mount_table() {
    let Some(world) = World::new(1) else { return };
    let text = world
        .job()
        .input("pkg/a", "")
        .sh("while read a b c d at rest; do echo $at; done < /proc/self/mountinfo | sort")
        .text();
    let expected = "/\n/bin\n/dev/full\n/dev/null\n/dev/random\n/dev/urandom\n/dev/zero\n/proc\n/tmp\n/w\n/w/pkg\n";
    assert_eq!(text, expected);
}
