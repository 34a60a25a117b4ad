#include <stdio.h>

#if defined __x86_64__
#define CPU "x86_64"
#elif defined __aarch64__
#define CPU "aarch64"
#elif defined __arm__
#define CPU "arm"
#elif defined __powerpc64__
#define CPU "powerpc64le"
#elif defined __riscv
#define CPU "riscv64"
#elif defined __s390x__
#define CPU "s390x"
#endif

int main(void) {
    puts("Hello from C on " CPU);
    return 0;
}
