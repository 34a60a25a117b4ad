// Attempts to get out, or at what is not the action's: `attempts NAME OUTPUT` writes what the kernel answered.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static FILE *out;
// What a call answered: 0 or the error's name.
static void said(const char *what, long result) {
    fprintf(out, "%s: %s\n", what, result == -1 ? strerrorname_np(errno) : "done");
}
// Not every kernel has every file, so one refusal is as good as another.
static void open_it(const char *path, int flags) {
    int fd = open(path, flags);
    fprintf(out, "%s: %s\n", path, fd < 0 ? "refused" : "opened");
    if (fd >= 0) close(fd);
}
static void dial(const struct sockaddr_un *at, socklen_t length) {
    said("connect", connect(socket(AF_UNIX, SOCK_STREAM, 0), (const struct sockaddr *)at, length));
}
static void in_background(void) {
    if (fork() == 0) {
        setsid();
        if (fork() != 0) _exit(0);
        for (int i = 0; i < 64; i++) close(i);
        execl("/proc/self/exe", "attempts", "sleep", "31536003", NULL);
        _exit(1);
    }
}

// Bombs go off slowly, so that a machine that is slow to end them is not harmed by a test.
static void *sleep_on(void *unused) {
    for (;;) pause();
    return unused;
}
static void fill(int fd) {
    static char block[1 << 20];
    memset(block, 1, sizeof block);
    for (;;) {
        if (write(fd, block, sizeof block) < 0) exit(6);
        usleep(500);
    }
}
static void eat(int pause_us) {
    for (;;) {
        char *block = malloc(1 << 20);
        if (!block) exit(6);
        memset(block, 1, 1 << 20);
        usleep(pause_us);
    }
}
static void bomb(const char *name) {
    if (!strcmp(name, "fork_bomb")) {
        // Each leaves its parent, so that only the init knows of it.
        for (;;) {
            if (fork() == 0) {
                setsid();
                if (fork() == 0) sleep_on(NULL);
                _exit(0);
            }
            usleep(300);
        }
    } else if (!strcmp(name, "thread_bomb")) {
        pthread_t thread;
        pthread_attr_t small;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 64 << 10);
        for (;;) {
            pthread_create(&thread, &small, sleep_on, NULL);
            usleep(300);
        }
    } else if (!strcmp(name, "memory_bomb")) {
        eat(500);
    } else if (!strcmp(name, "memory_of_many")) {
        for (int i = 0; i < 16; i++)
            if (fork() == 0) eat(8000);
        sleep_on(NULL);
    } else if (!strcmp(name, "memory_of_nobody")) {
        fill(memfd_create("bomb", 0));
    } else if (!strcmp(name, "disk_bomb")) {
        fill(open("out/large", O_CREAT | O_WRONLY, 0600));
    } else if (!strcmp(name, "disk_bomb_in_tmp")) {
        fill(open("/tmp/large", O_CREAT | O_WRONLY, 0600));
    } else if (!strcmp(name, "disk_bomb_without_a_name")) {
        int fd = open("/tmp/large", O_CREAT | O_WRONLY, 0600);
        unlink("/tmp/large");
        fill(fd);
    } else if (!strcmp(name, "bomb_of_files")) {
        char path[32];
        for (int i = 0;; i++) {
            snprintf(path, sizeof path, "/tmp/%d", i);
            close(open(path, O_CREAT | O_WRONLY, 0600));
        }
    } else {
        exit(5);
    }
}

