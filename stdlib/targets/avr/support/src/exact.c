#include "exact.h"

/* Division in C rounds towards zero; what it leaves says how to go on. */
int64_t exact_div_floor(int64_t a, int64_t b) {
    const int64_t rest = a % b;
    return a / b - (rest != 0 && (rest < 0) != (b < 0));
}

int64_t exact_div_ceiling(int64_t a, int64_t b) {
    const int64_t rest = a % b;
    return a / b + (rest != 0 && (rest < 0) == (b < 0));
}

int64_t exact_div_up(int64_t a, int64_t b) {
    const int64_t away = (a < 0) == (b < 0) ? 1 : -1;
    return a % b == 0 ? a / b : a / b + away;
}

/* What is left against half of the divisor: less, as much, or more. */
static int half(int64_t a, int64_t b) {
    const int64_t rest = exact_abs(a % b);
    const int64_t left = exact_abs(b) - rest;
    return rest < left ? -1 : rest > left;
}

int64_t exact_div_half_even(int64_t a, int64_t b) {
    const int64_t away = (a < 0) == (b < 0) ? 1 : -1;
    const int64_t down = a / b;
    const int beyond = half(a, b);
    return beyond > 0 || (beyond == 0 && down % 2 != 0) ? down + away : down;
}

int64_t exact_div_half_up(int64_t a, int64_t b) {
    const int64_t away = (a < 0) == (b < 0) ? 1 : -1;
    return half(a, b) >= 0 ? a / b + away : a / b;
}

int64_t exact_mod(int64_t a, int64_t b) {
    const int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
