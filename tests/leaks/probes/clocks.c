// The moment: clocks by every road, and what counts time without being called a clock.
#include "probe.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/wait.h>

static void by_call(FILE *out, clockid_t id) {
    struct timespec t = {0};
    long said = syscall(SYS_clock_gettime, id, &t);
    fprintf(out, "%ld %lld.%09ld\n", said, (long long)t.tv_sec, t.tv_nsec);
}

static void by_libc(FILE *out, clockid_t id) {
    struct timespec t = {0};
    int said = clock_gettime(id, &t);
    fprintf(out, "%d %lld.%09ld\n", said, (long long)t.tv_sec, t.tv_nsec);
}

// Enough work that the clocks of the CPU count it.
static void work(void) {
    volatile unsigned long sum = 0;
    for (unsigned long i = 0; i < 3000000; i++) sum += i;
}

PROBE(real_time_by_syscall) { by_call(out, CLOCK_REALTIME); }
PROBE(real_time_by_libc) { by_libc(out, CLOCK_REALTIME); }
PROBE(real_time_coarse) { by_libc(out, CLOCK_REALTIME_COARSE); }
PROBE(international_time) { by_libc(out, CLOCK_TAI); }
PROBE(time_of_day) {
    struct timeval t;
    gettimeofday(&t, NULL);
    fprintf(out, "%lld.%06ld\n", (long long)t.tv_sec, (long)t.tv_usec);
}
PROBE(time_in_seconds) { fprintf(out, "%lld\n", (long long)time(NULL)); }
PROBE(time_seconds_by_syscall) {
#ifdef SYS_time
    fprintf(out, "%ld\n", syscall(SYS_time, NULL));
#else
    fprintf(out, "%lld\n", (long long)time(NULL));
#endif
}
PROBE(adjtimex_time) {
    struct timex t = {0};
    int said = adjtimex(&t);
    fprintf(out, "%d %lld.%ld\n", said < 0 ? -errno : 0, (long long)t.time.tv_sec, (long)t.time.tv_usec);
}
PROBE(monotonic_by_syscall) { by_call(out, CLOCK_MONOTONIC); }
PROBE(monotonic_by_libc) { by_libc(out, CLOCK_MONOTONIC); }
PROBE(monotonic_raw) { by_libc(out, CLOCK_MONOTONIC_RAW); }
PROBE(boot_time) { by_libc(out, CLOCK_BOOTTIME); }
PROBE(cpu_time_of_process) {
    work();
    by_libc(out, CLOCK_PROCESS_CPUTIME_ID);
}
PROBE(cpu_time_of_thread) {
    work();
    by_libc(out, CLOCK_THREAD_CPUTIME_ID);
}
PROBE(cpu_time_by_rusage) {
    struct rusage usage;
    work();
    getrusage(RUSAGE_SELF, &usage);
    fprintf(out, "%ld.%06ld %ld.%06ld %ld\n", usage.ru_utime.tv_sec, usage.ru_utime.tv_usec, usage.ru_stime.tv_sec,
            usage.ru_stime.tv_usec, usage.ru_minflt);
}
PROBE(ticks_since_boot) {
    struct tms t;
    fprintf(out, "%ld\n", (long)times(&t));
}
PROBE(uptime_by_sysinfo) {
    // Seconds are coarse: what is free changes with every page.
    struct sysinfo info;
    sysinfo(&info);
    fprintf(out, "%ld %lu %lu %u\n", info.uptime, info.freeram, info.loads[0], info.procs);
}
PROBE(counter_of_the_cpu) {
#ifdef __x86_64__
    unsigned low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    fprintf(out, "%llu\n", (unsigned long long)high << 32 | low);
#else
    unsigned long long ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    fprintf(out, "%llu\n", ticks);
#endif
}
PROBE(time_left_of_select) {
    // The system call, unlike libc's wrapper, says how much was left.
    int ends[2];
    struct timeval left = {5, 0};
    fd_set set;
    if (pipe(ends)) return;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    if (fork() == 0) {
        usleep(2000);
        if (write(ends[1], "x", 1) != 1) _exit(1);
        _exit(0);
    }
    struct timespec wait5 = {5, 0};
    long said = syscall(SYS_pselect6, ends[0] + 1, &set, NULL, NULL, &wait5, NULL);
    left.tv_usec = wait5.tv_nsec;
    fprintf(out, "%ld %ld %ld\n", said, (long)wait5.tv_sec, (long)left.tv_usec);
    wait(NULL);
}
static volatile sig_atomic_t rung;
static void ring(int signal) { (void)signal, rung = 1; }
PROBE(turns_until_an_alarm) {
    struct itimerval after = {{0, 0}, {0, 5000}};
    unsigned long turns = 0;
    signal(SIGALRM, ring);
    setitimer(ITIMER_REAL, &after, NULL);
    while (!rung && turns < 1000000000ul) turns++;
    fprintf(out, "%lu\n", turns);
}
static void times_of(FILE *out, const struct stat *s) {
    fprintf(out, "%lld.%09ld %lld.%09ld %lld.%09ld\n", (long long)s->st_atim.tv_sec, s->st_atim.tv_nsec,
            (long long)s->st_mtim.tv_sec, s->st_mtim.tv_nsec, (long long)s->st_ctim.tv_sec, s->st_ctim.tv_nsec);
}
static void times_at(FILE *out, const char *path) {
    struct stat s;
    if (stat(path, &s)) show_errno(out);
    else times_of(out, &s);
}
static void times_by_statx(FILE *out, const char *path) {
    struct statx s = {0};
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_ALL, &s)) {
        show_errno(out);
        return;
    }
    fprintf(out, "%lld.%09u %lld.%09u %lld.%09u %lld.%09u\n", (long long)s.stx_btime.tv_sec, s.stx_btime.tv_nsec,
            (long long)s.stx_ctime.tv_sec, s.stx_ctime.tv_nsec, (long long)s.stx_mtime.tv_sec, s.stx_mtime.tv_nsec,
            (long long)s.stx_atime.tv_sec, s.stx_atime.tv_nsec);
}
PROBE(times_of_own_output) { times_at(out, output); }
PROBE(birth_of_own_output) { times_by_statx(out, output); }
PROBE(times_of_an_input) { times_at(out, "in/a.txt"); }
PROBE(birth_of_an_input) { times_by_statx(out, "in/a.txt"); }
PROBE(times_of_the_working_folder) { times_at(out, "."); }
PROBE(times_of_the_folder_for_temporaries) { times_at(out, "/tmp"); }
PROBE(times_of_a_folder_of_outputs) { times_at(out, "out"); }
PROBE(times_of_the_root) { times_by_statx(out, "/"); }
PROBE(times_of_proc) { times_at(out, "/proc/self/status"); }
PROBE(times_set_to_now) {
    struct stat s;
    futimens(fileno(out), NULL);
    fstat(fileno(out), &s);
    times_of(out, &s);
}
PROBE(times_of_a_pipe) {
    int ends[2];
    struct stat s;
    if (pipe(ends) || fstat(ends[0], &s)) return;
    times_of(out, &s);
}
PROBE(times_of_memory) {
    struct stat s;
    int fd = memfd_create("x", 0);
    if (fd < 0 || fstat(fd, &s)) show_errno(out);
    else times_of(out, &s);
}
PROBE(times_of_shared_memory) {
    struct shmid_ds s;
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    if (id < 0 || shmctl(id, IPC_STAT, &s)) show_errno(out);
    else fprintf(out, "%lld\n", (long long)s.shm_ctime);
    shmctl(id, IPC_RMID, NULL);
}
PROBE(times_of_a_message_queue) {
    struct msqid_ds s;
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    if (id < 0 || msgctl(id, IPC_STAT, &s)) show_errno(out);
    else fprintf(out, "%lld\n", (long long)s.msg_ctime);
    msgctl(id, IPC_RMID, NULL);
}
