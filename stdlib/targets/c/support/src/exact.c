#include "exact.h"

/* Division in C rounds towards zero; what it leaves says how to go on. */
#define EXACT_DIVISIONS(type, kind)                                           \
    type exact_##kind##_div_floor(type a, type b) {                           \
        const type rest = a % b;                                              \
        return a / b - (rest != 0 && (rest < 0) != (b < 0));                  \
    }                                                                         \
    type exact_##kind##_div_ceiling(type a, type b) {                         \
        const type rest = a % b;                                              \
        return a / b + (rest != 0 && (rest < 0) == (b < 0));                  \
    }                                                                         \
    type exact_##kind##_div_up(type a, type b) {                              \
        const type away = (a < 0) == (b < 0) ? 1 : -1;                        \
        return a % b == 0 ? a / b : a / b + away;                             \
    }                                                                         \
    static int exact_##kind##_half(type a, type b) {                          \
        const type rest = a % b < 0 ? -(a % b) : a % b;                       \
        const type size = b < 0 ? -b : b;                                     \
        const type left = size - rest;                                        \
        return rest < left ? -1 : rest > left;                                \
    }                                                                         \
    type exact_##kind##_div_half_even(type a, type b) {                       \
        const type away = (a < 0) == (b < 0) ? 1 : -1;                        \
        const int half = exact_##kind##_half(a, b);                           \
        return half > 0 || (half == 0 && a / b % 2 != 0) ? a / b + away : a / b; \
    }                                                                         \
    type exact_##kind##_div_half_up(type a, type b) {                         \
        const type away = (a < 0) == (b < 0) ? 1 : -1;                        \
        return exact_##kind##_half(a, b) >= 0 ? a / b + away : a / b;         \
    }                                                                         \
    type exact_##kind##_mod(type a, type b) {                                 \
        const type rest = a % b;                                              \
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;          \
    }

EXACT_DIVISIONS(int64_t, narrow)
EXACT_DIVISIONS(exact_wide, wide)
