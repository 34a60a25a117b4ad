// What programs rely on, and must find at level `normalised` too. Each line of the output is a check.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#define CHECK(what) printf("%s %s\n", (what) ? "yes" : "NO ", #what)
#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

static double elapsed(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}
static struct timespec in_ms(long ms) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}
static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static void clocks(void) {
    struct timespec a, b;
    struct timeval v;
    clock_gettime(CLOCK_REALTIME, &a);
    clock_gettime(CLOCK_REALTIME, &b);
    gettimeofday(&v, NULL);
    CHECK(b.tv_sec > a.tv_sec || b.tv_nsec > a.tv_nsec);
    CHECK(v.tv_sec >= a.tv_sec);
    CHECK(time(NULL) >= a.tv_sec);
    CHECK(FAILS(clock_gettime(99, &a), EINVAL));
    CHECK(FAILS(syscall(SYS_clock_gettime, CLOCK_REALTIME, (void *)8), EFAULT));
}

static sem_t never;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int woken;
static void *wake(void *unused) {
    usleep(30000);
    pthread_mutex_lock(&mutex);
    woken = 1;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&mutex);
    return unused;
}
static void deadlines(void) {
    sem_init(&never, 0, 0);
    double start = elapsed();
    struct timespec at = in_ms(60);
    CHECK(FAILS(sem_timedwait(&never, &at), ETIMEDOUT));
    CHECK(elapsed() - start > 0.05 && elapsed() - start < 20);
    pthread_t thread;
    pthread_create(&thread, NULL, wake, NULL);
    at = in_ms(30000);
    start = elapsed();
    pthread_mutex_lock(&mutex);
    int error = 0;
    while (!woken && !error) error = pthread_cond_timedwait(&cond, &mutex, &at);
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
    CHECK(woken && !error && elapsed() - start < 20);
    start = elapsed();
    at = in_ms(60);
    CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL) == 0);
    CHECK(elapsed() - start > 0.05 && elapsed() - start < 20);
    start = elapsed();
    int fd = timerfd_create(CLOCK_REALTIME, 0);
    struct itimerspec timer = {.it_value = in_ms(60)};
    CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &timer, NULL) == 0);
    uint64_t rung = 0;
    CHECK(read(fd, &rung, 8) == 8 && rung == 1);
    CHECK(elapsed() - start > 0.05 && elapsed() - start < 20);
    start = elapsed();
    CHECK(poll(NULL, 0, 30) == 0 && elapsed() - start > 0.02);
}

static void files(void) {
    struct stat a, b;
    put("one", "text");
    mkdir("folder", 0755);
    CHECK(stat("one", &a) == 0 && S_ISREG(a.st_mode) && a.st_size == 4);
    link("one", "two");
    CHECK(stat("two", &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev && b.st_nlink == 2);
    CHECK(stat("folder", &b) == 0 && S_ISDIR(b.st_mode) && a.st_ino != b.st_ino);
    int fd = open("two", O_RDONLY);
    CHECK(fstat(fd, &b) == 0 && a.st_ino == b.st_ino);
    CHECK(fstatat(fd, "", &b, AT_EMPTY_PATH) == 0 && a.st_ino == b.st_ino);
    struct statx x;
    CHECK(statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &x) == 0 && x.stx_ino == a.st_ino);
    close(fd);
    CHECK(FAILS(fstat(fd, &b), EBADF));
    CHECK(FAILS(stat("missing", &b), ENOENT));
    CHECK(FAILS(stat("", &b), ENOENT));
    CHECK(FAILS(stat("one/two", &b), ENOTDIR));
    CHECK(FAILS(stat("one/", &b), ENOTDIR));
    CHECK(FAILS(stat((const char *)8, &b), EFAULT));
    CHECK(FAILS(syscall(SYS_newfstatat, AT_FDCWD, "one", (void *)8, 0), EFAULT));
    char name[6000];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = 0;
    CHECK(FAILS(stat(name, &b), ENAMETOOLONG));
    symlink("one", "link");
    CHECK(lstat("link", &b) == 0 && S_ISLNK(b.st_mode) && b.st_size == 3);
    CHECK(stat("link", &b) == 0 && S_ISREG(b.st_mode));
    symlink("loop", "loop");
    CHECK(FAILS(stat("loop", &b), ELOOP));
    CHECK(readlink("link", name, sizeof name) == 3);
    CHECK(FAILS(readlink("one", name, sizeof name), EINVAL));
    put("folder/in", "x");
    chmod("folder", 0);
    CHECK(FAILS(stat("folder/in", &b), EACCES));
    CHECK(FAILS(open("folder/in", O_RDONLY), EACCES));
    chmod("folder", 0755);
    int here = open("folder", O_RDONLY | O_DIRECTORY);
    CHECK(fstatat(here, "in", &b, 0) == 0 && fstatat(here, "../one", &b, 0) == 0 && b.st_ino == a.st_ino);
    CHECK(fchdir(here) == 0 && stat("in", &b) == 0 && stat("../one", &b) == 0);
    CHECK(chdir("..") == 0 && stat("one", &b) == 0);
    struct statfs s;
    CHECK(statfs(".", &s) == 0 && s.f_bavail > 0);
    CHECK(FAILS(statfs("missing", &s), ENOENT));
}

