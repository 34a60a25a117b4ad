// Every way to wait for somebody, at a level where one thread runs at a time: each must end, and find what it should.
// Each line of the output is a check, or what was seen of an order, which must be the same in every run.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(what) printf("%s %s\n", (what) ? "yes" : "NO ", #what)
#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}
static void pause_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}
static volatile sig_atomic_t rung;
static void ring(int signal) { (void)signal, rung++; }
static void on_alarm(int flags) {
    struct sigaction action = {.sa_handler = ring, .sa_flags = flags};
    sigaction(SIGALRM, &action, NULL);
}
static void alarm_in_ms(long ms) {
    struct itimerval timer = {{0, 0}, {ms / 1000, ms % 1000 * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}
static int ended(pid_t child) {
    int state = -1;
    return waitpid(child, &state, 0) == child ? state : -1;
}
#define CHILD(...) ({ pid_t child_ = fork(); if (!child_) { __VA_ARGS__; _exit(0); } child_; })

static void time_passes(void) {
    double start = now();
    pause_ms(5000);
    CHECK(now() - start >= 5 && now() - start < 5.1);
    struct timespec left = {0};
    on_alarm(0);
    alarm_in_ms(1000);
    CHECK(FAILS(nanosleep(&(struct timespec){30, 0}, &left), EINTR) && rung == 1);
    struct itimerval none;
    getitimer(ITIMER_REAL, &none);
    CHECK(none.it_value.tv_sec == 0 && none.it_value.tv_usec == 0);
    alarm(50);
    CHECK(alarm(0) == 50);
    int ends[2];
    char byte;
    if (pipe(ends)) return;
    alarm_in_ms(100);
    CHECK(FAILS(read(ends[0], &byte, 1), EINTR) && rung == 2);
    alarm_in_ms(100);
    start = now();
    CHECK(FAILS(poll(&(struct pollfd){ends[0], POLLIN, 0}, 1, 5000), EINTR) && now() - start < 1);
    // Again at the same place: the first deadline is not the second's.
    for (int turn = 0; turn < 2; turn++) {
        start = now();
        alarm_in_ms(turn ? 0 : 10);
        int said = poll(&(struct pollfd){ends[0], POLLIN, 0}, 1, 2000);
        CHECK(turn ? said == 0 && now() - start >= 2 : said == -1);
    }
    on_alarm(SA_RESTART);
    pid_t child = CHILD(pause_ms(3000); if (write(ends[1], "x", 1) != 1) _exit(1));
    alarm_in_ms(1000);
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x' && ended(child) == 0);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    struct timeval two = {2, 0};
    start = now();
    CHECK(select(ends[0] + 1, &set, NULL, NULL, &two) == 0 && !FD_ISSET(ends[0], &set) && now() - start >= 2);
    child = CHILD(pause_ms(1000); if (write(ends[1], "x", 1) != 1) _exit(1));
    FD_SET(ends[0], &set), two.tv_sec = 9;
    CHECK(select(ends[0] + 1, &set, NULL, NULL, &two) == 1 && FD_ISSET(ends[0], &set) && two.tv_sec == 7);
    CHECK(ended(child) == 0 && read(ends[0], &byte, 1) == 1);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec often = {{1, 0}, {1, 0}};
    uint64_t times = 0;
    start = now();
    CHECK(timerfd_settime(timer, 0, &often, NULL) == 0 && read(timer, &times, 8) == 8 && times == 1);
    CHECK(read(timer, &times, 8) == 8 && times == 1 && now() - start >= 2 && now() - start < 2.1);
    int many = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(many, EPOLL_CTL_ADD, timer, &event);
    CHECK(epoll_wait(many, &event, 1, -1) == 1 && now() - start >= 3);
    CHECK(read(timer, &times, 8) == 8 && epoll_wait(many, &event, 1, 10) == 0);
    CHECK(FAILS(prctl(PR_SET_TSC, PR_TSC_ENABLE), EPERM));
}

static void children(char *own) {
    int count = 0;
    for (int i = 0; i < 30; i++) count += ended(CHILD(pause_ms(30 - i))) == 0;
    CHECK(count == 30);
    pid_t first = CHILD(pause_ms(20)), second = CHILD(pause_ms(10));
    CHECK(wait(NULL) == second && wait(NULL) == first);
    pid_t child = vfork();
    if (!child) execl(own, own, "exit7", NULL);
    int state = ended(child);
    CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 7);
    child = vfork();
    if (!child) _exit(3);
    CHECK(WEXITSTATUS(ended(child)) == 3);
    CHECK(posix_spawn(&child, own, NULL, NULL, (char *[]){own, "exit7", NULL}, NULL) == 0);
    CHECK(WEXITSTATUS(ended(child)) == 7);
    child = CHILD(for (;;) pause());
    pause_ms(10);
    kill(child, SIGTERM);
    CHECK(WTERMSIG(ended(child)) == SIGTERM);
    child = CHILD(for (;;) pause());
    kill(child, SIGKILL);
    CHECK(WTERMSIG(ended(child)) == SIGKILL);
    child = CHILD(for (;;) pause_ms(1000));
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &state, WUNTRACED) == child && WIFSTOPPED(state));
    kill(child, SIGCONT);
    CHECK(waitpid(child, &state, WCONTINUED) == child && WIFCONTINUED(state));
    kill(child, SIGTERM);
    CHECK(WTERMSIG(ended(child)) == SIGTERM);
    child = CHILD(execl(own, own, "thread-exec", NULL));
    CHECK(WEXITSTATUS(ended(child)) == 7);
    child = CHILD(execl(own, own, "first-ends", NULL));
    CHECK(WEXITSTATUS(ended(child)) == 9);
    child = CHILD(execl(own, own, "all-end", NULL));
    CHECK(WEXITSTATUS(ended(child)) == 11);
    siginfo_t info = {0};
    child = CHILD(_exit(5));
    CHECK(waitid(P_PID, child, &info, WEXITED) == 0 && info.si_pid == child && info.si_status == 5);
    CHECK(FAILS(wait(NULL), ECHILD));
}

