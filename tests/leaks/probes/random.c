// Chance: random sources, addresses, and numbers that the kernel draws.
#include "probe.h"
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

static void hex(FILE *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) fprintf(out, "%02x", bytes[i]);
    fputc('\n', out);
}
static void bytes_of(FILE *out, const char *path) {
    unsigned char bytes[16];
    int fd = open(path, O_RDONLY);
    if (fd < 0 || read(fd, bytes, sizeof bytes) != sizeof bytes) show_errno(out);
    else hex(out, bytes, sizeof bytes);
}
PROBE(getrandom_call) {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) show_errno(out);
    else hex(out, bytes, sizeof bytes);
}
PROBE(getrandom_of_the_pool) {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, GRND_RANDOM) != sizeof bytes) show_errno(out);
    else hex(out, bytes, sizeof bytes);
}
PROBE(arc4random_of_libc) {
    unsigned char bytes[16];
    getentropy(bytes, sizeof bytes);
    hex(out, bytes, sizeof bytes);
}
PROBE(dev_urandom) { bytes_of(out, "/dev/urandom"); }
PROBE(dev_random) { bytes_of(out, "/dev/random"); }
SHOW_FILE(uuid_of_the_kernel, "/proc/sys/kernel/random/uuid")
PROBE(random_bytes_at_start) {
    const unsigned char *at = (const unsigned char *)getauxval(AT_RANDOM);
    if (at) hex(out, at, 16);
}
PROBE(random_of_the_cpu) {
#ifdef __x86_64__
    unsigned long long value = 0;
    unsigned char good = 0;
    for (int i = 0; i < 10 && !good; i++) __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(good));
    fprintf(out, "%d %llx\n", good, value);
#endif
}
PROBE(seed_of_the_cpu) {
#ifdef __x86_64__
    unsigned long long value = 0;
    unsigned char good = 0;
    for (int i = 0; i < 1000 && !good; i++) __asm__ volatile("rdseed %0; setc %1" : "=r"(value), "=qm"(good));
    fprintf(out, "%d %llx\n", good, value);
#endif
}
PROBE(address_of_the_stack) {
    int here;
    fprintf(out, "%p\n", (void *)&here);
}
PROBE(address_of_the_heap) { fprintf(out, "%p\n", sbrk(0)); }
PROBE(address_of_a_mapping) {
    fprintf(out, "%p\n", mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
PROBE(address_of_the_program) { fprintf(out, "%p\n", (void *)(uintptr_t)add_address_of_the_program); }
PROBE(address_of_a_library) { fprintf(out, "%p\n", (void *)(uintptr_t)puts); }
PROBE(address_of_the_vdso) { fprintf(out, "%lx\n", getauxval(AT_SYSINFO_EHDR)); }
PROBE(address_of_a_large_allocation) { fprintf(out, "%p\n", malloc(10 << 20)); }
SHOW_FILE(map_of_memory, "/proc/self/maps")
PROBE(name_of_a_temporary_file) {
    char name[] = "/tmp/leak-XXXXXX";
    int fd = mkstemp(name);
    if (fd < 0) show_errno(out);
    else fprintf(out, "%s\n", name), unlink(name);
}
PROBE(number_of_shared_memory) {
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    fprintf(out, "%d\n", id);
    shmctl(id, IPC_RMID, NULL);
}
PROBE(number_of_a_semaphore) {
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    fprintf(out, "%d\n", id);
    semctl(id, 0, IPC_RMID);
}
PROBE(port_that_is_drawn) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || getsockname(fd, (struct sockaddr *)&at, &length))
        show_errno(out);
    else fprintf(out, "%d\n", ntohs(at.sin_port));
}
PROBE(abstract_name_that_is_drawn) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t length = sizeof at;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(sa_family_t)) ||
        getsockname(fd, (struct sockaddr *)&at, &length))
        show_errno(out);
    else fprintf(out, "%.5s\n", at.sun_path + 1);
}
PROBE(cookie_of_a_socket) {
    uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length)) show_errno(out);
    else fprintf(out, "%llu\n", (unsigned long long)cookie);
}
PROBE(serial_of_a_key) {
    // Its number is drawn by chance.
    long serial = syscall(SYS_add_key, "user", "gx-leak", "x", 1, -1);
    if (serial < 0) show_errno(out);
    else fprintf(out, "%ld\n", serial);
}
// Two threads that begin together and take turns as they like; which one did what when is the leak.
static unsigned char turns[2000000];
static unsigned next, ready;
static void together(void) {
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < 2) sched_yield();
}
static void *take_turns(void *me) {
    together();
    for (unsigned at; (at = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) < sizeof turns;)
        turns[at] = *(unsigned char *)me;
    return NULL;
}
static void two_threads(void *(*run)(void *), void *first, void *other) {
    pthread_t one, two;
    pthread_create(&one, NULL, run, first);
    pthread_create(&two, NULL, run, other);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
}
PROBE(turns_of_threads) {
    two_threads(take_turns, "1", "2");
    fwrite(turns, 1, sizeof turns, out);
}
// Parallel writers to one file: the order of their lines.
static int shared;
static void *write_lines(void *me) {
    together();
    for (int i = 0; i < 20000; i++)
        if (write(shared, me, 2) != 2) return NULL;
    return NULL;
}
PROBE(order_of_parallel_writes) {
    shared = fileno(out);
    two_threads(write_lines, "a\n", "b\n");
}