static void times(void) {
    struct stat s, t;
    put("aged", "x");
    struct timespec set[2] = {{1234567890, 5}, {1300000000, 7}};
    CHECK(utimensat(AT_FDCWD, "aged", set, 0) == 0 && stat("aged", &s) == 0);
    CHECK(s.st_atim.tv_sec == 1234567890 && s.st_mtim.tv_sec == 1300000000 && s.st_mtim.tv_nsec == 7);
    put("other", "x");
    CHECK(stat("other", &t) == 0 && t.st_mtim.tv_sec < s.st_mtim.tv_sec);
    CHECK(utimensat(AT_FDCWD, "aged", NULL, 0) == 0 && stat("aged", &s) == 0);
    CHECK(s.st_mtim.tv_sec == t.st_mtim.tv_sec);
    struct timespec one[2] = {{0, UTIME_OMIT}, {1300000000, 0}};
    CHECK(utimensat(AT_FDCWD, "aged", one, 0) == 0 && stat("aged", &s) == 0);
    CHECK(s.st_atim.tv_sec == t.st_atim.tv_sec && s.st_mtim.tv_sec == 1300000000);
    int fd = open("aged", O_WRONLY);
    CHECK(futimens(fd, set) == 0 && fstat(fd, &s) == 0 && s.st_mtim.tv_nsec == 7);
    CHECK(write(fd, "y", 1) == 1 && fstat(fd, &s) == 0 && s.st_mtim.tv_sec == t.st_mtim.tv_sec);
    CHECK(FAILS(utimensat(AT_FDCWD, "missing", set, 0), ENOENT));
    set[0].tv_nsec = 1000000000;
    CHECK(FAILS(utimensat(AT_FDCWD, "aged", set, 0), EINVAL));
    CHECK(stat("semantics", &s) == 0 && stat("other", &t) == 0 && s.st_mtim.tv_sec < t.st_mtim.tv_sec);
    CHECK(t.st_mtim.tv_sec < time(NULL));
}

enum { MANY = 3000 };
static void folders(void) {
    char name[64], last[300] = "";
    mkdir("many", 0755);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "many/a-rather-long-name-%d", i * 7919 % 10007);
        close(open(name, O_CREAT | O_WRONLY, 0644));
    }
    DIR *folder = opendir("many");
    int count = 0, sorted = 1;
    long middle = 0;
    char at_middle[300] = "";
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        sorted &= strcmp(last, entry->d_name) < 0;
        strcpy(last, entry->d_name);
        if (count == 1000) middle = telldir(folder);
        if (count == 1001) strcpy(at_middle, entry->d_name);
        count++;
    }
    CHECK(count == MANY + 2 && sorted);
    seekdir(folder, middle);
    entry = readdir(folder);
    CHECK(entry && !strcmp(entry->d_name, at_middle));
    rewinddir(folder);
    entry = readdir(folder);
    CHECK(entry && !strcmp(entry->d_name, "."));
    struct stat s;
    CHECK(fstatat(dirfd(folder), ".", &s, 0) == 0 && s.st_ino == entry->d_ino);
    rewinddir(folder);
    int removed = 0;
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.') removed += unlinkat(dirfd(folder), entry->d_name, 0) == 0;
    CHECK(removed == MANY);
    closedir(folder);
    CHECK(rmdir("many") == 0);
    char buffer[100];
    int fd = open("one", O_RDONLY);
    CHECK(FAILS(syscall(SYS_getdents64, fd, buffer, sizeof buffer), ENOTDIR));
    CHECK(FAILS(syscall(SYS_getdents64, 999, buffer, sizeof buffer), EBADF));
    fd = open(".", O_RDONLY);
    CHECK(FAILS(syscall(SYS_getdents64, fd, buffer, 4), EINVAL));
}