static void files(void) {
    int ends[2], state;
    static char large[1 << 20];
    if (pipe(ends)) return;
    pid_t child = CHILD(close(ends[0]); memset(large, 'x', sizeof large);
                        for (int i = 0; i < 4; i++) if (write(ends[1], large, sizeof large) != sizeof large) _exit(1));
    close(ends[1]);
    long sum = 0;
    for (long got; (got = read(ends[0], large, 70000)) > 0;) sum += got;
    CHECK(sum == 4 << 20 && ended(child) == 0);
    close(ends[0]);
    if (pipe(ends)) return;
    // A large write that a signal interrupts tells how far it came.
    on_alarm(0);
    alarm_in_ms(100);
    CHECK(write(ends[1], large, sizeof large) == 1 << 16);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    CHECK(FAILS(write(ends[1], large, sizeof large), EPIPE));
    mkfifo("fifo", 0600);
    child = CHILD(int fd = open("fifo", O_WRONLY); if (write(fd, "hello", 5) != 5) _exit(1));
    int fd = open("fifo", O_RDONLY);
    CHECK(read(fd, large, 100) == 5 && read(fd, large, 100) == 0 && ended(child) == 0);
    int one = open("lock", O_CREAT | O_RDWR, 0600);
    flock(one, LOCK_EX);
    child = CHILD(int two = open("lock", O_RDWR); flock(two, LOCK_EX); if (write(two, "2", 1) != 1) _exit(1));
    pause_ms(10);
    CHECK(lseek(one, 0, SEEK_END) == 0);
    flock(one, LOCK_UN);
    CHECK(ended(child) == 0 && lseek(one, 0, SEEK_END) == 1);
    struct flock lock = {.l_type = F_WRLCK};
    fcntl(one, F_SETLK, &lock);
    child = CHILD(fcntl(one, F_SETLKW, &lock));
    pause_ms(10);
    CHECK(waitpid(child, &state, WNOHANG) == 0);
    lock.l_type = F_UNLCK;
    fcntl(one, F_SETLK, &lock);
    CHECK(ended(child) == 0);
    int both[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, both)) return;
    child = CHILD(close(both[0]); sum = 0; for (long got; (got = recv(both[1], large, 5000, 0)) > 0;) sum += got;
                  if (send(both[1], &sum, sizeof sum, 0) < 0) _exit(1));
    close(both[1]);
    CHECK(send(both[0], large, sizeof large, 0) == sizeof large);
    shutdown(both[0], SHUT_WR);
    CHECK(recv(both[0], &sum, sizeof sum, MSG_WAITALL) == sizeof sum && sum == 1 << 20 && ended(child) == 0);
    int counter = eventfd(0, 0);
    uint64_t value = 3;
    child = CHILD(pause_ms(10); if (write(counter, &value, 8) != 8) _exit(1));
    CHECK(read(counter, &value, 8) == 8 && value == 3 && ended(child) == 0);
    sigset_t mask;
    sigemptyset(&mask), sigaddset(&mask, SIGUSR1), sigprocmask(SIG_BLOCK, &mask, NULL);
    int signals = signalfd(-1, &mask, 0);
    struct signalfd_siginfo info;
    pid_t parent = getpid();
    child = CHILD(pause_ms(10); kill(parent, SIGUSR1));
    CHECK(read(signals, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1 && ended(child) == 0);
    child = CHILD(pause_ms(10); kill(parent, SIGUSR1));
    CHECK(sigwaitinfo(&mask, NULL) == SIGUSR1 && ended(child) == 0);
    signal(SIGUSR1, ring);
    rung = 0;
    child = CHILD(pause_ms(10); kill(parent, SIGUSR1));
    sigemptyset(&mask);
    CHECK(FAILS(sigsuspend(&mask), EINTR) && rung == 1 && ended(child) == 0);
    sigaddset(&mask, SIGUSR1), sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

static void objects(void) {
    int semaphore = semget(IPC_PRIVATE, 1, 0600), queue = msgget(IPC_PRIVATE, 0600);
    struct sembuf down = {0, -1, 0}, up = {0, 1, 0};
    struct { long kind; char text[8]; } message = {1, "hello"};
    pid_t child = CHILD(pause_ms(10); semop(semaphore, &up, 1); pause_ms(10); msgsnd(queue, &message, 8, 0));
    CHECK(semop(semaphore, &down, 1) == 0);
    memset(message.text, 0, 8);
    CHECK(msgrcv(queue, &message, 8, 0, 0) == 8 && !strcmp(message.text, "hello") && ended(child) == 0);
    // While a clock rings without end, who comes back from the kernel is not forgotten.
    int timer = timerfd_create(CLOCK_MONOTONIC, 0), count = 0;
    struct itimerspec often = {{0, 1000000}, {0, 1000000}};
    timerfd_settime(timer, 0, &often, NULL);
    for (int i = 0; i < 10; i++) {
        child = CHILD(pause_ms(10); semop(semaphore, &up, 1));
        count += semop(semaphore, &down, 1) == 0 && ended(child) == 0;
    }
    CHECK(count == 10);
    close(timer);
    semctl(semaphore, 0, IPC_RMID), msgctl(queue, IPC_RMID, NULL);
    // A lock that two processes share, at different addresses.
    int memory = memfd_create("shared", 0);
    if (ftruncate(memory, 4096)) return;
    sem_t *one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    sem_t *two = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    sem_init(one, 1, 0), sem_init(one + 1, 1, 0);
    child = CHILD(for (int i = 0; i < 100; i++) sem_wait(two), sem_post(two + 1));
    for (int i = 0; i < 100; i++) sem_post(one), sem_wait(one + 1);
    CHECK(ended(child) == 0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static int ready, order[400], next, flag;
static long count;
static void *take_part(void *me) {
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&mutex);
        if (next < 400) order[next++] = (int)(long)me;
        pthread_mutex_unlock(&mutex);
        if (i % 10 == 0) pthread_barrier_wait(&barrier);
        if (i % 7 == 0) pause_ms((long)me);
        if (i % 5 == 0) sched_yield();
        long seen = count;
        if (i % 3 == 0) sched_yield();
        count = seen + 1;
    }
    pthread_mutex_lock(&mutex);
    ready++;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    return me;
}
static void *raise_flag(void *me) {
    pause_ms(1);
    __atomic_store_n(&flag, 1, __ATOMIC_SEQ_CST);
    return me;
}
static void threads(void) {
    pthread_t all[8];
    void *result;
    long sum = 0;
    pthread_barrier_init(&barrier, NULL, 8);
    for (long i = 0; i < 8; i++) pthread_create(&all[i], NULL, take_part, (void *)i);
    pthread_mutex_lock(&mutex);
    while (ready < 8) pthread_cond_wait(&cond, &mutex);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 8; i++) pthread_join(all[i], &result), sum += (long)result;
    CHECK(sum == 28 && next == 400);
    for (int i = 0; i < 400; i++) putchar('0' + order[i]);
    printf("\nincrements that were not lost: %ld\n", count);
    // Nobody calls anything: the one that spins has to give way in the end.
    pthread_create(&all[0], NULL, raise_flag, NULL);
    sched_yield();
    pause_ms(1);
    while (!__atomic_load_n(&flag, __ATOMIC_SEQ_CST)) {}
    CHECK(pthread_join(all[0], &result) == 0);
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += 3;
    double start = now();
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_timedwait(&cond, &mutex, &at) == ETIMEDOUT && now() - start >= 3 && now() - start < 3.1);
    pthread_mutex_unlock(&mutex);
}

