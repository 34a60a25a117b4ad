// Neighbours: network, sockets, shared memory, keys, other processes.
#include "probe.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

PROBE(network_devices) {
    struct if_nameindex *all = if_nameindex();
    if (!all) {
        show_errno(out);
        return;
    }
    for (struct if_nameindex *one = all; one->if_index; one++) fprintf(out, "%u %s\n", one->if_index, one->if_name);
}
PROBE(network_addresses) {
    struct ifaddrs *all;
    char text[64];
    if (getifaddrs(&all)) {
        show_errno(out);
        return;
    }
    for (struct ifaddrs *one = all; one; one = one->ifa_next)
        if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET)
            fprintf(out, "%s %s %x\n", one->ifa_name,
                    inet_ntop(AF_INET, &((struct sockaddr_in *)one->ifa_addr)->sin_addr, text, sizeof text),
                    one->ifa_flags);
}
PROBE(network_devices_by_proc) {
    // Names without counters.
    char line[512];
    FILE *file = fopen("/proc/net/dev", "r");
    if (!file) {
        show_errno(out);
        return;
    }
    while (fgets(line, sizeof line, file)) fprintf(out, "%.*s\n", (int)strcspn(line, ":"), line);
    fclose(file);
}
SHOW_FILE(routes, "/proc/net/route")
// The lines of a file in which a text stands.
static void show_lines_with(FILE *out, const char *path, const char *text) {
    char line[512];
    FILE *file = fopen(path, "r");
    if (!file) {
        show_errno(out);
        return;
    }
    while (fgets(line, sizeof line, file))
        if (strstr(line, text)) fprintf(out, "it is listed\n");
    fclose(file);
}
PROBE(listener_by_proc) { show_lines_with(out, "/proc/net/tcp", ":B83B 00000000:0000 0A"); }
PROBE(abstract_socket_by_proc) { show_lines_with(out, "/proc/net/unix", "@gx-leak-listener"); }
PROBE(listener_on_loopback) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(47163), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at)) show_errno(out);
    else fprintf(out, "connected\n");
}
static void dial(FILE *out, const char *name, int abstract) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(at.sun_path + abstract, name);
    if (connect(fd, (struct sockaddr *)&at, offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name) + !abstract))
        show_errno(out);
    else fprintf(out, "connected\n");
}
PROBE(abstract_socket_of_the_host) { dial(out, "gx-leak-listener", 1); }
PROBE(socket_file_of_the_host) { dial(out, "/tmp/gx-leak-listener", 0); }
PROBE(left_by_a_process) { dial(out, "gx-leak-left", 1); }
PROBE(shared_memory_of_the_host) {
    int id = shmget(0x67786c6b, 0, 0);
    if (id < 0) show_errno(out);
    else fprintf(out, "there is some\n");
}
PROBE(left_as_shared_memory) {
    int id = shmget(0x67786c6c, 0, 0);
    if (id < 0) show_errno(out);
    else fprintf(out, "there is some\n");
}
PROBE(shared_memory_by_proc) { show_file(out, "/proc/sysvipc/shm"); }
PROBE(named_memory_of_the_host) { show_file(out, "/dev/shm/gx-leak-host"); }
PROBE(message_queue_of_the_host) {
    mqd_t queue = mq_open("/gx-leak-host", O_RDONLY | O_NONBLOCK);
    if (queue == (mqd_t)-1) show_errno(out);
    else fprintf(out, "there is one\n");
}
PROBE(key_of_the_user) {
    // KEYCTL_SEARCH in the user's key ring.
    long serial = syscall(SYS_keyctl, 10, -4, "user", "gx-leak-host", 0);
    if (serial < 0) show_errno(out);
    else fprintf(out, "found\n");
}
PROBE(other_processes) {
    // A process of the test's, known by its argument.
    DIR *folder = opendir("/proc");
    char path[300], line[4096];
    if (!folder) {
        show_errno(out);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        int fd = open(path, O_RDONLY);
        if (fd < 0) continue;
        ssize_t got = read(fd, line, sizeof line);
        close(fd);
        if (got > 0 && memmem(line, got, "31536001", 8)) fprintf(out, "it runs\n");
    }
    closedir(folder);
}
// What an action may leave behind: memory of both kinds, files, and a process that listens.
PROBE(leave) {
    char yes[8] = "";
    FILE *wish = fopen("leave.txt", "r");
    fprintf(out, "done\n");
    if (!wish || !fgets(yes, sizeof yes, wish) || strncmp(yes, "yes", 3)) return;
    FILE *file = fopen("/tmp/gx-leak-left", "w");
    if (file) fputs("left\n", file), fclose(file);
    int fd = open("/dev/shm/gx-leak-left", O_CREAT | O_WRONLY, 0600);
    if (fd >= 0 && write(fd, "left\n", 5) == 5) close(fd);
    shmget(0x67786c6c, 4096, IPC_CREAT | 0600);
    if (fork() == 0) {
        struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "\0gx-leak-left"};
        setsid();
        if (fork() != 0) _exit(0);
        fclose(out);
        for (int i = 0; i < 3; i++) close(i);
        int sock = socket(AF_UNIX, SOCK_STREAM, 0);
        bind(sock, (struct sockaddr *)&at, offsetof(struct sockaddr_un, sun_path) + 13);
        listen(sock, 5);
        alarm(20);
        // Whoever finds it ends it.
        accept(sock, NULL, NULL);
        _exit(0);
    }
    usleep(50000);
}

// Not probes: the test calls these outside of gx, to make a world and to clear it away.
PROBE(make_things_of_the_host) {
    int fd = open("/dev/shm/gx-leak-host", O_CREAT | O_WRONLY, 0644);
    if (fd >= 0 && write(fd, "of the host\n", 12) == 12) close(fd);
    shmget(0x67786c6b, 4096, IPC_CREAT | 0666);
    mq_open("/gx-leak-host", O_CREAT | O_RDONLY, 0666, NULL);
    syscall(SYS_add_key, "user", "gx-leak-host", "x", 1, -4);
}
PROBE(clear_things_of_the_host) {
    unlink("/dev/shm/gx-leak-host");
    shmctl(shmget(0x67786c6b, 0, 0), IPC_RMID, NULL);
    mq_unlink("/gx-leak-host");
    long serial = syscall(SYS_keyctl, 10, -4, "user", "gx-leak-host", 0);
    if (serial >= 0) syscall(SYS_keyctl, 9, serial, -4);
}
PROBE(clear_what_was_left) {
    unlink("/dev/shm/gx-leak-left");
    unlink("/tmp/gx-leak-left");
    shmctl(shmget(0x67786c6c, 0, 0), IPC_RMID, NULL);
}