static void attempt(const char *name) {
#define IS(text) (!strcmp(name, text))
    if (IS("input_by_mapping")) {
        int fd = open("in/large.bin", O_RDONLY);
        char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        said("shared mapping", at == MAP_FAILED ? -1 : 0);
        at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        said("made writable", mprotect(at, 4096, PROT_READ | PROT_WRITE));
    } else if (IS("input_by_proc")) {
        int fd = open("in/a.txt", O_RDONLY);
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        int again = open(path, O_WRONLY | O_TRUNC);
        said("opened again", again < 0 ? -1 : 0);
        said("times", futimens(fd, NULL));
        said("mode", fchmod(fd, 0777));
    } else if (IS("input_by_link")) {
        said("hard link", link("in/a.txt", "out/linked"));
        said("hard link in its folder", link("in/a.txt", "in/linked"));
        said("rename", rename("in/a.txt", "in/b.txt"));
        said("removal", unlink("in/a.txt"));
    } else if (IS("mounts")) {
        said("tmpfs", mount("x", "/tmp", "tmpfs", 0, NULL));
        said("bind", mount("/tmp", "/w", NULL, MS_BIND, NULL));
        said("remount", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
        said("unmount", umount2("/proc", MNT_DETACH));
        said("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
        said("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
        said("pivot_root", syscall(SYS_pivot_root, ".", "."));
        said("chroot", chroot("/tmp"));
    } else if (IS("namespaces")) {
        said("user", unshare(CLONE_NEWUSER));
        said("mount", unshare(CLONE_NEWNS));
        said("network", unshare(CLONE_NEWNET));
        said("clone", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
        said("clone3", syscall(SYS_clone3, NULL, 0));
        int fd = open("/proc/1/ns/mnt", O_RDONLY);
        said("ns of the init", fd < 0 ? -1 : 0);
        fd = open("/proc/self/ns/user", O_RDONLY);
        said("setns", setns(fd, 0));
    } else if (IS("tracing")) {
        struct iovec mine = {out, 8}, theirs = {(void *)0x400000, 8};
        said("init", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
        said("seize", ptrace(PTRACE_SEIZE, 1, NULL, NULL));
        said("memory", process_vm_writev(1, &mine, 1, &theirs, 1, 0));
        open_it("/proc/1/mem", O_RDWR);
        open_it("/proc/1/environ", O_RDONLY);
        open_it("/proc/1/root", O_RDONLY);
        open_it("/proc/1/cwd", O_RDONLY);
    } else if (IS("signals")) {
        // To the init, to every process that can be seen, and to every number.
        int reached = 0;
        signal(SIGTERM, SIG_IGN);
        said("init", kill(1, SIGKILL));
        said("everybody", kill(-1, SIGTERM));
        for (int pid = 3; pid < 100000; pid++) reached += pid != getpid() && kill(pid, SIGKILL) == 0;
        fprintf(out, "reached %d\n", reached);
        said("pidfd", syscall(SYS_pidfd_open, 4242, 0));
    } else if (IS("daemon")) {
        in_background();
        fprintf(out, "left\n");
    } else if (IS("many_processes")) {
        for (int i = 0; i < 200; i++) in_background();
        fprintf(out, "left\n");
    } else if (IS("sockets")) {
        said("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
        said("packet", socket(AF_PACKET, SOCK_RAW, 0));
        said("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
        said("alg", socket(AF_ALG, SOCK_SEQPACKET, 0));
        said("bluetooth", socket(AF_BLUETOOTH, SOCK_RAW, 0));
    } else if (IS("network")) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(47164), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        said("loopback", connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at));
        at.sin_addr.s_addr = htonl(0x01010101);
        said("elsewhere", connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at));
    } else if (IS("unix_sockets")) {
        struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/tmp/gx-escape-socket"};
        dial(&at, sizeof at);
        struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0gx-escape"};
        dial(&name, offsetof(struct sockaddr_un, sun_path) + 10);
    } else if (IS("devices")) {
        said("mknod", mknod("/tmp/null", S_IFCHR | 0666, 1 << 8 | 3));
        open_it("/dev/mem", O_RDWR);
        open_it("/dev/kmsg", O_RDWR);
        open_it("/dev/fuse", O_RDWR);
        open_it("/dev/tty", O_RDWR);
        said("push into the terminal", ioctl(0, TIOCSTI, "x"));
    } else if (IS("kernel_by_proc")) {
        open_it("/proc/sysrq-trigger", O_WRONLY);
        open_it("/proc/sys/kernel/core_pattern", O_WRONLY);
        open_it("/proc/sys/kernel/hostname", O_WRONLY);
        open_it("/proc/sys/vm/drop_caches", O_WRONLY);
        open_it("/proc/kcore", O_RDONLY);
        open_it("/proc/self/oom_score_adj", O_WRONLY);
        open_it("/sys/kernel", O_RDONLY);
    } else if (IS("kernel_by_calls")) {
        struct timespec t = {1, 0};
        said("sethostname", sethostname("x", 1));
        said("clock_settime", clock_settime(CLOCK_REALTIME, &t));
        said("settimeofday", syscall(SYS_settimeofday, NULL, NULL));
        said("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
        said("init_module", syscall(SYS_init_module, NULL, 0, ""));
        said("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
        said("swapon", syscall(SYS_swapon, "/tmp", 0));
        said("bpf", syscall(SYS_bpf, 0, NULL, 0));
        said("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0));
        said("userfaultfd", syscall(SYS_userfaultfd, 0));
        said("syslog", syscall(SYS_syslog, 3, NULL, 0));
        said("iopl", syscall(SYS_iopl, 3));
    } else if (IS("kernel_rings_and_keys")) {
        said("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
        said("add_key", syscall(SYS_add_key, "user", "x", "x", 1, -4));
        said("keyctl", syscall(SYS_keyctl, 0, -4, 1));
    } else if (IS("handles")) {
        char room[sizeof(struct file_handle) + 128] = {0};
        struct file_handle *handle = (struct file_handle *)room;
        int mount;
        handle->handle_bytes = 128;
        said("name_to_handle_at", name_to_handle_at(AT_FDCWD, "in/a.txt", handle, &mount, 0));
        said("open_by_handle_at", open_by_handle_at(AT_FDCWD, handle, O_RDONLY));
        said("fanotify", syscall(SYS_fanotify_init, 0, 0));
    } else if (IS("privileges")) {
        said("user", setuid(0));
        said("group", setgid(0));
        said("groups", syscall(SYS_setgroups, 0, NULL));
        said("owner", chown("out", 0, 0));
        said("nice", setpriority(PRIO_PROCESS, 0, -10) == 0 ? 0 : -1);
    } else if (IS("foreign_calls")) {
#ifdef __x86_64__
        long result = 20;
        __asm__ volatile("int $0x80" : "+a"(result));
        fprintf(out, "survived %ld\n", result);
#else
        raise(SIGSYS);
#endif
    } else if (IS("foreign_calls_of_x32")) {
        fprintf(out, "survived %ld\n", syscall(0x40000000 + SYS_getpid));
        raise(SIGSYS);
    } else if (IS("core_dump")) {
        abort();
    } else if (IS("open_files")) {
        int opened = 0;
        while (open("/dev/null", O_RDONLY) >= 0) opened++;
        fprintf(out, "%s after fewer than 1100: %d\n", strerrorname_np(errno), opened < 1100);
    } else {
        bomb(name);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    if (!strcmp(argv[1], "sleep")) return sleep(31536003), 0;
    out = fopen(argv[2], "w");
    if (!out) return 3;
    attempt(argv[1]);
    return fclose(out) ? 4 : 0;
}
