// Takes a capability away and becomes another program: `confine WHAT PROGRAM [ARGUMENT]...`, as whatever confines a
// container does. WHAT is `namespaces`, `mounts` or `notifications`.
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AT(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define FAIL(number) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define IF_NR(number, lines_if_not) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, lines_if_not)
#define IF_SET(bits, lines_if_not) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, lines_if_not)

static struct sock_filter namespaces[] = {
    AT(nr),
    // As Docker does: a call whose flags cannot be read seems not to exist.
    IF_NR(SYS_clone3, 1), FAIL(ENOSYS),
    IF_NR(SYS_unshare, 3), AT(args[0]), IF_SET(CLONE_NEWUSER, 4), FAIL(EPERM),
    IF_NR(SYS_clone, 2), AT(args[0]), IF_SET(CLONE_NEWUSER, 0), ALLOW,
};
static struct sock_filter mounts[] = {AT(nr), IF_NR(SYS_mount, 1), FAIL(EPERM), ALLOW};
static struct sock_filter notifications[] = {
    AT(nr), IF_NR(SYS_seccomp, 3), AT(args[1]), IF_SET(SECCOMP_FILTER_FLAG_NEW_LISTENER, 1), FAIL(EBUSY), ALLOW,
};

int main(int argc, char **argv) {
    struct sock_fprog filter = {0};
    if (argc < 3) return 2;
#define FILTER(name) if (!strcmp(argv[1], #name)) filter = (struct sock_fprog){sizeof name / sizeof *name, name}
    FILTER(namespaces);
    FILTER(mounts);
    FILTER(notifications);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
        perror("confine");
        return 3;
    }
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    return 127;
}