static char *program;
static void *run_other(void *unused) {
    execl(program, program, "exit7", NULL);
    return unused;
}
static void *end_later(void *unused) {
    pause_ms(20);
    exit(9);
    return unused;
}
static void *wait_for_ever(void *unused) {
    for (;;) pause();
    return unused;
}
static void *spin_for_ever(void *unused) {
    for (volatile int i = 0;; i++) {}
    return unused;
}

int main(int count, char **arguments) {
    pthread_t other;
    program = arguments[0];
    if (count < 2) return 2;
    if (!strcmp(arguments[1], "exit7")) return 7;
    if (!strcmp(arguments[1], "thread-exec")) {
        pthread_create(&other, NULL, wait_for_ever, NULL);
        pthread_create(&other, NULL, run_other, NULL);
        for (;;) pause();
    }
    if (!strcmp(arguments[1], "first-ends")) {
        pthread_create(&other, NULL, end_later, NULL);
        pthread_exit(NULL);
    }
    if (!strcmp(arguments[1], "all-end")) {
        pthread_create(&other, NULL, wait_for_ever, NULL);
        pthread_create(&other, NULL, spin_for_ever, NULL);
        pause_ms(10);
        return 11;
    }
    char own[4096];
    if (!freopen(arguments[1], "w", stdout) || !realpath(program, own)) return 3;
    setvbuf(stdout, NULL, _IOLBF, 0);
    program = own;
    mkdir("/tmp/scratch", 0755);
    if (chdir("/tmp/scratch")) return 4;
    time_passes();
    children(own);
    files();
    objects();
    threads();
    return 0;
}
