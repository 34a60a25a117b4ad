// Ways round: what other probes ask for directly, by links, descriptors and folders, and clocks without a call.
#include "probe.h"
#include <dlfcn.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/time.h>

static void show_fd(FILE *out, int fd) {
    char bytes[4096];
    ssize_t length;
    if (fd < 0) {
        show_errno(out);
        return;
    }
    while ((length = read(fd, bytes, sizeof bytes)) > 0) fwrite(bytes, 1, length, out);
    close(fd);
}
PROBE(process_by_a_symlink) {
    unlink("/tmp/leak-own");
    if (symlink("/proc/self", "/tmp/leak-own")) show_errno(out);
    show_file(out, "/tmp/leak-own/stat");
    unlink("/tmp/leak-own");
}
PROBE(process_by_a_symlink_to_the_root) {
    unlink("/tmp/leak-root");
    if (symlink("/", "/tmp/leak-root")) show_errno(out);
    show_file(out, "/tmp/leak-root/proc/self/stat");
    unlink("/tmp/leak-root");
}
PROBE(process_by_two_symlinks) {
    unlink("/tmp/leak-one");
    unlink("/tmp/leak-two");
    if (symlink("/proc", "/tmp/leak-one") || symlink("leak-one/self", "/tmp/leak-two")) show_errno(out);
    show_file(out, "/tmp/leak-two/stat");
    unlink("/tmp/leak-one");
    unlink("/tmp/leak-two");
}
PROBE(process_by_a_folder) {
    int folder = open("/proc/self", O_PATH | O_DIRECTORY);
    show_fd(out, openat(folder, "stat", O_RDONLY));
}
PROBE(process_by_a_path_descriptor) {
    char name[64];
    int file = open("/proc/self/stat", O_PATH);
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    show_fd(out, file < 0 ? file : open(name, O_RDONLY));
}
PROBE(process_by_the_working_folder) {
    int back = open(".", O_PATH | O_DIRECTORY);
    if (chdir("/proc/self")) show_errno(out);
    show_fd(out, open("stat", O_RDONLY));
    if (fchdir(back)) show_errno(out);
}
PROBE(process_by_its_thread) {
    char name[64];
    snprintf(name, sizeof name, "/proc/self/task/%d/stat", (int)syscall(SYS_gettid));
    show_file(out, name);
}
PROBE(process_by_openat2) {
    struct open_how how = {.flags = O_RDONLY};
    show_fd(out, syscall(SYS_openat2, AT_FDCWD, "/proc/self/stat", &how, sizeof how));
}
PROBE(process_by_its_root) { show_file(out, "/proc/self/root/proc/self/stat"); }
PROBE(uptime_by_dots) { show_file(out, "/tmp/../proc//./self/../uptime"); }
PROBE(urandom_by_a_folder) {
    unsigned char bytes[16];
    int folder = open("/dev", O_PATH | O_DIRECTORY);
    int fd = openat(folder, "urandom", O_RDONLY);
    if (fd < 0 || read(fd, bytes, sizeof bytes) != sizeof bytes) show_errno(out);
    else fwrite(bytes, 1, sizeof bytes, out);
}
PROBE(urandom_by_a_symlink) {
    unsigned char bytes[16];
    unlink("/tmp/leak-dev");
    if (symlink("/dev/urandom", "/tmp/leak-dev")) show_errno(out);
    int fd = open("/tmp/leak-dev", O_RDONLY);
    if (fd < 0 || read(fd, bytes, sizeof bytes) != sizeof bytes) show_errno(out);
    else fwrite(bytes, 1, sizeof bytes, out);
    unlink("/tmp/leak-dev");
}
PROBE(real_time_by_the_vdso) {
    struct timespec t = {0, 0};
    void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
    int (*clock)(clockid_t, struct timespec *) = NULL;
    if (vdso) *(void **)&clock = dlsym(vdso, "__vdso_clock_gettime");
    if (!clock || clock(CLOCK_REALTIME, &t)) fprintf(out, "none\n");
    else fprintf(out, "%lld %ld\n", (long long)t.tv_sec, t.tv_nsec);
}
PROBE(time_of_a_packet) {
    int ends[2], yes = 1;
    char byte, control[256];
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) || setsockopt(ends[1], SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes)) {
        show_errno(out);
        return;
    }
    if (write(ends[0], "x", 1) != 1 || recvmsg(ends[1], &message, 0) != 1) show_errno(out);
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        struct timespec t;
        memcpy(&t, CMSG_DATA(head), sizeof t);
        fprintf(out, "%lld %ld\n", (long long)t.tv_sec, t.tv_nsec);
    }
}
