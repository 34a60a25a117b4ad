// Races: what comes of them is a matter of who runs when. What was seen is written to the file that is named.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, TURNS = 3000 };
static volatile long count;
static unsigned char log_of[THREADS * TURNS];
static volatile unsigned at;
static int shared;

static void *race(void *me) {
    char line[2] = {*(char *)me, '\n'};
    for (int i = 0; i < TURNS; i++) {
        long seen = count;
        if (i % 100 == *line % 100) usleep(100);
        count = seen + 1;
        unsigned mine = at++;
        if (mine < sizeof log_of) log_of[mine] = *line;
        if (i % 10 == 0 && write(shared, line, 2) != 2) return "failed";
    }
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    if (argc < 2 || (shared = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0644)) < 0) return 2;
    for (int i = 0; i < 3; i++) {
        if (fork()) continue;
        for (int j = 0; j < 200; j++) {
            char line[2] = {(char)('x' + i), '\n'};
            if (j % 20 == i) usleep(1000);
            if (write(shared, line, 2) != 2) _exit(1);
        }
        _exit(0);
    }
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, race, &"abcd"[i]);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    while (wait(NULL) > 0) {}
    dprintf(shared, "%ld of %d\n", count, THREADS * TURNS);
    return write(shared, log_of, sizeof log_of) != sizeof log_of;
}
