// Who: process numbers, user, names, paths, and what a process has from those before it.
#include "probe.h"
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

static void show_parent(FILE *out, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)getppid(), name);
    show_file(out, path);
}

PROBE(process_number) { fprintf(out, "%d\n", (int)getpid()); }
PROBE(parent_number) { fprintf(out, "%d\n", (int)getppid()); }
PROBE(thread_number) { fprintf(out, "%ld\n", syscall(SYS_gettid)); }
PROBE(session_and_group) { fprintf(out, "%d %d\n", (int)getsid(0), (int)getpgrp()); }
PROBE(number_of_a_child) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    fprintf(out, "%d\n", (int)child);
}
SHOW_FILE(status_line_of_the_process, "/proc/self/stat")
SHOW_FILE(waits_of_the_process, "/proc/self/schedstat")
PROBE(namespaces_by_number) {
    const char *names[] = {"mnt", "pid", "ipc", "uts", "user", "net", "cgroup"};
    char path[64];
    for (int i = 0; i < 7; i++) {
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        show_link(out, path);
    }
}

PROBE(user_and_group) { fprintf(out, "%d %d %d %d\n", getuid(), geteuid(), getgid(), getegid()); }
PROBE(further_groups) {
    gid_t groups[64];
    int count = getgroups(64, groups);
    for (int i = 0; i < count; i++) fprintf(out, "%d\n", groups[i]);
}
PROBE(name_of_the_user) { show_line(out, "/proc/self/status", "Uid:"), show_file(out, "/proc/self/loginuid"); }
SHOW_FILE(map_of_users, "/proc/self/uid_map")
SHOW_FILE(map_of_groups, "/proc/self/gid_map")
PROBE(owner_of_an_input) {
    struct stat s;
    if (stat("in/a.txt", &s)) show_errno(out);
    else fprintf(out, "%d %d\n", s.st_uid, s.st_gid);
}
PROBE(owner_of_the_root) {
    struct stat s;
    stat("/proc/self", &s);
    fprintf(out, "%d %d\n", s.st_uid, s.st_gid);
}
PROBE(capabilities) { show_line(out, "/proc/self/status", "Cap"); }

PROBE(host_name) {
    char name[256] = "";
    gethostname(name, sizeof name);
    fprintf(out, "%s\n", name);
}
PROBE(domain_name) {
    struct utsname u;
    uname(&u);
    fprintf(out, "%s %s\n", u.nodename, u.domainname);
}
SHOW_FILE(host_name_by_proc, "/proc/sys/kernel/hostname")
PROBE(machine_by_uname) {
    struct utsname u;
    uname(&u);
    fprintf(out, "%s\n", u.machine);
}
PROBE(release_by_uname) {
    struct utsname u;
    uname(&u);
    fprintf(out, "%s\n", u.release);
}
PROBE(personality_of_the_process) { fprintf(out, "%x\n", personality(0xffffffff)); }

PROBE(working_folder) {
    char folder[4096] = "";
    if (getcwd(folder, sizeof folder)) fprintf(out, "%s\n", folder);
}
PROBE(own_path) { show_link(out, "/proc/self/exe"); }
PROBE(path_at_start) { fprintf(out, "%s\n", (const char *)getauxval(AT_EXECFN)); }
PROBE(command_line_of_the_parent) { show_parent(out, "cmdline"); }
PROBE(environment_of_the_parent) {
    // One variable of it: others name the folders of the test.
    char at[64], bytes[65536];
    snprintf(at, sizeof at, "/proc/%d/environ", (int)getppid());
    int fd = open(at, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (got < 0) show_errno(out);
    else fprintf(out, "%s\n", memmem(bytes, got, "SECRET_OF_THE_USER=42", 21) ? "it is set" : "it is not set");
}
PROBE(input_of_the_parent) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/0", (int)getppid());
    show_link(out, path);
}
PROBE(terminal) {
    int fd = open("/dev/tty", O_RDWR);
    if (fd < 0) show_errno(out);
    else fprintf(out, "there is one\n");
}
PROBE(open_descriptors) {
    // Descriptors that were open before this program: all but those it opened itself.
    struct stat s;
    for (int fd = 3; fd < 200; fd++)
        if (fd != fileno(out) && !fstat(fd, &s)) fprintf(out, "%d %o\n", fd, s.st_mode);
}
PROBE(umask_of_the_process) {
    struct stat s;
    mode_t mask = umask(0);
    umask(mask);
    fstat(fileno(out), &s);
    fprintf(out, "%o %o\n", mask, s.st_mode);
}
PROBE(nice_value) { fprintf(out, "%d\n", getpriority(PRIO_PROCESS, 0)); }
PROBE(class_of_disk_use) { fprintf(out, "%ld\n", syscall(SYS_ioprio_get, 1, 0)); }
PROBE(scheduling_policy) { fprintf(out, "%d\n", sched_getscheduler(0)); }
PROBE(processors_it_may_use) {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    fprintf(out, "%d\n", CPU_COUNT(&set));
}
PROBE(processors_by_libc) { fprintf(out, "%ld\n", sysconf(_SC_NPROCESSORS_ONLN)); }
PROBE(processors_by_proc) { show_line(out, "/proc/self/status", "Cpus_allowed"); }
PROBE(processor_it_runs_on) {
    unsigned cpu = 0;
    syscall(SYS_getcpu, &cpu, NULL, NULL);
    fprintf(out, "%u\n", cpu);
}
PROBE(ignored_signals) { show_line(out, "/proc/self/status", "SigIgn"), show_line(out, "/proc/self/status", "SigBlk"); }
SHOW_FILE(wish_to_be_killed_for_memory, "/proc/self/oom_score_adj")
PROBE(wish_to_be_killed_as_it_is_set) {
    char text[32];
    int fd = open("/proc/self/oom_score_adj", O_RDWR);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (got < 0) show_errno(out);
    else fwrite(text, 1, got, out);
}
SHOW_FILE(what_a_core_dump_holds, "/proc/self/coredump_filter")
SHOW_FILE(control_group, "/proc/self/cgroup")
static void show_limits(FILE *out, int hard) {
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit limit;
        getrlimit(i, &limit);
        fprintf(out, "%d %llu\n", i, (unsigned long long)(hard ? limit.rlim_max : limit.rlim_cur));
    }
}
PROBE(soft_limits) { show_limits(out, 0); }
PROBE(hard_limits) { show_limits(out, 1); }
