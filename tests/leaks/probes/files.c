// The file system: order, numbers, counts and sizes that are no content.
#include "probe.h"
#include <dirent.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

PROBE(order_of_inputs) { show_folder(out, "in"); }
PROBE(order_of_made_inputs) { show_folder(out, "out/many"); }
PROBE(order_of_own_files) {
    char name[64];
    mkdir("/tmp/leak-order", 0700);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "/tmp/leak-order/%d", i * 7919 % 1000);
        close(open(name, O_CREAT | O_WRONLY, 0600));
    }
    show_folder(out, "/tmp/leak-order");
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "/tmp/leak-order/%d", i * 7919 % 1000);
        unlink(name);
    }
    rmdir("/tmp/leak-order");
}
PROBE(order_of_files_beside_the_output) {
    char name[64];
    if (mkdir("out/leak-order", 0700)) show_errno(out);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "out/leak-order/%d", i * 7919 % 1000);
        close(open(name, O_CREAT | O_WRONLY, 0600));
    }
    show_folder(out, "out/leak-order");
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "out/leak-order/%d", i * 7919 % 1000);
        unlink(name);
    }
    rmdir("out/leak-order");
}
static void number(FILE *out, const char *path) {
    struct stat s;
    if (stat(path, &s)) show_errno(out);
    else fprintf(out, "%llu\n", (unsigned long long)s.st_ino);
}
static void device(FILE *out, const char *path) {
    struct stat s;
    if (stat(path, &s)) show_errno(out);
    else fprintf(out, "%llu\n", (unsigned long long)s.st_dev);
}
// Attributes beside a file's bytes and mode: lists of access, labels of a security module.
static void attributes(FILE *out, const char *path) {
    char names[4096], value[4096];
    ssize_t length = listxattr(path, names, sizeof names);
    if (length < 0) show_errno(out);
    for (char *name = names; name < names + length; name += strlen(name) + 1) {
        ssize_t size = getxattr(path, name, value, sizeof value);
        fprintf(out, "%s ", name);
        for (ssize_t i = 0; i < size; i++) fprintf(out, "%02x", (unsigned char)value[i]);
        fprintf(out, "\n");
    }
}
PROBE(attributes_of_an_input) { attributes(out, "in/a.txt"); }
PROBE(attributes_of_the_folder_of_outputs) { attributes(out, "out"); }
PROBE(flags_of_an_input) {
    int fd = open("in/a.txt", O_RDONLY), flags = 0;
    if (ioctl(fd, 0x80086601, &flags)) show_errno(out);
    else fprintf(out, "%x\n", flags);
}
PROBE(inode_of_an_input) { number(out, "in/a.txt"); }
PROBE(inode_of_the_output) { number(out, output); }
PROBE(inode_of_the_working_folder) { number(out, "."); }
PROBE(inode_by_readdir) {
    DIR *folder = opendir("in");
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (!strcmp(entry->d_name, "a.txt")) fprintf(out, "%llu\n", (unsigned long long)entry->d_ino);
    closedir(folder);
}
PROBE(inode_of_a_pipe) {
    int ends[2];
    struct stat s;
    if (!pipe(ends) && !fstat(ends[0], &s)) fprintf(out, "%llu\n", (unsigned long long)s.st_ino);
}
PROBE(inode_of_a_socket) {
    struct stat s;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && !fstat(fd, &s)) fprintf(out, "%llu\n", (unsigned long long)s.st_ino);
}
PROBE(inode_of_memory) {
    struct stat s;
    int fd = memfd_create("x", 0);
    if (fd >= 0 && !fstat(fd, &s)) fprintf(out, "%llu\n", (unsigned long long)s.st_ino);
}
PROBE(device_of_an_input) { device(out, "in/a.txt"); }
PROBE(device_of_the_output) { device(out, output); }
static void size_of_folder(FILE *out, const char *path) {
    struct stat s;
    if (stat(path, &s)) show_errno(out);
    else fprintf(out, "%lld %lld %ld\n", (long long)s.st_size, (long long)s.st_blocks, (long)s.st_blksize);
}
PROBE(size_of_a_folder_of_inputs) { size_of_folder(out, "in"); }
PROBE(size_of_the_folder_of_outputs) { size_of_folder(out, "out"); }
static void kind(FILE *out, const char *path) {
    struct statfs s;
    if (statfs(path, &s)) show_errno(out);
    else fprintf(out, "%lx %lld\n", (long)s.f_type, (long long)s.f_namelen);
}
PROBE(file_system_of_inputs) { kind(out, "in"); }
PROBE(file_system_of_outputs) { kind(out, "out"); }
PROBE(free_space) {
    struct statfs s;
    if (!statfs("out", &s)) fprintf(out, "%llu %llu\n", (unsigned long long)s.f_bfree, (unsigned long long)s.f_ffree);
}
PROBE(size_of_the_file_system) {
    struct statfs s;
    if (!statfs("out", &s)) fprintf(out, "%llu %llu\n", (unsigned long long)s.f_blocks, (unsigned long long)s.f_files);
}
PROBE(identity_of_the_file_system) {
    struct statfs s;
    if (!statfs("in", &s)) fprintf(out, "%d %d\n", s.f_fsid.__val[0], s.f_fsid.__val[1]);
}
SHOW_FILE(mount_table, "/proc/self/mountinfo")
PROBE(a_file_of_the_host) { show_file(out, "/opt/gx-leak-host-file"); }
PROBE(a_temporary_file_of_the_host) { show_file(out, "/tmp/gx-leak-host-file"); }
PROBE(an_undeclared_file_of_the_workspace) {
    // Nothing tells where the workspace is, but the parent may be at home there.
    char at[64];
    snprintf(at, sizeof at, "/proc/%d/cwd/secret.txt", (int)getppid());
    show_file(out, at);
}
PROBE(left_in_temporary) { show_file(out, "/tmp/gx-leak-left"); }
PROBE(left_in_shared_memory) { show_file(out, "/dev/shm/gx-leak-left"); }