static void chance(void) {
    unsigned char a[64] = {0}, b[64] = {0};
    CHECK(getrandom(a, sizeof a, 0) == sizeof a && getrandom(b, sizeof b, 0) == sizeof b && memcmp(a, b, 64));
    char *large = malloc(1 << 20);
    CHECK(getrandom(large, 1 << 20, 0) == 1 << 20);
    int one = open("/dev/urandom", O_RDONLY), two = open("/dev/urandom", O_RDONLY);
    CHECK(read(one, a, 64) == 64 && read(two, b, 64) == 64 && memcmp(a, b, 64));
    CHECK(read(one, large, 1 << 20) == 1 << 20);
    for (int i = 0; i < 8; i++) {
        int fd = open("/dev/random", O_RDONLY);
        CHECK(read(fd, a, 64) == 64);
        close(fd);
    }
    struct stat s;
    CHECK(fstat(one, &s) == 0 && S_ISCHR(s.st_mode) && stat("/dev/random", &s) == 0 && S_ISCHR(s.st_mode));
    int ends[2];
    if (pipe(ends)) return;
    if (!fork()) {
        getrandom(b, sizeof b, 0);
        _exit(write(ends[1], b, 64) != 64);
    }
    getrandom(a, sizeof a, 0);
    CHECK(read(ends[0], b, 64) == 64 && memcmp(a, b, 64));
    wait(NULL);
}

static void *look(void *unused) {
    struct timespec t;
    struct stat s;
    for (int i = 0; i < 500; i++) {
        clock_gettime(CLOCK_REALTIME, &t);
        if (stat("one", &s)) return "failed";
    }
    return unused;
}
static void handled(int unused) { (void)unused; }
static void processes(char *own) {
    char name[300], same[300];
    ssize_t length = readlink("/proc/self/exe", name, sizeof name - 1);
    CHECK(length > 0 && (name[length] = 0, realpath(own, same)) && !strcmp(name, same));
    snprintf(name, sizeof name, "/proc/%d/status", getpid());
    CHECK(access(name, R_OK) == 0);
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status && fgets(name, sizeof name, status) && !strncmp(name, "Name:\tsemantics", 15));
    fclose(status);
    int ends[2];
    if (pipe(ends)) return;
    snprintf(name, sizeof name, "/proc/self/fd/%d", ends[1]);
    int again = open(name, O_WRONLY);
    CHECK(again >= 0 && write(again, "x", 1) == 1);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    struct stat s, t;
    CHECK(stat(name, &s) == 0 && fstat(ends[0], &t) == 0 && S_ISFIFO(s.st_mode) && s.st_ino == t.st_ino);
    pthread_t threads[4];
    void *failed = NULL, *result;
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, look, NULL);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], &result), failed = failed ? failed : result;
    CHECK(failed == NULL);
    signal(SIGALRM, handled);
    struct itimerval often = {{0, 500}, {0, 500}};
    setitimer(ITIMER_REAL, &often, NULL);
    int wrong = 0;
    for (int i = 0; i < 2000; i++) wrong += stat("one", &s) != 0;
    memset(&often, 0, sizeof often);
    setitimer(ITIMER_REAL, &often, NULL);
    CHECK(wrong == 0);
    int children = 0;
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        if (!child) _exit(stat("one", &s) != 0 || time(NULL) < 946684800);
        int state;
        children += waitpid(child, &state, 0) == child && state == 0;
    }
    CHECK(children == 50);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) == 1);
}

static void sockets(void) {
    int one = socket(AF_INET, SOCK_STREAM, 0), two = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET}, a, b;
    socklen_t length = sizeof a;
    CHECK(bind(one, (void *)&any, sizeof any) == 0 && getsockname(one, (void *)&a, &length) == 0 && a.sin_port);
    CHECK(bind(two, (void *)&any, sizeof any) == 0 && getsockname(two, (void *)&b, &length) == 0);
    CHECK(a.sin_port != b.sin_port);
    CHECK(FAILS(bind(two, (void *)&any, sizeof any), EINVAL));
    CHECK(FAILS(bind(999, (void *)&any, sizeof any), EBADF));
    int three = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
    CHECK(bind(three, (void *)&name, sizeof name) == 0);
    struct stat s;
    CHECK(stat("socket", &s) == 0 && S_ISSOCK(s.st_mode));
}

int main(int count, char **arguments) {
    if (count < 2 || !arguments[0]) return 2;
    if (!freopen(arguments[1], "w", stdout)) return 3;
    mkdir("/tmp/scratch", 0755);
    char own[4096];
    if (!realpath(arguments[0], own)) return 4;
    if (symlink(own, "/tmp/scratch/semantics") || chdir("/tmp/scratch")) return 5;
    clocks();
    deadlines();
    files();
    times();
    folders();
    chance();
    processes(own);
    sockets();
    return 0;
}
