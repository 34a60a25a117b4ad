/* Sorts names without regard to case, as far as the locale knows what case is. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

static const char *names[] = {"zebra", "\303\251clair", "apple", "\303\211cole", "Mango"};

static int compare(const void *a, const void *b) {
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    wchar_t wide_x[64], wide_y[64];
    if (mbstowcs(wide_x, x, 64) == (size_t)-1 || mbstowcs(wide_y, y, 64) == (size_t)-1) return strcmp(x, y);
    for (wchar_t *c = wide_x; *c; c++) *c = (wchar_t)towlower((wint_t)*c);
    for (wchar_t *c = wide_y; *c; c++) *c = (wchar_t)towlower((wint_t)*c);
    return wcscmp(wide_x, wide_y);
}

int main(void) {
    setlocale(LC_ALL, "");
    qsort(names, sizeof names / sizeof *names, sizeof *names, compare);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) puts(names[i]);
    return 0;
}
